import { NiphasError, toNiphasError } from "@niphas/core";
import type { PathHash, PeerId } from "../../ports.ts";
import { pathHashOf } from "../../upstream/path-hash.ts";
import { DOWNLOAD_LIMITS } from "../limits.ts";
import type { ByteSource, Coordinator, UpstreamNars } from "../ports.ts";
import type { NarSpool } from "../spool/nar-spool.ts";
import { Errands } from "./errands.ts";
import { NarSources } from "./nar-sources.ts";
import { pauseUntilWoken } from "./pause.ts";
import { requestRange } from "./peer-request.ts";
import type { PeerTraffic } from "./peer-traffic.ts";
import { type RangeRequest, RangeRequests, type RequestOutcome } from "./range-requests.ts";
import { RangeWork } from "./range-work.ts";
import { requestFromUpstream } from "./upstream-request.ts";
import { Yielding } from "./yielding.ts";

export interface NarDownloadComponents {
  readonly traffic: PeerTraffic;
  readonly upstream: UpstreamNars;
  readonly coordinator: Coordinator;
}

export interface NarDownloadInit {
  readonly spool: NarSpool;
  /** The one source that is asked, to find out whether it tells the truth. @default all */
  readonly only?: ByteSource | undefined;
}

/** While there are peers left that are only busy, the binary caches may fail so often. */
const MAX_UPSTREAM_FAILURES = 6;

/**
 * Fills one spool from those who have the NAR: peers first, as many at once as is worth while, and binary caches when
 * there are none.
 */
export class NarDownload {
  readonly #components: NarDownloadComponents;
  readonly #spool: NarSpool;
  readonly #only: ByteSource | undefined;
  readonly #path: PathHash;
  readonly #ranges: RangeWork;
  readonly #sources: NarSources;
  readonly #requests: RangeRequests;
  readonly #errands: Errands;
  readonly #relays = new Set<PeerId>();
  #progressMs: number;
  #nextWantMs = Number.NEGATIVE_INFINITY;
  #upstreamFailures = 0;

