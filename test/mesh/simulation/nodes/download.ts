import {
  type ActiveRange,
  DOWNLOAD_LIMITS,
  Extents,
  NarSources,
  type PathHash,
  type RangeRequest,
  RangeRequests,
  RangeWork,
} from "@niphas/mesh";
import type { Flow } from "../network/simulated-links.ts";
import type { World } from "../world.ts";
import { ShareReports } from "./share-reports.ts";
import type { SimulatedNode } from "./simulated-node.ts";

export interface DownloadInit {
  readonly node: SimulatedNode;
  readonly path: PathHash;
  readonly sizeBytes: number;
  readonly onDone: () => void;
}

/** What has come of a request. */
interface UnderWay {
  readonly range: ActiveRange;
  readonly start: number;
  flow: Flow | undefined;
}

/**
 * One node gets one NAR: the loop of `NarDownload` without promises, bytes and binary caches. What is asked for, of whom,
 * and what the answers mean, the daemon's own code decides: RangeRequests, with RangeWork, NarSources and PeerTraffic.
 */
export class Download {
  readonly #world: World;
  readonly #init: DownloadInit;
  readonly #ranges: RangeWork;
  readonly #sources: NarSources;
  readonly #reports: ShareReports;
  readonly #held = new Extents();
  readonly #requests: RangeRequests;
  readonly #underWay = new Set<UnderWay>();
  #isDone = false;

  constructor(world: World, init: DownloadInit) {
    const { node, path, sizeBytes } = init;
    this.#world = world;
    this.#init = init;
    this.#ranges = new RangeWork(sizeBytes);
    this.#reports = new ShareReports(world, { node, path, prefixBytes: () => this.#held.endFrom(0) });
    this.#sources = new NarSources({ traffic: node.traffic }, { path, sharers: () => this.#reports.peers });
    const components = { traffic: node.traffic, ranges: this.#ranges, sources: this.#sources };
    this.#requests = new RangeRequests(components, { path, sizeBytes });
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
    const request = this.#requests.begin();
    if (request === undefined) return false;
    if (this.#ranges.isDivided) this.#reports.begin();
    // A part of one of them may have been stolen.
    for (const { flow, start, range } of this.#underWay) flow?.shorten(range.end - start);
    this.#request(request);
    return true;
  }

  #request(request: RangeRequest): void {
    const { node, path } = this.#init;
    const { peer, range } = request;
    const { traffic } = node;
    const { position: start, end } = range;
    const startedMs = this.#world.time.nowMs();
    const meter = traffic.meters.begin(peer);
    const underWay: UnderWay = { range, start, flow: undefined };
    this.#underWay.add(underWay);
    range.bytesPerMs = () => meter.bytesPerMs ?? traffic.loads.bytesPerMs(peer);
    traffic.loads.started(peer, end - start);
    const usefulFrom = Math.min(this.#held.endFrom(0), start);
    this.#world.request(
      node,
      peer,
      { path, range: { start, end }, usefulFrom },
      {
        onFlow: (flow) => {
          underWay.flow = flow;
        },
        onEnd: (outcome) => {
          this.#underWay.delete(underWay);
          const receivedBytes = this.#receive(underWay);
          traffic.meters.end(meter);
          traffic.loads.ended(peer, end - start, receivedBytes, this.#world.time.nowMs() - startedMs);
          this.#requests.end(request, outcome);
          if (this.#ranges.isDone) this.#done();
          else this.#work(DOWNLOAD_LIMITS.idleMs);
        },
      },
    );
  }

  /** What has come of the requests under way is there for others too. */
  #noteArrived(): void {
    for (const underWay of this.#underWay) this.#receive(underWay);
  }

  /** @returns how many bytes have come of a request */
  #receive({ flow, start, range }: UnderWay): number {
    const { position } = range;
    range.position = Math.min(range.end, start + Math.floor(flow?.movedBytes ?? 0));
    if (range.position > position) this.#held.add({ start: position, end: range.position });
    return range.position - start;
  }

  #done(): void {
    this.#isDone = true;
    this.#reports.end();
    this.#init.node.paths.add(this.#init.path);
    this.#init.onDone();
  }
}
