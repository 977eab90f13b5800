export { type MeshCommandContext, meshCommand } from "./command.ts";
export {
  LiveOwners,
  MeshCoordinator,
  type MeshCoordinatorComponents,
  Owners,
  WantTable,
} from "./coordination/index.ts";
export { COORDINATION_LIMITS } from "./coordination/limits.ts";
export * from "./discovery/index.ts";
export { runMeshDaemon } from "./main.ts";
export * from "./membership/index.ts";
export { idleMetrics } from "./metrics/twins/idle-metrics.ts";
export * from "./network/index.ts";
export { type MeshOptions, parseMeshOptions } from "./options.ts";
export { createPlanApp, InfoFinder, type InfoFinderComponents, PlannedNarInfos, Plans } from "./plan/index.ts";
export type { Downloads, NarInFlight, PlanEvent, PlanProgress } from "./plan/ports.ts";
export type * from "./ports.ts";
export type { HolderReport, MemberReport, StatusReport, WhyReport } from "./status/ports.ts";
export { freeBytes } from "./store/free-bytes.ts";
export { createLocalStore, type LocalStoreComponents, type LocalStoreInit } from "./store/local-store.ts";
export { createSubstituterApp, type SubstituterComponents, type SubstituterInit } from "./substituter/app.ts";
export { SubstituterListener } from "./substituter/listener.ts";
export type * from "./substituter/ports.ts";
export { UpstreamSources, type UpstreamSourcesInit } from "./substituter/upstream-sources.ts";
export { verifiedNar } from "./substituter/verified-nar.ts";
export { NarSources } from "./transfer/download/nar-sources.ts";
export { PeerTraffic } from "./transfer/download/peer-traffic.ts";
export { type RangeRequest, RangeRequests } from "./transfer/download/range-requests.ts";
export { type ActiveRange, RangeWork } from "./transfer/download/range-work.ts";
export { DOWNLOAD_LIMITS, SLOT_LIMITS } from "./transfer/limits.ts";
export { offeredRanges } from "./transfer/serving/offered-ranges.ts";
export { RecentTakers } from "./transfer/slots/recent-takers.ts";
export { UploadSlots } from "./transfer/slots/upload-slots.ts";
export { Extents } from "./transfer/spool/extents.ts";
export { createUpstreams, type UpstreamsInit } from "./upstream/create-upstreams.ts";
export { decoderOf } from "./upstream/decode/decoders.ts";
export type { UpstreamAnswer, UpstreamAttempt } from "./upstream/upstream-answer.ts";
export { UpstreamSet, type UpstreamSetComponents, type UpstreamSetInit } from "./upstream/upstream-set.ts";
export type { WantedNar } from "./upstream/wanted-nar.ts";
