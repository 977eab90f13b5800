import type { CaseContext } from "../world/context.ts";
import { metricsOf, sumOf } from "./daemons.ts";

/** What the nodes got so far and how, from their metrics. */
export interface Received {
  /** Raw bytes of NARs. */
  readonly upstreamBytes: number;
  readonly peerBytes: number;
  /** Closures for which a plugin did not wait for its mesh daemon. */
  readonly fetchesWithoutMesh: number;
}

export async function receivedSoFar(context: CaseContext): Promise<Received> {
  const { nodes } = context.cluster;
  const daemons = await Promise.all(nodes.map((node) => metricsOf(context, node)));
  const plugins = await Promise.all(nodes.map((node) => metricsOf(context, node, "plugin")));
  return {
    upstreamBytes: sumOf(daemons, /^niphas_mesh_nar_bytes_total\{source="upstream"\}$/),
    peerBytes: sumOf(daemons, /^niphas_mesh_nar_bytes_total\{source="(zone|peer)"\}$/),
    fetchesWithoutMesh: sumOf(plugins, /^niphas_fetches_without_mesh_total\b/),
  };
}

export async function receivedSince(context: CaseContext, before: Received): Promise<Received> {
  const now = await receivedSoFar(context);
  return {
    upstreamBytes: now.upstreamBytes - before.upstreamBytes,
    peerBytes: now.peerBytes - before.peerBytes,
    fetchesWithoutMesh: now.fetchesWithoutMesh - before.fetchesWithoutMesh,
  };
}
