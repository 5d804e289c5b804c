import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { searchLog } from "./log-tail.ts";

const folder = mkdtempSync(join(tmpdir(), "moltbot-search-"));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, "gateway.log");
const OPTIONS = { limit: 100, maxBytes: 1_000_000 };
const DAY = Date.parse("2026-03-01T00:00:00.000Z");

const line = (minute: number, level: string, msg: string, fields: object = {}) =>
  JSON.stringify({ time: new Date(DAY + minute * 60_000).toISOString(), level, msg, ...fields });

const telegram = line(1, "warn", "the link is down", { channel: "telegram", account: "work" });
const run = line(2, "info", "a run is taken up again", { runId: "4f1c-77" });
const crash = line(3, "error", "Größe überschritten", { channel: "signal" });

const queries: readonly [what: string, query: object, expected: readonly string[]][] = [
  ["a level and those above", { level: "warn" }, [telegram, crash]],
  ["a channel", { account: "telegram" }, [telegram]],
  ["an account of a channel", { account: "telegram/work" }, [telegram]],
  ["another account of it", { account: "telegram/home" }, []],
  ["the one account of a channel", { account: "signal/default" }, [crash]],
  ["the beginning of a run's id", { run: "4f1c" }, [run]],
  ["words in any case, all of them", { words: ["GRÖSSE", "über"] }, []],
  ["words beyond ASCII", { words: ["größe", "ÜBER"] }, [crash]],
  ["a time", { since: DAY + 2 * 60_000 }, [run, crash]],
];

for (const [what, query, expected] of queries)
  test(`lines are found by ${what}, in the file before it too`, async () => {
    writeFileSync(`${path}.1`, `${telegram}\n`);
    writeFileSync(path, `${run}\n${crash}\n`);

    assert.deepEqual((await searchLog(path, OPTIONS, query)).lines, expected);
  });

test("a line far back in a large file is found, lines of any length and letters stay whole", async () => {
  const filler = line(5, "info", "filler ä€😀".repeat(30));
  const long = line(5, "info", "x".repeat(600_000));
  writeFileSync(`${path}.1`, "");
  writeFileSync(path, `${telegram}\n${`${filler}\n`.repeat(3_000)}${long}\n${`${filler}\n`.repeat(3_000)}`);

  const found = await searchLog(path, OPTIONS, { level: "warn" });
  const filled = await searchLog(path, { limit: 10_000, maxBytes: 100_000_000 }, { words: ["filler"] });

  assert.deepEqual(found.lines, [telegram]);
  assert.deepEqual([filled.lines.length, new Set(filled.lines)], [6_000, new Set([filler])]);
});

test("the newest are told when there are more than were asked for, and the cursor goes on from there", async () => {
  writeFileSync(`${path}.1`, "");
  writeFileSync(path, `${[1, 2, 3].map((at) => line(at, "warn", `number ${at}`)).join("\n")}\n`);

  const first = await searchLog(path, { ...OPTIONS, limit: 2 }, { level: "warn" });
  appendFileSync(path, `${run}\n${crash}\n`);
  const next = await searchLog(path, { ...OPTIONS, cursor: first.cursor }, { level: "warn" });

  assert.deepEqual(
    [first.truncated, first.lines.map((each) => JSON.parse(each).msg)],
    [true, ["number 2", "number 3"]],
  );
  assert.deepEqual(next.lines, [crash]);
});
