import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FakeClock } from "../../../../../../test/fakes/clock.ts";
import { openStore } from "../../../base/store/store.ts";
import { RecordingStore } from "./recording-store.ts";
import { tables } from "./tables.ts";

const DAY = 24 * 3600_000;

/** A recording store in an empty state folder, over a store in memory. */
function open() {
  const stateDir = mkdtempSync(join(tmpdir(), "moltbot-shelf-"));
  const stack = new DisposableStack();
  stack.defer(() => rmSync(stateDir, { recursive: true }));
  const store = stack.use(openStore(":memory:", [tables]));
  const clock = new FakeClock();
  const recordings = new RecordingStore({ stateDir, store, clock });
  const folder = join(stateDir, "recordings");
  return { recordings, store, clock, folder, [Symbol.dispose]: () => stack.dispose() };
}

/** The least that is a recording. */
function text(id: string): string {
  const lists = ["names", "changing", "heard", "wasSteered", "steered", "shrunk", "exchanges", "events"];
  return JSON.stringify({
    version: 1,
    run: { id },
    question: { model: { ref: "a/m" }, tools: [], fallbacks: [] },
    beginning: { messages: [], pending: [] },
    ...Object.fromEntries(lists.map((name) => [name, []])),
  });
}

test("a recording is found again under its run", async () => {
  using opened = open();
  const { recordings } = opened;

  await recordings.put("r1", text("r1"));

  assert.deepEqual([recordings.has("r1"), recordings.has("r2")], [true, false]);
  assert.deepEqual(await recordings.get("r1"), JSON.parse(text("r1")));
  assert.equal(await recordings.get("r2"), undefined);
});

test("a recording is one private file; whatever a run is called, it is in the folder", async () => {
  using opened = open();
  const { recordings, folder } = opened;

  await recordings.put("../../r1\u0000", text("r1"));

  const files = readdirSync(folder);
  assert.equal(files.length, 1);
  assert.match(files[0]!, /^[0-9a-f]{40}\.json$/);
  assert.equal(statSync(join(folder, files[0]!)).mode & 0o777, 0o600);
  assert.equal((await recordings.get("../../r1\u0000"))?.run.id, "r1");
});

test("a run that is recorded again has its last recording", async () => {
  using opened = open();
  const { recordings, folder } = opened;

  await recordings.put("r1", text("first"));
  await recordings.put("r1", text("second"));

  assert.equal((await recordings.get("r1"))?.run.id, "second");
  assert.equal(readdirSync(folder).length, 1);
});

const DAMAGED: readonly [about: string, spoil: (file: string) => void][] = [
  ["is gone", (file) => rmSync(file)],
  ["was cut off", (file) => writeFileSync(file, text("r1").slice(0, 40))],
  ["holds something else", (file) => writeFileSync(file, "{}")],
];
for (const [about, spoil] of DAMAGED) {
  test(`a recording whose file ${about} is none`, async () => {
    using opened = open();
    const { recordings, folder } = opened;
    await recordings.put("r1", text("r1"));

    spoil(join(folder, readdirSync(folder)[0]!));

    assert.equal(await recordings.get("r1"), undefined);
  });
}

test("a recording is kept for seven days", async () => {
  using opened = open();
  const { recordings, clock } = opened;
  await recordings.put("r1", text("r1"));

  clock.advance(7 * DAY);
  recordings.prune();
  const inTime = recordings.has("r1");
  clock.advance(1);
  recordings.prune();

  assert.deepEqual([inTime, recordings.has("r1")], [true, false]);
});

test("of more than 200 recordings the oldest goes", async () => {
  using opened = open();
  const { recordings } = opened;
  for (let index = 0; index < 201; index++) await recordings.put(`r${index}`, text("r"));

  const kept = ["r0", "r1", "r200"].map((id) => recordings.has(id));

  assert.deepEqual(kept, [false, true, true]);
});

test("of more than 200 MiB the oldest go, and so does their file", async () => {
  using opened = open();
  const { recordings, store, folder } = opened;
  await recordings.put("old", text("old"));
  const bytes = 200 * 1024 * 1024 - 2 * Buffer.byteLength(text("new"));
  store.run("update recordings set bytes = ?", bytes);
  await recordings.put("new", text("new"));
  const fitting = recordings.has("old");

  await recordings.put("one", text("one"));
  await recordings.put("two", text("two"));

  assert.deepEqual([fitting, ...["old", "new", "two"].map((id) => recordings.has(id))], [true, false, true, true]);
  recordings.tidy();
  assert.equal(readdirSync(folder).length, 3);
});

test("files that no row knows are removed; others stay", async () => {
  using opened = open();
  const { recordings, folder } = opened;
  await recordings.put("r1", text("r1"));
  const known = readdirSync(folder);
  writeFileSync(join(folder, "left-over.json.new"), "");

  recordings.tidy();

  assert.deepEqual(readdirSync(folder), known);
});

test("there is nothing to tidy where nothing was recorded", () => {
  using opened = open();

  assert.doesNotThrow(() => opened.recordings.tidy());
});
