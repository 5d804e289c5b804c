import assert from "node:assert/strict";
import { closeSync, copyFileSync, mkdtempSync, openSync, rmSync, statSync, truncateSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, test } from "node:test";
import { openStore, type Store, type Tables } from "../../base/store/store.ts";
import { salvage, type TableResult } from "./salvage.ts";

const folder = mkdtempSync(join(tmpdir(), "moltbot-salvage-"));
after(() => rmSync(folder, { recursive: true }));

const PAGE_BYTES = 4_096;
const ROWS = 3_000;

/** Every kind of table that the gateway has, and values of every kind and length. */
const tables: readonly Tables[] = [
  {
    slice: "birds",
    steps: [
      `create table birds (seq integer primary key, name text not null unique, wings integer, weight real, song blob) strict;
       create table nests (id text not null, place text not null, primary key (place, id)) strict, without rowid;
       create table eggs (id integer primary key autoincrement, bird integer not null references birds (seq), state text not null) strict;
       create virtual table birds_search using fts5 (name, content = 'birds', content_rowid = 'seq');
       create trigger birds_search_insert after insert on birds begin
         insert into birds_search (rowid, name) values (new.seq, new.name);
       end;`,
      "alter table birds add column ring text not null default 'none'",
    ],
    finished: { eggs: "state = 'hatched'" },
  },
];

const whole = join(folder, "whole.db");
const work = join(folder, "work.db");
const target = join(folder, "salvaged.db");

before(() => {
  {
    // Rows from before a column was added are shorter.
    using old = openStore(whole, [{ ...tables[0]!, steps: tables[0]!.steps.slice(0, 1) }]);
    fill(old, 0, ROWS / 2, "");
  }
  using store = openStore(whole, tables);
  fill(store, ROWS / 2, ROWS, ", 'ringed'");
});

function fill(store: Store, from: number, to: number, more: string): void {
  store.transaction(() => {
    for (let n = from; n < to; n++) {
      const name = `bird ${n} ${"très long ".repeat(n % 100 === 0 ? 1_200 : n % 9)}`;
      const song = n % 7 === 0 ? null : new Uint8Array(n % 300).fill(n % 256);
      const wings = [n, -n, n * 2 ** 33, null][n % 4]!;
      store.run(`insert into birds values (?, ?, ?, ?, ?${more})`, n + 1, name, wings, n / 4, song);
      store.run("insert into nests values (?, ?)", `nest ${n}`, `tree ${n % 13}`);
      if (n % 3 === 0) store.run("insert into eggs (bird, state) values (?, ?)", n + 1, n % 2 ? "hatched" : "laid");
    }
  });
}

type Rows = ReadonlyMap<string, string>;

/** All rows of a table by what they hold. */
function rowsOf(path: string, table: string): Rows {
  using db = new DatabaseSync(path, { readOnly: true });
  const rows = db.prepare(`select * from ${table}`);
  rows.setReadBigInts(true);
  const json = (row: unknown) =>
    JSON.stringify(row, (_, value) =>
      typeof value === "bigint" ? `${value}n` : value instanceof Uint8Array ? [...value].join() : value,
    );
  return new Map(rows.all().map((row) => [json(row), json(row)]));
}

/** Rows that the salvaged file has and the whole one does not: there must be none. */
function invented(table: string): number {
  const real = rowsOf(whole, table);
  return [...rowsOf(target, table).keys()].filter((row) => !real.has(row)).length;
}

function salvaged(
  harm: (path: string) => void,
  options: { copies?: string[]; fill?: string } = {},
): readonly TableResult[] {
  for (const path of [work, target]) rmSync(path, { force: true });
  copyFileSync(whole, work);
  harm(work);
  return salvage({ path: work, target, tables, copies: [], ...options });
}

function overwrite(path: string, pages: readonly number[], bytes = Buffer.alloc(PAGE_BYTES, 0xa5)): void {
  const file = openSync(path, "r+");
  for (const page of pages) writeSync(file, bytes, 0, bytes.length, (page - 1) * PAGE_BYTES);
  closeSync(file);
}

