// What took longest is told before the runner's own summary, which stays the end.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestEvent } from "node:test/reporters";
import { slowestBeforeSummary } from "../../scripts/test/slowest.ts";

const passed = (file: string, name: string, ms: number, { nesting = 0, type = "test" } = {}) => ({
  type: "test:pass",
  data: { name, nesting, file: `/project/${file}`, details: { duration_ms: ms, type } },
});
const message = (text: string) => ({ type: "test:diagnostic", data: { message: text, nesting: 0 } });

async function told(events: readonly object[]): Promise<string[]> {
  const source = (async function* () {
    yield* events as TestEvent[];
  })();
  const lines: string[] = [];
  for await (const event of slowestBeforeSummary({ root: "/project" })(source))
    if (event.type === "test:diagnostic") lines.push(event.data.message);
  return lines;
}

test("files are the sum of their tests, groups are no tests, and the summary comes last", async () => {
  const lines = await told([
    passed("a.test.ts", "inner", 1_500, { nesting: 1 }),
    passed("a.test.ts", "a group", 2_000, { type: "suite" }),
    passed("a.test.ts", "another", 1_000),
    passed("b.test.ts", "quick", 10),
    message("tests 3"),
    message("pass 3"),
  ]);

  assert.deepEqual(lines, [
    "slowest files",
    "    3.0 s  a.test.ts",
    "slowest tests",
    "    1.5 s  a.test.ts: inner",
    "    1.0 s  a.test.ts: another",
    "tests 3",
    "pass 3",
  ]);
});

test("twenty are named and no more", async () => {
  const tests = Array.from({ length: 25 }, (_, index) => passed("a.test.ts", `test ${index}`, 1_000 + index));

  const lines = await told([...tests, message("tests 25")]);

  assert.equal(lines.filter((line) => line.includes("a.test.ts: ")).length, 20);
  assert.match(lines[3]!, /1\.0 s {2}a\.test\.ts: test 24$/);
});

test("where nothing is slow, nothing is said of it", async () => {
  assert.deepEqual(await told([passed("a.test.ts", "x", 20), message("tests 1")]), ["tests 1"]);
});
