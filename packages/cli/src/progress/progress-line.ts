import { formatBytes, formatCount, printableText } from "@niphas/core";
import type { RealiseProgress } from "@niphas/nix";

const BAR_COLUMNS = 20;

/** One sentence about a realisation: `fetching 430.0 MiB of 812.0 MiB, 12 of 87 paths, from cache.example.org`. */
export function describeProgress(progress: RealiseProgress): string {
  if (progress.phase === "querying") return "asking the binary caches";
  if (progress.phase === "done") {
    return `fetched ${formatCount(progress.donePaths, "path")}, ${formatBytes(progress.doneBytes)}`;
  }
  const details = [amounts(progress), from(progress)].filter((part) => part !== "").join(", ");
  return details === "" ? "fetching" : `fetching ${details}`;
}

/** The same with a bar in front, cut to the terminal's width. */
export function renderBar(progress: RealiseProgress, columns: number): string {
  const ratio = doneRatio(progress);
  const filled = Math.round(ratio * BAR_COLUMNS);
  const bar = "#".repeat(filled) + "-".repeat(BAR_COLUMNS - filled);
  const percent = `${Math.floor(ratio * 100)}%`.padStart(4);
  return `[${bar}]${percent} ${describeProgress(progress)}`.slice(0, columns - 1);
}

function doneRatio(progress: RealiseProgress): number {
  if (progress.phase === "done") return 1;
  if (progress.totalBytes > 0) return clamp(progress.doneBytes / progress.totalBytes);
  return progress.totalPaths > 0 ? clamp(progress.donePaths / progress.totalPaths) : 0;
}

function clamp(ratio: number): number {
  return Math.min(1, Math.max(0, ratio));
}

function amounts(progress: RealiseProgress): string {
  const parts = [
    progress.totalBytes > 0 ? `${formatBytes(progress.doneBytes)} of ${formatBytes(progress.totalBytes)}` : "",
    progress.totalPaths > 0 ? `${progress.donePaths} of ${formatCount(progress.totalPaths, "path")}` : "",
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function from(progress: RealiseProgress): string {
  return progress.sources.length === 0 ? "" : `from ${progress.sources.map(printableText).join(", ")}`;
}
