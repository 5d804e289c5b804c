/** Coverage as a map: how much of each slice and layer tests reach, and which of its files they reach least. */

/** What was reached of one file: a line or branch counts when any process ran it. */
export interface FileCoverage {
  readonly path: string;
  readonly lines: { readonly covered: number; readonly total: number };
  readonly branches: { readonly covered: number; readonly total: number };
}

const LEAST_SHOWN = 3;

/** A table, a row for each part, the least reached first. */
export function coverageTable(files: readonly FileCoverage[], partOf: (path: string) => string): string {
  const parts = [...Map.groupBy(files, ({ path }) => partOf(path))].map(([part, those]) => ({
    part,
    lines: percent(those.map(({ lines }) => lines)),
    branches: percent(those.map(({ branches }) => branches)),
    least: those.toSorted((one, other) => percent([one.lines]) - percent([other.lines])).slice(0, LEAST_SHOWN),
  }));
  const rows = parts
    .toSorted((one, other) => one.lines - other.lines)
    .map(({ part, lines, branches, least }) => [
      part,
      shown(lines),
      shown(branches),
      least.map(({ path, lines: own }) => `${path.split("/").slice(-2).join("/")} ${shown(percent([own]))}`).join(", "),
    ]);
  return table([["slice", "lines", "branches", "least covered"], ...rows]);
}

/** The share in percent; what holds nothing to reach is reached. */
function percent(parts: readonly { readonly covered: number; readonly total: number }[]): number {
  const total = parts.reduce((sum, part) => sum + part.total, 0);
  return total === 0 ? 100 : (parts.reduce((sum, { covered }) => sum + covered, 0) / total) * 100;
}

function shown(value: number): string {
  return `${value.toFixed(0)} %`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]!))).join("  "),
    )
    .join("\n");
}
