import { formatBytes, formatCount, renderTable, storePathBaseName } from "@niphas/core";
import { type ClosurePath, type ClosureReport, renderTree } from "./closure-report.ts";

export interface ClosureView {
  readonly isTree: boolean;
  /** How many of the largest paths to list; 0 for none. */
  readonly largest: number;
}

/** The report for people. */
export function renderClosure(report: ClosureReport, view: ClosureView): string {
  const parts = [`${report.root}\n${formatCount(report.pathCount, "path")}, ${formatBytes(report.narSizeBytes)}\n`];
  if (view.isTree) parts.push(renderTree(report, treeLabel));
  if (view.largest > 0) parts.push(renderLargest(report.paths.slice(0, view.largest)));
  return parts.join("\n");
}

/**
 * The report for machines:
 * `{root, pathCount, narSizeBytes, paths: [{path, narSizeBytes, closureSizeBytes, references: [path]}]}`.
 * Sizes are bytes; `paths` is sorted by `narSizeBytes`, the largest first, and
 * holds the whole closure unless `largest` is given.
 */
export function closureJson(report: ClosureReport, largest: number | undefined): string {
  const { root, pathCount, narSizeBytes } = report;
  const paths = report.paths.slice(0, largest ?? report.paths.length);
  return `${JSON.stringify({ root, pathCount, narSizeBytes, paths })}\n`;
}

function treeLabel(path: ClosurePath): string {
  return `${storePathBaseName(path.path)} (${formatBytes(path.narSizeBytes)})`;
}

function renderLargest(paths: readonly ClosurePath[]): string {
  const header = ["OWN SIZE", "WITH CLOSURE", "PATH"];
  const rows = paths.map((path) => [formatBytes(path.narSizeBytes), formatBytes(path.closureSizeBytes), path.path]);
  return renderTable([header, ...rows], ["right", "right", "left"]);
}
