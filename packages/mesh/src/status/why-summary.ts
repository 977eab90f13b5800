import type { HolderReport, WhyReport } from "./ports.ts";

/** One sentence: where the path comes from, or why it does not. */
export function summaryOf(report: Omit<WhyReport, "summary">): string {
  if (report.isValidHere) return "it is in this node's store";
  if (report.nar !== null) return `it is on its way: ${report.nar.state}`;
  const holders = report.holders.filter(({ hasIt }) => hasIt);
  const usable = holders.filter(isUsable);
  if (usable.length > 0) return `it can be had from ${usable.length} of the members`;
  const upstream = report.upstreams.find(({ outcome }) => outcome === "found");
  const why = holders.length > 0 ? "the members that have it are lost or in quarantine" : "no member has it";
  if (upstream !== undefined) return `${why}; it comes from ${upstream.upstream}`;
  const failed = report.upstreams.filter(({ outcome }) => outcome !== "absent");
  const causes = failed.map(({ upstream: name, reason }) => `${name}: ${reason}`).join("; ");
  return `${why}, and no upstream gives it${causes === "" ? "" : ` (${causes})`}`;
}

function isUsable({ state, quarantine }: HolderReport): boolean {
  return state !== "lost" && quarantine === null;
}
