import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  commitPlan,
  executePlan,
  lastRestore,
  oldRestores,
  type RestorePlan,
  readPlan,
  rollBackPlan,
  undoPlan,
  unfinishedRestores,
  writePlan,
} from "./swap.ts";

const root = mkdtempSync(join(tmpdir(), "moltbot-swap-"));
after(() => rmSync(root, { recursive: true }));

const OLD = {
  ...{ "state.db": "old", "state.db-wal": "old journal", "moltbot.json": "old config", "media/a": "old picture" },
  "gateway.json": "of this machine",
};
const NEW = { "state.db": "new", "moltbot.json": "new config", "identity/key": "new key" };

/** A state folder, a config outside it, and a restore that waits for its moves. */
function prepared(): { stateDir: string; plan: RestorePlan; shown: () => Record<string, string> } {
  const home = mkdtempSync(join(root, "test-"));
  const stateDir = join(home, "state");
  const staging = join(stateDir, "restoring-1");
  const outside = join(home, "notes");
  write(stateDir, OLD);
  write(join(staging, "state"), NEW);
  write(outside, { page: "old page" });
  write(`${outside}.restoring-1`, { page: "new page" });
  const plan: RestorePlan = {
    ...{ phase: "ready", moves: [], source: join(staging, "state"), staging, what: "a backup" },
    aside: join(stateDir, "before-restore-1"),
    outside: [
      [outside, `${outside}.before-restore-1`],
      [`${outside}.restoring-1`, outside],
    ],
  };
  writePlan(stateDir, plan);
  const shown = () => ({ ...read(stateDir), "notes/page": read(outside).page ?? "" });
  return { stateDir, plan, shown };
}

