import { NiphasError, type StorePath, untilAborted } from "@niphas/core";
import type { ByteSource, WantedNar } from "../../transfer/ports.ts";
import type { Downloads, NarInFlight } from "../ports.ts";

interface Nar {
  readonly wanted: WantedNar;
  readonly spool: NarInFlight;
  readonly outcome: PromiseWithResolvers<void>;
  doneBytes: number;
  users: number;
}

/** NARs that arrive when a test says so. */
export class MemoryDownloads implements Downloads {
  readonly #nars = new Map<StorePath, Nar>();
  /** Each NAR when it was begun. */
  readonly begun: StorePath[] = [];
  /** More than these at once find no room. */
  room = Number.POSITIVE_INFINITY;
  /** Whether NARs arrive at once. */
  isInstant = false;
  source: ByteSource = "upstream";
  failure: NiphasError | undefined;
  /** These come with wrong bytes, once each. */
  readonly spoilt = new Set<StorePath>();

  get heldCount(): number {
    return this.#nars.size;
  }

  async open(wanted: WantedNar, signal: AbortSignal): Promise<Disposable & { readonly spool: NarInFlight }> {
    signal.throwIfAborted();
    if (this.failure !== undefined) throw this.failure;
    if (this.spoilt.delete(wanted.path)) throw new NiphasError("BadBytes", "not what was signed");
    const nar = this.#nars.get(wanted.path) ?? this.#begin(wanted);
    nar.users++;
    let isHeld = true;
    const leave = (): void => {
      if (isHeld && --nar.users === 0) this.#nars.delete(wanted.path);
      isHeld = false;
    };
    return { spool: nar.spool, [Symbol.dispose]: leave };
  }

  /** The oldest NAR that is on its way arrives, in whole or up to `doneBytes`. */
  arrive(doneBytes?: number): void {
    const nar = [...this.#nars.values()].find((each) => each.doneBytes < each.wanted.narSizeBytes);
    if (nar === undefined) throw new Error("nothing is on its way");
    nar.doneBytes = doneBytes ?? nar.wanted.narSizeBytes;
    if (nar.doneBytes === nar.wanted.narSizeBytes) nar.outcome.resolve();
  }

  #begin(wanted: WantedNar): Nar {
    if (this.#nars.size >= this.room) throw new NiphasError("DiskFull", "no room");
    this.begun.push(wanted.path);
    const outcome = Promise.withResolvers<void>();
    const { source } = this;
    const spool: NarInFlight = {
      get doneBytes() {
        return nar.doneBytes;
      },
      segments: {
        get all() {
          return [{ start: 0, end: nar.doneBytes, source }];
        },
      },
      verified: (signal) => untilAborted(outcome.promise, signal),
    };
    const nar: Nar = { wanted, spool, outcome, doneBytes: 0, users: 0 };
    this.#nars.set(wanted.path, nar);
    if (this.isInstant) this.arrive();
    return nar;
  }
}
