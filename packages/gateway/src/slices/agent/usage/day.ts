/** Calendar days where the gateway lives: budgets begin anew at local midnight, whatever daylight saving does there. */
import { ignore } from "../../../base/errors.ts";
import { dayOf } from "../../../base/time/date-format.ts";

/** Whether a text is a day of the calendar, as "2026-03-29". */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const noon = new Date(`${text}T12:00:00Z`);
  return !Number.isNaN(noon.getTime()) && noon.toISOString().startsWith(text);
}

/** The day so many days before another one. */
export function daysBefore(day: string, count: number): string {
  return new Date(Date.parse(`${day}T12:00:00Z`) - count * DAY_MS).toISOString().slice(0, 10);
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** No day is longer, and no zone's offset changes by more. */
const LONGEST_DAY_MINUTES = 30 * 60;

/** When the day after begins: the first minute that shows another date. Some zones skip midnight, or have it twice. */
export function nextMidnight(at: number, timeZone: string): number {
  const today = dayOf(at, timeZone);
  const start = Math.floor(at / MINUTE_MS) * MINUTE_MS;
  let [before, after] = [0, LONGEST_DAY_MINUTES];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (dayOf(start + middle * MINUTE_MS, timeZone) > today) after = middle;
    else before = middle;
  }
  return start + after * MINUTE_MS;
}

const zones = new Map<string | undefined, string>();

/** The time zone of a setting; the machine's own when there is none or nobody knows it. */
export function zoneOf(setting: string | undefined): string {
  const known = zones.get(setting) ?? findZone(setting);
  zones.set(setting, known);
  return known;
}

function findZone(setting: string | undefined): string {
  try {
    if (setting !== undefined) return new Intl.DateTimeFormat("en", { timeZone: setting }).resolvedOptions().timeZone;
  } catch (error) {
    ignore(error, "not a time zone: the machine's own counts");
  }
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
