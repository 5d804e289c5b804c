import assert from "node:assert/strict";
import { test } from "node:test";
import { agoOf, clockTime, dayName, durationOf, minutesAndSeconds, periodName, shortAge } from "./time.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Noon, so that no hour of these tests is on another day. */
const NOW = new Date(2026, 2, 15, 12).getTime();

for (const [age, short, ago] of [
  [0, "now", "just now"],
  [MINUTE_MS - 1, "now", "just now"],
  [MINUTE_MS, "1 min", "1 min ago"],
  [HOUR_MS - 1, "59 min", "59 min ago"],
  [HOUR_MS, "1 h", "1 h ago"],
  [DAY_MS - 1, "23 h", "23 h ago"],
] as const)
  test(`${age} ms ago is “${short}”, and “${ago}” in a sentence`, () => {
    assert.deepEqual([shortAge(NOW - age, NOW), agoOf(NOW - age, NOW)], [short, ago]);
  });

test("what is a day old or older has its date", () => {
  assert.match(shortAge(NOW - DAY_MS, NOW), /14/);
  assert.match(agoOf(NOW - DAY_MS, NOW), /14/);
});

test("days are today, yesterday, or a date, with the year where it is another", () => {
  const name = (days: number) => dayName(NOW - days * DAY_MS, NOW);

  assert.deepEqual([name(0), name(1)], ["Today", "Yesterday"]);
  assert.match(name(2), /^\w+,? .*13/);
  assert.doesNotMatch(name(2), /2026/);
  assert.match(name(365), /2025/);
});

test("lists are grouped by two days, a week, a month and the rest", () => {
  const names = [0, 1, 2, 6, 7, 29, 30].map((days) => periodName(NOW - days * DAY_MS, NOW));

  assert.deepEqual(names, [
    "Today",
    "Yesterday",
    ...["Last 7 days", "Last 7 days"],
    ...["Last 30 days", "Last 30 days"],
    "Older",
  ]);
});

test("the time of day has its date before it when that was not today", () => {
  assert.doesNotMatch(clockTime(Date.now()), /,/);
  assert.match(clockTime(NOW), /15.*, /);
});

for (const [ms, shown] of [
  [40.4, "40 ms"],
  [999, "999 ms"],
  [1_000, "1.0 s"],
  [9_940, "9.9 s"],
  [10_000, "10 s"],
  [59_400, "59 s"],
  [60_000, "1 min 0 s"],
  [185_000, "3 min 5 s"],
] as const)
  test(`${ms} ms took “${shown}”`, () => assert.equal(durationOf(ms), shown));

test("a recording's length is in minutes and seconds", () => {
  assert.deepEqual([0, 5_999, 65_000, 750_000].map(minutesAndSeconds), ["0:00", "0:05", "1:05", "12:30"]);
});
