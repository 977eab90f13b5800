import type { Member, Membership } from "../../ports.ts";

/** A membership that a test changes. */
export class MutableMembership implements Membership {
  readonly #listeners = new Set<() => void>();
  #members: readonly Member[] = [];

  members(): readonly Member[] {
    return this.#members;
  }

  set(members: readonly Member[]): void {
    this.#members = members;
    for (const listener of [...this.#listeners]) listener();
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear();
  }
}
