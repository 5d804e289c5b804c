// Which test files share a process, and in which order they run.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { batchesOf, entryOf, mayShareProcess, ownFolder } from "../../scripts/test/batches.ts";

const folder = mkdtempSync(join(tmpdir(), "moltbot-batches-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const PLAIN = 'import { test } from "node:test";\ntest("x", () => {});\n';
const FILES: readonly (readonly [what: string, path: string, text: string, shares: boolean])[] = [
  ["a rule beside its source", "packages/gateway/src/base/a.test.ts", PLAIN, true],
  ["frames against a gateway", "test/wire/a.test.ts", PLAIN, true],
  ["a page in the usual browser", "test/web/a.test.ts", `${PLAIN}await startBrowser();\n`, true],
  ["a browser", "test/web/a.test.ts", `${PLAIN}await startBrowser(["--flag"]);\n`, false],
  ["a browser as others have", "test/web/a.test.ts", 'await startBrowser(["--use-fake-ui-for-media-stream"]);\n', true],
  ["a platform's library", "test/channels/whatsapp.test.ts", PLAIN, false],
  ["a hook that runs before each test", "test/wire/a.test.ts", `${PLAIN}beforeEach(() => {});\n`, false],
  ["a hook within a group", "test/wire/a.test.ts", `${PLAIN}describe("x", () => {\n  before(() => {});\n});\n`, true],
  ["a hook that runs when all is over", "test/wire/a.test.ts", `${PLAIN}after(() => {});\n`, true],
  ["a change of the environment", "test/wire/a.test.ts", `${PLAIN}process.env.HOME = "/";\n`, false],
  ["the memory of the process", "test/wire/a.test.ts", `${PLAIN}process.memoryUsage();\n`, false],
];
for (const [what, path, text, shares] of FILES)
  test(`${what}: ${shares ? "shares a process" : "has a process of its own"}`, () => {
    assert.equal(mayShareProcess(path, text), shares);
  });

test("every file is in one batch, and the longest batch begins first", () => {
  const shared = Array.from({ length: 9 }, (_, index) => `test/wire/${index}.test.ts`);
  const alone = ["test/faults/a.test.ts", "test/faults/b.test.ts"];

  const batches = batchesOf([...shared, ...alone], () => PLAIN, {
    "test/faults/b.test.ts": 90,
    "test/wire/3.test.ts": 25,
  });

  assert.deepEqual(batches.flat().toSorted(), [...shared, ...alone].toSorted());
  assert.deepEqual(batches[0], ["test/faults/b.test.ts"]);
  assert.deepEqual(batches.at(-1), ["test/faults/a.test.ts"]);
  assert.deepEqual(
    batches.map(({ length }) => length),
    [1, 1, 8, 1],
  );
});

test("those with a browser and those without come to their ends together", () => {
  const names = ["1", "2", "3", "4"];
  const seconds = Object.fromEntries([
    ...names.map((name) => [`test/web/${name}.test.ts`, 40] as const),
    ...names.map((name) => [`test/alone/${name}.test.ts`, 10] as const),
  ]);
  const read = (path: string) => (path.includes("/web/") ? `${PLAIN}await startBrowser();\n` : PLAIN);

  const batches = batchesOf(Object.keys(seconds), read, seconds);

  assert.deepEqual(
    batches.flat().map((path) => path.split("/")[1]),
    ["web", "alone", "web", "alone", "web", "alone", "web", "alone"],
  );
});

test("files that take long are parted although they could share", () => {
  const paths = ["a", "b", "c"].map((name) => `test/wire/${name}.test.ts`);

  const batches = batchesOf(paths, () => PLAIN, Object.fromEntries(paths.map((path) => [path, 28])));

  assert.deepEqual(
    batches.map(({ length }) => length),
    [1, 1, 1],
  );
});

test("a batch of one is its own file; a larger one is a file that loads them in their order", () => {
  const options = { root: folder, folder, name: "batch-1" };

  const alone = entryOf(["one.test.ts"], options);
  const both = entryOf(["one.test.ts", "two.test.ts"], options);

  assert.equal(alone, join(folder, "one.test.ts"));
  assert.match(readFileSync(both, "utf8"), /one\.test\.ts"[\s\S]*two\.test\.ts"[\s\S]*await load/);
});

test("a file of a batch that cannot be loaded fails by its name, and the others run", () => {
  writeFileSync(join(folder, "broken.test.mjs"), 'import "./not-there.mjs";\n');
  writeFileSync(join(folder, "whole.test.mjs"), 'import { test } from "node:test";\ntest("runs", () => {});\n');
  const entry = entryOf(["broken.test.mjs", "whole.test.mjs"], { root: folder, folder, name: "batch-2" });

  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  const { stdout, status } = spawnSync(process.execPath, ["--test", "--test-reporter=tap", entry], {
    env,
    encoding: "utf8",
  });

  assert.equal(status, 1);
  assert.match(stdout, /^not ok \d+ - file:.*broken\.test\.mjs$/m);
  assert.match(stdout, /^ok \d+ - runs$/m);
});

test("a run has a folder of its own: those of runs that go on stay, those of runs that have ended go", () => {
  const parent = join(folder, "entries");
  const names = [String(process.ppid), "999999999", "batch-1.mjs"];
  for (const name of names) mkdirSync(join(parent, name), { recursive: true });
  mkdirSync(join(parent, String(process.pid), "left"), { recursive: true });

  const own = ownFolder(parent);

  assert.deepEqual(readdirSync(parent).sort(), [String(process.pid), String(process.ppid)].sort());
  assert.deepEqual([own, readdirSync(own)], [join(parent, String(process.pid)), []]);
});
