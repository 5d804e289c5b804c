// Vectors of croner 11.0.1 around changes of daylight saving, the rules of catching up, and the simulator.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type CatchUp, dueSlots } from "./due.ts";
import { nextSlot, nextSlots, type Schedule } from "./schedule.ts";
import { type Simulation, simulate } from "./simulate.ts";

const DAY_MS = 24 * 3_600_000;
const VECTORS: readonly (readonly [expr: string, tz: string, from: string, slots: string])[] = [
  ["30 2 * * *", "Europe/Berlin", "2026-03-27T12:00", "2026-03-28T01:30 2026-03-29T01:00 2026-03-30T00:30"],
  ["*/15 2 * * *", "Europe/Berlin", "2026-03-28T12:00", "2026-03-30T00:00 2026-03-30T00:15"],
  ["30 2 * * *", "Europe/Berlin", "2026-10-23T12:00", "2026-10-24T00:30 2026-10-25T00:30 2026-10-26T01:30"],
  [
    ...(["0 * * * *", "Europe/Berlin", "2026-10-24T23:30"] as const),
    "2026-10-25T00:00 2026-10-25T01:00 2026-10-25T02:00 2026-10-25T03:00",
  ],
  [
    ...(["*/30 * * * *", "Europe/Berlin", "2026-10-24T23:45"] as const),
    "2026-10-25T00:00 2026-10-25T00:30 2026-10-25T01:00 2026-10-25T01:30 2026-10-25T02:00",
  ],
  ["30 2 * * *", "America/New_York", "2026-03-06T12:00", "2026-03-07T07:30 2026-03-08T07:00 2026-03-09T06:30"],
  ["30 1 * * *", "America/New_York", "2026-10-30T12:00", "2026-10-31T05:30 2026-11-01T05:30 2026-11-02T06:30"],
  ["15 2 * * *", "Australia/Lord_Howe", "2026-10-02T00:00", "2026-10-02T15:45 2026-10-03T15:30 2026-10-04T15:15"],
  ["45 1 * * *", "Australia/Lord_Howe", "2026-04-03T00:00", "2026-04-03T14:45 2026-04-04T14:45 2026-04-05T15:15"],
  ["0 0 * * *", "Africa/Cairo", "2026-04-23T12:00", "2026-04-23T22:00 2026-04-24T21:00"],
  ["30 0 * * *", "Asia/Beirut", "2026-03-28T12:00", "2026-03-28T22:00 2026-03-29T21:30"],
  ["0 9 L * *", "UTC", "2026-01-30T00:00", "2026-01-31T09:00 2026-02-28T09:00 2026-03-31T09:00"],
  ["0 9 31 * *", "UTC", "2026-01-30T00:00", "2026-01-31T09:00 2026-03-31T09:00 2026-05-31T09:00 2026-07-31T09:00"],
  ["0 0 29 2 *", "UTC", "2026-01-01T00:00", "2028-02-29T00:00 2032-02-29T00:00 2036-02-29T00:00"],
  [
    ...(["0 9 13 * 5", "UTC", "2026-02-01T00:00"] as const),
    "2026-02-06T09:00 2026-02-13T09:00 2026-02-20T09:00 2026-02-27T09:00 2026-03-06T09:00",
  ],
  ["0 9 * * MON#1", "UTC", "2026-02-06T10:00", "2026-03-02T09:00 2026-04-06T09:00"],
];
const DAILY: Schedule = { kind: "cron", expr: "0 8 * * *", tz: "Europe/Berlin" };
const at = (text: string) => Date.parse(`${text}Z`);

for (const [expr, tz, from, slots] of VECTORS) {
  test(`${expr} in ${tz} after ${from} fires at ${slots}`, () => {
    const expected = slots.split(" ");

    const found = nextSlots({ kind: "cron", expr, tz }, at(from), expected.length);

    assert.deepEqual(
      found.map((slot) => new Date(slot).toISOString().slice(0, 16)),
      expected,
    );
  });
}

