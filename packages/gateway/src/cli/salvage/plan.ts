/** The tables of the new database, as rows are put into them. */

import type { DatabaseSync } from "node:sqlite";
import type { Cell, TreeKind } from "./btree.ts";
import type { Value } from "./record.ts";

/** One table: its columns in the order in which a row keeps them. */
export interface Plan {
  readonly name: string;
  readonly kind: TreeKind;
  readonly columns: readonly Column[];
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly mayBeNull: boolean;
  /** Is the row's number, and kept as nothing in the row itself. */
  readonly isRowid: boolean;
  readonly isOptional: boolean;
}

interface Info {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly dflt_value: string | null;
  readonly pk: number;
}

/** The rows of a query. The caller names their type: the SQL beside it is the proof. */
export function queried<T>(db: DatabaseSync, sql: string, ...values: string[]): T[] {
  return db.prepare(sql).all(...values) as T[];
}

/** The tables that hold rows of their own: not those of a search index, which follow from others. */
export function plansOf(db: DatabaseSync): Plan[] {
  const tables = queried<{ name: string; wr: number }>(
    db,
    "select name, wr from pragma_table_list where schema = 'main' and type = 'table' order by name",
  );
  return tables
    .filter(({ name }) => name !== "schema_versions" && !name.startsWith("sqlite_"))
    .map(({ name, wr }) => ({ name, kind: wr ? "index" : "table", columns: columnsOf(db, name, wr === 1) }));
}

function columnsOf(db: DatabaseSync, table: string, isWithoutRowid: boolean): Column[] {
  const infos = queried<Info>(db, "select * from pragma_table_info(?)", table);
  const keys = infos.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
  // A table without rowid keeps its key first.
  const kept = isWithoutRowid ? [...keys, ...infos.filter(({ pk }) => pk === 0)] : infos;
  const alias = !isWithoutRowid && keys.length === 1 && keys[0]!.type.toLowerCase() === "integer" ? keys[0] : undefined;
  return kept.map((info) => ({
    name: info.name,
    type: info.type.toLowerCase(),
    mayBeNull: info.notnull === 0 && info.pk === 0,
    isRowid: info === alias,
    isOptional: info.dflt_value !== null || info.notnull === 0,
  }));
}

/** Whether a row can be one of this table. A row from before a column was added is shorter. */
export function fits({ columns }: Plan, { values }: Cell): boolean {
  if (values.length > columns.length) return false;
  return columns.every((column, at) => {
    const value = values[at];
    if (value === undefined) return column.isOptional;
    return column.isRowid ? value === null : isOf(column, value);
  });
}

function isOf({ type, mayBeNull }: Column, value: Value): boolean {
  if (value === null) return mayBeNull;
  if (type === "text") return typeof value === "string";
  if (type === "blob") return value instanceof Uint8Array;
  if (type === "integer") return typeof value === "bigint";
  return type !== "real" || typeof value === "number" || typeof value === "bigint";
}

/** Puts a row in place; returns false when the table does not take it. */
export function inserter(db: DatabaseSync, { name, kind, columns }: Plan): (cell: Cell) => boolean {
  const statements = new Map<number, ReturnType<DatabaseSync["prepare"]>>();
  const statementFor = (count: number) => {
    const known = statements.get(count);
    if (known) return known;
    const names = columns.slice(0, count).filter(({ isRowid }) => !isRowid);
    const all = [...(kind === "table" ? ["rowid"] : []), ...names.map((column) => `"${column.name}"`)];
    const made = db.prepare(`insert or ignore into "${name}" (${all}) values (${all.map(() => "?")})`);
    statements.set(count, made);
    return made;
  };
  return ({ rowid, values }) => {
    const own = values.filter((_, at) => !columns[at]!.isRowid);
    const { changes } = statementFor(values.length).run(...(rowid === undefined ? [] : [rowid]), ...own);
    return changes > 0;
  };
}
