import type { PeerId } from "../ports.ts";
import { Watchdog } from "../transfer/download/watchdog.ts";
import { COORDINATION_LIMITS } from "./limits.ts";
import type { OwnWant } from "./own-want.ts";
import type { Clock, WantChannel, WantVerdict } from "./ports.ts";

export interface OwnerLinkComponents {
  readonly channel: WantChannel;
  readonly clock: Clock;
  /** The owner has not answered. */
  readonly onFailure: (owner: PeerId, error: unknown) => void;
  readonly onAnswered: (want: OwnWant, verdict: WantVerdict) => void;
}

/** What this node reports to one owner: all its wants there in one message, one message at a time. */
export class OwnerLink {
  readonly #components: OwnerLinkComponents;
  readonly #owner: PeerId;
  readonly #wants: () => readonly OwnWant[];
  #isBusy = false;
  #isDue = false;

  constructor(components: OwnerLinkComponents, init: { owner: PeerId; wants: () => readonly OwnWant[] }) {
    this.#components = components;
    this.#owner = init.owner;
    this.#wants = init.wants;
  }

  /** As soon as what is under way is answered. Calls in one tick make one message. Never throws. */
  send(signal: AbortSignal): void {
    this.#isDue = true;
    if (this.#isBusy) return;
    this.#isBusy = true;
    queueMicrotask(() => void this.#run(signal));
  }

  async #run(signal: AbortSignal): Promise<void> {
    try {
      while (this.#isDue && !signal.aborted) {
        this.#isDue = false;
        await this.#report(signal);
      }
    } catch (error) {
      if (!signal.aborted) this.#components.onFailure(this.#owner, error);
    } finally {
      this.#isBusy = false;
    }
  }

  async #report(signal: AbortSignal): Promise<void> {
    const wants = this.#wants().slice(0, COORDINATION_LIMITS.maxReportsPerMessage);
    if (wants.length === 0) return;
    const reports = wants.map(({ report }) => report);
    const { channel, onAnswered } = this.#components;
    using watchdog = new Watchdog(this.#components, { signal });
    const ask = (): Promise<readonly WantVerdict[]> => channel.want(this.#owner, reports, watchdog.signal);
    const verdicts = await watchdog.within(COORDINATION_LIMITS.answerMs, ask);
    for (const [index, want] of wants.entries()) {
      const verdict = verdicts[index];
      // What was said meanwhile counts: the answer is to the report.
      if (verdict !== undefined && want.report.role === reports[index]?.role) onAnswered(want, verdict);
    }
  }
}
