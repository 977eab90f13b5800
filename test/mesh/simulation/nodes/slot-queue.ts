import type { UploadSlots } from "@niphas/mesh";
import type { SimulatedTime } from "../engine/simulated-time.ts";

type OnSlot = (slot: Disposable | undefined) => void;

/** The daemon's upload slots with a wait for one, without promises. */
export class SlotQueue {
  readonly #slots: UploadSlots;
  readonly #time: SimulatedTime;
  readonly #waiting = new Set<OnSlot>();

  constructor(components: { readonly slots: UploadSlots; readonly time: SimulatedTime }) {
    this.#slots = components.slots;
    this.#time = components.time;
  }

  /** Calls with a slot, or with undefined when there was none for so long. */
  take(waitMs: number, onSlot: OnSlot): void {
    const slot = this.#slots.tryTake();
    if (slot !== undefined || waitMs === 0) {
      onSlot(slot && this.#passedOn(slot));
      return;
    }
    const timer = this.#time.after(waitMs, () => {
      this.#waiting.delete(once);
      onSlot(undefined);
    });
    const once: OnSlot = (given) => {
      timer.cancel();
      onSlot(given);
    };
    this.#waiting.add(once);
  }

  #passedOn(slot: Disposable): Disposable {
    return {
      [Symbol.dispose]: () => {
        slot[Symbol.dispose]();
        const [next] = this.#waiting;
        const free = next === undefined ? undefined : this.#slots.tryTake();
        if (next === undefined || free === undefined) return;
        this.#waiting.delete(next);
        next(this.#passedOn(free));
      },
    };
  }
}
