// Times as people read them, in the browser's own language.

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

/** The time of day, with the date before it when that was not today. */
export function clockTime(at: number): string {
  const date = new Date(at);
  return isSameDay(at, Date.now()) ? clock.format(date) : `${day.format(date)}, ${clock.format(date)}`;
}

const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const oldDay = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const DAY_MS = 24 * 3_600_000;

/** A day as people call it: "Today", "Yesterday", "Monday, 2 November". */
export function dayName(at: number, now = Date.now()): string {
  const date = new Date(at);
  if (isSameDay(at, now)) return "Today";
  if (isSameDay(at, now - DAY_MS)) return "Yesterday";
  return (date.getFullYear() === new Date(now).getFullYear() ? weekday : oldDay).format(date);
}

/** Days as a list is grouped by them: single ones for two days, then a week, a month, and the rest. */
export function periodName(at: number, now = Date.now()): string {
  if (isSameDay(at, now)) return "Today";
  if (isSameDay(at, now - DAY_MS)) return "Yesterday";
  if (now - at < 7 * DAY_MS) return "Last 7 days";
  return now - at < 30 * DAY_MS ? "Last 30 days" : "Older";
}

function isSameDay(one: number, other: number): boolean {
  return new Date(one).toDateString() === new Date(other).toDateString();
}

/** How long ago, in a word or two: "now", "5 min", "3 h", or the date. */
export function shortAge(at: number, now = Date.now()): string {
  const minutes = Math.floor((now - at) / 60_000);
  if (minutes < 1) return "now";
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h`;
  return day.format(new Date(at));
}

/** How long something took: "40 ms", "1.2 s", "3 min 5 s". */
export function durationOf(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** How long something is, as players show it: "0:05", "12:30". */
export function minutesAndSeconds(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
