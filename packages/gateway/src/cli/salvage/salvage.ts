/**
 * Gets back what can be read of a damaged database: a new file with the gateway's own tables, into which each row goes that
 * is still there. The damaged file and its journal are only read.
 */

import { rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { codeOf, ignore } from "../../base/errors.ts";
import { openStore, type Tables } from "../../base/store/store.ts";
import { CliError } from "../language/exit.ts";
import type { Cell } from "./btree.ts";
import { Pages } from "./pages.ts";
import { fits, inserter, type Plan, plansOf, queried } from "./plan.ts";
import type { Value } from "./record.ts";
import { type Root, rootsOf } from "./roots.ts";
import { TreeWalker } from "./tree-walker.ts";

/** What became of one table. */
export interface TableResult {
  readonly table: string;
  /** Rows that the new file has. */
  readonly rows: number;
  /** Of those, rows on pages that the table had lost. */
  readonly found: number;
  /** Of those, rows that were taken over from a copy. */
  readonly filled: number;
  /** Pages that cannot be read. */
  readonly badPages: number;
  /**
   * Rows that are missing, as far as that can be told: those that cannot be read and, for bad pages, the row numbers that are
   * not there, or what a page holds on average. Rows behind the last one that is left are not counted.
   */
  readonly missing: number;
}

export interface SalvageOptions {
  /** The damaged database. */
  readonly path: string;
  /** The new file; must not exist. */
  readonly target: string;
  readonly tables: readonly Tables[];
  /** Whole copies, newest first. */
  readonly copies: readonly string[];
  /** A copy that fills the gaps. */
  readonly fill?: string | undefined;
}

/** Writes the new file, checked and closed. Throws `CliError` when nothing says where the tables are; then there is none. */
export function salvage(options: SalvageOptions): TableResult[] {
  using pages = open(options.path);
  const roots = rootsOf(pages, options.copies);
  const trees = new TreeWalker(pages);
  const versions = versionsIn(trees, roots) ?? versionsOfCopy(options.copies[0]);
  if (roots.length === 0)
    throw new CliError("Nothing in the file says where its tables are, and there is no copy that does.");
  try {
    openStore(options.target, tablesOf(options.tables, versions))[Symbol.dispose]();
    using db = new DatabaseSync(options.target);
    return new Salvage(db, { ...options, roots, trees }).run();
  } catch (error) {
    for (const end of ["", "-wal", "-shm"]) rmSync(`${options.target}${end}`, { force: true });
    throw error;
  } finally {
    rmSync(`${options.target}.closed`, { force: true });
  }
}

function open(path: string): Pages {
  try {
    return new Pages(path);
  } catch (error) {
    throw new CliError(`${path} cannot be opened (${codeOf(error) ?? "no reason given"}).`, undefined, {
      cause: error,
    });
  }
}

/** The tables as they were when the damaged file was written: the next start brings them up to date. */
function tablesOf(tables: readonly Tables[], versions: ReadonlyMap<string, number> | undefined): Tables[] {
  if (versions === undefined) return [...tables];
  return tables.map((each) => {
    const version = versions.get(each.slice) ?? 0;
    if (version > each.steps.length)
      throw new CliError("The database was written by a newer version; update moltbot first.");
    return { ...each, steps: each.steps.slice(0, version) };
  });
}

function versionsIn(trees: TreeWalker, roots: readonly Root[]): ReadonlyMap<string, number> | undefined {
  const root = roots.find(({ name, page }) => name === "schema_versions" && trees.beginsAt(page, "table"));
  if (!root) return undefined;
  const rows = [...trees.walk(root.page, "table")].flatMap((visit) => (visit.kind === "rows" ? visit.cells : []));
  const versions = rows.map(({ values: [slice, version] }) => [String(slice), Number(version)] as const);
  return versions.length > 0 ? new Map(versions) : undefined;
}

function versionsOfCopy(path: string | undefined): ReadonlyMap<string, number> | undefined {
  if (path === undefined) return undefined;
  using copy = openCopy(path);
  const rows = copy.prepare("select slice, version from schema_versions").all();
  return new Map(rows.map(({ slice, version }) => [String(slice), Number(version)]));
}

function openCopy(path: string): DatabaseSync {
  return new DatabaseSync(`${pathToFileURL(path).href}?immutable=1`, { readOnly: true });
}

interface Work extends SalvageOptions {
  readonly roots: readonly Root[];
  readonly trees: TreeWalker;
}

/** Between which row numbers rows may be missing. */
interface Gap {
  readonly after: bigint | undefined;
  readonly before: bigint | undefined;
}

/** What is counted of a table while it is worked on. */
interface Count {
  found: number;
  filled: number;
  goodPages: number;
  badPages: number;
  unreadable: number;
  readonly gaps: Gap[];
}

class Salvage {
  readonly #db: DatabaseSync;
  readonly #work: Work;
  readonly #plans: readonly Plan[];
  readonly #counts = new Map<string, Count>();

  constructor(db: DatabaseSync, work: Work) {
    this.#db = db;
    this.#work = work;
    this.#plans = plansOf(db);
  }

  run(): TableResult[] {
    // The file is brought to disk before it takes another's place; foreign keys are looked at when all rows are there.
    this.#db.exec("pragma synchronous = off; pragma foreign_keys = off; begin");
    for (const plan of this.#plans) this.#readTable(plan);
    this.#keepNumbers();
    this.#passOthers();
    this.#findLost();
    if (this.#work.fill !== undefined) this.#fillFrom(this.#work.fill);
    for (const plan of this.#plans) this.#dropChildless(plan);
    this.#db.exec("commit");
    this.#check();
    return this.#plans.map((plan) => this.#resultOf(plan));
  }

  #readTable(plan: Plan): void {
    const count: Count = { found: 0, filled: 0, goodPages: 0, badPages: 0, unreadable: 0, gaps: [] };
    this.#counts.set(plan.name, count);
    const root = this.#rootOf(plan);
    const visits = root ? this.#work.trees.walk(root.page, plan.kind) : [{ kind: "bad" } as const];
    const put = this.#putter(plan);
    let last: bigint | undefined;
    let gap: Gap | undefined;
    for (const visit of visits) {
      const after = last;
      let isHurt = visit.kind === "bad";
      if (visit.kind === "bad") count.badPages++;
      else {
        const refused = visit.cells.filter((cell) => !put(cell)).length;
        isHurt = visit.unreadable + refused > 0;
        count.unreadable += visit.unreadable + refused;
        count.goodPages++;
        last = visit.cells.at(-1)?.rowid ?? last;
        if (!isHurt && gap) {
          count.gaps.push({ ...gap, before: visit.cells[0]?.rowid });
          gap = undefined;
        }
      }
      if (isHurt) gap ??= { after, before: undefined };
    }
    if (gap) count.gaps.push(gap);
  }

  /** The table's root: the first that is named and is one, else the first that is named. */
  #rootOf({ name, kind }: Plan): Root | undefined {
    const named = this.#work.roots.filter((root) => root.name === name && root.kind === kind);
    return named.find(({ page }) => this.#work.trees.beginsAt(page, kind)) ?? named[0];
  }

  /** Passes through all other trees, so that their pages do not count as lost. */
  #passOthers(): void {
    const { roots, trees } = this.#work;
    for (const { page, kind } of [{ page: LIST, kind: "table" } as const, ...roots])
      for (const _visit of trees.walk(page, kind));
  }

  /** Takes in pages that belong to a table whose inner pages are damaged. A page that may be of several tables is left. */
  #findLost(): void {
    const hurt = this.#plans.filter(({ name }) => this.#counts.get(name)!.badPages > 0);
    for (const kind of ["table", "index"] as const) {
      const candidates = hurt.filter((plan) => plan.kind === kind);
      if (candidates.length === 0) continue;
      for (const cells of this.#work.trees.lost(kind)) {
        const [plan, ...others] = candidates.filter((each) => cells.every((cell) => fits(each, cell)));
        if (!plan || others.length > 0) continue;
        this.#counts.get(plan.name)!.found += cells.filter(this.#putter(plan)).length;
      }
    }
  }

  #putter(plan: Plan): (cell: Cell) => boolean {
    const insert = inserter(this.#db, plan);
    return (cell) => {
      try {
        return fits(plan, cell) && insert(cell);
      } catch (error) {
        ignore(error, "a row that the table does not take is no row of it");
        return false;
      }
    };
  }

  /** Row numbers that were given out are not given out again (sqlite.org/autoinc.html). */
  #keepNumbers(): void {
    const { roots, trees } = this.#work;
    const root = roots.find(({ name }) => name === "sqlite_sequence");
    if (!root) return;
    const remove = this.#db.prepare("delete from sqlite_sequence where name = ?");
    const insert = this.#db.prepare("insert into sqlite_sequence (name, seq) values (?, ?)");
    const names = new Set(this.#plans.map(({ name }) => name));
    const rows = [...trees.walk(root.page, "table")].flatMap((visit) => (visit.kind === "rows" ? visit.cells : []));
    for (const { values } of rows) {
      const [name, seq] = values;
      if (typeof name !== "string" || typeof seq !== "bigint" || !names.has(name)) continue;
      const used = this.#db.prepare("select seq from sqlite_sequence where name = ?").get(name)?.seq ?? 0;
      remove.run(name);
      insert.run(name, seq > BigInt(used as number) ? seq : BigInt(used as number));
    }
  }

  /** Takes over what the copy has where rows are missing; of tables of work only what is finished. */
  #fillFrom(path: string): void {
    using copy = openCopy(path);
    const finished = Object.assign({}, ...this.#work.tables.map((each) => each.finished)) as Record<string, string>;
    const known = new Map(plansOf(copy).map((plan) => [plan.name, plan]));
    for (const plan of this.#plans) {
      const count = this.#counts.get(plan.name)!;
      const before = known.get(plan.name);
      if (count.gaps.length === 0 || !before) continue;
      const put = this.#putter(plan);
      for (const cell of rowsOf(copy, before, finished[plan.name]))
        if (count.gaps.some((gap) => isWithin(gap, cell.rowid)) && put(cell)) count.filled++;
    }
  }

  /** A row that belongs to one that is missing goes too. */
  #dropChildless({ name }: Plan): void {
    const keys = queried<ForeignKey>(this.#db, "select * from pragma_foreign_key_list(?)", name);
    for (const { table, from, to } of keys) {
      const parent = to ?? this.#db.prepare("select name from pragma_table_info(?) where pk = 1").get(table)?.name;
      this.#db.exec(
        `delete from "${name}" where "${from}" is not null and "${from}" not in (select "${parent}" from "${table}")`,
      );
    }
  }

  #check(): void {
    const [row] = this.#db.prepare("pragma integrity_check(1)").all();
    const isWhole =
      Object.values(row ?? {})[0] === "ok" && this.#db.prepare("pragma foreign_key_check").all().length === 0;
    if (!isWhole) throw new CliError("The new file is not sound; nothing was changed. Please report this.");
  }

  #resultOf(plan: Plan): TableResult {
    const { name } = plan;
    const { found, filled, goodPages, badPages, unreadable } = this.#counts.get(name)!;
    const rows = Number(this.#db.prepare(`select count(*) as n from "${name}"`).get()?.n);
    const perPage = goodPages > 0 ? (rows - found - filled) / goodPages : 0;
    const onPages = unreadable + Math.round(badPages * perPage) - found - filled;
    return { table: name, rows, found, filled, badPages, missing: Math.max(0, onPages, this.#absent(plan)) };
  }

  /** How many row numbers are not there between rows that are, where pages are bad. */
  #absent({ name, kind }: Plan): number {
    if (kind === "index") return 0;
    const count = this.#db.prepare(
      `select coalesce(?2, max(rowid) + 1) - coalesce(?1, min(rowid) - 1) - 1 - count(*) as n from "${name}"
       where rowid > coalesce(?1, rowid - 1) and rowid < coalesce(?2, rowid + 1)`,
    );
    const absent = this.#counts
      .get(name)!
      .gaps.map(({ after, before }) => Number(count.get(after ?? null, before ?? null)?.n ?? 0));
    return absent.reduce((sum, each) => sum + Math.max(0, each), 0);
  }
}

/** The page on which the list of tables begins. */
const LIST = 1;

interface ForeignKey {
  readonly table: string;
  readonly from: string;
  readonly to: string | null;
}

function isWithin({ after, before }: Gap, rowid: bigint | undefined): boolean {
  if (rowid === undefined) return true;
  return (after === undefined || rowid > after) && (before === undefined || rowid < before);
}

function* rowsOf(copy: DatabaseSync, { name, kind, columns }: Plan, condition = "true"): Generator<Cell> {
  const names = columns.map((column) => (column.isRowid ? "null" : `"${column.name}"`));
  const all = [...(kind === "table" ? ["rowid"] : ["null"]), ...names];
  const statement = copy.prepare(`select ${all} from "${name}" where ${condition}`);
  statement.setReturnArrays(true);
  statement.setReadBigInts(true);
  for (const row of statement.iterate() as Iterable<unknown>) {
    const [rowid, ...values] = row as Value[];
    yield { rowid: (rowid as bigint | null) ?? undefined, values };
  }
}
