import assert from "node:assert/strict";
import { test } from "node:test";
import { dateFormat, dayOf, timeOfDay } from "./date-format.ts";

test("a formatter is made once for a locale and options, and anew for others", () => {
  const berlin = dateFormat("en-GB", { timeZone: "Europe/Berlin", hour: "2-digit" });
  assert.equal(dateFormat("en-GB", { timeZone: "Europe/Berlin", hour: "2-digit" }), berlin);
  assert.notEqual(dateFormat("en-GB", { timeZone: "Asia/Tokyo", hour: "2-digit" }), berlin);
  assert.notEqual(dateFormat("en-CA", { timeZone: "Europe/Berlin", hour: "2-digit" }), berlin);
});

test("an instant has the day and the time of its zone", () => {
  const at = Date.parse("2026-03-28T23:30:00Z");
  assert.equal(dayOf(at, "UTC"), "2026-03-28");
  assert.equal(dayOf(at, "Europe/Berlin"), "2026-03-29");
  assert.equal(timeOfDay(at, "UTC"), "23:30");
  assert.equal(timeOfDay(at, "Asia/Kolkata"), "05:00");
});

test("an unknown time zone throws each time", () => {
  for (const _ of [1, 2]) assert.throws(() => dayOf(0, "Mars/Olympus"), RangeError);
});
