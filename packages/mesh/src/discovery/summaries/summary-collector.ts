import { NiphasError } from "@niphas/core";
import type { PathHash, PeerId } from "../../ports.ts";
import { digestOf } from "../hashes/path-digest.ts";
import { PeerJobs } from "../peers/peer-jobs.ts";
import type { Clock, DiscoveryChannel, Timer } from "../ports.ts";
import { PeerSummary } from "./peer-summary.ts";
import type { SummaryAnswer, SummaryDelta } from "./summary.ts";

const CONCURRENCY = 16;
const FETCH_TIMEOUT_MS = 10_000;
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 30_000;
/** Every peer is asked so often whether a change was missed. */
const CHECK_INTERVAL_MS = 120_000;
/** Of all peers' summaries together: 256 peers with 500,000 paths each. Beyond it a peer is left out. */
const MAX_TOTAL_BYTES = 192 * 2 ** 20;

export interface SummaryCollectorComponents {
  readonly channel: Pick<DiscoveryChannel, "fetchSummary">;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Keeps the summaries of the peers that it follows, and knows by them who holds a path. */
export class SummaryCollector implements AsyncDisposable {
  readonly #channel: Pick<DiscoveryChannel, "fetchSummary">;
  readonly #clock: Clock;
  readonly #random: () => number;
  /** Undefined until its first summary has come. */
  readonly #followed = new Map<PeerId, PeerSummary | undefined>();
  readonly #fetches: PeerJobs;
  #sizeBytes = 0;
  #check: Timer | undefined;

  constructor(components: SummaryCollectorComponents) {
    this.#channel = components.channel;
    this.#clock = components.clock;
    this.#random = components.random;
    this.#fetches = new PeerJobs(components, {
      run: (peer, signal) => this.#fetch(peer, signal),
      concurrency: CONCURRENCY,
      timeoutMs: FETCH_TIMEOUT_MS,
      firstRetryMs: FIRST_RETRY_MS,
      maxRetryMs: MAX_RETRY_MS,
    });
    this.#checkLater();
  }

  /** Of the summaries that are kept. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Asks the peer for its summary, or for what has changed since it was last heard. */
  follow(peer: PeerId): void {
    if (!this.#followed.has(peer)) this.#followed.set(peer, undefined);
    this.#fetches.want(peer);
  }

  /** Asks no more, but keeps what is known. */
  pause(peer: PeerId): void {
    this.#fetches.cancel(peer);
  }

  forget(peer: PeerId): void {
    this.#fetches.cancel(peer);
    this.#put(peer, undefined);
    this.#followed.delete(peer);
  }

  forgetAll(): void {
    for (const peer of [...this.#followed.keys()]) this.forget(peer);
  }

  take(peer: PeerId, delta: SummaryDelta): void {
    if (!this.#followed.has(peer)) return;
    if (!this.#apply(peer, delta)) this.#fetches.want(peer);
  }

  /** Followed peers that hold the path, by what they said last. */
  of(path: PathHash): PeerId[] {
    const digest = digestOf(path);
    const holders: PeerId[] = [];
    for (const [peer, summary] of this.#followed) {
      if (summary?.has(digest) === true) holders.push(peer);
    }
    return holders;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#check?.cancel();
    await this.#fetches[Symbol.asyncDispose]();
  }

  async #fetch(peer: PeerId, signal: AbortSignal): Promise<void> {
    const answer = await this.#channel.fetchSummary(peer, this.#followed.get(peer)?.position, signal);
    // Forgotten or paused meanwhile: this answer is of the past.
    if (signal.aborted || !this.#followed.has(peer)) return;
    if (!this.#takeAnswer(peer, answer)) throw new NiphasError("BadBytes", "a peer's changes do not fit its summary");
  }

  #takeAnswer(peer: PeerId, answer: SummaryAnswer): boolean {
    if (answer.kind === "summary") {
      this.#put(peer, new PeerSummary(answer.summary, { seed: Math.floor(this.#random() * 2 ** 32) }));
      return true;
    }
    const fits = answer.kind === "delta" ? this.#apply(peer, answer.delta) : this.#followed.get(peer) !== undefined;
    // Else the same answer would come for ever.
    if (!fits) this.#put(peer, undefined);
    return fits;
  }

  /** False when the peer must be asked. */
  #apply(peer: PeerId, delta: SummaryDelta): boolean {
    const summary = this.#followed.get(peer);
    if (summary === undefined) return false;
    const sizeBefore = summary.sizeBytes;
    const outcome = tryApply(summary, delta);
    this.#sizeBytes += summary.sizeBytes - sizeBefore;
    if (outcome === "broken") this.#put(peer, undefined);
    return outcome === "applied";
  }

  #put(peer: PeerId, summary: PeerSummary | undefined): void {
    this.#sizeBytes -= this.#followed.get(peer)?.sizeBytes ?? 0;
    this.#followed.set(peer, undefined);
    if (summary === undefined || this.#sizeBytes + summary.sizeBytes > MAX_TOTAL_BYTES) return;
    this.#followed.set(peer, summary);
    this.#sizeBytes += summary.sizeBytes;
  }

  #checkLater(): void {
    this.#check = this.#clock.setTimer(CHECK_INTERVAL_MS, () => {
      for (const peer of this.#followed.keys()) this.#fetches.want(peer);
      this.#checkLater();
    });
  }
}

function tryApply(summary: PeerSummary, delta: SummaryDelta): "applied" | "missing" | "broken" {
  try {
    return summary.apply(delta) ? "applied" : "missing";
  } catch {
    return "broken";
  }
}
