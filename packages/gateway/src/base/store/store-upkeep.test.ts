import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, test } from "node:test";
import { FakeClock } from "../../../../../test/fakes/clock.ts";
import { createLog } from "../log.ts";
import { Secrets } from "../privacy/secrets.ts";
import { openStore, type Store, type Tables } from "./store.ts";
import { StoreUpkeep } from "./store-upkeep.ts";

const TABLES: Tables = {
  slice: "test",
  steps: [
    `create table things (id integer primary key, text text not null) strict;
     create virtual table things_search using fts5 (text, content = 'things', content_rowid = 'id');`,
  ],
};

let folder: string;
let clock: FakeClock;
let sentences: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moltbot-upkeep-"));
  clock = new FakeClock();
  sentences = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(): Store {
  return openStore(join(folder, "state.db"), [TABLES]);
}

function upkeepOf(store: Store): StoreUpkeep {
  const sink = ({ sentence }: { sentence: string }) => void sentences.push(sentence);
  const log = createLog({ clock, level: "debug", sinks: [sink], secrets: new Secrets() });
  return new StoreUpkeep({ store, clock, log });
}

function fill(store: Store, count: number, chars = 2_000): void {
  store.transaction(() => {
    for (let id = 0; id < count; id++) store.run("insert into things (text) values (?)", `${id} `.padEnd(chars, "x"));
  });
}

function pages(store: Store): number {
  return store.get<{ n: number }>("select page_count as n from pragma_page_count")!.n;
}

/** So long that everything has its turn, in pauses of 20 ms. */
const ALL_OF_IT_MS = 10 * 60_000;

test("what is pruned goes some rows at a time, and the loop is free between them", () => {
  using store = open();
  fill(store, 1_000);
  using upkeep = upkeepOf(store);
  const left: number[] = [];
  upkeep.add(() => {
    const isMore = store.deleteSome("things", "id <= ?", [900], 200);
    left.push(store.get<{ n: number }>("select count(*) as n from things")!.n);
    return isMore;
  });
  upkeep.start();

  clock.advance(60_000);
  const atOnce = [...left];
  clock.advance(ALL_OF_IT_MS);

  assert.deepEqual(atOnce, [800]);
  assert.deepEqual(left, [800, 600, 400, 200, 100]);
});

test("the file of a new database becomes smaller when much of it was deleted, step by step", () => {
  using store = open();
  fill(store, 10_000);
  store.run("delete from things");
  const before = pages(store);
  using upkeep = upkeepOf(store);
  upkeep.start();

  clock.advance(60_100);
  const soon = pages(store);
  clock.advance(ALL_OF_IT_MS);

  assert.ok(before - soon <= 6 * 64, `${before - soon} pages at once`);
  assert.ok(before > 4_000 && pages(store) < 300, `${before} pages became ${pages(store)}`);
});

test("a database that was made without that list is left as it is", () => {
  const old = new DatabaseSync(join(folder, "state.db"));
  old.exec("create table before (id integer) strict");
  old.close();
  using store = open();
  fill(store, 2_000);
  store.run("delete from things");
  const before = pages(store);
  using upkeep = upkeepOf(store);
  upkeep.start();

  clock.advance(ALL_OF_IT_MS);

  assert.deepEqual([pages(store), sentences], [before, []]);
});

test("a search index of many small pieces is merged", () => {
  using store = open();
  for (let id = 0; id < 15; id++)
    store.run("insert into things_search (rowid, text) values (?, ?)", id, `word${id} and others`);
  const pieces = () => store.get<{ n: number }>("select count(distinct segid) as n from things_search_idx")!.n;
  const before = pieces();
  using upkeep = upkeepOf(store);
  upkeep.start();

  clock.advance(ALL_OF_IT_MS);

  assert.ok(pieces() < before, `${before} pieces became ${pieces()}`);
  assert.equal(store.all("select rowid from things_search where things_search match 'word7'").length, 1);
});

test("what fails is said and keeps nothing else from being done", () => {
  using store = open();
  using upkeep = upkeepOf(store);
  let done = 0;
  upkeep.add(() => {
    throw new Error("a bug");
  });
  upkeep.add(() => ++done < 0);
  upkeep.start();

  clock.advance(ALL_OF_IT_MS);

  assert.deepEqual([done, sentences], [1, ["upkeep of the database failed"]]);
});
