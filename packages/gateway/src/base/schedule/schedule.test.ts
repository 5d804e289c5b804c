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
  ["too few fields", "0 9 *", "UTC", /5 fields/],
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