function rootOf(table: string): number {
  using db = new DatabaseSync(whole, { readOnly: true });
  return Number(db.prepare("select rootpage from sqlite_schema where name = ?").get(table)!.rootpage);
}

const TABLES = ["birds", "eggs", "nests"];
const counts = (results: readonly TableResult[]) => Object.fromEntries(results.map(({ table, rows }) => [table, rows]));

describe("salvage", () => {
  test("of a whole file gives back every value of every row, and a search index that works", () => {
    const results = salvaged(() => {});

    assert.deepEqual(counts(results), { birds: ROWS, eggs: ROWS / 3, nests: ROWS });
    for (const table of TABLES) assert.deepEqual(rowsOf(target, table), rowsOf(whole, table));
    using db = new DatabaseSync(target);
    assert.equal(
      db.prepare("select count(*) as n from birds_search where birds_search match '\"bird 77\"'").get()!.n,
      1,
    );
    assert.deepEqual({ ...db.prepare("pragma integrity_check").get() }, { integrity_check: "ok" });
  });

  test("finds the rows of a table whose root is gone", () => {
    for (const table of TABLES) {
      const results = salvaged((path) => overwrite(path, [rootOf(table)]));

      const { rows, found } = results.find((result) => result.table === table)!;
      assert.deepEqual(rowsOf(target, "birds").size, ROWS, table);
      assert.equal(invented(table), 0);
      assert.ok(rows >= rowsOf(whole, table).size * 0.95 && found > 0, `${table}: ${rows} rows, ${found} found`);
    }
  });

  test("needs no first page where a copy says where the tables are", () => {
    const results = salvaged((path) => overwrite(path, [1]), { copies: [whole] });

    assert.deepEqual(counts(results), { birds: ROWS, eggs: ROWS / 3, nests: ROWS });
  });

  test("loses the rows of bad pages only, says how many, and invents none", () => {
    const pages = statSync(whole).size / PAGE_BYTES;
    for (let start = 2; start < 12; start++) {
      const bad = Array.from({ length: 8 }, (_, n) => start + n * Math.floor((pages - 12) / 8));
      const results = salvaged((path) => overwrite(path, bad));

      for (const table of TABLES) assert.equal(invented(table), 0);
      const birds = results.find(({ table }) => table === "birds")!;
      const lost = ROWS - birds.rows;
      assert.ok(lost <= 8 * 60, `${lost} birds lost from ${start}`);
      assert.ok(birds.missing >= lost, `${birds.missing} said to be missing, ${lost} are`);
    }
  });

  test("fills gaps from a copy when that is asked for, with finished work only", () => {
    const results = salvaged(
      (path) =>
        overwrite(
          path,
          Array.from({ length: 200 }, (_, n) => n + 12),
        ),
      {
        copies: [whole],
        fill: whole,
      },
    );

    const eggs = results.find(({ table }) => table === "eggs")!;
    assert.deepEqual(counts(results).birds, ROWS);
    for (const table of TABLES) assert.equal(invented(table), 0);
    using db = new DatabaseSync(target, { readOnly: true });
    const hatched = db.prepare("select count(*) as n from eggs where state = 'hatched'").get()!.n;
    assert.equal(hatched, ROWS / 6);
    assert.ok(eggs.rows <= ROWS / 3);
  });

  test("reads what is left of a file that was cut", () => {
    salvaged((path) => truncateSync(path, Math.floor(statSync(path).size * 0.6)));

    for (const table of TABLES) assert.equal(invented(table), 0);
    assert.ok(rowsOf(target, "birds").size > 100);
  });

  test("gives out no number of a row again", () => {
    salvaged(() => {});

    using store = openStore(target, tables);
    const { lastInsertRowid } = store.run("insert into eggs (bird, state) values (1, 'laid')");
    assert.equal(lastInsertRowid, ROWS / 3 + 1);
  });

  test("says so when nothing says where the tables are, and leaves no file", () => {
    assert.throws(() => salvaged((path) => overwrite(path, [1], Buffer.alloc(statSync(path).size))), {
      message: "Nothing in the file says where its tables are, and there is no copy that does.",
    });
    assert.equal(statSync(target, { throwIfNoEntry: false }), undefined);
  });
});
