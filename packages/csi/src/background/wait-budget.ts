import { NiphasError, type VolumeId } from "@niphas/core";
import type { Clock } from "@niphas/service";
import type { BackgroundWork, Job } from "./background-work.ts";

/**
 * How long the n-th call for one volume waits. The kubelet shows a message only when a call fails, so short waits come
 * first: the user sees progress early, and later calls lose less to the kubelet's back-off (500 ms doubling to 2 min).
 */
const WAITS_MS = [10_000, 20_000, 40_000, 90_000] as const;

export interface WaitBudgetInit {
  readonly volumeId: VolumeId;
  /** `--publish-wait`: no wait is longer. */
  readonly maxWaitMs: number;
  readonly signal: AbortSignal;
}

/** The time that one publish RPC may spend waiting, over all its waits. */
export class WaitBudget {
  readonly #clock: Clock;
  readonly #work: BackgroundWork;
  readonly #init: WaitBudgetInit;
  readonly #endMs: number;

  constructor(components: { readonly clock: Clock; readonly work: BackgroundWork }, init: WaitBudgetInit) {
    this.#clock = components.clock;
    this.#work = components.work;
    this.#init = init;
    this.#endMs = this.#clock.nowMs() + waitMs(this.#work.attemptsOf(init.volumeId), init.maxWaitMs);
  }

  get signal(): AbortSignal {
    return this.#init.signal;
  }

  /**
   * Runs or joins the job until it ends, the client leaves, or the budget is spent.
   * @param describe says how far the job is; asked when the budget is spent
   * @throws NiphasError StillFetching with that text, the signal's reason, or what the job throws
   */
  async run(job: Job, describe: () => string): Promise<void> {
    this.#init.signal.throwIfAborted();
    await this.#work.run(this.#init.volumeId, job, async (done) => this.#wait(done, describe));
  }

  async #wait(done: Promise<void>, describe: () => string): Promise<void> {
    const { signal } = this.#init;
    signal.throwIfAborted();
    const { promise: gaveUp, reject } = Promise.withResolvers<never>();
    const remainingMs = this.#endMs - this.#clock.nowMs();
    const timer = this.#clock.setTimer(Math.max(0, remainingMs), () => {
      // A call that spent its budget in the volume's queue is no attempt: fifty at once must not use up the short waits.
      if (remainingMs > 0) this.#work.countAttempt(this.#init.volumeId);
      reject(new NiphasError("StillFetching", describe()));
    });
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    try {
      await Promise.race([done, gaveUp]);
    } finally {
      timer.cancel();
      signal.removeEventListener("abort", abort);
    }
  }
}

function waitMs(attempts: number, maxWaitMs: number): number {
  return Math.min(WAITS_MS[Math.min(attempts, WAITS_MS.length - 1)] ?? maxWaitMs, maxWaitMs);
}
