/** Times as a zone's clocks show them. */
import { dateFormat } from "../time/date-format.ts";

/** For example "2026-03-29T03:00:00+02:00". */
export function localTime(at: number, tz: string): string {
  const parts = Object.fromEntries(
    dateFormat("en-GB", { ...SHOWN, timeZone: tz })
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const { year, month, day, hour, minute, second, timeZoneName = "GMT" } = parts;
  const offset = timeZoneName.replace("GMT", "") || "+00:00";
  return `${year}-${month}-${day}T${hour}:${minute}:${second}${offset}`;
}

/** What is unusual about a time: clocks were put forward at it, or they show it twice. */
export function clockChangeAt(at: number, tz: string): "gap" | "overlap" | undefined {
  const shift = offsetMs(at, tz) - offsetMs(at - 1, tz);
  if (shift > 0) return "gap";
  const later = offsetMs(at + 3 * HOUR_MS, tz) - offsetMs(at, tz);
  return later < 0 && offsetMs(at - later, tz) === offsetMs(at, tz) + later ? "overlap" : undefined;
}

const HOUR_MS = 3_600_000;
const SHOWN = {
  hourCycle: "h23",
  timeZoneName: "longOffset",
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
} as const;

/** How far the zone's clocks are ahead of UTC, ms. */
function offsetMs(at: number, tz: string): number {
  const wall = localTime(at, tz).slice(0, 19);
  return Date.parse(`${wall}Z`) - Math.floor(at / 1_000) * 1_000;
}
