// Rows and columns of formulas: matrices, cases, aligned lines.

import { element, type MathNode } from "./nodes.ts";

/** What stands around each, and how its columns are set: "r", "l" and "c" by turns. */
const ARRAYS: Readonly<Record<string, { readonly around?: readonly [string, string]; readonly columns: string }>> = {
  matrix: { columns: "c" },
  smallmatrix: { columns: "c" },
  pmatrix: { around: ["(", ")"], columns: "c" },
  bmatrix: { around: ["[", "]"], columns: "c" },
  Bmatrix: { around: ["{", "}"], columns: "c" },
  vmatrix: { around: ["|", "|"], columns: "c" },
  Vmatrix: { around: ["‖", "‖"], columns: "c" },
  cases: { around: ["{", ""], columns: "l" },
  dcases: { around: ["{", ""], columns: "l" },
  rcases: { around: ["", "}"], columns: "l" },
  array: { columns: "c" },
  substack: { columns: "c" },
  gathered: { columns: "c" },
  gather: { columns: "c" },
  equation: { columns: "c" },
  multline: { columns: "c" },
  aligned: { columns: "rl" },
  align: { columns: "rl" },
  alignedat: { columns: "rl" },
  alignat: { columns: "rl" },
  split: { columns: "rl" },
  eqnarray: { columns: "rcl" },
};

/** Lines that belong together show large operators and fractions in full. */
const LINES = new Set(
  "gathered gather equation multline aligned align alignedat alignat split eqnarray dcases".split(" "),
);
const CLASSES: Readonly<Record<string, string>> = { l: "toward-start", r: "toward-end", c: "" };

/** Whether there is such an environment. */
export function isArray(name: string): boolean {
  return Object.hasOwn(ARRAYS, name);
}

/** Rows of cells as a table with what stands around it; `columns` are those of `array`. */
export function arrays(rows: readonly (readonly MathNode[])[], name: string, columns = ""): MathNode {
  const { around, columns: usual } = ARRAYS[name] as (typeof ARRAYS)[string];
  const set = columns.replace(/[^lrc]/g, "") || usual;
  const last = rows.at(-1);
  const isEndEmpty = rows.length > 1 && last?.length === 1 && last[0]?.tag === "mrow" && last[0].children.length === 0;
  const lines = (isEndEmpty ? rows.slice(0, -1) : rows).map((cells) =>
    element(
      "mtr",
      cells.map((cell, at) => {
        const place = CLASSES[set[at % set.length] as string] ?? "";
        return element("mtd", [cell], place === "" ? {} : { class: place });
      }),
    ),
  );
  const kind = set === "rl" || set === "rcl" ? "lines" : "";
  const table = element("mtable", lines, {
    ...(LINES.has(name) && { displaystyle: "true" }),
    ...(kind !== "" && { class: kind }),
  });
  if (around === undefined) return table;
  const fence = (sign: string) => element("mo", [sign], { fence: "true", stretchy: "true" });
  return element("mrow", [fence(around[0]), table, fence(around[1])]);
}
