import { Permits } from "../../network/budgets/permits.ts";
import { SLOT_LIMITS } from "../limits.ts";

/** Ranges that are sent to peers at once. A slot is held only while there are bytes to send. */
export class UploadSlots {
  readonly #permits: Permits;

  /** @param init.count @default 8 */
  constructor(init: { readonly count?: number } = {}) {
    this.#permits = new Permits(init.count ?? SLOT_LIMITS.defaultUploadSlots);
  }

  get free(): number {
    return this.#permits.free;
  }

  /** Waits for one. @throws the signal's reason */
  async take(signal: AbortSignal): Promise<Disposable> {
    return await this.#permits.take(signal);
  }

  /** Undefined: tell the peer BUSY. Disposing gives it back. */
  tryTake(): Disposable | undefined {
    return this.#permits.tryTake();
  }
}
