/** Where each table of a damaged database begins: its own list of tables, what is left of that, or that of its copies. */

import type { Cell, TreeKind } from "./btree.ts";
import { Pages } from "./pages.ts";
import { TreeWalker } from "./tree-walker.ts";

/** A tree as the list of tables names it. */
export interface Root {
  readonly name: string;
  readonly page: number;
  readonly kind: TreeKind;
}

/** The list of tables begins on the first page (sqlite.org/fileformat2.html#the_sqlite_schema_table). */
const LIST = 1;

/**
 * All trees that are known. A name may come several times, the most trustworthy first: what the list says, what is on
 * pages of it that are not reached any more, and what the newest copies say.
 */
export function rootsOf(pages: Pages, copies: readonly string[]): Root[] {
  const trees = new TreeWalker(pages);
  const listed = [...trees.walk(LIST, "table")].flatMap((visit) => (visit.kind === "rows" ? visit.cells : []));
  const isWhole = [...new TreeWalker(pages).walk(LIST, "table")].every((visit) => visit.kind === "rows");
  const left = isWhole ? [] : [...trees.lost("table")].flat();
  const known = [...listed, ...left].flatMap(rootIn);
  return isWhole ? known : [...known, ...copies.flatMap(rootsOfCopy)];
}

function rootsOfCopy(path: string): Root[] {
  using pages = new Pages(path);
  return rootsOf(pages, []);
}

/** A row of the list: type, name, table, root page, SQL. */
function rootIn({ values }: Cell): Root[] {
  const [type, name, table, page, sql] = values;
  const isRow = values.length === 5 && typeof name === "string" && typeof table === "string";
  if (!isRow || typeof page !== "bigint" || page < 1n || page > 0xffff_ffffn) return [];
  if (type === "index") return [{ name, page: Number(page), kind: "index" }];
  if (type !== "table" || typeof sql !== "string") return [];
  return [{ name, page: Number(page), kind: /\bwithout\s+rowid\b/i.test(sql) ? "index" : "table" }];
}
