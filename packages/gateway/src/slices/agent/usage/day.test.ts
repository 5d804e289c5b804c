import assert from "node:assert/strict";
import { test } from "node:test";
import { dayOf } from "../../../base/time/date-format.ts";
import { daysBefore, nextMidnight, zoneOf } from "./day.ts";

const CASES: readonly [why: string, zone: string, at: string, day: string, midnight: string][] = [
  ["an ordinary day", "Europe/Berlin", "2026-06-10T10:00:00Z", "2026-06-10", "2026-06-10T22:00:00Z"],
  ["a day of 23 hours", "Europe/Berlin", "2026-03-28T23:30:00Z", "2026-03-29", "2026-03-29T22:00:00Z"],
  ["a day of 25 hours", "Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25", "2026-10-25T23:00:00Z"],
  ["a day whose midnight does not exist", "Africa/Cairo", "2026-04-23T20:00:00Z", "2026-04-23", "2026-04-23T22:00:00Z"],
  ["a midnight that is put back", "Africa/Cairo", "2026-10-29T20:30:00Z", "2026-10-29", "2026-10-29T22:00:00Z"],
  ["an offset of 45 minutes", "Asia/Kathmandu", "2026-01-01T18:00:00Z", "2026-01-01", "2026-01-01T18:15:00Z"],
  ["the last second", "UTC", "2026-12-31T23:59:59Z", "2026-12-31", "2027-01-01T00:00:00Z"],
];

for (const [why, zone, at, day, midnight] of CASES) {
  test(`a day ends at local midnight: ${why}`, () => {
    const instant = Date.parse(at);

    assert.equal(dayOf(instant, zone), day);
    assert.equal(new Date(nextMidnight(instant, zone)).toISOString(), midnight.replace("Z", ".000Z"));
  });
}

test("days are counted back over the ends of months and years", () => {
  assert.equal(daysBefore("2026-03-01", 1), "2026-02-28");
  assert.equal(daysBefore("2026-01-01", 1), "2025-12-31");
});

test("a time zone that nobody knows is the machine's own", () => {
  assert.equal(zoneOf("Mars/Olympus"), zoneOf(undefined));
  assert.equal(zoneOf("Asia/Tokyo"), "Asia/Tokyo");
});
