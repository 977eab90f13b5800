export { ClusterDiscovery, type ClusterDiscoveryComponents } from "./cluster-discovery.ts";
export type { DiscoveryMode } from "./cluster-size.ts";
export {
  type DigestList,
  digestList,
  digestOf,
  type PathDigest,
  pathHashOf,
  SHARD_COUNT,
} from "./hashes/path-digest.ts";
export { KEEPER_COUNT, MemberView } from "./members/member-view.ts";
export { MembershipViews, type MemberViews } from "./members/member-views.ts";
export { StoreOwnPaths, type StoreOwnPathsComponents } from "./own-paths/store-own-paths.ts";
export type * from "./ports.ts";
export {
  type Announcement,
  type AnnouncementAnswer,
  type AnnouncementWire,
  formatHolders,
  type HoldersWire,
  parseAnnouncement,
  parseHolders,
  parseQuery,
} from "./rendezvous/announcement.ts";
export {
  formatDelta,
  formatSummary,
  parseDelta,
  parsePosition,
  parseSummary,
  type SummaryAnswer,
  type SummaryDelta,
  type SummaryDeltaWire,
  type SummaryPosition,
  type SummaryWire,
} from "./summaries/summary.ts";
export { MemoryNetwork, type MemoryNetworkInit } from "./twins/memory-network.ts";
export { MemoryOwnPaths } from "./twins/memory-own-paths.ts";
