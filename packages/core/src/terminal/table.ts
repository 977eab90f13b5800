/** Lays rows out in columns with two spaces between them; the last column is not padded. */
export function renderTable(rows: readonly (readonly string[])[], align: readonly ("left" | "right")[] = []): string {
  const widths = columnWidths(rows);
  return rows.map((row) => `${renderRow(row, widths, align)}\n`).join("");
}

function columnWidths(rows: readonly (readonly string[])[]): readonly number[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return widths;
}

function renderRow(row: readonly string[], widths: readonly number[], align: readonly string[]): string {
  const cells = row.map((cell, column) => {
    const width = widths[column] ?? 0;
    return align[column] === "right" ? cell.padStart(width) : cell.padEnd(width);
  });
  return cells.join("  ").trimEnd();
}
