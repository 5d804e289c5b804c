import assert from "node:assert/strict";
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { databasePath } from "../files.ts";
import { storageProblem } from "../process/machine.ts";
import { openStore, type Tables } from "../store/store.ts";
import { problemCarryingOver } from "./carry-over.ts";

const root = mkdtempSync(join(tmpdir(), "moltbot-carry-"));
after(() => rmSync(root, { recursive: true }));

const carried = (name: string) => [
  `insert into main.${name} select * from before.${name} where true on conflict do nothing`,
];
/** Two slices as they are now. */
const PENS: Tables = {
  slice: "pens",
  steps: ["create table pens (name text primary key)", "alter table pens add column ink text not null default 'blue'"],
  carriedOver: carried("pens"),
};
const CUPS: Tables = {
  slice: "cups",
  steps: ["create table cups (name text primary key)"],
  carriedOver: carried("cups"),
};
const NOW = [PENS, CUPS];
const earlier = ({ steps, ...rest }: Tables): Tables => ({ ...rest, steps: steps.slice(0, -1) });
const later = ({ steps, ...rest }: Tables): Tables => ({ ...rest, steps: [...steps, "create table later (x)"] });

/** A state folder whose database has rows, and beside it a restore that has none. */
function prepared(before: readonly Tables[], rows: readonly string[]) {
  const stateDir = mkdtempSync(join(root, "test-"));
  const staging = join(stateDir, "restoring");
  const source = join(staging, "state");
  mkdirSync(source, { recursive: true });
  using restored = openStore(databasePath(source), NOW);
  restored.unrecorded();
  using present = openStore(databasePath(stateDir), before);
  for (const row of rows) present.run(row);
  return { stateDir, plan: { source, staging } as never, source, staging };
}

function rowsIn({ source }: { readonly source: string }): unknown[] {
  using store = openStore(databasePath(source), NOW);
  return [...store.all("select name, ink from pens"), ...store.all("select name from cups")].map((row) =>
    Object.values(row),
  );
}

function damage(path: string, { at, bytes }: { readonly at: number; readonly bytes: number }): void {
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(bytes, 0xff), 0, bytes, at);
  closeSync(file);
}

const ROWS = ["insert into pens (name) values ('a')", "insert into cups (name) values ('b')"];

test("a database of an earlier version is taken over as this version would have it, and stays as it is", () => {
  const stage = prepared([earlier(PENS), CUPS], ROWS);

  const problem = problemCarryingOver(stage.stateDir, stage.plan, NOW);

  assert.equal(problem, undefined);
  assert.deepEqual(rowsIn(stage), [["a", "blue"], ["b"]]);
  using present = openStore(databasePath(stage.stateDir), [earlier(PENS), CUPS]);
  assert.equal(present.all("select * from pens where name = 'a'").length, 1);
  assert.deepEqual(readdirSync(stage.staging), ["state"]);
});

test("of a database of a later version that is taken over which this version knows, and the rest is named", () => {
  const stage = prepared([later(PENS), CUPS], ROWS);

  const problem = problemCarryingOver(stage.stateDir, stage.plan, NOW);

  assert.match(String(problem), /not all could be taken over: pens/);
  assert.deepEqual(rowsIn(stage), [["b"]]);
});

test("a table that is damaged keeps nothing else from being taken over", () => {
  const stage = prepared(NOW, ROWS);
  {
    using db = new DatabaseSync(databasePath(stage.stateDir));
    db.exec("pragma wal_checkpoint(truncate)");
    const { page } = db.prepare("select rootpage as page from sqlite_schema where name = 'pens'").get()!;
    const { page_size: size } = db.prepare("pragma page_size").get()!;
    damage(databasePath(stage.stateDir), { at: (Number(page) - 1) * Number(size), bytes: Number(size) });
  }

  const problem = problemCarryingOver(stage.stateDir, stage.plan, NOW);

  assert.match(String(problem), /not all could be taken over: pens/);
  assert.deepEqual(rowsIn(stage), [["b"]]);
});

test("a disk without room for what came since is no reason to leave it out: the restore waits", () => {
  const full = {
    ...CUPS,
    carriedOver: ["pragma main.max_page_count = 1", "insert into main.cups values (hex(zeroblob(1000000)))"],
  };
  const stage = prepared(NOW, ROWS);

  const carry = () => problemCarryingOver(stage.stateDir, stage.plan, [PENS, full]);

  assert.throws(carry, (error) => /full/.test(storageProblem(error) ?? ""));
});
