import { isNiphasError, type StorePath } from "@niphas/core";
import type { CollectorNotifier, GcRoots, StoreDatabase } from "@niphas/nix";
import type { WaitBudget } from "../background/wait-budget.ts";
import { type ClosureFetch, collectedError } from "./closure-fetch.ts";
import type { PhaseTimer, PublishPath } from "./phase-timer.ts";
import type { PublishRequest } from "./request.ts";

export interface RootedClosureComponents {
  readonly database: StoreDatabase;
  readonly gcRoots: GcRoots;
  readonly notifier: CollectorNotifier;
  readonly fetch: ClosureFetch;
}

const MAX_ROUNDS = 3;

/**
 * Makes a volume's closure valid and safe from every collector. The order matters: links first (a collector that starts
 * later sees them), then the collector that may be running is told and acknowledges, and only then does validity mean
 * anything. A path that this collector had already condemned is gone by then, and is fetched again.
 */
export class RootedClosure {
  readonly #components: RootedClosureComponents;

  constructor(components: RootedClosureComponents) {
    this.#components = components;
  }

  /** @throws NiphasError as `ClosureFetch.run`; ClosureCollected when collectors win every time */
  async hold(request: PublishRequest, budget: WaitBudget, timer: PhaseTimer): Promise<PublishPath> {
    const { roots } = request.volume;
    const { notifier } = this.#components;
    timer.sync("roots", () => this.#link(request));
    for (let round = 0; round < MAX_ROUNDS; round++) {
      await timer.run("roots", async () => notifier.announce(roots, budget.signal));
      if (this.#areValid(roots)) return round === 0 ? "warm" : "cold";
      await timer.run("realise", async () => this.#fetch(roots, budget));
    }
    await timer.run("roots", async () => notifier.announce(roots, budget.signal));
    if (!this.#areValid(roots)) throw collectedError(roots);
    return "cold";
  }

  /**
   * A collector that read the links before the paths were valid, and Nix's own temporary roots after Nix had ended, takes
   * what was just fetched. Nothing is shown yet, so the next round fetches it again.
   */
  async #fetch(roots: readonly StorePath[], budget: WaitBudget): Promise<void> {
    try {
      await this.#components.fetch.run(roots, budget);
    } catch (error) {
      if (!isNiphasError(error) || error.code !== "ClosureCollected") throw error;
    }
  }

  /** Roots of an earlier, failed publish with other arguments go. */
  #link({ volumeId, volume }: PublishRequest): void {
    const { gcRoots } = this.#components;
    if (gcRoots.rootsOf(volumeId).some((root) => !volume.roots.includes(root))) gcRoots.remove(volumeId);
    gcRoots.add(volumeId, volume.roots);
  }

  #areValid(roots: readonly StorePath[]): boolean {
    return roots.every((root) => this.#components.database.validId(root) !== undefined);
  }
}
