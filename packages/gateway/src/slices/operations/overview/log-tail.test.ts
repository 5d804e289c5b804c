import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { tailLog } from "./log-tail.ts";

const folder = mkdtempSync(join(tmpdir(), "moltbot-tail-"));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

function fileOf(text: string): string {
  const path = join(folder, `log-${++files}.log`);
  writeFileSync(path, text);
  return path;
}

const ALL = { limit: 100, maxBytes: 1_000 };

test("without a cursor the whole of a short file is told", () => {
  const path = fileOf("one\ntwo\n");

  assert.deepEqual(tailLog(path, ALL), {
    file: `log-${files}.log`,
    cursor: 8,
    size: 8,
    lines: ["one", "two"],
    truncated: false,
    reset: false,
  });
});

test("a cursor goes on where the last answer ended", () => {
  const path = fileOf("one\n");
  const { cursor } = tailLog(path, ALL);
  appendFileSync(path, "two\nthree\n");

  const { lines, cursor: next } = tailLog(path, { ...ALL, cursor });

  assert.deepEqual(lines, ["two", "three"]);
  assert.deepEqual(tailLog(path, { ...ALL, cursor: next }).lines, []);
});

test("half a line waits for its other half", () => {
  const path = fileOf("one\ntw");
  const first = tailLog(path, ALL);
  appendFileSync(path, "o\n");

  const second = tailLog(path, { ...ALL, cursor: first.cursor });

  assert.deepEqual([first.lines, second.lines], [["one"], ["two"]]);
});

test("a limit keeps the last lines and says that there were more", () => {
  const { lines, truncated } = tailLog(fileOf("one\ntwo\nthree\n"), { ...ALL, limit: 2 });

  assert.deepEqual([lines, truncated], [["two", "three"], true]);
});

test("a byte limit begins with a whole line", () => {
  const { lines, truncated } = tailLog(fileOf("one\ntwo\nthree\n"), { ...ALL, maxBytes: 8 });

  assert.deepEqual([lines, truncated], [["three"], true]);
});

for (const [what, cursor] of [
  ["beyond the file, which was turned over", 1_000],
  ["too far behind", 0],
] as const) {
  test(`a cursor ${what} starts again near the end, and says so`, () => {
    const { lines, reset } = tailLog(fileOf("one\ntwo\nthree\n"), { ...ALL, maxBytes: 10, cursor });

    assert.deepEqual([lines, reset], [["three"], true]);
  });
}

test("a limit in the middle of a character loses the broken line only", () => {
  const { lines } = tailLog(fileOf("éé\nzwei\n"), { ...ALL, maxBytes: 7 });

  assert.deepEqual(lines, ["zwei"]);
});

test("a file that is not there yet is empty", () => {
  assert.deepEqual(tailLog(join(folder, "none.log"), ALL), {
    file: "none.log",
    cursor: 0,
    size: 0,
    lines: [],
    truncated: false,
    reset: false,
  });
});
