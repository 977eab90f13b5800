import { NiphasError, type VolumeId } from "@niphas/core";
import type { Clock, Timer } from "@niphas/service";

/** One thing to do for one or more volumes, such as fetching a closure. Equal keys are the same work. */
export interface Job {
  readonly key: string;
  readonly start: (signal: AbortSignal) => Promise<void>;
}

export interface BackgroundWorkInit {
  /** How long work goes on for a volume that no RPC asks for any more. */
  readonly lingerMs: number;
}

/**
 * Work that outlives the RPC that began it. A volume is interested from its first {@link run} until {@link leave},
 * or until `lingerMs` after its last RPC; work that no volume is interested in any more is aborted.
 */
export class BackgroundWork {
  readonly #clock: Clock;
  readonly #init: BackgroundWorkInit;
  readonly #running = new Map<string, RunningJob>();
  readonly #interests = new Map<VolumeId, Interest>();
  #isStopped: boolean = false;

  constructor(components: { readonly clock: Clock }, init: BackgroundWorkInit) {
    this.#clock = components.clock;
    this.#init = init;
  }

  /**
   * Starts or joins the job and waits for it as long as `wait` does: `wait` gets the job's promise and may give up on
   * it by throwing, which does not end the job.
   * @throws what the job throws, or what `wait` throws
   */
  async run(volumeId: VolumeId, job: Job, wait: (done: Promise<void>) => Promise<void>): Promise<void> {
    if (this.#isStopped) throw new NiphasError("ShuttingDown", "the node plugin is shutting down");
    const interest = this.#interestOf(volumeId);
    const running = this.#running.get(job.key) ?? this.#start(job);
    running.volumes.add(volumeId);
    interest.jobs.add(running);
    interest.waitingRpcs++;
    interest.linger?.cancel();
    interest.linger = undefined;
    const done = Promise.race([running.done, interest.ended.promise]);
    // A caller that has given up does not hear of a later failure: that is no unhandled one.
    done.catch(() => undefined);
    try {
      await wait(done);
    } finally {
      interest.waitingRpcs--;
      if (interest.waitingRpcs === 0) this.#linger(volumeId, interest);
    }
  }

  /** True while work for the volume goes on or its result waits for the next RPC. */
  isInterested(volumeId: VolumeId): boolean {
    return this.#interests.has(volumeId);
  }

  /** How many RPCs of this volume ended without an answer, see {@link countAttempt}. */
  attemptsOf(volumeId: VolumeId): number {
    return this.#interests.get(volumeId)?.attempts ?? 0;
  }

  countAttempt(volumeId: VolumeId): void {
    const interest = this.#interests.get(volumeId);
    if (interest !== undefined) interest.attempts++;
  }

  /**
   * Ends the volume's interest: RPCs that wait get NiphasError Cancelled, and work that was only for it is aborted.
   * Resolves when that work has ended; never rejects.
   */
  async leave(volumeId: VolumeId): Promise<void> {
    const interest = this.#interests.get(volumeId);
    if (interest === undefined) return;
    const ends: Promise<void>[] = [];
    this.#interests.delete(volumeId);
    interest.linger?.cancel();
    interest.linger = undefined;
    interest.ended.reject(new NiphasError("Cancelled", "the volume was unpublished while it was being prepared"));
    for (const running of interest.jobs) {
      running.volumes.delete(volumeId);
      if (running.volumes.size > 0) continue;
      this.#abort(running);
      ends.push(running.done);
    }
    await Promise.allSettled(ends);
  }

  /** Aborts all work and waits for its end. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([...this.#interests.keys()].map(async (volumeId) => this.leave(volumeId)));
  }

  #interestOf(volumeId: VolumeId): Interest {
    const known = this.#interests.get(volumeId);
    if (known !== undefined) return known;
    const ended = Promise.withResolvers<never>();
    // Nobody waits between two RPCs: a rejection then is no accident.
    ended.promise.catch(() => undefined);
    const interest: Interest = { jobs: new Set(), waitingRpcs: 0, attempts: 0, linger: undefined, ended };
    this.#interests.set(volumeId, interest);
    return interest;
  }

  #start(job: Job): RunningJob {
    const controller = new AbortController();
    const running: RunningJob = { key: job.key, controller, volumes: new Set(), done: job.start(controller.signal) };
    this.#running.set(job.key, running);
    running.done.then(
      () => this.#settle(running, "done"),
      () => this.#settle(running, "failed"),
    );
    return running;
  }

  /** After a failure there is no result to wait for: volumes without an RPC lose their interest at once. */
  #settle(running: RunningJob, outcome: "done" | "failed"): void {
    if (this.#running.get(running.key) === running) this.#running.delete(running.key);
    for (const volumeId of running.volumes) {
      const interest = this.#interests.get(volumeId);
      interest?.jobs.delete(running);
      if (outcome === "failed" && interest?.waitingRpcs === 0) void this.leave(volumeId);
    }
  }

  /** Forgotten at once, so that a new call starts afresh and does not join what is dying. */
  #abort(running: RunningJob): void {
    if (this.#running.get(running.key) === running) this.#running.delete(running.key);
    running.controller.abort(new NiphasError("Cancelled", "nobody needs the work any more"));
  }

  #linger(volumeId: VolumeId, interest: Interest): void {
    if (this.#interests.get(volumeId) !== interest) return;
    interest.linger?.cancel();
    interest.linger = this.#clock.setTimer(this.#init.lingerMs, () => void this.leave(volumeId));
  }
}

interface RunningJob {
  readonly key: string;
  readonly controller: AbortController;
  readonly volumes: Set<VolumeId>;
  readonly done: Promise<void>;
}

interface Interest {
  readonly jobs: Set<RunningJob>;
  waitingRpcs: number;
  attempts: number;
  linger: Timer | undefined;
  readonly ended: PromiseWithResolvers<never>;
}
