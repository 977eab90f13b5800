import { type TemporaryDirectory, temporaryDirectory } from "@niphas/testing";
import { connectCables } from "./links/cables.ts";
import { losePackets } from "./links/packet-loss.ts";
import { deafen, rejoin, type Station, separate, undeafen } from "./links/partition.ts";
import { Namespaces } from "./namespaces/namespaces.ts";
import { MeshNode } from "./nodes/mesh-node.ts";
import { type NetworkShape, planTopology, type Topology } from "./topology.ts";
import { startDelayingProxy } from "./upstream/proxy-process.ts";
import { ShapedUpstream } from "./upstream/shaped-upstream.ts";

export interface MeshNetworkInit extends NetworkShape {
  /** The binary cache that upstream serves; see `ClosureCaches`. */
  readonly cacheDir: string;
  readonly signal: AbortSignal;
}

/** Whom a partition is between: the number of a node, from 1, or the upstream cache. */
export type StationId = number | "upstream";

interface Parts {
  readonly directory: TemporaryDirectory;
  readonly namespaces: Namespaces;
  readonly topology: Topology;
  readonly upstream: ShapedUpstream;
}

/**
 * Nodes with stores of their own, on cables of limited rate, and one slow, distant binary cache. All in namespaces made
 * here: nothing of it is seen or reached from outside, and the kernel removes it with us, also when we are killed.
 */
export class MeshNetwork implements AsyncDisposable {
  readonly upstream: ShapedUpstream;
  /** Node K is at K - 1. */
  readonly nodes: readonly MeshNode[];
  /** Holds the nodes' stores; scratch space that ends with the network. */
  readonly directory: TemporaryDirectory;
  readonly #parts: Parts;
  readonly #resources: AsyncDisposable;

  private constructor(parts: Parts, resources: AsyncDisposable) {
    this.#parts = parts;
    this.#resources = resources;
    this.upstream = parts.upstream;
    this.directory = parts.directory;
    const { directory, namespaces, topology } = parts;
    this.nodes = topology.nodes.map(
      (station) => new MeshNode({ namespaces, station, directory: directory.join(station.namespace) }),
    );
  }

  /** Needs root, nginx (scripts/fetch-example.sh), `ip` and `tc`. */
  static async start(init: MeshNetworkInit): Promise<MeshNetwork> {
    const { cacheDir, signal } = init;
    const topology = planTopology(init);
    await using stack = new AsyncDisposableStack();
    const directory = stack.use(temporaryDirectory("mesh-network"));
    const { names, cables, cache, upstream: gate } = topology;
    const namespaces = stack.use(await Namespaces.start({ directory: directory.path, names, signal }));
    await connectCables(namespaces, cables, signal);
    const server = { namespaces, namespace: cache.namespace, address: cache.address, cacheDir, signal };
    const upstream = stack.use(await ShapedUpstream.start({ ...server, directory: directory.join("upstream") }));
    if (topology.isDistant) {
      const target = { namespace: gate.namespace, listenAddress: gate.address, targetAddress: cache.address };
      stack.use(await startDelayingProxy({ ...init, ...target, namespaces }));
    }
    return new MeshNetwork({ directory, namespaces, topology, upstream }, stack.move());
  }

  /** @param index counted from 1 */
  node(index: number): MeshNode {
    const node = this.nodes[index - 1];
    if (node === undefined) throw new RangeError(`there is no node ${index}`);
    return node;
  }

  /** Cuts the way between two, in silence: open connections are not told. */
  async partition(one: StationId, other: StationId, signal: AbortSignal): Promise<void> {
    await separate(this.#parts.namespaces, [this.#station(one), this.#station(other)], signal);
  }

  /** Ends {@link partition}. */
  async heal(one: StationId, other: StationId, signal: AbortSignal): Promise<void> {
    await rejoin(this.#parts.namespaces, [this.#station(one), this.#station(other)], signal);
  }

  /** Cuts the way from one to the other, in silence; the way back stays. */
  async cutOneWay(from: StationId, to: StationId, signal: AbortSignal): Promise<void> {
    await deafen(this.#parts.namespaces, this.#station(from), this.#station(to), signal);
  }

  /** Ends {@link cutOneWay}. */
  async healOneWay(from: StationId, to: StationId, signal: AbortSignal): Promise<void> {
    await undeafen(this.#parts.namespaces, this.#station(from), this.#station(to), signal);
  }

  /** Loses this share of what a node is sent, at random and in silence. @param share from 0 to 1; 0 ends it */
  async losePackets(to: StationId, share: number, signal: AbortSignal): Promise<void> {
    await losePackets(this.#parts.namespaces, this.#station(to), share, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    await this.#resources[Symbol.asyncDispose]();
  }

  #station(id: StationId): Station {
    const { upstream, nodes } = this.#parts.topology;
    const station = id === "upstream" ? upstream : nodes[id - 1];
    if (station === undefined) throw new RangeError(`there is no node ${id}`);
    return station;
  }
}
