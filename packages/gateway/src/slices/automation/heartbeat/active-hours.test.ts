import assert from "node:assert/strict";
import { test } from "node:test";
import { durationMs, isActive, minuteOf, zoneOf } from "./active-hours.ts";

const HOURS: readonly (readonly [start: string, end: string, time: string, expected: boolean])[] = [
  ["08:00", "22:00", "08:00", true],
  ["08:00", "22:00", "22:00", false],
  ["08:00", "24:00", "23:59", true],
  ["22:00", "06:00", "23:30", true],
  ["22:00", "06:00", "05:59", true],
  ["22:00", "06:00", "06:00", false],
  ["22:00", "06:00", "12:00", false],
  ["08:00", "08:00", "08:00", false],
];
for (const [start, end, time, expected] of HOURS)
  test(`${time} is ${expected ? "" : "not "}within ${start} to ${end}`, () => {
    assert.equal(isActive({ start, end }, time), expected);
  });

test("hours follow the clock on the wall when it is put forward and back", () => {
  const at = (iso: string) => minuteOf(Date.parse(iso), "Europe/Berlin").slice(-5);

  const spring = ["2026-03-29T00:59Z", "2026-03-29T01:00Z"].map(at);
  const autumn = ["2026-10-25T00:30Z", "2026-10-25T01:30Z"].map(at);

  assert.deepEqual(
    [spring, autumn],
    [
      ["01:59", "03:00"],
      ["02:30", "02:30"],
    ],
  );
});

test("a zone that nobody knows is the machine's own", () => {
  assert.deepEqual(
    [undefined, "user", "local", "Mars/Phobos", "Asia/Tokyo"].map((name) => zoneOf(name, "UTC")),
    ["UTC", "UTC", "UTC", "UTC", "Asia/Tokyo"],
  );
});

test("lengths of time are read with their units, minutes without one", () => {
  assert.deepEqual(
    ["30m", "1h30m", "45", "0m", "0", "2d", "500ms"].map(durationMs),
    [1_800_000, 5_400_000, 2_700_000, 0, 0, 172_800_000, 500],
  );
});
