import type { PeerId } from "../../ports.ts";
import { SLOT_LIMITS } from "../limits.ts";
import type { Clock } from "../ports.ts";

interface Waiting {
  readonly peer: PeerId;
  readonly give: (slot: Disposable) => void;
}

export interface SlotWait {
  readonly clock: Pick<Clock, "setTimer">;
  readonly waitMs: number;
}

/**
 * Ranges that are sent to peers at once. A slot is held only while there are bytes to send, and some are always left for
 * others than the one peer that holds most: it may read nothing.
 */
export class UploadSlots {
  readonly #maxPerPeer: number;
  readonly #held = new Map<PeerId, number>();
  readonly #waiting = new Set<Waiting>();
  #free: number;

  /** @param init.count @default 8 */
  constructor(init: { readonly count?: number } = {}) {
    this.#free = init.count ?? SLOT_LIMITS.defaultUploadSlots;
    this.#maxPerPeer = Math.max(1, Math.floor(this.#free * SLOT_LIMITS.maxPeerRatio));
  }

  get free(): number {
    return this.#free;
  }

  /** Waits for its turn, but no longer than this; undefined when that is over. @throws the signal's reason */
  async take(peer: PeerId, { clock, waitMs }: SlotWait, signal: AbortSignal): Promise<Disposable | undefined> {
    signal.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<Disposable | undefined>();
    const waiting = this.whenFree(peer, resolve);
    const leave = (): void => {
      // First of all: a slot that is given after this would be lost.
      waiting[Symbol.dispose]();
      resolve(undefined);
    };
    const timer = clock.setTimer(waitMs, leave);
    signal.addEventListener("abort", leave, { once: true });
    const slot = await promise;
    timer.cancel();
    signal.removeEventListener("abort", leave);
    if (signal.aborted) slot?.[Symbol.dispose]();
    signal.throwIfAborted();
    return slot;
  }

  /** Undefined: tell the peer BUSY. Disposing gives it back. */
  tryTake(peer: PeerId): Disposable | undefined {
    const held = this.#held.get(peer) ?? 0;
    if (this.#free === 0 || held >= this.#maxPerPeer) return undefined;
    this.#free--;
    this.#held.set(peer, held + 1);
    return this.#slot(peer);
  }

  /** Gives one, now or in its turn, unless that is disposed of before. */
  whenFree(peer: PeerId, give: (slot: Disposable) => void): Disposable {
    const slot = this.tryTake(peer);
    const waiting = { peer, give };
    if (slot === undefined) this.#waiting.add(waiting);
    else give(slot);
    return { [Symbol.dispose]: () => this.#waiting.delete(waiting) };
  }

  #slot(peer: PeerId): Disposable {
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (isHeld) this.#giveBack(peer);
        isHeld = false;
      },
    };
  }

  #giveBack(peer: PeerId): void {
    this.#free++;
    const left = (this.#held.get(peer) ?? 1) - 1;
    if (left > 0) this.#held.set(peer, left);
    else this.#held.delete(peer);
    for (const waiting of this.#waiting) {
      const slot = this.tryTake(waiting.peer);
      if (slot === undefined) continue;
      this.#waiting.delete(waiting);
      waiting.give(slot);
      return;
    }
  }
}
