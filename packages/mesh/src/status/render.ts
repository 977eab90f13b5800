import { formatBytes, formatCount, printableText, renderTable } from "@niphas/core";
import type { HolderReport, MemberReport, OwnerReport, StatusReport, WhyReport } from "./ports.ts";

type Rows = readonly (readonly string[])[];

/** What `niphas mesh status` prints. */
export function renderStatus(report: StatusReport): string {
  const { members, nars, queuedNars, plans, spoolBytes, sentBytes, freeUploadSlots } = report;
  const connected = members.filter(({ state }) => state === "connected").length;
  const facts = [
    ["peer", `${report.peerId} (version ${report.version})`],
    ["listens on", report.listen],
    ["zone", report.zone ?? "unknown"],
    ["members", `${members.length}, ${connected} connected`],
    ...(report.membershipProblem === null ? [] : [["problem", report.membershipProblem]]),
    ["discovery", report.discovery],
    ["store", formatCount(report.paths, "shared path")],
    ["upstreams", report.upstreams.join(", ") || "none"],
    ["on their way", `${formatCount(nars, "NAR")}, ${queuedNars} of them waiting; ${formatCount(plans, "plan")}`],
    ["spool", `${formatBytes(spoolBytes.memory)} in memory, ${formatBytes(spoolBytes.disk)} on disk`],
    ["received", received(report)],
    ["sent", `${formatBytes(sentBytes)}; free upload slots: ${freeUploadSlots}`],
  ];
  return `${table(facts)}\n${memberTable(members)}`;
}

/** What `niphas mesh why` prints. */
export function renderWhy(report: WhyReport): string {
  const { nar } = report;
  const sections = [
    table([[`${report.path ?? report.hash}: ${report.summary}`]]),
    nar === null ? "" : `\non its way: ${formatBytes(nar.doneBytes)} of ${formatBytes(nar.totalBytes)}\n`,
    section("members that are said to have it", report.holders.map(holderColumns)),
    section(
      "binary caches",
      report.upstreams.map(({ upstream, reason }) => [upstream, reason]),
    ),
    section("who coordinates its fetch, the first that answers", report.owners.map(ownerColumns)),
    section(
      "what happened to it here",
      report.notes.map(({ at, what }) => [at, what]),
    ),
  ];
  return sections.join("");
}

/** The hit ratio is what members gave of all that came. */
function received({ receivedBytes: { zone, peer, upstream } }: StatusReport): string {
  const total = zone + peer + upstream;
  const from = `${formatBytes(zone)} from this zone, ${formatBytes(peer)} from others, ${formatBytes(upstream)} from upstream`;
  return total === 0 ? from : `${from}; hit ratio ${Math.floor((100 * (zone + peer)) / total)} %`;
}

function memberTable(members: readonly MemberReport[]): string {
  if (members.length === 0) return "no other members\n";
  return table([
    ["MEMBER", "ADDRESS", "ZONE", "STATE"],
    ...members.map((each) => [...memberColumns(each), excluded(each)]),
  ]);
}

function section(title: string, rows: Rows): string {
  const lines = rows.length === 0 ? [["none"]] : rows;
  return `\n${title}:\n${table(lines).replace(/^/gm, "  ").trimEnd()}\n`;
}

function memberColumns({ peerId, address, zone, state }: MemberReport): readonly string[] {
  return [peerId, address, zone ?? "-", state];
}

function excluded({ quarantine }: MemberReport): string {
  return quarantine === null ? "" : `in quarantine for ${quarantine.leftSeconds} s (${quarantine.reason})`;
}

function holderColumns(holder: HolderReport): readonly string[] {
  return [...memberColumns(holder), holder.answer, excluded(holder)];
}

function ownerColumns({ peerId, address }: OwnerReport): readonly string[] {
  return [peerId, address ?? "this daemon"];
}

/** What others have told must not steer the terminal. */
function table(rows: Rows): string {
  return renderTable(rows.map((row) => row.map(printableText)));
}
