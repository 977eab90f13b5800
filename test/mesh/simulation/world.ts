import { MemoryNetwork, Owners, type PathHash, type PeerId } from "@niphas/mesh";
import { seededRandom } from "./engine/seeded-random.ts";
import { SimulatedTime } from "./engine/simulated-time.ts";
import { SharedViews } from "./network/shared-views.ts";
import { type LinkSpeed, SimulatedLinks } from "./network/simulated-links.ts";
import { RangeSet } from "./nodes/range-set.ts";
import { type RangeAnswer, SimulatedNode } from "./nodes/simulated-node.ts";

export interface WorldInit {
  readonly nodeCount: number;
  readonly seed: number;
  /** @default 1 */
  readonly zoneCount?: number;
  /** One way. @default 0.5 */
  readonly latencyMs?: number;
  /** @default 500 Mbit/s in each direction */
  readonly speed?: LinkSpeed;
}

/** What became of a request for a range. */
export interface Outcome {
  readonly kind: RangeAnswer["kind"] | "broken";
  /** Of a busy source. */
  readonly retryWith: readonly PeerId[];
  /** What the source holds, as each of its answers says. */
  readonly held: RangeSet;
}

export interface RangeRequest {
  readonly range: number;
  readonly sizeBytes: number;
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
  /** Pairs that cannot reach each other, both ways. */
  readonly #cuts = new Set<string>();

  constructor(init: WorldInit) {
    this.#latencyMs = init.latencyMs ?? DEFAULT_LATENCY_MS;
    const peers = Array.from({ length: init.nodeCount }, (_, index) => `node-${index}` as PeerId);
    const random = seededRandom(init.seed);
    this.views = new SharedViews(peers);
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
    return new Owners([...this.views.current().peers()]).of(path);
  }

  canReach(from: PeerId, to: PeerId): boolean {
    return this.#cuts.size === 0 || !this.#cuts.has(`${from} ${to}`);
  }

  /** Asks for a range; the answer comes after a round trip and the bytes. */
  request(asker: SimulatedNode, source: PeerId, request: RangeRequest, onEnd: (outcome: Outcome) => void): void {
    this.time.after(2 * this.#latencyMs, () => {
      const node = this.#nodes.get(source);
      const end = (kind: Outcome["kind"], retryWith: readonly PeerId[] = []): void =>
        onEnd({ kind, retryWith, held: node?.ranges.copy() ?? RangeSet.empty(0) });
      if (node?.isAlive !== true || !this.canReach(asker.peer, source)) {
        end("broken");
        return;
      }
      const answer = node.serve(request.range, asker.peer);
      if (answer.kind === "bytes") this.#send(node, asker, request, end);
      else end(answer.kind, answer.kind === "busy" ? answer.retryWith : []);
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

  #send(
    source: SimulatedNode,
    asker: SimulatedNode,
    request: RangeRequest,
    end: (kind: Outcome["kind"]) => void,
  ): void {
    this.links.send(source.peer, asker.peer, request.sizeBytes, (isComplete) => {
      source.slots.giveBack(asker.peer, isComplete);
      end(isComplete ? "bytes" : "broken");
    });
  }

  #cut(from: PeerId, to: PeerId, isCut: boolean): void {
    if (from === to) return;
    if (isCut) this.#cuts.add(`${from} ${to}`);
    else this.#cuts.delete(`${from} ${to}`);
    if (isCut) this.links.cutBetween(from, to);
    this.time.setTimer(isCut ? DETECTION_MS : 0, () => this.network.setLost(from, to, isCut));
  }
}
