/**
 * Statements whose columns are beside their values: `store.run(...insertInto("notes", { run_id: runId, text }))`.
 * What comes out is positional, as the store keeps statements and as the journal records them.
 */
import type { SQLInputValue } from "node:sqlite";
import type { Statement } from "./journal/line.ts";

/** Values by their names. `undefined` is stored as null, and a boolean as 0 or 1. */
type Values = Readonly<Record<string, SQLInputValue | boolean | undefined>>;

/** Adds a row, by the names of its columns. `ending` is SQL without values: `on conflict …`, `returning …`. */
export function insertInto(table: string, row: Values, ending = ""): Statement {
  return [insertion(`insert into ${table}`, Object.keys(row), ending), ...Object.values(row).map(toStored)];
}

/** Adds a row, by the names of its columns, in the place of every row with one of its unique values. */
export function replaceInto(table: string, row: Values): Statement {
  return [insertion(`insert or replace into ${table}`, Object.keys(row), ""), ...Object.values(row).map(toStored)];
}

/**
 * A statement with `:name` where a value is; a name may be in several places. Throws `TypeError` when the values
 * are not those that it names.
 */
export function named(sql: string, values: Values): Statement {
  let known = numbered.get(sql);
  if (!known) {
    known = inNumbers(sql);
    numbered.set(sql, known);
  }
  const { names } = known;
  if (names.length !== Object.keys(values).length || !names.every((name) => Object.hasOwn(values, name)))
    throw new TypeError(`the statement names ${names.join(", ")}, and is given ${Object.keys(values).join(", ")}`);
  return [known.sql, ...names.map((name) => toStored(values[name]))];
}

/** The text of each insertion by its table, columns and ending: they are few, and written in the code. */
const insertions = new Map<string, string>();

function insertion(verb: string, columns: readonly string[], ending: string): string {
  const key = `${verb} ${columns} ${ending}`;
  let sql = insertions.get(key);
  if (sql === undefined) {
    sql = `${verb} (${columns.join(", ")}) values (${columns.map(() => "?").join(", ")}) ${ending}`.trimEnd();
    insertions.set(key, sql);
  }
  return sql;
}

/** A statement with numbers for names: `?1` is the first of `names`. */
interface Numbered {
  readonly sql: string;
  readonly names: readonly string[];
}

const numbered = new Map<string, Numbered>();

/** A name, or a text in quotes, in which a colon is no name. */
const NAME = /'[^']*'|:([a-z]\w*)/gi;

function inNumbers(sql: string): Numbered {
  const names: string[] = [];
  const text = sql.replace(NAME, (all, name?: string) => {
    if (name === undefined) return all;
    if (!names.includes(name)) names.push(name);
    return `?${names.indexOf(name) + 1}`;
  });
  return { sql: text, names };
}

function toStored(value: SQLInputValue | boolean | undefined): SQLInputValue {
  if (value === undefined) return null;
  return typeof value === "boolean" ? Number(value) : value;
}
