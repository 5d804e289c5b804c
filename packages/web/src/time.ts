// Times as people read them, in the language of the page.

import { dates, numbers } from "./words/formatters.ts";
import { t } from "./words/t.ts";

const clock = dates({ hour: "numeric", minute: "2-digit" });
const day = dates({ day: "numeric", month: "short" });
const tenths = numbers({ minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** The time of day, with the date before it when that was not today. */
export function clockTime(at: number): string {
  return isSameDay(at, Date.now()) ? clock.format(at) : t("{0}, {1}", day.format(at), clock.format(at));
}

const weekday = dates({ weekday: "long", day: "numeric", month: "long" });
const oldDay = dates({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const DAY_MS = 24 * 3_600_000;

/** A day as people call it: "Today", "Yesterday", "Monday, 2 November". */
export function dayName(at: number, now = Date.now()): string {
  if (isSameDay(at, now)) return t("Today");
  if (isSameDay(at, now - DAY_MS)) return t("Yesterday");
  return (new Date(at).getFullYear() === new Date(now).getFullYear() ? weekday : oldDay).format(at);
}

/** Days as a list is grouped by them: single ones for two days, then a week, a month, and the rest. */
export function periodName(at: number, now = Date.now()): string {
  if (isSameDay(at, now)) return t("Today");
  if (isSameDay(at, now - DAY_MS)) return t("Yesterday");
  if (now - at < 7 * DAY_MS) return t("Last 7 days");
  return now - at < 30 * DAY_MS ? t("Last 30 days") : t("Older");
}

function isSameDay(one: number, other: number): boolean {
  return new Date(one).toDateString() === new Date(other).toDateString();
}

/** How long ago, in a word or two: "now", "5 min", "3 h", or the date. */
export function shortAge(at: number, now = Date.now()): string {
  const minutes = Math.floor((now - at) / 60_000);
  if (minutes < 1) return t("now");
  if (minutes < 60) return t("{0} min", minutes);
  if (minutes < 24 * 60) return t("{0} h", Math.floor(minutes / 60));
  return day.format(at);
}

/** How long ago, in a sentence: "just now", "5 min ago", "3 h ago", or the date. */
export function agoOf(at: number, now = Date.now()): string {
  const minutes = Math.floor((now - at) / 60_000);
  if (minutes < 1) return t("just now");
  if (minutes < 60) return t("{0} min ago", minutes);
  if (minutes < 24 * 60) return t("{0} h ago", Math.floor(minutes / 60));
  return day.format(at);
}

/** How long something took: "40 ms", "1.2 s", "3 min 5 s". */
export function durationOf(ms: number): string {
  if (ms < 1_000) return t("{0} ms", Math.round(ms));
  const seconds = ms / 1_000;
  if (seconds < 60) return t("{0} s", seconds < 10 ? tenths.format(seconds) : Math.round(seconds));
  const whole = Math.round(seconds);
  return t("{0} min {1} s", Math.floor(whole / 60), whole % 60);
}

/** How long something is, as players show it: "0:05", "12:30". */
export function minutesAndSeconds(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