function write(folder: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** The files of a folder, without what restores keep beside them. */
function read(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  const names = entries.map((each) => join(each.parentPath, each.name).slice(folder.length + 1));
  const own = names.filter((name) => !/^(before-restore|undone-restore|restoring|restore\.json)/.test(name));
  return Object.fromEntries(own.toSorted().map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

const before = sorted({ ...OLD, "notes/page": "old page" });
const restored = sorted({ ...NEW, "gateway.json": "of this machine", "notes/page": "new page" });

function sorted(files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Renames of a whole exchange: 4 old names out, 3 new ones in, 2 outside. */
const MOVES = 9;

test("a restore exchanges what is there, and undo brings it back", () => {
  const { stateDir, plan, shown } = prepared();

  commitPlan(stateDir, executePlan(stateDir, plan));
  assert.deepEqual(sorted(shown()), restored);
  write(stateDir, { "state.db-wal": "a journal of the restored state" });
  commitPlan(stateDir, executePlan(stateDir, undoPlan(lastRestore(stateDir)!)));

  assert.deepEqual(sorted(shown()), before);
  assert.equal(lastRestore(stateDir), undefined);
});

test("what was restored and did not start is taken back, with what it has written since", () => {
  const { stateDir, plan, shown } = prepared();
  const done = executePlan(stateDir, plan);
  write(stateDir, { "state.db-wal": "a foreign journal", "new-folder/x": "x" });

  rollBackPlan(stateDir, done);

  assert.deepEqual(sorted(shown()), before);
  assert.deepEqual(
    readdirSync(stateDir).filter((name) => /restor/.test(name)),
    [],
  );
});

test("a restore that waits is given up: what is there stays, and nothing that was made ready is left", () => {
  const { stateDir, plan, shown } = prepared();

  rollBackPlan(stateDir, plan);

  assert.deepEqual(sorted(shown()), before);
  assert.deepEqual(
    [...readdirSync(stateDir), ...readdirSync(dirname(stateDir))].filter((name) => /restor/.test(name)),
    [],
  );
});

test("an undo that waits is given up: what is there stays, and it can be undone later", () => {
  const { stateDir, plan, shown } = prepared();
  commitPlan(stateDir, executePlan(stateDir, plan));

  rollBackPlan(stateDir, undoPlan(lastRestore(stateDir)!));
  assert.deepEqual(sorted(shown()), restored);
  commitPlan(stateDir, executePlan(stateDir, undoPlan(lastRestore(stateDir)!)));

  assert.deepEqual(sorted(shown()), before);
});

/** Runs a step of a restore in a process that is killed before its rename number `count`. */
function killedAt(count: number, step: "executePlan" | "rollBackPlan" | "undo", stateDir: string): void {
  const swap = new URL("./swap.ts", import.meta.url).href;
  const program = `
    import { renameSync } from "node:fs";
    import { executePlan, lastRestore, readPlan, rollBackPlan, undoPlan } from ${JSON.stringify(swap)};
    let left = ${count};
    const rename = (from, to) => {
      if (left-- === 0) process.kill(process.pid, "SIGKILL");
      renameSync(from, to);
    };
    const dir = ${JSON.stringify(stateDir)};
    const plan = readPlan(dir);
    if (${JSON.stringify(step)} === "undo") executePlan(dir, undoPlan(lastRestore(dir)), rename);
    else ({ executePlan, rollBackPlan })[${JSON.stringify(step)}](dir, plan, rename);`;
  const { signal, stderr } = spawnSync(
    process.execPath,
    ["--conditions=moltbot-source", "--input-type=module", "-e", program],
    { encoding: "utf8", cwd: fileURLToPath(new URL("../../../../..", import.meta.url)) },
  );
  assert.equal(signal, "SIGKILL", stderr);
}

for (let count = 0; count < MOVES; count++) {
  test(`a kill before move ${count + 1} of a restore leaves the old state whole`, () => {
    const { stateDir, shown } = prepared();
    killedAt(count, "executePlan", stateDir);

    rollBackPlan(stateDir, readPlan(stateDir)!);

    assert.deepEqual(sorted(shown()), before);
    assert.equal(existsSync(join(stateDir, "restore.json")), false);
  });

  test(`a kill before move ${count + 1} of going back leaves the old state whole`, () => {
    const { stateDir, plan, shown } = prepared();
    executePlan(stateDir, plan);
    killedAt(count, "rollBackPlan", stateDir);

    rollBackPlan(stateDir, readPlan(stateDir)!);

    assert.deepEqual(sorted(shown()), before);
  });

  test(`a kill before move ${count + 1} of an undo leaves the restored state, and undo is possible again`, () => {
    const { stateDir, plan, shown } = prepared();
    commitPlan(stateDir, executePlan(stateDir, plan));
    killedAt(Math.min(count, MOVES - 1), "undo", stateDir);

    rollBackPlan(stateDir, readPlan(stateDir)!);
    assert.deepEqual(sorted(shown()), restored);
    commitPlan(stateDir, executePlan(stateDir, undoPlan(lastRestore(stateDir)!)));

    assert.deepEqual(sorted(shown()), before);
  });
}

test("what a restore keeps outside of the state folder goes with it when it is old, also after its undo", () => {
  const home = mkdtempSync(join(root, "old-"));
  const stateDir = join(home, "state");
  const notes = join(home, "notes");
  const stamp = "2026-11-01T03-00-00-000Z";
  const aside = join(stateDir, `before-restore-${stamp}`);
  const fresh = `${notes}.restoring-${stamp}`;
  write(stateDir, { "state.db": "old" });
  write(notes, { page: "old page" });
  write(`${home}/notes.before-restore-mine`, { page: "of somebody else" });
  write(join(stateDir, `restoring-${stamp}`, "state"), { "state.db": "new" });
  write(fresh, { page: "new page" });
  const staging = join(stateDir, `restoring-${stamp}`);
  const plan: RestorePlan = {
    ...{ phase: "ready", moves: [], source: join(staging, "state"), staging, aside, what: "a backup" },
    outside: [
      [notes, `${notes}.before-restore-${stamp}`],
      [fresh, notes],
    ],
  };
  const later = Date.parse("2026-11-02T00:00:00Z");

  commitPlan(stateDir, executePlan(stateDir, plan));
  const done = oldRestores(stateDir, later);
  const undo = undoPlan(lastRestore(stateDir)!);
  commitPlan(stateDir, executePlan(stateDir, undo));
  const undone = oldRestores(stateDir, later);

  assert.deepEqual(done, [aside, `${notes}.before-restore-${stamp}`]);
  assert.deepEqual(undone, [join(stateDir, `undone-restore-${stamp}`), fresh]);
  assert.deepEqual(oldRestores(stateDir, later - 86_400_000), []);
});

test("what a kill has left of a restore that was made ready is found after a day, but not that of a plan", () => {
  const stateDir = mkdtempSync(join(root, "left-"));
  const [left, ready, young] = ["2026-11-01", "2026-11-02", "2026-11-09"].map((day) =>
    join(stateDir, `restoring-${day}T03-00-00-000Z`),
  );
  for (const folder of [left!, ready!, young!]) write(folder, { "state/state.db": "new" });
  writePlan(stateDir, {
    ...{ phase: "ready", moves: [], outside: [], what: "a backup" },
    ...{ source: join(ready!, "state"), staging: ready!, aside: join(stateDir, "before-restore-1") },
  });

  const found = unfinishedRestores(stateDir, Date.parse("2026-11-08T00:00:00Z"));

  assert.deepEqual(found, [left]);
});
