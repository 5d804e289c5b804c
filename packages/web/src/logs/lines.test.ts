import assert from "node:assert/strict";
import { test } from "node:test";
import { forReport, isOwn, isShown, NO_FILTER, readLine } from "./lines.ts";

const line = (more: object) =>
  readLine(JSON.stringify({ time: "2026-11-30T08:00:00.000Z", level: "info", msg: "sent", ...more }), 1);

test("a line is shown when it fits every filter", () => {
  const telegram = line({
    level: "warn",
    channel: "telegram",
    account: "work",
    runId: "abc",
    sessionKey: "agent:main:main",
  });
  const cases: [Partial<typeof NO_FILTER>, boolean][] = [
    [{}, true],
    [{ level: "error" }, false],
    [{ word: "WORK" }, true],
    [{ account: "telegram" }, true],
    [{ account: "telegram/home" }, false],
    [{ runId: "ab" }, true],
    [{ sessionKey: "agent:main:other" }, false],
    [{ since: Date.parse("2026-11-30T08:00:01Z") }, false],
  ];

  for (const [filter, expected] of cases)
    assert.equal(isShown(telegram, { ...NO_FILTER, ...filter }), expected, JSON.stringify(filter));
});

test("the page's own traffic is known, and a line that is no JSON is its own text", () => {
  assert.deepEqual(
    [isOwn(line({ connId: "c1" }), "c1"), isOwn(line({ method: "logs.tail" }), "c2"), isOwn(line({}), "c1")],
    [true, true, false],
  );
  assert.equal(readLine("Segmentation fault", 1).text, "Segmentation fault");
});

test("a report holds no address, number, folder of a person, or key", () => {
  const text = forReport([
    line({
      peer: "+43 660 1234567",
      ip: "192.168.0.7",
      file: "/home/anna/x",
      mail: "anna@example.org",
      key: "sk-live-0123456789abcdef0123",
    }),
  ]);

  assert.equal(
    text,
    "2026-11-30T08:00:00.000Z info sent peer=[number] ip=[ip] file=/home/[name]/x mail=[address] key=[id]",
  );
});
