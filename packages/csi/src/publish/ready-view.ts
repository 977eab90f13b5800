import { storePathName } from "@niphas/core";
import type { View, ViewCache } from "@niphas/views";
import type { WaitBudget } from "../background/wait-budget.ts";
import type { PublishObserver } from "./components.ts";
import type { PublishRequest } from "./request.ts";

/** Finds the view of a volume, or has it built in the background within the call's budget. */
export class ReadyView {
  readonly #views: ViewCache;
  readonly #observer: PublishObserver;

  constructor(components: { readonly views: ViewCache; readonly observer: PublishObserver }) {
    this.#views = components.views;
    this.#observer = components.observer;
  }

  /** @throws NiphasError StillFetching when the budget is spent, or what `ViewCache.acquire` throws */
  async find({ volume }: PublishRequest, budget: WaitBudget): Promise<View> {
    const ready = this.#views.peek(volume);
    this.#observer.viewLookedUp(ready === undefined ? "miss" : "hit");
    if (ready !== undefined) {
      this.#views.touch(ready.key);
      return ready;
    }
    const key = `view ${JSON.stringify(volume)}`;
    const start = async (signal: AbortSignal): Promise<void> => {
      await this.#views.acquire(volume, signal);
    };
    const names = volume.roots.map(storePathName).slice(0, 3).join(", ");
    await budget.run({ key, start }, () => `building the view of ${names}; the next retry joins in`);
    return await this.#views.acquire(volume, budget.signal);
  }
}
