import {
  type ActiveRange,
  DOWNLOAD_LIMITS,
  Extents,
  NarSources,
  type PathHash,
  type PeerId,
  RangeWork,
} from "@niphas/mesh";
import type { Flow } from "../network/simulated-links.ts";
import type { Outcome, World } from "../world.ts";
import { ShareReports } from "./share-reports.ts";
import type { SimulatedNode } from "./simulated-node.ts";

export interface DownloadInit {
  readonly node: SimulatedNode;
  readonly path: PathHash;
  readonly sizeBytes: number;
  readonly onDone: () => void;
}

/** A request under way. */
interface Request {
  readonly range: ActiveRange;
  readonly start: number;
  flow: Flow | undefined;
}

/**
 * One node gets one NAR: the loop of `NarDownload` without promises, bytes and binary caches. What is asked for, of whom,
 * and what the answers mean, the daemon's own code decides: RangeWork, NarSources with SourceChoice, and PeerTraffic.
 */
export class Download {
  readonly #world: World;
  readonly #init: DownloadInit;
  readonly #ranges: RangeWork;
  readonly #sources: NarSources;
  readonly #reports: ShareReports;
  readonly #held = new Extents();
  readonly #requests = new Set<Request>();
  #isDone = false;

  constructor(world: World, init: DownloadInit) {
    const { node, path, sizeBytes } = init;
    this.#world = world;
    this.#init = init;
    this.#ranges = new RangeWork(sizeBytes);
    this.#reports = new ShareReports(world, { node, path, prefixBytes: () => this.#held.endFrom(0) });
    this.#sources = new NarSources({ traffic: node.traffic }, { path, sharers: () => this.#reports.peers });
    node.holds(() => {
      this.#noteArrived();
      return this.#held;
    });
  }

  start(): void {
    const count = this.#ranges.isDivided ? DOWNLOAD_LIMITS.maxSources : 1;
    for (let worker = 0; worker < count; worker++) this.#work(DOWNLOAD_LIMITS.idleMs);
  }

  /** What one of several workers does next. */
  #work(idleMs: number): void {
    if (!this.#init.node.isAlive || this.#isDone || this.#askPeer()) return;
    this.#world.time.after(idleMs, () => this.#work(Math.min(idleMs * 2, DOWNLOAD_LIMITS.maxIdleMs)));
  }

  /** False when there is nothing to ask for, or nobody to ask now. */
  #askPeer(): boolean {
    this.#noteArrived();
    if (!this.#ranges.hasMore) return false;
    const peer = this.#sources.take(this.#ranges.partBytes);
    if (peer === undefined) return false;
    if (this.#ranges.isDivided) this.#reports.begin();
    const offered = this.#ranges.takeWithin(this.#sources.offersOf(peer) ?? []);
    if (offered === undefined) this.#sources.forgetOffers(peer);
    const range = offered ?? this.#ranges.takePart(this.#init.node.random) ?? this.#steal();
    if (range === undefined) this.#sources.release(peer);
    else this.#request(peer, range, offered !== undefined);
    return range !== undefined;
  }

  #request(peer: PeerId, range: ActiveRange, wasOffered: boolean): void {
    const { node, path } = this.#init;
    const { traffic } = node;
    const { position: start, end } = range;
    const startedMs = this.#world.time.nowMs();
    const meter = traffic.meters.begin(peer);
    const request: Request = { range, start, flow: undefined };
    this.#requests.add(request);
    range.bytesPerMs = () => meter.bytesPerMs ?? traffic.loads.bytesPerMs(peer);
    traffic.loads.started(peer, end - start);
    const usefulFrom = Math.min(this.#held.endFrom(0), start);
    this.#world.request(
      node,
      peer,
      { path, range: { start, end }, usefulFrom },
      {
        onFlow: (flow) => {
          request.flow = flow;
        },
        onEnd: (outcome) => {
          this.#requests.delete(request);
          const receivedBytes = this.#receive(request);
          traffic.meters.end(meter);
          traffic.loads.ended(peer, end - start, receivedBytes, this.#world.time.nowMs() - startedMs);
          this.#heard(peer, outcome, wasOffered);
          this.#ranges.giveBack(range);
          this.#sources.release(peer);
          if (this.#ranges.isDone) this.#done();
          else this.#work(DOWNLOAD_LIMITS.idleMs);
        },
      },
    );
  }

  /** As the method of the same name of `NarDownload`. */
  #heard(peer: PeerId, outcome: Outcome, wasOffered: boolean): void {
    const { node, path } = this.#init;
    switch (outcome.kind) {
      case "given":
        node.traffic.succeeded(peer);
        this.#sources.choice.succeeded(peer);
        break;
      case "busy":
        this.#sources.choice.busy(peer, outcome.retryWith);
        break;
      case "later":
        this.#sources.offered(peer, outcome.available);
        if (wasOffered || !this.#ranges.hasWithin(outcome.available)) this.#sources.choice.busy(peer, []);
        break;
      default:
        this.#sources.abandon(peer);
        node.traffic.abandoned(peer, path, outcome.kind);
    }
  }

  #steal(): ActiveRange | undefined {
    const stolen = this.#ranges.steal();
    for (const { flow, start, range } of this.#requests) flow?.shorten(range.end - start);
    return stolen;
  }

  /** What has come of the requests under way is there for others too. */
  #noteArrived(): void {
    for (const request of this.#requests) this.#receive(request);
  }

  /** @returns how many bytes have come of a request */
  #receive({ flow, start, range }: Request): number {
    const { position } = range;
    range.position = Math.min(range.end, start + Math.floor(flow?.movedBytes ?? 0));
    this.#held.add({ start: position, end: range.position });
    return range.position - start;
  }

  #done(): void {
    this.#isDone = true;
    this.#reports.end();
    this.#init.node.paths.add(this.#init.path);
    this.#init.onDone();
  }
}
