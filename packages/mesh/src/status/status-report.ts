import { MESH_VERSION } from "../constants.ts";
import type { DiscoveryMode } from "../discovery/index.ts";
import type { ObservedMembership } from "../membership/ports.ts";
import type { MeshMetrics } from "../metrics/mesh-metrics.ts";
import type { PeerId } from "../ports.ts";
import type { MemberReports } from "./member-reports.ts";
import type { StatusReport } from "./ports.ts";

export interface StatusSources {
  readonly peerId: PeerId;
  readonly listen: string;
  readonly membership: Pick<ObservedMembership, "problem" | "zone">;
  readonly members: MemberReports;
  readonly discovery: { readonly mode: DiscoveryMode };
  readonly paths: { readonly count: number };
  readonly upstreams: { readonly names: readonly string[] };
  readonly transfers: { readonly count: number; readonly queuedCount: number };
  readonly plans: { readonly count: number };
  readonly slots: { readonly free: number };
  readonly spools: { readonly usedBytes: { readonly memory: number; readonly disk: number } };
  readonly metrics: Pick<MeshMetrics, "bytes">;
}

/** How the daemon is now. */
export function statusReport(sources: StatusSources): StatusReport {
  const { received, sent } = sources.metrics.bytes;
  return {
    version: MESH_VERSION,
    peerId: sources.peerId,
    listen: sources.listen,
    zone: sources.membership.zone ?? null,
    membershipProblem: sources.membership.problem?.message ?? null,
    members: sources.members.all(),
    discovery: sources.discovery.mode,
    paths: sources.paths.count,
    upstreams: sources.upstreams.names,
    nars: sources.transfers.count,
    queuedNars: sources.transfers.queuedCount,
    plans: sources.plans.count,
    freeUploadSlots: sources.slots.free,
    spoolBytes: sources.spools.usedBytes,
    receivedBytes: received,
    sentBytes: sent,
  };
}
