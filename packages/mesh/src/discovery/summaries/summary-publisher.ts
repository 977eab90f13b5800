import type { PeerId } from "../../ports.ts";
import { ChangeBatch } from "../peers/change-batch.ts";
import { PeerJobs } from "../peers/peer-jobs.ts";
import type { Clock, DiscoveryChannel, OwnPaths } from "../ports.ts";
import { OwnSummary } from "./own-summary.ts";
import type { SummaryAnswer, SummaryPosition } from "./summary.ts";

const BATCH_MS = 100;
const CONCURRENCY = 32;
const PUSH_TIMEOUT_MS = 5000;
const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;

export interface SummaryPublisherComponents {
  readonly channel: Pick<DiscoveryChannel, "pushDelta">;
  readonly paths: OwnPaths;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Keeps the summary of the own paths, answers who asks for it, and tells the audience of each change. */
export class SummaryPublisher implements AsyncDisposable {
  readonly #channel: Pick<DiscoveryChannel, "pushDelta">;
  readonly #own: OwnSummary;
  readonly #batch: ChangeBatch;
  readonly #subscription: Disposable;
  readonly #pushes: PeerJobs;
  /** What each peer of the audience has been told. */
  readonly #told = new Map<PeerId, SummaryPosition>();

  constructor(components: SummaryPublisherComponents) {
    const { clock, paths, channel } = components;
    this.#channel = channel;
    this.#own = new OwnSummary(components);
    this.#batch = new ChangeBatch(
      { clock },
      {
        delayMs: BATCH_MS,
        onBatch: (changes) => {
          for (const change of changes) this.#own.apply(change);
          for (const peer of this.#told.keys()) this.#pushes.want(peer);
        },
      },
    );
    this.#subscription = paths.onChange((change) => this.#batch.add(change));
    this.#pushes = new PeerJobs(
      { clock },
      {
        run: (peer, signal) => this.#push(peer, signal),
        concurrency: CONCURRENCY,
        timeoutMs: PUSH_TIMEOUT_MS,
        firstRetryMs: FIRST_RETRY_MS,
        maxRetryMs: MAX_RETRY_MS,
      },
    );
  }

  answer(known: SummaryPosition | undefined): SummaryAnswer {
    return this.#own.answer(known);
  }

  /** From now on the peer hears of changes. It asks by itself for what was before. */
  addToAudience(peer: PeerId): void {
    if (!this.#told.has(peer)) this.#told.set(peer, this.#own.position);
  }

  removeFromAudience(peer: PeerId): void {
    this.#told.delete(peer);
    this.#pushes.cancel(peer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription[Symbol.dispose]();
    this.#batch[Symbol.dispose]();
    await this.#pushes[Symbol.asyncDispose]();
  }

  async #push(peer: PeerId, signal: AbortSignal): Promise<void> {
    const answer = this.#own.answer(this.#told.get(peer));
    if (answer.kind === "current") return;
    const delta = answer.kind === "delta" ? answer.delta : this.#own.notice();
    await this.#channel.pushDelta(peer, delta, signal);
    if (this.#told.has(peer)) this.#told.set(peer, { epoch: delta.epoch, version: delta.toVersion });
  }
}
