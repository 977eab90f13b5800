/** How holders are found. */
export type DiscoveryMode = "summaries" | "rendezvous";

/** With more members, ourselves included, summaries give way to keepers. */
const MAX_SUMMARY_MEMBERS = 256;
/** With fewer or as many, keepers give way to summaries: a cluster at the threshold does not go to and fro. */
const MIN_RENDEZVOUS_MEMBERS = 192;
/** Nodes that see a slightly smaller cluster than we do, or a larger one, must find what we hold. */
const MARGIN = 64;

export function nextMode(memberCount: number, current: DiscoveryMode = "summaries"): DiscoveryMode {
  if (memberCount > MAX_SUMMARY_MEMBERS) return "rendezvous";
  return memberCount > MIN_RENDEZVOUS_MEMBERS ? current : "summaries";
}

/**
 * In which ways a node tells what it holds. Where they overlap it does both: within it, two nodes may find holders in
 * different ways, one having come from above and the other from below.
 */
export function suppliedModes(memberCount: number): ReadonlySet<DiscoveryMode> {
  const modes = new Set<DiscoveryMode>();
  if (memberCount <= MAX_SUMMARY_MEMBERS + MARGIN) modes.add("summaries");
  if (memberCount > MIN_RENDEZVOUS_MEMBERS - MARGIN) modes.add("rendezvous");
  return modes;
}
