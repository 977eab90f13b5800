import type { PathHash, PeerId } from "../../ports.ts";
import { DOWNLOAD_LIMITS } from "../limits.ts";
import type { Clock, Coordinator, Errand, Timer } from "../ports.ts";
import { Watchdog } from "./watchdog.ts";

export interface ErrandsComponents {
  readonly coordinator: Coordinator;
  readonly clock: Clock;
}

export interface ErrandsInit {
  readonly path: PathHash;
  /** What of the NAR is here, from its first byte on. */
  readonly doneBytes: () => number;
}

/** Talks with the coordinator of one path, and keeps it posted from the first question on. */
export class Errands {
  readonly #components: ErrandsComponents;
  readonly #init: ErrandsInit;
  #isEngaged = false;
  #hasReported = false;
  #timer: Timer | undefined;

  constructor(components: ErrandsComponents, init: ErrandsInit) {
    this.#components = components;
    this.#init = init;
  }

  /** As {@link Coordinator.want}. Without one that answers, everybody fetches for themselves. @throws the signal's reason */
  async want(signal: AbortSignal, isQueued = false): Promise<Errand> {
    const { coordinator, clock } = this.#components;
    using watchdog = new Watchdog({ clock }, { signal });
    try {
      const ask = (): Promise<Errand> => coordinator.want(this.#init.path, watchdog.signal, isQueued);
      const errand = await watchdog.within(DOWNLOAD_LIMITS.wantMs, ask);
      this.#engage();
      return errand;
    } catch {
      signal.throwIfAborted();
      return { kind: "fetch" };
    }
  }

  /** Peers that have the path are known: others who get it, too, hear of this node, and it of them. */
  share(): void {
    if (this.#isEngaged) return;
    this.#components.coordinator.share(this.#init.path);
    this.#engage();
  }

  /** Others who get the path, too. */
  get sharers(): readonly PeerId[] {
    return this.#isEngaged ? this.#components.coordinator.sharers(this.#init.path) : [];
  }

  /** Bytes have come. */
  progressed(): void {
    if (this.#isEngaged && !this.#hasReported) this.#report();
  }

  /** The path is here, or this node has given it up. */
  end(outcome: "have" | "failed"): void {
    this.#timer?.cancel();
    if (this.#isEngaged) this.#components.coordinator.done(this.#init.path, outcome);
    this.#isEngaged = false;
  }

  #engage(): void {
    if (this.#isEngaged) return;
    this.#isEngaged = true;
    this.#hasReported = false;
    this.#setTimer();
  }

  #setTimer(): void {
    this.#timer = this.#components.clock.setTimer(DOWNLOAD_LIMITS.progressMs, () => {
      this.#report();
      this.#setTimer();
    });
  }

  #report(): void {
    const doneBytes = this.#init.doneBytes();
    this.#hasReported ||= doneBytes > 0;
    this.#components.coordinator.progress(this.#init.path, doneBytes);
  }
}
