import { NiphasError } from "@niphas/core";
import type { PathHash, PeerId } from "../../ports.ts";
import type { Coordinator, Errand } from "../ports.ts";

/** A coordinator that says what a test wants. */
export class MemoryCoordinator implements Coordinator {
  /** The errands to give, the last one for ever. "absent": nobody answers. */
  errands: (Errand | "absent")[] = [{ kind: "fetch" }];
  wants = 0;
  /** Others who get every path, too. */
  others: readonly PeerId[] = [];
  shares = 0;
  readonly reported: number[] = [];
  readonly outcomes: ("have" | "failed")[] = [];

  async want(_path: PathHash, signal: AbortSignal): Promise<Errand> {
    signal.throwIfAborted();
    this.wants++;
    const errand = this.errands.length > 1 ? this.errands.shift() : this.errands[0];
    if (errand === undefined || errand === "absent")
      throw new NiphasError("SubstituterUnavailable", "no owner answers");
    return errand;
  }

  share(): void {
    this.shares++;
  }

  sharers(): readonly PeerId[] {
    return this.others;
  }

  progress(_path: PathHash, doneBytes: number): void {
    this.reported.push(doneBytes);
  }

  done(_path: PathHash, outcome: "have" | "failed"): void {
    this.outcomes.push(outcome);
  }
}
