import type { Row } from "./rows.ts";

const HEADINGS = ["row", "n", "p50", "p99", "ours", "peers", "ratio", "bar", "result"] as const;

/** The rows for people, one line each. */
export function formatTable(rows: readonly Row[]): string {
  const lines = [HEADINGS, ...rows.map(cells)];
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function cells(row: Row): readonly string[] {
  const peers = Object.entries(row.peers).map(([name, value]) => `${name} ${value}`);
  const sign = row.direction === "lower" ? "<=" : ">=";
  return [
    row.id,
    String(row.n),
    String(row.p50),
    String(row.p99),
    `${row.ours} ${row.unit}`,
    peers.join(", ") || "-",
    row.ratio === null ? "-" : `${row.ratio}x`,
    row.ratio === null ? `${sign} ${row.bar} ${row.unit}` : `${sign} ${row.bar}x`,
    row.pass ? "pass" : "FAIL",
  ];
}
