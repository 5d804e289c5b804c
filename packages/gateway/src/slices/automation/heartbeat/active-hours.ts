/** Times of day at which heartbeats may ask a model, and lengths of time as settings spell them. */
import { ignore } from "../../../base/errors.ts";
import { dayOf, timeOfDay } from "../../../base/time/date-format.ts";

export interface ActiveHours {
  readonly start?: string;
  readonly end?: string;
  readonly timezone?: string;
}

/** Whether a time of day ("08:05") is within them: from start until before end, over midnight when end is earlier. */
export function isActive({ start = "00:00", end = "24:00" }: ActiveHours, time: string): boolean {
  if (start === end) return false;
  return start < end ? start <= time && time < end : time >= start || time < end;
}

/** The time zone that is meant; `local` for "user", "local", nothing, and names that nobody knows. */
export function zoneOf(name: string | undefined, local: string): string {
  if (name === undefined || name === "user" || name === "local") return local;
  try {
    timeOfDay(0, name);
    return name;
  } catch (error) {
    ignore(error, "a zone that is not known is the machine's own");
    return local;
  }
}

/** "2026-11-29 08:05" in a time zone. */
export function minuteOf(at: number, zone: string): string {
  return `${dayOf(at, zone)} ${timeOfDay(at, zone)}`;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The milliseconds of "30m", "1h30m" or "45" (minutes). */
export function durationMs(text: string): number {
  return [...text.matchAll(/([\d.]+)(ms|s|m|h|d)?/g)].reduce(
    (sum, [, count, unit = "m"]) => sum + Number(count) * (UNITS[unit] ?? 0),
    0,
  );
}