  constructor(components: NarDownloadComponents, { spool, only }: NarDownloadInit) {
    const { traffic, coordinator } = components;
    this.#components = components;
    this.#spool = spool;
    this.#only = only;
    this.#path = pathHashOf(spool.wanted.path);
    this.#ranges = new RangeWork(spool.wanted.narSizeBytes);
    const sharers = (): readonly PeerId[] => this.#errands.sharers;
    this.#sources = new NarSources({ traffic }, { path: this.#path, only, sharers });
    const [ranges, sources] = [this.#ranges, this.#sources];
    const { narSizeBytes: sizeBytes } = spool.wanted;
    this.#requests = new RangeRequests({ traffic, ranges, sources }, { path: this.#path, sizeBytes });
    const doneBytes = (): number => spool.prefixBytes;
    this.#errands = new Errands({ coordinator, clock: traffic.clock }, { path: this.#path, doneBytes });
    this.#progressMs = traffic.clock.nowMs();
  }

  /** Peers that gave bytes while they were getting the NAR themselves. */
  get relays(): ReadonlySet<PeerId> {
    return this.#relays;
  }

  /**
   * Ends when the NAR is verified. Whatever happens, no request is left and the spool is not filling any more.
   * @throws NiphasError BadBytes when it is not the signed one; SubstituterUnavailable, PathNotFound when nobody gives it;
   * DiskFull, StoreUnavailable; the signal's reason
   */
  async run(signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const either = AbortSignal.any([signal, ended.signal]);
    const count = this.#ranges.isDivided && this.#only === undefined ? DOWNLOAD_LIMITS.maxSources : 1;
    const workers = Array.from({ length: count }, (_, index) => this.#work(index === 0, either));
    try {
      const all = Promise.all(workers).then(() => this.#spool.verified(either));
      // Workers that wait for something to do are not waited for.
      await Promise.race([this.#spool.verified(either), all]);
    } catch (error) {
      this.#spool.fail(toNiphasError(error));
      throw error;
    } finally {
      ended.abort(new NiphasError("Cancelled", "the NAR is here, or will not come"));
      await Promise.allSettled(workers);
      this.#errands.end(this.#spool.state === "verified" ? "have" : "failed");
    }
  }

  /** @param isFirst the one that also asks coordinator and binary caches */
  async #work(isFirst: boolean, signal: AbortSignal): Promise<void> {
    const { clock, requestEnds } = this.#components.traffic;
    let idleMs: number = DOWNLOAD_LIMITS.idleMs;
    while (!this.#ranges.isDone) {
      signal.throwIfAborted();
      const hasWorked = (await this.#askPeer(signal)) || (isFirst && (await this.#askOthers(signal)));
      if (!hasWorked) await pauseUntilWoken({ clock, wakers: requestEnds }, idleMs, signal);
      idleMs = hasWorked ? DOWNLOAD_LIMITS.idleMs : Math.min(idleMs * 2, DOWNLOAD_LIMITS.maxIdleMs);
    }
  }

  /** False when there is nothing to ask for, or nobody to ask now. */
  async #askPeer(signal: AbortSignal): Promise<boolean> {
    const request = this.#requests.begin();
    if (request === undefined) return false;
    if (this.#ranges.isDivided && this.#only === undefined) this.#errands.share();
    let outcome: RequestOutcome | undefined;
    try {
      outcome = await this.#request(request, signal);
    } finally {
      this.#requests.end(request, outcome);
    }
    return true;
  }

  async #request({ peer, range, isPatient }: RangeRequest, signal: AbortSignal): Promise<RequestOutcome> {
    const { traffic } = this.#components;
    const others = (): readonly PeerId[] => this.#sources.othersThan(peer);
    const onRelay = (): void => void this.#relays.add(peer);
    const components = { traffic, spool: this.#spool, others, isPatient, onBytes: this.#onBytes, onRelay };
    try {
      return await requestRange(components, peer, range, signal);
    } catch {
      this.#throwIfEnded(signal);
      return { kind: "broken" };
    }
  }

  /** What is left when no peer can be asked. False: wait for the peers. */
  async #askOthers(signal: AbortSignal): Promise<boolean> {
    if (this.#ranges.isActive) return false;
    const nowMs = this.#components.traffic.clock.nowMs();
    const waitedMs = nowMs - this.#progressMs;
    const hasPeers = this.#sources.nextTryMs() !== undefined;
    if (hasPeers && waitedMs < DOWNLOAD_LIMITS.busyPatienceMs) return false;
    if (this.#only !== undefined) return await this.#askOnly(signal);
    if (waitedMs >= DOWNLOAD_LIMITS.patienceMs) return await this.#askUpstream(signal);
    if (nowMs < this.#nextWantMs) return false;
    const errand = await this.#errands.want(signal, this.#sources.isQueued);
    this.#nextWantMs = this.#components.traffic.clock.nowMs() + DOWNLOAD_LIMITS.progressMs;
    if (errand.kind === "fetch") return await this.#askUpstream(signal);
    this.#sources.add(errand.peers);
    return this.#sources.nextTryMs() !== undefined;
  }

  async #askOnly(signal: AbortSignal): Promise<boolean> {
    if (this.#only === "upstream") return await this.#askUpstream(signal);
    throw new NiphasError("SubstituterUnavailable", "the peer does not give the NAR");
  }

  async #askUpstream(signal: AbortSignal): Promise<boolean> {
    const range = this.#ranges.take(Number.POSITIVE_INFINITY);
    if (range === undefined) return false;
    const { upstream, traffic } = this.#components;
    const { clock, observe } = traffic;
    using yielding = new Yielding({ clock }, { signal, isTime: () => this.#mayYield(signal) });
    try {
      const spool = this.#spool;
      await requestFromUpstream({ upstream, clock, observe, spool, onBytes: this.#onBytes }, range, yielding.signal);
    } catch (error) {
      this.#throwIfEnded(signal);
      if (!yielding.signal.aborted) this.#upstreamFailed(error);
    } finally {
      this.#ranges.giveBack(range);
    }
    return true;
  }

  /** Upstream gives nothing: whether another node has taken the errand over, so that there are not two copies. */
  async #mayYield(signal: AbortSignal): Promise<boolean> {
    const waitedMs = this.#components.traffic.clock.nowMs() - this.#progressMs;
    if (this.#only !== undefined || waitedMs < DOWNLOAD_LIMITS.stallMs) return false;
    const errand = await this.#errands.want(signal);
    if (errand.kind === "fetch" || errand.peers.length === 0) return false;
    this.#sources.add(errand.peers);
    return this.#sources.nextTryMs() !== undefined;
  }

  /** @throws the error unless there are peers left to wait for */
  #upstreamFailed(error: unknown): void {
    this.#upstreamFailures++;
    this.#errands.end("failed");
    const isWorthWaiting = this.#sources.nextTryMs() !== undefined && this.#upstreamFailures < MAX_UPSTREAM_FAILURES;
    if (!isWorthWaiting) throw error;
    this.#progressMs = this.#components.traffic.clock.nowMs();
  }

  /** Tells what a source did from what ends the download. */
  #throwIfEnded(signal: AbortSignal): void {
    signal.throwIfAborted();
    if (this.#spool.failure !== undefined) throw this.#spool.failure;
  }

  readonly #onBytes = (): void => {
    this.#progressMs = this.#components.traffic.clock.nowMs();
    this.#errands.progressed();
  };
}
