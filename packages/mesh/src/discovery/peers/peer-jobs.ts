import { NiphasError } from "@niphas/core";
import type { PeerId } from "../../ports.ts";
import type { Clock, Timer } from "../ports.ts";

export interface PeerJobsInit {
  /** Does the work for one peer; throws when it is to be tried again later. */
  readonly run: (peer: PeerId, signal: AbortSignal) => Promise<void>;
  /** Peers worked for at the same time. */
  readonly concurrency: number;
  /** For one run; then its signal aborts. */
  readonly timeoutMs: number;
  /** After the first failure; doubled after each further one. */
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
}

interface Job {
  failures: number;
  /** Wanted again while it ran. */
  isWantedAgain: boolean;
  /** Set while it runs. */
  abort: AbortController | undefined;
  /** Set while it waits to be tried again. */
  retry: Timer | undefined;
}

/** One job for each peer, never twice at once: wanted while it runs, it runs once more; failed, it is tried again. */
export class PeerJobs implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #init: PeerJobsInit;
  readonly #jobs = new Map<PeerId, Job>();
  readonly #queue = new Set<PeerId>();
  readonly #running = new Set<Promise<void>>();

  constructor(components: { readonly clock: Clock }, init: PeerJobsInit) {
    this.#clock = components.clock;
    this.#init = init;
  }

  /** Nothing is wanted, waiting or running. */
  get isIdle(): boolean {
    return this.#jobs.size === 0;
  }

  /** Also ends a wait after a failure. */
  want(peer: PeerId): void {
    const job = this.#jobs.get(peer);
    if (job?.abort !== undefined) {
      job.isWantedAgain = true;
      return;
    }
    job?.retry?.cancel();
    const failures = job?.failures ?? 0;
    this.#jobs.set(peer, { failures, isWantedAgain: false, abort: undefined, retry: undefined });
    this.#queue.add(peer);
    this.#startSome();
  }

  /** Ends what is wanted, waiting or running for the peer. */
  cancel(peer: PeerId): void {
    const job = this.#jobs.get(peer);
    this.#jobs.delete(peer);
    this.#queue.delete(peer);
    job?.retry?.cancel();
    job?.abort?.abort(new NiphasError("Cancelled", "the peer is no longer asked"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of [...this.#jobs.keys()]) this.cancel(peer);
    await Promise.all(this.#running);
  }

  #startSome(): void {
    for (const peer of this.#queue) {
      if (this.#running.size >= this.#init.concurrency) return;
      this.#queue.delete(peer);
      const job = this.#jobs.get(peer);
      if (job !== undefined) this.#start(peer, job);
    }
  }

  #start(peer: PeerId, job: Job): void {
    const abort = new AbortController();
    job.abort = abort;
    const timeout = this.#clock.setTimer(this.#init.timeoutMs, () => {
      abort.abort(new NiphasError("SubstituterUnavailable", "a peer does not answer in time"));
    });
    const work = this.#init
      .run(peer, abort.signal)
      .then(
        () => true,
        () => false,
      )
      .then((isDone) => {
        timeout.cancel();
        this.#running.delete(work);
        // A cancelled job is no longer in the map, or another one has taken its place.
        if (this.#jobs.get(peer) === job) this.#ended(peer, job, isDone);
        this.#startSome();
      });
    this.#running.add(work);
  }

  #ended(peer: PeerId, job: Job, isDone: boolean): void {
    job.abort = undefined;
    if (isDone) {
      this.#jobs.delete(peer);
      if (job.isWantedAgain) this.want(peer);
      return;
    }
    const delayMs = Math.min(this.#init.firstRetryMs * 2 ** job.failures, this.#init.maxRetryMs);
    job.failures++;
    job.retry = this.#clock.setTimer(delayMs, () => this.want(peer));
  }
}
