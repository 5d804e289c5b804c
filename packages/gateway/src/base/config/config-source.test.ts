// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables as config files name them
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { resolveConfig } from "./config-source.ts";
import { parseJson5 } from "./json5.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moltbot-source-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Reads `moltbot.json5` of these files. */
function read(files: Readonly<Record<string, string>>, env: Record<string, string> = {}) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const parsed = parseJson5(files["moltbot.json5"]!) as Record<string, unknown>;
  return resolveConfig(parsed, { path: join(folder, "moltbot.json5"), env });
}

test("variables stand for what the environment says, and two dollars for the words themselves", () => {
  const text = '{ a: "${KEY}", b: "x-${KEY}-${OTHER}", c: ["${KEY}"], d: "$${KEY}", e: "${lower} $KEY" }';

  const { value, missing } = read({ "moltbot.json5": text }, { KEY: "k", OTHER: "o" });

  assert.deepEqual(value, { a: "k", b: "x-k-o", c: ["k"], d: "${KEY}", e: "${lower} $KEY" });
  assert.deepEqual(missing, []);
});

test("a variable that is not set is named, and its value is not there", () => {
  const { value, missing } = read({ "moltbot.json5": '{ models: { key: "${NONE}", list: ["a", "${NONE}"] } }' });

  assert.deepEqual(value, { models: { list: ["a"] } });
  assert.deepEqual(
    missing.map(({ path, message }) => [path, /variable (\w+)/.exec(message)?.[1]]),
    [
      ["models.key", "NONE"],
      ["models.list.1", "NONE"],
    ],
  );
});

test("variables of the file .env beside it count, behind those of the environment", () => {
  const files = {
    "moltbot.json5": '{ a: "${A}", b: "${B}" }',
    ".env": "# mine\nexport A='one # two'\nB=two # a comment\n",
  };

  assert.deepEqual(read(files, { B: "three" }).value, { a: "one # two", b: "three" });
});

test("included files are merged in order, lists are joined, and what stands beside wins", () => {
  const { value, issues } = read({
    "moltbot.json5":
      '{ $include: ["base.json5", "parts/more.json5"], port: 3, channels: { $include: "channels.json5" } }',
    "base.json5": "{ port: 1, list: [1], deep: { a: 1, b: 1 } }",
    "parts/more.json5": '{ port: 2, list: [2], deep: { $include: "deep.json5" } }',
    "parts/deep.json5": "{ b: 2 }",
    "channels.json5": "{ telegram: {} }",
  });

  assert.deepEqual(value, { port: 3, list: [1, 2], deep: { a: 1, b: 2 }, channels: { telegram: {} } });
  assert.deepEqual(issues, []);
});

for (const [what, files, message] of [
  ["a file that is not there", {}, /names other\.json5, which is not there/],
  ["a file that is no JSON5", { "other.json5": "{ a: " }, /which is not valid JSON5/],
  [
    "a file that includes itself",
    { "other.json5": '{ $include: "other.json5" }' },
    /names other\.json5, which includes itself$/,
  ],
  [
    "a file that includes itself through another",
    { "other.json5": '{ a: { $include: "./next.json5" } }', "next.json5": '{ $include: "moltbot.json5" }' },
    /names moltbot\.json5, which includes itself through other\.json5, next\.json5$/,
  ],
] as const)
  test(`${what} makes the config invalid, with a sentence`, () => {
    const { issues } = read({ "moltbot.json5": '{ agents: { $include: "other.json5" } }', ...files });

    assert.match(issues[0]?.path ?? "", /^agents\.(?:a\.)*\$include/);
    assert.match(issues[0]?.message ?? "", message);
  });

test("what stands behind an element that is left out keeps its place in what is said of it", () => {
  const { value, placeOf } = read({
    "moltbot.json5": '{ a: { list: ["${NONE}", { b: ["x", "${NONE}", "${NONE}", "y"] }, 3], other: [1, 2] } }',
  });

  assert.deepEqual(value, { a: { list: [{ b: ["x", "y"] }, 3], other: [1, 2] } });
  assert.deepEqual(["a.list.0.b.1", "a.list.0.b.0", "a.list.1", "a.other.1", "a.list", "a.list.7"].map(placeOf), [
    ...["a.list.1.b.3", "a.list.1.b.0", "a.list.2", "a.other.1", "a.list", "a.list.7"],
  ]);
});

test("no files that include each other hold the process, whatever way they do", () => {
  const branches = (name: string, count: number) =>
    Array.from({ length: count }, (_, index) => `p${index}: { $include: "${name}" }`).join();
  const chain = Array.from({ length: 12 }, (_, index) => [
    `c${index}.json5`,
    `{ ${branches(`c${index + 1}.json5`, 4)} }`,
  ]);
  const before = process.cpuUsage();

  const { issues, included } = read({
    "moltbot.json5": `{ ${branches("a.json5", 3)}, q: { $include: "b.json5" }, r: { $include: "c0.json5" } }`,
    "a.json5": `{ ${branches("./a.json5", 3)} }`,
    "b.json5": `{ ${branches("big.json5", 5)} }`,
    "big.json5": `{ x: "${"y".repeat(1_500_000)}" }`,
    ...Object.fromEntries(chain),
  });

  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 5_000_000, `${(user + system) / 1_000} ms of CPU`);
  assert.equal(included.length, 200);
  assert.deepEqual(
    [/includes itself$/, /larger than 4 MB$/, /after 200 other files/].map((each) =>
      issues.some(({ message }) => each.test(message)),
    ),
    [true, true, true],
  );
  assert.ok(JSON.stringify(issues).length < 100_000);
});
