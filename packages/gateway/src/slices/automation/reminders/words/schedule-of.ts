/** Finds the instants that a phrase means: now, in a time zone. Days follow the calendar and clocks of that zone. */
import { invalidRequest } from "../../../../base/errors.ts";
import { nextSlot, type Schedule } from "../../../../base/schedule/schedule.ts";
import { dayOf as localDay, timeOfDay } from "../../../../base/time/date-format.ts";
import { type Day, MONTHS, WEEKDAYS } from "./day.ts";
import type { TimeOfDay } from "./time-of-day.ts";
import type { When } from "./when.ts";

export interface TimeContext {
  /** Epoch ms. */
  readonly now: number;
  /** The name of a time zone that exists. */
  readonly tz: string;
}

export interface Planned {
  readonly schedule: Schedule;
  /** How the words were read where they could be read otherwise; sentences. */
  readonly notes: readonly string[];
}

const DAY_MS = 24 * 3_600_000;
/** When a reminder without a time of day comes. */
const MORNING: TimeOfDay = { kind: "clock", hour: 9, minute: 0, isGuess: true };

/** Throws `INVALID_REQUEST`, which says why, for times that are over or do not exist. */
export function plan(when: Exclude<When, { kind: "wrong" }>, here: TimeContext): Planned {
  const { now, tz } = here;
  switch (when.kind) {
    case "after":
      return { schedule: { kind: "at", atMs: now + when.ms }, notes: [] };
    case "every": {
      if (!when.clock) return { schedule: { kind: "every", everyMs: when.ms, anchorMs: now + when.ms }, notes: [] };
      const anchorMs = instantOf({ kind: "next" }, when.clock, here);
      const notes = [...readings(when.clock), "Days are counted as 24 hours: the time moves when clocks change."];
      return { schedule: { kind: "every", everyMs: when.ms, anchorMs }, notes };
    }
    case "repeat": {
      const { hour, minute } = when.clock ?? MORNING;
      return {
        schedule: { kind: "cron", expr: `${minute} ${hour} ${when.days}`, tz },
        notes: readings(when.clock ?? MORNING),
      };
    }
    case "once": {
      const clock = when.clock ?? MORNING;
      return { schedule: { kind: "at", atMs: instantOf(when.day, clock, here) }, notes: readings(clock) };
    }
  }
}

/** How a time of day was read that can be read in two ways, or was not said. */
function readings(clock: TimeOfDay): string[] {
  if (clock.isGuess) return [`No time was said; I took ${timeText(clock)}.`];
  if (!clock.isBare) return [];
  const other = { ...clock, hour: (clock.hour + 12) % 24 };
  return [`I read that as ${timeText(clock)}; say ${timeText(other)} if you meant that.`];
}

function timeText({ hour, minute }: TimeOfDay): string {
  return `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
}

function instantOf(day: Day, clock: TimeOfDay, here: TimeContext): number {
  const { now, tz } = here;
  if (day.kind === "next") {
    const next = nextSlot({ kind: "cron", expr: `${clock.minute} ${clock.hour} * * *`, tz }, now);
    if (next === undefined) throw invalidRequest(`${timeText(clock)} does not come in ${tz}; say another time.`);
    return next;
  }
  const today = civilOf(localDay(now, tz));
  const candidates = daysOf(day, today);
  for (const each of candidates) {
    const at = atCivil(each, clock, tz);
    if (at !== undefined && at > now) return at;
  }
  throw invalidRequest(over(candidates, { clock, here }));
}

function over(
  candidates: readonly number[],
  { clock, here: { now, tz } }: { clock: TimeOfDay; here: TimeContext },
): string {
  const day = candidates[0] ?? 0;
  const isThere = candidates.some((each) => atCivil(each, clock, tz) !== undefined);
  const name = `${timeText(clock)} on ${dayText(day)}`;
  if (!isThere) return `${name} does not exist in ${tz}; say another time.`;
  return `${name} is over: it is ${timeOfDay(now, tz)} on ${dayText(civilOf(localDay(now, tz)))} in ${tz}. Say a later time.`;
}

/** Days that are meant, the first that is to come counts; each as UTC midnight of that date, ms. */
function daysOf(day: Exclude<Day, { kind: "next" }>, today: number): number[] {
  switch (day.kind) {
    case "days":
      return [today + day.count * DAY_MS];
    case "weekday": {
      const ahead = (day.weekday - new Date(today).getUTCDay() + 7) % 7;
      return (day.isNext && ahead === 0 ? [7] : [ahead, ahead + 7]).map((count) => today + count * DAY_MS);
    }
    case "day-of-month": {
      const months = Array.from({ length: 4 }, (_, offset) => monthAfter(today, offset));
      return months.flatMap(({ year, month }) => realDate(year, month, day.day));
    }
    case "date": {
      const thisYear = new Date(today).getUTCFullYear();
      const years = day.year === undefined ? Array.from({ length: 9 }, (_, offset) => thisYear + offset) : [day.year];
      return years.flatMap((year) => realDate(year, day.month - 1, day.day));
    }
  }
}

function monthAfter(today: number, offset: number): { year: number; month: number } {
  const date = new Date(today);
  const first = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + offset, 1));
  return { year: first.getUTCFullYear(), month: first.getUTCMonth() };
}

/** Nothing for the 31st of a month that has 30 days. */
function realDate(year: number, month: number, day: number): number[] {
  const date = new Date(Date.UTC(year, month, day));
  return date.getUTCMonth() === month ? [date.getTime()] : [];
}

function civilOf(day: string): number {
  return Date.parse(`${day}T00:00Z`);
}

/** The instant of a time of day on a date, by the rules of jobs when clocks change; undefined when the zone has no such day. */
function atCivil(day: number, { hour, minute }: TimeOfDay, tz: string): number | undefined {
  const date = new Date(day);
  const expr = `${minute} ${hour} ${date.getUTCDate()} ${date.getUTCMonth() + 1} *`;
  const at = nextSlot({ kind: "cron", expr, tz }, day - 36 * 3_600_000);
  return at !== undefined && at < day + 3 * DAY_MS ? at : undefined;
}

function dayText(day: number): string {
  const date = new Date(day);
  return `${WEEKDAYS[date.getUTCDay()]}, ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}
