/**
 * Schedules as pure functions: which times, called slots, a schedule names. Loads croner, so it is itself loaded when a
 * schedule is first asked. Version 11.0.1 of croner is pinned, because versions differ around changes of daylight saving:
 * a fixed time that a change leaves out fires when the change is over, a wildcard in it does not fire, and a fixed time
 * that comes twice fires the first time.
 */
import { Cron } from "croner";
import { detailOf, invalidRequest } from "../errors.ts";
import { sha256Hex } from "../ids.ts";
import { isZone } from "../time/date-format.ts";

/** When a job is due. All times are epoch milliseconds. */
export type Schedule =
  | { readonly kind: "at"; readonly atMs: number }
  | { readonly kind: "every"; readonly everyMs: number; readonly anchorMs: number }
  | {
      readonly kind: "cron";
      readonly expr: string;
      readonly tz: string;
      /** How far slots may be moved, and how far they are, ms. */
      readonly staggerMs?: number;
      readonly offsetMs?: number;
    };

/** How many expressions are kept parsed. */
const MAX_PARSED = 1_000;
const MAX_EXPR_CHARS = 256;
const parsed = new Map<string, Cron>();

/** The first slot later than `after`; undefined when there is none. Throws `INVALID_REQUEST` for what cannot be read. */
export function nextSlot(schedule: Schedule, after: number): number | undefined {
  if (schedule.kind === "at") return schedule.atMs > after ? schedule.atMs : undefined;
  if (schedule.kind === "every") return nextEvery(schedule, after);
  const { offsetMs = 0 } = schedule;
  const next = patternOf(schedule)
    .nextRun(new Date(after - offsetMs))
    ?.getTime();
  return next === undefined ? undefined : next + offsetMs;
}

/** The next slots, at most `count`. */
export function nextSlots(schedule: Schedule, after: number, count: number): number[] {
  const slots: number[] = [];
  for (let slot = nextSlot(schedule, after); slot !== undefined && slots.length < count; ) {
    slots.push(slot);
    slot = nextSlot(schedule, slot);
  }
  return slots;
}

/** How far a job's slots are moved, ms: always alike for its id, so that many jobs at one minute do not begin together. */
export function staggerOf(id: string, staggerMs: number): number {
  const share = Number.parseInt(sha256Hex(id).slice(0, 8), 16) / 2 ** 32;
  return Math.floor(staggerMs * share);
}

/** Throws `INVALID_REQUEST`, which says what is wrong, when the schedule cannot be read. */
export function checkSchedule(schedule: Schedule): void {
  if (schedule.kind === "cron") patternOf(schedule);
}

function nextEvery({ everyMs, anchorMs }: { everyMs: number; anchorMs: number }, after: number): number {
  if (after < anchorMs) return anchorMs;
  return anchorMs + (Math.floor((after - anchorMs) / everyMs) + 1) * everyMs;
}

function patternOf({ expr, tz }: { expr: string; tz: string }): Cron {
  const key = `${tz} ${expr}`;
  const known = parsed.get(key);
  if (known) return known;
  requireShort(expr);
  requireFields(expr);
  requireZone(tz);
  const pattern = read(expr, tz);
  if (parsed.size >= MAX_PARSED) parsed.clear();
  parsed.set(key, pattern);
  return pattern;
}

/** What is wrong is said with the expression, and a long one takes long to read. */
function requireShort(expr: string): void {
  if (expr.length > MAX_EXPR_CHARS)
    throw invalidRequest(`a cron expression has at most ${MAX_EXPR_CHARS} characters; not ${expr.length}`);
}

/** Five or six fields: croner alone would also take a year and dates, which no client of ours writes. */
function requireFields(expr: string): void {
  const count = expr.trim().split(/\s+/).length;
  if (expr.trim().startsWith("@") || count === 5 || count === 6) return;
  throw invalidRequest(
    `a cron expression has 5 fields (minute hour day month weekday), or 6 with seconds; not ${count}`,
  );
}

function requireZone(tz: string): void {
  if (isZone(tz)) return;
  throw invalidRequest(`Invalid time zone specified: ${tz.slice(0, 64)}; use a name such as Europe/Berlin`);
}

/** A value that a field does not take is told with the field, in the words that clients of January know. */
function problemIn(detail: string): string {
  const [known] = /^CronPattern: Invalid value for \w{1,16}: [^\s]{1,16}$/.exec(detail) ?? [];
  return (
    known ?? "the cron expression cannot be read; write its 5 fields as in 0 8 * * 1-5 (minute hour day month weekday)"
  );
}

function read(expr: string, tz: string): Cron {
  try {
    return new Cron(expr, { timezone: tz, paused: true });
  } catch (error) {
    throw invalidRequest(problemIn(detailOf(error)));
  }
}
