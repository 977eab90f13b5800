import type { PeerId, UploadSlots } from "@niphas/mesh";
import type { SimulatedTime } from "../engine/simulated-time.ts";

type OnSlot = (slot: Disposable | undefined) => void;

/** The daemon's upload slots with a wait for one, without promises. */
export class SlotQueue {
  readonly #slots: UploadSlots;
  readonly #time: SimulatedTime;

  constructor(components: { readonly slots: UploadSlots; readonly time: SimulatedTime }) {
    this.#slots = components.slots;
    this.#time = components.time;
  }

  /** Calls with a slot, or with undefined when there was none for so long. */
  take(peer: PeerId, waitMs: number, onSlot: OnSlot): void {
    const slot = this.#slots.tryTake(peer);
    if (slot !== undefined || waitMs === 0) {
      onSlot(slot);
      return;
    }
    const waiting = this.#slots.whenFree(peer, (given) => {
      timer.cancel();
      onSlot(given);
    });
    const timer = this.#time.after(waitMs, () => {
      waiting[Symbol.dispose]();
      onSlot(undefined);
    });
  }
}