for (const [expr, tz, from, slots] of [
  ["0 12 LW * *", "UTC", "2026-01-01T00:00", "2026-01-30T12:00 2026-02-27T12:00 2026-03-31T12:00"],
  ["0 12 15W * *", "UTC", "2026-01-01T00:00", "2026-01-15T12:00 2026-02-16T12:00 2026-03-16T12:00"],
  ["0 12 * * FRI#5", "UTC", "2026-01-01T00:00", "2026-01-30T12:00 2026-05-29T12:00 2026-07-31T12:00"],
  ["0 9 13 * +FRI", "UTC", "2026-01-01T00:00", "2026-02-13T09:00 2026-03-13T09:00 2026-11-13T09:00"],
  ["0 0 * * *", "America/Santiago", "2026-09-04T12:00", "2026-09-05T04:00 2026-09-06T04:00 2026-09-07T03:00"],
  ["30 0 * * *", "America/Havana", "2026-03-06T12:00", "2026-03-07T05:30 2026-03-08T05:00 2026-03-09T04:30"],
  ["30 1 * * *", "Antarctica/Troll", "2026-10-23T12:00", "2026-10-23T23:30 2026-10-24T23:30 2026-10-26T01:30"],
  ["30 2 * * *", "Africa/Casablanca", "2026-03-20T12:00", "2026-03-21T02:30 2026-03-22T02:00 2026-03-23T01:30"],
  ["50 2 * * *", "Pacific/Chatham", "2026-09-25T00:00", "2026-09-25T14:05 2026-09-26T14:00 2026-09-27T13:05"],
] as const)
  test(`${expr} in ${tz} after ${from} fires at ${slots}`, () => {
    const found = nextSlots({ kind: "cron", expr, tz }, at(from), 3);

    assert.equal(found.map((slot) => new Date(slot).toISOString().slice(0, 16)).join(" "), slots);
  });

