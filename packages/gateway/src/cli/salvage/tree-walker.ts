/** Walks the trees of a damaged database: what each holds, which pages are bad, and which pages no tree reaches any more. */

import { type Cell, type PageCells, readTreePage, type TreeKind } from "./btree.ts";
import type { Pages } from "./pages.ts";

/** A page of a tree in the order of its keys: its rows, or that it cannot be read. */
export type Visit =
  | { readonly kind: "rows"; readonly cells: readonly Cell[]; readonly unreadable: number }
  | { readonly kind: "bad"; readonly isRoot: boolean };

/** Walks one tree after the other, and remembers which pages have been reached. */
export class TreeWalker {
  readonly #pages: Pages;
  readonly #reached = new Set<number>();

  constructor(pages: Pages) {
    this.#pages = pages;
    if (pages.hasHeader) this.#passFree();
  }

  /** Whether a tree of this kind begins there. */
  beginsAt(root: number, kind: TreeKind): boolean {
    return readTreePage(this.#pages, root)?.kind === kind;
  }

  /** The pages of the tree at `root` that hold rows, and the bad ones. A page that another tree has is bad here. */
  *walk(root: number, kind: TreeKind, isRoot = true): Generator<Visit> {
    const page = this.#reached.has(root) ? undefined : readTreePage(this.#pages, root);
    if (page?.kind !== kind) {
      yield { kind: "bad", isRoot };
      return;
    }
    this.#pass(root, page);
    if (page.isLeaf || kind === "index") yield { kind: "rows", cells: page.cells, unreadable: page.unreadable };
    for (const child of page.children) yield* this.walk(child, kind, false);
  }

  /** Leaves that no tree reaches and that are not free: their parents are damaged. */
  *lost(kind: TreeKind): Generator<readonly Cell[]> {
    for (let number = 1; number <= this.#pages.count; number++) {
      if (this.#reached.has(number)) continue;
      const page = readTreePage(this.#pages, number);
      if (page?.kind === kind && page.isLeaf && page.cells.length > 0) yield page.cells;
    }
  }

  #pass(number: number, { overflow }: PageCells): void {
    this.#reached.add(number);
    for (const page of overflow) this.#reached.add(page);
  }

  /** Free pages still hold what was deleted (sqlite.org/fileformat2.html#the_freelist). */
  #passFree(): void {
    let trunk = this.#pages.read(1)?.readUInt32BE(32) ?? 0;
    while (trunk !== 0 && !this.#reached.has(trunk)) {
      const bytes = this.#pages.read(trunk);
      if (!bytes) return;
      this.#reached.add(trunk);
      const count = Math.min(bytes.readUInt32BE(4), bytes.length / 4 - 2);
      for (let n = 0; n < count; n++) this.#reached.add(bytes.readUInt32BE(8 + 4 * n));
      trunk = bytes.readUInt32BE(0);
    }
  }
}
