import {
  CACHE_WAN_ADDRESS,
  MAX_NODES,
  nodeAddress,
  nodeName,
  PROXY_WAN_ADDRESS,
  UPSTREAM_ADDRESS,
} from "./links/addresses.ts";
import { type Cable, type CableEnd, SWITCH } from "./links/cables.ts";
import type { Station } from "./links/partition.ts";

export interface NetworkShape {
  /** How many. */
  readonly nodes: number;
  /** What upstream sends at most, to all nodes together. @default as fast as the machine can */
  readonly upstreamMbit?: number;
  /** What each node sends and receives at most. @default as fast as the machine can */
  readonly nodeMbit?: number;
  /** How far away upstream is; needs a rate. @default 0: on the nodes' own switch */
  readonly upstreamRoundTripMs?: number;
}

const CACHE = "cache";
const PROXY = "proxy";
/** The device of everyone on the switch. */
const DEVICE = "eth0";
const WAN_DEVICE = "wan";

/** Which namespaces there are and how they are connected. */
export interface Topology {
  readonly names: readonly string[];
  readonly cables: readonly Cable[];
  readonly nodes: readonly Station[];
  /** Upstream as nodes see it. */
  readonly upstream: Station;
  /** Where the cache itself runs. */
  readonly cache: Station;
  readonly isDistant: boolean;
}

/** @throws RangeError when there is no such network */
export function planTopology(shape: NetworkShape): Topology {
  const { nodes: count, nodeMbit, upstreamMbit, upstreamRoundTripMs = 0 } = shape;
  if (count < 1 || count > MAX_NODES) throw new RangeError(`a network has 1 to ${MAX_NODES} nodes`);
  const isDistant = upstreamRoundTripMs > 0;
  if (isDistant && upstreamMbit === undefined) throw new RangeError("a distance needs a rate");
  const nodes = Array.from({ length: count }, (_, index) => ({
    namespace: nodeName(index + 1),
    address: nodeAddress(index + 1),
  }));
  const upstream = { namespace: isDistant ? PROXY : CACHE, address: UPSTREAM_ADDRESS };
  const cache = { namespace: CACHE, address: isDistant ? CACHE_WAN_ADDRESS : UPSTREAM_ADDRESS };
  const wan: Cable = {
    ends: [end({ namespace: PROXY, address: PROXY_WAN_ADDRESS }, WAN_DEVICE), end(cache, WAN_DEVICE)],
    megabitsPerSecond: upstreamMbit,
  };
  return {
    names: [SWITCH, CACHE, ...(isDistant ? [PROXY] : []), ...nodes.map((node) => node.namespace)],
    cables: [
      switchCable(upstream, isDistant ? undefined : upstreamMbit),
      ...nodes.map((node) => switchCable(node, nodeMbit)),
      ...(isDistant ? [wan] : []),
    ],
    nodes,
    upstream,
    cache,
    isDistant,
  };
}

function switchCable(station: Station, megabitsPerSecond: number | undefined): Cable {
  const port: CableEnd = { namespace: SWITCH, device: station.namespace, address: undefined };
  return { ends: [port, end(station, DEVICE)], megabitsPerSecond };
}

function end({ namespace, address }: Station, device: string): CableEnd {
  return { namespace, device, address };
}