// Found by walking every minute with another library of zones (zoneinfo of Python), not by asking croner.
for (const [expr, tz, from, slots] of [
  [
    "*/15 2 * * *",
    "Australia/Lord_Howe",
    "2025-10-04T14:00",
    "2025-10-04T15:30 2025-10-04T15:45 2025-10-05T15:00 2025-10-05T15:15 2025-10-05T15:30 2025-10-05T15:45",
  ],
  [
    "*/10 1 * * *",
    "Australia/Lord_Howe",
    "2025-04-05T13:30",
    "2025-04-05T14:00 2025-04-05T14:10 2025-04-05T14:20 2025-04-05T14:30 2025-04-05T14:40 2025-04-05T14:50 2025-04-05T15:00 2025-04-05T15:10 2025-04-05T15:20 2025-04-06T14:30 2025-04-06T14:40 2025-04-06T14:50",
  ],
  [
    "20,50 1 * * *",
    "Australia/Lord_Howe",
    "2025-04-05T13:30",
    "2025-04-05T14:20 2025-04-05T14:50 2025-04-05T15:20 2025-04-06T14:50",
  ],
  [
    "30 0 * * *",
    "Africa/Cairo",
    "2025-04-23T12:00",
    "2025-04-23T22:30 2025-04-24T22:00 2025-04-25T21:30 2025-04-26T21:30",
  ],
  [
    "*/20 23 * * *",
    "Africa/Cairo",
    "2025-10-30T18:00",
    "2025-10-30T20:00 2025-10-30T20:20 2025-10-30T20:40 2025-10-30T21:00 2025-10-30T21:20 2025-10-30T21:40 2025-10-31T21:00 2025-10-31T21:20",
  ],
  ["15 2 * * *", "Asia/Gaza", "2025-04-11T12:00", "2025-04-12T00:00 2025-04-12T23:15 2025-04-13T23:15"],
  ["30 1 * * *", "Asia/Gaza", "2025-10-24T12:00", "2025-10-24T22:30 2025-10-25T23:30 2025-10-26T23:30"],
  [
    "0 */2 * * *",
    "Antarctica/Troll",
    "2025-03-29T20:00",
    "2025-03-29T22:00 2025-03-30T00:00 2025-03-30T02:00 2025-03-30T04:00 2025-03-30T06:00 2025-03-30T08:00 2025-03-30T10:00 2025-03-30T12:00",
  ],
  ["30 2 * * *", "Antarctica/Troll", "2025-03-29T00:00", "2025-03-29T02:30 2025-03-30T01:00 2025-03-31T00:30"],
  [
    "0 1-4 * * *",
    "Antarctica/Troll",
    "2025-10-25T12:00",
    "2025-10-25T23:00 2025-10-26T00:00 2025-10-26T01:00 2025-10-26T02:00 2025-10-26T03:00 2025-10-26T04:00 2025-10-27T01:00 2025-10-27T02:00",
  ],
  ["0 0 1 1 *", "Pacific/Kiritimati", "2024-01-01T12:00", "2024-12-31T10:00 2025-12-31T10:00"],
  ["30 23 L * *", "Pacific/Kiritimati", "2025-01-01T00:00", "2025-01-31T09:30 2025-02-28T09:30 2025-03-31T09:30"],
  [
    "0 * * * *",
    "Pacific/Apia",
    "2011-12-30T08:00",
    "2011-12-30T09:00 2011-12-30T10:00 2011-12-30T11:00 2011-12-30T12:00",
  ],
  ["0 3 * * SUN", "Pacific/Apia", "2012-03-30T00:00", "2012-03-31T13:00 2012-04-07T14:00"],
  [
    "30 2 * * *",
    "Africa/Casablanca",
    "2025-02-21T12:00",
    "2025-02-22T01:30 2025-02-23T01:30 2025-02-24T02:30 2025-02-25T02:30",
  ],
  ["30 2 * * *", "Africa/Casablanca", "2025-04-04T12:00", "2025-04-05T02:30 2025-04-06T02:00 2025-04-07T01:30"],
  ["*/30 2 * * *", "Africa/Casablanca", "2025-04-05T12:00", "2025-04-07T01:00 2025-04-07T01:30"],
  ["0 9 * * FRI#2", "Asia/Kathmandu", "2025-01-01T00:00", "2025-01-10T03:15 2025-02-14T03:15 2025-03-14T03:15"],
  ["15 30 6 * * *", "Asia/Kolkata", "2025-06-01T00:00", "2025-06-01T01:00:15 2025-06-02T01:00:15 2025-06-03T01:00:15"],
  [
    "*/20 59 23 31 12 *",
    "America/St_Johns",
    "2025-12-31T00:00",
    "2026-01-01T03:29 2026-01-01T03:29:20 2026-01-01T03:29:40",
  ],
  ["0 9 * * FRIL", "Australia/Adelaide", "2025-09-01T00:00", "2025-09-25T23:30 2025-10-30T22:30 2025-11-27T22:30"],
  [
    "45 2 * * *",
    "Pacific/Chatham",
    "2025-04-04T00:00",
    "2025-04-04T13:00 2025-04-05T13:00 2025-04-06T14:00 2025-04-07T14:00",
  ],
  ["0 12 13 * FRI", "America/Caracas", "2025-06-01T00:00", "2025-06-06T16:00 2025-06-13T16:00 2025-06-20T16:00"],
  [
    "*/40 22-23 * * *",
    "America/Asuncion",
    "2024-10-05T12:00",
    "2024-10-06T02:00 2024-10-06T02:40 2024-10-06T03:00 2024-10-06T03:40 2024-10-07T01:00 2024-10-07T01:40",
  ],
  ["0 0 */5 * *", "Asia/Tehran", "2022-03-18T00:00", "2022-03-20T20:30 2022-03-25T19:30 2022-03-30T19:30"],
  // The day that Samoa left out has no end to fire at: a time that a change leaves out fires on its own day or not.
  ["0 9 * * *", "Pacific/Apia", "2011-12-28T00:00", "2011-12-28T19:00 2011-12-29T19:00 2011-12-30T19:00"],
] as const)
  test(`${expr} in ${tz} after ${from} fires as the walk through the minutes says`, () => {
    const expected = slots.split(" ");

    const found = nextSlots({ kind: "cron", expr, tz }, at(from), expected.length);

    assert.deepEqual(
      found.map((slot) => new Date(slot).toISOString().slice(0, slot % 60_000 === 0 ? 16 : 19)),
      expected,
    );
  });

test("the 30th of February never comes", () => {
  assert.equal(nextSlot({ kind: "cron", expr: "0 0 30 2 *", tz: "UTC" }, at("2026-01-01T00:00")), undefined);
});

test("every minute keeps the grid of its anchor", () => {
  const schedule: Schedule = { kind: "every", everyMs: 60_000, anchorMs: 1_700_000_000_000 };

  assert.equal(nextSlot(schedule, 1_795_969_194_403), 1_795_969_220_000);
});

