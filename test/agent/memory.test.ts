// What an agent remembers: notes in its workspace, found again by their words.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openStore } from "../../packages/gateway/src/base/store/store.ts";
import { systemClock } from "../../packages/gateway/src/base/time/clock.ts";
import { TABLES } from "../../packages/gateway/src/catalog.ts";
import { Confined } from "../../packages/gateway/src/slices/agent/workspace/files/confined.ts";
import { chunksOf } from "../../packages/gateway/src/slices/agent/workspace/memory/chunks.ts";
import { Memory } from "../../packages/gateway/src/slices/agent/workspace/memory/memory.ts";
import { workspaceStage } from "./workspace-stage.ts";

/** A memory over an empty folder, at a moment of 31 January 2026, 13:30 in UTC. */
function memoryOf(now = Date.UTC(2026, 0, 31, 13, 30)) {
  const folder = mkdtempSync(join(tmpdir(), "moltbot-memory-"));
  const store = openStore(":memory:", TABLES);
  const memory = new Memory({
    store,
    clock: { ...systemClock, now: () => now },
    timeZone: () => "UTC",
    folderOf: () => folder,
    filesOf: () => new Confined({ root: folder }),
    folders: () => [folder],
  });
  return {
    memory,
    folder,
    note(name: string, text: string) {
      mkdirSync(join(folder, "memory"), { recursive: true });
      writeFileSync(join(folder, name), text);
    },
    read: (name: string) => readFileSync(join(folder, name), "utf8"),
    places: async (query: string, limit = 8) =>
      (await memory.search("main", query, limit)).map(({ path, line }) => `${path}:${line}`),
    [Symbol.dispose]() {
      store[Symbol.dispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

test("a search names the file and the line, best places first", async () => {
  using here = memoryOf();
  here.note("MEMORY.md", "# What lasts\n\n- Anna's birthday is 3 May\n");
  here.note(
    "memory/2026-01-30.md",
    "# 2026-01-30\n\nLunch.\n\n## Calls\n\nAnna called: what to do on her birthday in May?\n",
  );

  const found = await here.memory.search("main", "anna birthday", 8);

  assert.deepEqual(
    found.map((place) => ({ ...place })),
    [
      { path: "MEMORY.md", line: 1, text: "# What lasts\n- Anna's birthday is 3 May" },
      { path: "memory/2026-01-30.md", line: 5, text: "## Calls\nAnna called: what to do on her birthday in May?" },
    ],
  );
});

test("beginnings of words, accents and letters without spaces between them are found", async () => {
  using here = memoryOf();
  here.note("MEMORY.md", "Münchner Straße\n\n東京タワーの近く\n\n100% sure");

  assert.deepEqual(await here.places("munch"), ["MEMORY.md:1"]);
  assert.deepEqual(await here.places("タワー"), ["MEMORY.md:3"]);
  assert.deepEqual(await here.places("%"), ["MEMORY.md:5"]);
  assert.deepEqual(await here.places('" OR 1 NEAR('), ["MEMORY.md:5"]);
});

test("places with every word stand before places with some", async () => {
  using here = memoryOf();
  here.note("memory/2026-01-01.md", "blue bicycle");
  here.note("memory/2026-01-02.md", "a blue sky, blue as blue can be");

  assert.deepEqual(await here.places("blue bicycle"), ["memory/2026-01-01.md:1", "memory/2026-01-02.md:1"]);
  assert.deepEqual(await here.places("blue", 1), ["memory/2026-01-02.md:1"]);
});

test("what changed on disk is found as it is now, and what was removed is not found", async () => {
  using here = memoryOf();
  here.note("MEMORY.md", "apples");
  here.note("memory/x.md", "pears");
  assert.deepEqual(await here.places("apples"), ["MEMORY.md:1"]);

  here.note("MEMORY.md", "plums!");
  utimesSync(join(here.folder, "MEMORY.md"), 1, 1);
  rmSync(join(here.folder, "memory/x.md"));

  assert.deepEqual(await here.places("apples"), []);
  assert.deepEqual(await here.places("pears"), []);
  assert.deepEqual(await here.places("plums"), ["MEMORY.md:1"]);
});

test("links and other files in the folder of notes are not read", async () => {
  using here = memoryOf();
  here.note("memory/a.txt", "needle");
  here.note("elsewhere.md", "needle");
  symlinkSync("../elsewhere.md", join(here.folder, "memory/link.md"));

  assert.deepEqual(await here.places("needle"), []);
});

test("a save goes to the note of the day, or to what lasts", () => {
  using here = memoryOf();

  assert.equal(
    here.memory.save("main", { text: "Lunch\nwith Anna", durable: false, call: "1" }),
    "memory/2026-01-31.md",
  );
  here.memory.save("main", { text: "Dentist", durable: false, call: "2" });
  assert.equal(here.memory.save("main", { text: "Likes tea", durable: true, call: "3" }), "MEMORY.md");

  assert.equal(here.read("memory/2026-01-31.md"), "# 2026-01-31\n\n- 13:30 Lunch\n  with Anna\n- 13:30 Dentist\n");
  assert.equal(here.read("MEMORY.md"), "# What lasts\n\n- Likes tea (2026-01-31)\n");
});

test("the same call saves once, however often it is made and whatever stands in the note by then", () => {
  using here = memoryOf();
  here.memory.save("main", { text: "Likes tea", durable: true, call: "1" });
  writeFileSync(join(here.folder, "MEMORY.md"), `${here.read("MEMORY.md")}- Mine`);

  here.memory.save("main", { text: "Likes tea", durable: true, call: "1" });
  here.memory.save("main", { text: "Likes coffee", durable: true, call: "2" });

  assert.equal(
    here.read("MEMORY.md"),
    "# What lasts\n\n- Likes tea (2026-01-31)\n- Mine\n- Likes coffee (2026-01-31)\n",
  );
});

test("a note is cut at headings and where it grows long, and no line is lost", () => {
  const long = Array.from({ length: 40 }, (_, index) => `- item ${index} ${"x".repeat(40)}`);
  const text = ["# Title", "", "one", "two", "", "three", "## Next", ...long].join("\r\n");

  const chunks = chunksOf(text);

  assert.deepEqual(
    chunks.slice(0, 3).map(({ line, text }) => [line, text.slice(0, 15)]),
    [
      [1, "# Title\none\ntwo"],
      [6, "three"],
      [7, "## Next\n- item "],
    ],
  );
  const lines = chunks.flatMap((chunk) => chunk.text.split("\n"));
  assert.deepEqual(lines, ["# Title", "one", "two", "three", "## Next", ...long]);
  assert.ok(chunks.every((chunk) => chunk.text.length <= 800));
});

test("an agent saves and finds through its tools, and a group does not hear of it", async () => {
  await using here = await workspaceStage();
  const { client, gateway } = here;

  const saved = await here.call("memory_save", { text: "The spare key is under the pot", durable: true });

  assert.equal(saved, "Saved in MEMORY.md.");
  assert.match(
    await here.call("memory_search", { query: "spare key" }),
    /^MEMORY\.md:1\n[\s\S]*- The spare key is under/,
  );
  assert.match(await here.call("memory_search", { query: "key" }, "agent:main:telegram:group:7"), /are private/);
  const { found } = await client.call("memory.search", { query: "spare" });
  assert.equal(found[0].path, "MEMORY.md");
  const { agents } = await client.call("memory.status", {});
  assert.deepEqual(agents, [{ agentId: "main", folder: join(gateway.stateDir, "workspace"), notes: 1, chunks: 1 }]);
});
