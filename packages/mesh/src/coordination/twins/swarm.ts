import { testPaths, testPeer } from "../../discovery/twins/test-paths.ts";
import type { PathHash, PeerId } from "../../ports.ts";
import { Owners } from "../owners.ts";
import type { WantRequests } from "../ports.ts";
import { SwarmNetwork } from "./swarm-network.ts";
import { SwarmNode } from "./swarm-node.ts";

export interface SwarmInit {
  readonly nodeCount: number;
  /** @default 1 */
  readonly pathCount?: number;
  /** Owners that do as they like. @default none */
  readonly liars?: ReadonlyMap<PeerId, WantRequests>;
}

const STEP_MS = 50;
const SIZE_BYTES = 1_000_000;
/** From upstream a path takes 4 s; from a peer a quarter of that. */
const UPSTREAM_BYTES = (SIZE_BYTES * STEP_MS) / 4_000;
const PEER_BYTES = UPSTREAM_BYTES * 4;

/** Many nodes that want the same paths at once, in one process, with a clock that a test turns. */
export class Swarm {
  readonly network = new SwarmNetwork();
  readonly nodes: readonly SwarmNode[];
  readonly paths: readonly PathHash[];
  readonly sizeBytes = SIZE_BYTES;
  readonly #byPeer: ReadonlyMap<PeerId, SwarmNode>;

  constructor({ nodeCount, pathCount = 1, liars }: SwarmInit) {
    const peers = Array.from({ length: nodeCount }, (_, index) => testPeer(index));
    this.paths = testPaths(pathCount);
    this.nodes = peers.map(
      (self) => new SwarmNode(this.network, { self, peers, sizeBytes: SIZE_BYTES, table: liars?.get(self) }),
    );
    this.#byPeer = new Map(this.nodes.map((node) => [node.self, node]));
  }

  get path(): PathHash {
    return this.paths[0] ?? never("no path");
  }

  /** In units of the closure. */
  get upstreamShare(): number {
    const bytes = this.nodes.reduce((sum, { upstreamBytes }) => sum + upstreamBytes, 0);
    return bytes / (SIZE_BYTES * this.paths.length);
  }

  get nowMs(): number {
    return this.network.clock.nowMs();
  }

  node(peer: PeerId): SwarmNode {
    return this.#byPeer.get(peer) ?? never("no such node");
  }

  /** The node that coordinates the first path; it wants nothing unless told to. */
  get owner(): SwarmNode {
    const [first] = new Owners(this.nodes.map(({ self }) => self)).of(this.path);
    return this.node(first ?? never("no owner"));
  }

  /** All but the owner, who would be told first. */
  get others(): readonly SwarmNode[] {
    return this.nodes.filter((node) => node !== this.owner);
  }

  fetchers(): readonly SwarmNode[] {
    return this.nodes.filter((node) => this.network.isRunning(node.self) && node.isFetching(this.path));
  }

  wantAll(nodes: readonly SwarmNode[] = this.nodes): void {
    for (const node of nodes) node.want(this.paths);
  }

  async run(forMs: number): Promise<void> {
    await this.runUntil(() => false, forMs);
  }

  /** @returns how long it took; throws after `limitMs` unless the condition never holds by design */
  async runUntil(isOver: () => boolean, limitMs: number): Promise<number> {
    const startMs = this.nowMs;
    while (!isOver() && this.nowMs - startMs < limitMs) {
      await this.network.clock.advance(STEP_MS);
      for (const node of this.nodes) {
        node.step({ upstreamBytes: UPSTREAM_BYTES, peerBytes: PEER_BYTES }, (peer) => this.node(peer));
      }
    }
    return this.nowMs - startMs;
  }

  /** Until every node that lives and wants something has it. */
  async finish(limitMs = 120_000): Promise<number> {
    const isOver = (): boolean => this.nodes.every((node) => node.isDone || !this.network.isRunning(node.self));
    const tookMs = await this.runUntil(isOver, limitMs);
    if (!isOver()) throw new Error("some node waits in vain");
    return tookMs;
  }
}

function never(why: string): never {
  throw new Error(why);
}