for (const [name, expr, tz, problem] of [
  ["a minute that no hour has", "99 * * * *", "UTC", /CronPattern: Invalid value for minute: 99/],
  ["a zone that does not exist", "0 9 * * *", "Mars/Phobos", /Invalid time zone specified: Mars\/Phobos/],
  ["a field that is no field", "0 9 * * nope-x", "UTC", /the cron expression cannot be read; write its 5 fields/],
  ["too few fields", "0 9 *", "UTC", /5 fields/],
  ["one that is long", `${"1,".repeat(1_000_000)}1 * * * *`, "UTC", /^GatewayError: a cron expression has at most 256/],
] as const) {
  test(`${name} is refused with the reason`, () => {
    assert.throws(() => nextSlot({ kind: "cron", expr, tz }, 0), problem);
  });
}

const daily = (catchUp: CatchUp) => ({
  ...{ schedule: DAILY, catchUp, graceMs: DAY_MS, isRunning: false },
  nextAt: at("2026-06-01T06:00"),
});

for (const [name, catchUp, now, outcomes] of [
  ["a slot in time is fired", "latest", "2026-06-01T06:00", "fired"],
  ["a slot that was down for a minute is run late", "latest", "2026-06-01T06:01", "late"],
  ["of three days the latest is run", "latest", "2026-06-03T07:00", "missed missed late"],
  ["with all a slot that is younger than the grace is run", "all", "2026-06-02T05:00", "late"],
  ["none of three days is run", "none", "2026-06-03T07:00", "missed missed missed"],
] as const) {
  test(name, () => {
    const due = dueSlots(daily(catchUp), at(now));

    assert.equal(due.slots.map(({ outcome }) => outcome).join(" "), outcomes);
  });
}

test("with all at most ten are run", () => {
  const every = { kind: "every", everyMs: 60_000, anchorMs: 0 } as const;

  const due = dueSlots({ ...daily("all"), schedule: every, nextAt: 60_000 }, 3_600_000);

  assert.equal(due.slots.filter(({ outcome }) => outcome !== "missed").length, 10);
  assert.equal(due.nextAt, 3_660_000);
});

test("a slot that comes while its job runs is merged with it", () => {
  const due = dueSlots({ ...daily("latest"), isRunning: true }, at("2026-06-01T06:00"));

  assert.deepEqual(
    due.slots.map(({ outcome }) => outcome),
    ["coalesced"],
  );
});

test("a year of missed seconds is told in a bounded list that ends with the newest", () => {
  const seconds: Schedule = { kind: "cron", expr: "* * * * * *", tz: "UTC" };
  const now = at("2027-01-01T00:00");

  const due = dueSlots({ ...daily("latest"), schedule: seconds, nextAt: at("2026-01-01T00:00") }, now);

  assert.ok(due.slots.length <= 220);
  assert.deepEqual(due.slots.at(-1), { slot: now, outcome: "fired" });
  assert.equal(due.nextAt, now + 1_000);
});

const trial: Simulation = {
  ...{ schedule: DAILY, catchUp: "latest", graceMs: DAY_MS, tz: "Europe/Berlin" },
  ...{ from: at("2026-06-01T00:00"), to: at("2026-06-02T00:00"), downs: [], steps: [] },
};

test("the simulator says what a downtime delays", () => {
  const downs = [{ from: at("2026-06-01T05:59"), to: at("2026-06-01T06:01") }];

  const told = [...simulate({ ...trial, downs })];

  assert.deepEqual(told, [
    {
      ...{ slot: "2026-06-01T06:00:00.000Z", local: "2026-06-01T08:00:00+02:00" },
      ...{ outcome: "late", why: "down; catch-up latest" },
    },
  ]);
});

test("in the simulator a clock that is set back fires nothing twice", () => {
  const steps = [{ at: at("2026-06-01T06:30"), byMs: -3_600_000 }];

  const told = [...simulate({ ...trial, steps })];

  assert.deepEqual(
    told.map(({ slot, outcome }) => [slot, outcome]),
    [["2026-06-01T06:00:00.000Z", "fired"]],
  );
});

test("the simulator names times that a change of the clocks moves", () => {
  const schedule: Schedule = { kind: "cron", expr: "30 2 * * *", tz: "Europe/Berlin" };
  const year = { from: at("2026-01-01T00:00"), to: at("2026-12-31T00:00") };

  const odd = [...simulate({ ...trial, ...year, schedule })].filter(({ why }) => why !== "on time");

  assert.deepEqual(
    odd.map(({ slot, why }) => [slot, why]),
    [
      ["2026-03-29T01:00:00.000Z", "gap"],
      ["2026-10-25T00:30:00.000Z", "overlap"],
    ],
  );
});
