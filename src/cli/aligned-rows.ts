/** Rows of cells as lines of text, each column as wide as its widest cell. */
import { plainName } from "./plain-text.js";

export function alignedRows(table: readonly (readonly string[])[]): string {
  const rows = table.map((row) => row.map(plainName));
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  );
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`
    )
    .join("");
}
