// The real scheduler on a clock that moves by itself: what it writes down is what the simulator says.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as breath } from "node:timers/promises";
import type { Schedule } from "../../../../base/schedule/schedule.ts";
import { type Simulation, simulate } from "../../../../base/schedule/simulate.ts";
import { openStore } from "../../../../base/store/store.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import { firstSlot } from "../jobs/job-config.ts";
import { Jobs } from "../jobs/jobs.ts";
import { tables } from "../tables.ts";
import { Scheduler, type SchedulerOptions } from "./scheduler.ts";
import { SlotEndHandler } from "./slot-end-handler.ts";
import { Slots } from "./slots.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** One timer at a time, which is all that the scheduler sets; the wall clock may be set. */
class WallClock {
  #real = 0;
  #wall: number;
  timer: { due: number; fn: () => void } | undefined;

  constructor(at: number) {
    this.#wall = at;
  }

  now = () => this.#wall + this.#real;
  monotonic = () => this.#real;

  after = (ms: number, fn: () => void): Disposable => {
    const timer = { due: this.#real + ms, fn };
    this.timer = timer;
    return {
      [Symbol.dispose]: () => {
        if (this.timer === timer) this.timer = undefined;
      },
    };
  };

  set(byMs: number): void {
    this.#wall += byMs;
  }

  /** Lets time pass until the wall clock shows `at`; each timer's work is over before the next one fires. */
  async pass(at: number): Promise<void> {
    const end = this.#real + Math.max(0, at - this.now());
    for (let { timer } = this; timer && timer.due <= end; { timer } = this) {
      this.#real = timer.due;
      this.timer = undefined;
      timer.fn();
      await this.armed();
    }
    this.#real = end;
  }

  async armed(): Promise<void> {
    while (!this.timer) await breath();
  }
}

interface Case extends Pick<Simulation, "schedule" | "from" | "to"> {
  readonly name: string;
  readonly catchUp?: Simulation["catchUp"];
  readonly graceMs?: number;
  readonly downs?: Simulation["downs"];
  readonly steps?: Simulation["steps"];
}

function scheduler(clock: WallClock, store: ReturnType<typeof openStore>): Scheduler {
  const nothing = () => {};
  const log = {
    info: nothing,
    warn: nothing,
    debug: nothing,
    error: (sentence: string, more: object) => assert.fail(`${sentence} ${JSON.stringify(more)}`),
  };
  const services = {
    ...{ clock: clock as unknown as Clock, store, log },
    sessions: { mainKey: () => "agent:main:main" },
    heartbeat: { note: nothing, wake: nothing },
    messaging: { accounts: { find: nothing } },
  };
  const settings = {
    current: {
      ...{ enabled: true, maxConcurrentRuns: 4, skipMissedJobs: false, disableAfterErrors: 10 },
      retry: { maxAttempts: 5, backoffMs: [30_000] },
    },
  };
  const [jobs, slots] = [new Jobs(store), new Slots(store)];
  const alerts = { tell: () => ({ alert: undefined }), send: () => undefined };
  const posts = { look: nothing, add: nothing };
  const places = { now: { placeOf: nothing } };
  const more = { services, settings, jobs, slots, posts, places, bodyOf: () => ({}), programs: {}, changed: nothing };
  const ends = new SlotEndHandler({ ...more, alerts });
  return new Scheduler({ ...more, ends } as unknown as SchedulerOptions);
}

/** What the real scheduler writes down. */
async function written({ schedule, from, to, catchUp = "latest", graceMs = DAY_MS, downs = [], steps = [] }: Case) {
  using store = openStore(":memory:", [tables]);
  const clock = new WallClock(from);
  const nextAt = firstSlot(schedule, { now: from, protocol: 3, method: "cron.add" });
  new Jobs(store).save({
    ...{
      id: "job",
      enabled: true,
      nextAt,
      errors: 0,
      state: {},
      declarationKey: undefined,
      createdAt: from,
      updatedAt: from,
    },
    config: {
      ...{ name: "job", schedule, sessionTarget: "main", wakeMode: "next-heartbeat", catchUp, graceMs },
      ...{ payload: { kind: "systemEvent", text: "tick" }, delivery: { mode: "none" } },
    },
  });
  let running = scheduler(clock, store);
  running.look();
  await clock.armed();
  const all = [...downs.map((down) => ({ at: down.from, down })), ...steps.map((step) => ({ at: step.at, step }))];
  for (const event of all.sort((a, b) => a.at - b.at)) {
    // What is due at the very beginning of a downtime is missed.
    await clock.pass("down" in event ? event.at - 1 : event.at);
    if ("step" in event) clock.set(event.step.byMs);
    else {
      running[Symbol.dispose]();
      clock.timer = undefined;
      await clock.pass(event.down.to);
      running = scheduler(clock, store);
      running.look();
      await clock.armed();
    }
  }
  await clock.pass(to);
  running[Symbol.dispose]();
  const sql = "select slot_at as at, outcome, state from cron_slots where slot_at <= ? order by slot_at";
  return store.all<{ at: number; outcome: string; state: string }>(sql, to).map(({ at, outcome, state }) => {
    assert.equal(state, outcome === "fired" || outcome === "late" ? "ok" : "skipped");
    return `${new Date(at).toISOString()} ${outcome}`;
  });
}

const at = (text: string) => Date.parse(`${text}Z`);
const cron = (expr: string, tz: string): Schedule => ({ kind: "cron", expr, tz });
const EVERY = (everyMs: number, anchorMs: number): Schedule => ({ kind: "every", everyMs, anchorMs });
const span = (from: string, to: string) => ({ from: at(from), to: at(to) });

/** Where a table of results is short, it is written out: the simulator and the scheduler might be wrong together. */
const CASES: (Case & { expected?: string[] })[] = [
  {
    ...{ name: "Berlin, clocks go forward", schedule: cron("30 2 * * *", "Europe/Berlin") },
    ...span("2026-03-27T12:00", "2026-03-30T12:00"),
    expected: ["2026-03-28T01:30 fired", "2026-03-29T01:00 fired", "2026-03-30T00:30 fired"],
  },
  {
    ...{ name: "Berlin, a wildcard while clocks go forward", schedule: cron("*/15 2 * * *", "Europe/Berlin") },
    ...span("2026-03-28T12:00", "2026-03-30T00:20"),
    expected: ["2026-03-30T00:00 fired", "2026-03-30T00:15 fired"],
  },
  {
    ...{ name: "Berlin, clocks go back", schedule: cron("30 2 * * *", "Europe/Berlin") },
    ...span("2026-10-23T12:00", "2026-10-26T12:00"),
    expected: ["2026-10-24T00:30 fired", "2026-10-25T00:30 fired", "2026-10-26T01:30 fired"],
  },
  {
    ...{ name: "Lord Howe, half an hour forward", schedule: cron("15 2 * * *", "Australia/Lord_Howe") },
    ...span("2026-10-02T00:00", "2026-10-05T00:00"),
    expected: ["2026-10-02T15:45 fired", "2026-10-03T15:30 fired", "2026-10-04T15:15 fired"],
  },
  {
    ...{ name: "Lord Howe, half an hour back", schedule: cron("45 1 * * *", "Australia/Lord_Howe") },
    ...span("2026-04-03T00:00", "2026-04-06T00:00"),
    expected: ["2026-04-03T14:45 fired", "2026-04-04T14:45 fired", "2026-04-05T15:15 fired"],
  },
  {
    ...{ name: "Apia, a day that never was", schedule: cron("0 12 * * *", "Pacific/Apia") },
    ...span("2011-12-28T00:00", "2012-01-01T00:00"),
    expected: ["2011-12-28T22:00 fired", "2011-12-29T22:00 fired", "2011-12-30T22:00 fired", "2011-12-31T22:00 fired"],
  },
  {
    ...{ name: "Casablanca, an hour back before Ramadan", schedule: cron("30 2 * * *", "Africa/Casablanca") },
    ...span("2026-02-13T12:00", "2026-02-17T12:00"),
  },
  {
    ...{ name: "Casablanca, an hour forward after Ramadan", schedule: cron("30 2 * * *", "Africa/Casablanca") },
    ...span("2026-03-20T12:00", "2026-03-24T12:00"),
  },
  {
    name: "Troll, two hours",
    schedule: cron("30 1 * * *", "Antarctica/Troll"),
    ...span("2026-03-27T12:00", "2026-03-31T12:00"),
  },
  {
    name: "Cairo, no midnight",
    schedule: cron("0 0 * * *", "Africa/Cairo"),
    ...span("2026-04-22T12:00", "2026-04-26T12:00"),
  },
  {
    name: "New York, hourly over the overlap",
    schedule: cron("0 * * * *", "America/New_York"),
    ...span("2026-11-01T02:30", "2026-11-01T09:30"),
  },
  {
    name: "Santiago, clocks go forward at midnight",
    schedule: cron("15 0 * * *", "America/Santiago"),
    ...span("2026-09-04T12:00", "2026-09-08T12:00"),
  },
  {
    ...{ name: "down over the change of clocks, latest", schedule: cron("30 2 * * *", "Europe/Berlin") },
    ...{ ...span("2026-03-27T12:00", "2026-03-31T12:00"), downs: [span("2026-03-28T12:00", "2026-03-30T06:00")] },
    expected: ["2026-03-28T01:30 fired", "2026-03-29T01:00 missed", "2026-03-30T00:30 late", "2026-03-31T00:30 fired"],
  },
  {
    ...{ name: "down for three days, older than its grace", schedule: cron("0 8 * * *", "UTC"), graceMs: HOUR_MS },
    ...{ ...span("2026-06-01T12:00", "2026-06-06T12:00"), downs: [span("2026-06-02T00:00", "2026-06-04T12:00")] },
    expected: [
      "2026-06-02T08:00 missed",
      "2026-06-03T08:00 missed",
      "2026-06-04T08:00 missed",
      "2026-06-05T08:00 fired",
      "2026-06-06T08:00 fired",
    ],
  },
  {
    ...{ name: "down for a minute around its time", schedule: cron("0 8 * * *", "Europe/Berlin") },
    ...{ ...span("2026-06-01T00:00", "2026-06-01T12:00"), downs: [span("2026-06-01T05:59", "2026-06-01T06:01")] },
    expected: ["2026-06-01T06:00 late"],
  },
  {
    ...{ name: "down for twelve hours, all", schedule: EVERY(HOUR_MS, at("2026-06-01T00:10")), catchUp: "all" },
    ...{ ...span("2026-06-01T00:00", "2026-06-01T20:00"), downs: [span("2026-06-01T03:00", "2026-06-01T15:00")] },
  },
  {
    ...{ name: "down, none", schedule: EVERY(HOUR_MS, at("2026-06-01T00:10")), catchUp: "none" },
    ...{ ...span("2026-06-01T00:00", "2026-06-01T09:00"), downs: [span("2026-06-01T03:00", "2026-06-01T05:00")] },
  },
  {
    ...{
      name: "down for a day with a job of each minute",
      schedule: EVERY(MINUTE_MS, at("2026-06-01T00:00")),
      catchUp: "all",
    },
    ...{ ...span("2026-06-01T00:00", "2026-06-02T02:00"), downs: [span("2026-06-01T00:30", "2026-06-02T01:00")] },
  },
  {
    ...{ name: "the clock is set back an hour after its time", schedule: cron("0 8 * * *", "UTC") },
    ...{ ...span("2026-06-01T07:00", "2026-06-02T12:00"), steps: [{ at: at("2026-06-01T08:30"), byMs: -HOUR_MS }] },
    expected: ["2026-06-01T08:00 fired", "2026-06-02T08:00 fired"],
  },
  {
    ...{ name: "the clock is set forward over its time", schedule: cron("0 8 * * *", "UTC") },
    ...{ ...span("2026-06-01T07:00", "2026-06-02T12:00"), steps: [{ at: at("2026-06-01T07:30"), byMs: HOUR_MS }] },
    expected: ["2026-06-01T08:00 late", "2026-06-02T08:00 fired"],
  },
  {
    ...{ name: "the clock is a year ahead for ten minutes", schedule: cron("0 * * * *", "UTC") },
    ...span("2026-06-01T07:10", "2026-06-01T12:10"),
    steps: [
      { at: at("2026-06-01T08:20"), byMs: 365 * DAY_MS },
      { at: at("2027-06-01T08:30"), byMs: -365 * DAY_MS },
    ],
    expected: [8, 9, 10, 11, 12].map((hour) => `2026-06-01T${String(hour).padStart(2, "0")}:00 fired`),
  },
  {
    ...{
      name: "the clock is a day ahead, and right again when the gateway is up again",
      schedule: cron("0 8 * * *", "UTC"),
    },
    ...{ ...span("2026-06-01T07:00", "2026-06-04T12:00"), downs: [] },
    steps: [
      { at: at("2026-06-01T07:30"), byMs: 3 * DAY_MS },
      { at: at("2026-06-04T07:40"), byMs: -3 * DAY_MS },
    ],
    expected: [
      "2026-06-01T08:00 fired",
      "2026-06-02T08:00 fired",
      // It was run when the clock showed the fourth already.
      "2026-06-03T08:00 late",
      "2026-06-04T08:00 fired",
    ],
  },
  {
    ...{ name: "the clock is set back and forth by minutes", schedule: EVERY(10 * MINUTE_MS, at("2026-06-01T00:00")) },
    ...span("2026-06-01T00:05", "2026-06-01T03:00"),
    steps: [
      { at: at("2026-06-01T01:02"), byMs: -25 * MINUTE_MS },
      { at: at("2026-06-01T01:31"), byMs: 17 * MINUTE_MS },
    ],
  },
];

for (const { expected, ...given } of CASES)
  test(`${given.name}: the scheduler writes down what the simulator says`, async () => {
    const { catchUp = "latest", graceMs = DAY_MS, downs = [], steps = [] } = given;

    const log = await written(given);

    const told = [...simulate({ ...given, catchUp, graceMs, downs, steps, tz: "UTC" })];
    assert.deepEqual(
      log,
      told.map(({ slot, outcome }) => `${slot} ${outcome}`),
    );
    if (expected)
      assert.deepEqual(
        log,
        expected.map((line) => line.replace(" ", ":00.000Z ")),
      );
  });
