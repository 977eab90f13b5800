import { MemoryNetwork, Owners, type PathHash, type PeerId, type Reachability } from "@niphas/mesh";
import { seededRandom } from "./engine/seeded-random.ts";
import { SimulatedTime } from "./engine/simulated-time.ts";
import { SharedViews } from "./network/shared-views.ts";
import { type Flow, type LinkSpeed, SimulatedLinks } from "./network/simulated-links.ts";
import { type RangeAnswer, type RangeRequest, SimulatedNode } from "./nodes/simulated-node.ts";

export interface WorldInit {
  readonly nodeCount: number;
  readonly seed: number;
  /** @default 1 */
  readonly zoneCount?: number;
  /** One way. @default 0.5 */
  readonly latencyMs?: number;
  /** @default 500 Mbit/s in each direction */
  readonly speed?: LinkSpeed;
  /** Of the NAR that is spread. @default there is none */
  readonly sizeBytes?: number;
}

interface Sending {
  readonly source: SimulatedNode;
  readonly asker: SimulatedNode;
  readonly request: RangeRequest;
  readonly answer: Extract<RangeAnswer, { readonly kind: "bytes" }>;
}

/** What became of a request for a range. */
export type Outcome = { readonly kind: "given" | "broken" } | Exclude<RangeAnswer, { readonly kind: "bytes" }>;

export interface RequestListener {
  /** Bytes have begun to come. */
  readonly onFlow: (flow: Flow) => void;
  readonly onEnd: (outcome: Outcome) => void;
}

export const DEFAULT_SPEED: LinkSpeed = { upBytesPerMs: 62_500, downBytesPerMs: 62_500 };
const DEFAULT_LATENCY_MS = 0.5;
/** A broken connection is noticed so late by those that use it. */
const DETECTION_MS = 1500;

/** Nodes with real discovery on a network that is only computed. The same seed gives the same run. */
export class World implements AsyncDisposable {
  readonly time = new SimulatedTime();
  readonly views: SharedViews;
  readonly network: MemoryNetwork;
  readonly links: SimulatedLinks;
  readonly nodes: readonly SimulatedNode[];
  readonly #nodes: ReadonlyMap<PeerId, SimulatedNode>;
  readonly #latencyMs: number;
  readonly #sizeBytes: number;
  #owners: Owners | undefined;
  /** Owners hear of nobody's end here: those whose reports have stopped are forgotten soon. */
  readonly ownerReachability: Reachability = {
    isLost: () => false,
    onChange: () => ({ [Symbol.dispose]: () => undefined }),
  };
  /** Pairs that cannot reach each other, both ways. */
  readonly #cuts = new Set<string>();

  constructor(init: WorldInit) {
    this.#latencyMs = init.latencyMs ?? DEFAULT_LATENCY_MS;
    const peers = Array.from({ length: init.nodeCount }, (_, index) => `node-${index}` as PeerId);
    const random = seededRandom(init.seed);
    this.#sizeBytes = init.sizeBytes ?? 0;
    this.views = new SharedViews(peers);
    this.views.onChange(() => {
      this.#owners = undefined;
    });
    this.network = new MemoryNetwork({ travel: () => this.time.sleep(this.#latencyMs) });
    this.links = new SimulatedLinks({ time: this.time });
    this.nodes = peers.map((peer, index) => {
      const zone = `zone-${index % (init.zoneCount ?? 1)}`;
      const node = new SimulatedNode(this, { peer, zone, seed: Math.floor(random() * 2 ** 32) });
      this.links.add(peer, init.speed ?? DEFAULT_SPEED);
      this.network.join(peer, node.discovery);
      return node;
    });
    this.#nodes = new Map(this.nodes.map((node) => [node.peer, node]));
  }

  node(peer: PeerId): SimulatedNode | undefined {
    return this.#nodes.get(peer);
  }

  at(index: number): SimulatedNode {
    const node = this.nodes[index];
    if (node === undefined) throw new Error(`no node ${index} in the simulation`);
    return node;
  }

  /** Who coordinates the fetch of a path, as every node computes it. */
  owners(path: PathHash): readonly PeerId[] {
    this.#owners ??= new Owners([...this.views.current().peers()]);
    return this.#owners.of(path);
  }

  /** Delivers a message to the first of the path's owners that the sender can reach. */
  toOwner(from: SimulatedNode, path: PathHash, deliver: (owner: SimulatedNode) => void): void {
    const owner = this.owners(path).find((peer) => peer === from.peer || this.#isUp(from.peer, peer));
    const node = owner === undefined ? undefined : this.#nodes.get(owner);
    if (node !== undefined) this.time.after(2 * this.#latencyMs, () => deliver(node));
  }

  canReach(from: PeerId, to: PeerId): boolean {
    return this.#cuts.size === 0 || !this.#cuts.has(`${from} ${to}`);
  }

  /** Asks for a range; the answer comes after a round trip and what the source waits for, then the bytes. */
  request(asker: SimulatedNode, source: PeerId, request: RangeRequest, listener: RequestListener): void {
    this.time.after(2 * this.#latencyMs, () => {
      const node = this.#nodes.get(source);
      if (node === undefined || !this.#isUp(asker.peer, source)) {
        listener.onEnd({ kind: "broken" });
        return;
      }
      node.serve(request, asker.peer, (answer) => {
        if (answer.kind === "bytes") this.#send({ source: node, asker, request, answer }, listener);
        else listener.onEnd(answer);
      });
    });
  }

  /** The process ends: its connections break at once, and all others notice. */
  kill(node: SimulatedNode): void {
    node.isAlive = false;
    this.network.leave(node.peer);
    this.links.cut(node.peer);
    for (const other of this.nodes) this.#cut(other.peer, node.peer, true);
  }

  /** Cuts nodes off from each other, or joins them again. */
  partition(left: readonly SimulatedNode[], right: readonly SimulatedNode[], isCut: boolean): void {
    for (const a of left) {
      for (const b of right) {
        this.#cut(a.peer, b.peer, isCut);
        this.#cut(b.peer, a.peer, isCut);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map(({ discovery }) => discovery[Symbol.asyncDispose]()));
  }

  #send({ source, asker, request, answer }: Sending, { onFlow, onEnd }: RequestListener): void {
    if (!this.#isUp(asker.peer, source.peer)) {
      answer.slot[Symbol.dispose]();
      onEnd({ kind: "broken" });
      return;
    }
    const { range, path } = request;
    const flow = this.links.send(source.peer, asker.peer, answer.end - range.start, (isComplete) => {
      const { end } = answer;
      if (isComplete) source.takers.got(path, asker.peer, { start: range.start, end, narSizeBytes: this.#sizeBytes });
      answer.slot[Symbol.dispose]();
      onEnd({ kind: isComplete ? "given" : "broken" });
    });
    onFlow(flow);
  }

  #isUp(from: PeerId, to: PeerId): boolean {
    return this.#nodes.get(to)?.isAlive === true && this.canReach(from, to);
  }

  #cut(from: PeerId, to: PeerId, isCut: boolean): void {
    if (from === to) return;
    if (isCut) this.#cuts.add(`${from} ${to}`);
    else this.#cuts.delete(`${from} ${to}`);
    if (isCut) this.links.cutBetween(from, to);
    this.time.setTimer(isCut ? DETECTION_MS : 0, () => this.network.setLost(from, to, isCut));
  }
}
