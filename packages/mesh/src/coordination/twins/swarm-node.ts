import type { PathHash, PeerId } from "../../ports.ts";
import { MeshCoordinator } from "../mesh-coordinator.ts";
import type { Coordinator, Errand, WantRequests } from "../ports.ts";
import { WantTable } from "../want-table.ts";
import type { SwarmNetwork } from "./swarm-network.ts";

/** How a transfer stands with one path. */
interface Download {
  haveBytes: number;
  errand: Errand | undefined;
  isAsking: boolean;
  /** Who was asked last was busy. */
  isQueued: boolean;
  askedMs: number;
  progressedMs: number;
  reportedMs: number;
}

export interface SwarmNodeInit {
  readonly self: PeerId;
  readonly peers: readonly PeerId[];
  readonly sizeBytes: number;
  /** In place of a true owner. */
  readonly table?: WantRequests | undefined;
}

const PATIENCE_MS = 2_000;
const ASK_AGAIN_MS = 1_000;
const UPSTREAM_AFTER_MS = 10_000;
const PROGRESS_MS = 1_000;
const PARALLEL = 8;

/** The real coordination of one node with a made-up transfer, which follows the rules of the true one. */
export class SwarmNode {
  readonly self: PeerId;
  readonly #network: SwarmNetwork;
  readonly #init: SwarmNodeInit;
  readonly #downloads = new Map<PathHash, Download>();
  #coordinator: Coordinator & Disposable;
  #waiting: PathHash[] = [];
  /** What it got from upstream, in all. */
  upstreamBytes = 0;
  /** It lives, and upstream gives it nothing. */
  isStalled = false;
  /** It has no slot free for those who tail it, and says so. */
  isBusy = false;

  constructor(network: SwarmNetwork, init: SwarmNodeInit) {
    this.self = init.self;
    this.#network = network;
    this.#init = init;
    this.#coordinator = this.#start();
  }

  want(paths: readonly PathHash[]): void {
    this.#waiting.push(...paths);
  }

  haveBytes(path: PathHash): number {
    return this.#downloads.get(path)?.haveBytes ?? 0;
  }

  isFetching(path: PathHash): boolean {
    return this.#downloads.get(path)?.errand?.kind === "fetch" && this.haveBytes(path) < this.#init.sizeBytes;
  }

  get isDone(): boolean {
    return this.#waiting.length === 0 && this.#active().length === 0;
  }

  /** The process starts again: what it knew as an owner and as a wanter is gone, its bytes are not. */
  restart(): void {
    this.#coordinator[Symbol.dispose]();
    this.#coordinator = this.#start();
    for (const download of this.#downloads.values()) Object.assign(download, { errand: undefined, isAsking: false });
  }

  /** One tick of the transfer. @param give how many bytes upstream gives it, and a peer */
  step(
    give: { readonly upstreamBytes: number; readonly peerBytes: number },
    nodeOf: (peer: PeerId) => SwarmNode,
  ): void {
    if (!this.#network.isRunning(this.self)) return;
    for (const path of this.#waiting.splice(0, PARALLEL - this.#active().length))
      this.#downloads.set(path, this.#begin());
    for (const [path, download] of this.#active()) this.#advance(path, download, give, nodeOf);
  }

  #start(): Coordinator & Disposable {
    const { self, peers, table } = this.#init;
    const reachability = this.#network.reachabilityOf(self);
    const requests = table ?? new WantTable({ clock: this.#network.clock, reachability });
    this.#network.join(self, requests);
    return new MeshCoordinator({
      self,
      membership: this.#network.membershipOf(self, peers),
      reachability,
      channel: this.#network.channelOf(self),
      table: requests,
      clock: this.#network.clock,
    });
  }

  #begin(): Download {
    const nowMs = this.#network.clock.nowMs();
    const times = { askedMs: Number.NEGATIVE_INFINITY, progressedMs: nowMs, reportedMs: nowMs };
    return { haveBytes: 0, errand: undefined, isAsking: false, isQueued: false, ...times };
  }

  #active(): [PathHash, Download][] {
    return [...this.#downloads].filter(([, { haveBytes }]) => haveBytes < this.#init.sizeBytes);
  }

  #advance(
    path: PathHash,
    download: Download,
    give: Parameters<SwarmNode["step"]>[0],
    nodeOf: (peer: PeerId) => SwarmNode,
  ): void {
    const nowMs = this.#network.clock.nowMs();
    const { errand } = download;
    const before = download.haveBytes;
    if (errand?.kind === "fetch" && !this.isStalled) {
      download.haveBytes = Math.min(this.#init.sizeBytes, before + give.upstreamBytes);
      this.upstreamBytes += download.haveBytes - before;
    } else if (errand?.kind === "tail") {
      const source = this.#reachable(errand.peers).find((peer) => nodeOf(peer).haveBytes(path) > before);
      download.isQueued = source !== undefined && nodeOf(source).isBusy;
      const end = source === undefined || download.isQueued ? before : nodeOf(source).haveBytes(path);
      download.haveBytes = Math.min(end, before + give.peerBytes);
    }
    if (download.haveBytes > before) download.progressedMs = nowMs;
    this.#report(path, download, before === 0);
    if (download.haveBytes < this.#init.sizeBytes) this.#askAgain(path, download);
  }

  #report(path: PathHash, download: Download, isFirst: boolean): void {
    const nowMs = this.#network.clock.nowMs();
    if (download.haveBytes === this.#init.sizeBytes) {
      this.#coordinator.done(path, "have");
    } else if (isFirst || nowMs - download.reportedMs >= PROGRESS_MS) {
      download.reportedMs = nowMs;
      this.#coordinator.progress(path, download.haveBytes);
    }
  }

  #askAgain(path: PathHash, download: Download): void {
    const nowMs = this.#network.clock.nowMs();
    const { errand } = download;
    const waitedMs = nowMs - download.progressedMs;
    if (errand?.kind === "fetch" || download.isAsking) return;
    if (waitedMs > UPSTREAM_AFTER_MS) download.errand = { kind: "fetch" };
    const isPatient = errand !== undefined && this.#reachable(errand.peers).length > 0 && waitedMs < PATIENCE_MS;
    if (isPatient || nowMs - download.askedMs < ASK_AGAIN_MS) return;
    Object.assign(download, { isAsking: true, askedMs: nowMs });
    this.#coordinator.want(path, AbortSignal.any([]), download.isQueued).then(
      (next) => Object.assign(download, { errand: next, isAsking: false }),
      () => undefined,
    );
  }

  #reachable(peers: readonly PeerId[]): readonly PeerId[] {
    // One that is frozen looks alive.
    return peers.filter((peer) => this.#network.canReach(this.self, peer));
  }
}
