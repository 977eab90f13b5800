import type { HolderReport, MemberReport, StatusReport, WhyReport } from "./ports.ts";

const MIB = 1024 ** 2;

/** What `niphas mesh status` prints. */
export function renderStatus(report: StatusReport): string {
  const { receivedBytes: received, spoolBytes } = report;
  const connected = report.members.filter(({ state }) => state === "connected").length;
  const facts = [
    ["peer", `${report.peerId} (version ${report.version})`],
    ["listens on", report.listen],
    ["zone", report.zone ?? "unknown"],
    ["members", `${report.members.length}, ${connected} connected; found by ${report.discovery}`],
    ...(report.membershipProblem === null ? [] : [["problem", report.membershipProblem]]),
    ["store", `${report.paths} valid paths`],
    ["upstreams", report.upstreams.join(", ") || "none"],
    ["on their way", `${report.nars} NARs, ${report.plans} plans`],
    ["spool", `${mib(spoolBytes.memory)} in memory, ${mib(spoolBytes.disk)} on disk`],
    [
      "received",
      `${mib(received.zone)} from this zone, ${mib(received.peer)} from others, ${mib(received.upstream)} from upstream`,
    ],
    ["sent", `${mib(report.sentBytes)}; ${report.freeUploadSlots} upload slots are free`],
  ];
  return `${columns(facts)}\n${columns(report.members.map(memberColumns))}`;
}

/** What `niphas mesh why` prints. */
export function renderWhy(report: WhyReport): string {
  const sections = [
    `${report.path ?? report.hash}: ${report.summary}\n`,
    report.nar === null ? "" : `\non its way: ${mib(report.nar.doneBytes)} of ${mib(report.nar.totalBytes)}\n`,
    section("members that are said to have it", report.holders.map(holderColumns)),
    section(
      "binary caches",
      report.upstreams.map(({ upstream, reason }) => [upstream, reason]),
    ),
    section(
      "who coordinates its fetch",
      report.owners.map((owner) => [owner]),
    ),
    section(
      "what happened to it here",
      report.notes.map(({ at, what }) => [at, what]),
    ),
  ];
  return sections.join("");
}

function section(title: string, rows: readonly (readonly string[])[]): string {
  return `\n${title}:\n${rows.length === 0 ? "  none\n" : columns(rows, "  ")}`;
}

function memberColumns({ peerId, address, zone, state, quarantine }: MemberReport): readonly string[] {
  const excluded = quarantine === null ? "" : `in quarantine for ${quarantine.leftSeconds} s (${quarantine.reason})`;
  return [peerId, address, zone ?? "-", state, excluded];
}

function holderColumns(holder: HolderReport): readonly string[] {
  return [...memberColumns(holder), holder.answer];
}

function mib(sizeBytes: number): string {
  return `${(sizeBytes / MIB).toFixed(1)} MiB`;
}

/** Rows with two spaces between their cells. What others have told must not steer the terminal. */
function columns(rows: readonly (readonly string[])[], indent: string = ""): string {
  const safe = rows.map((row) => row.map(printable));
  const widths = safe.reduce<number[]>((all, row) => row.map((cell, at) => Math.max(all[at] ?? 0, cell.length)), []);
  const line = (row: readonly string[]): string => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ");
  return safe.map((row) => `${indent}${line(row).trimEnd()}\n`).join("");
}

function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, "?");
}
