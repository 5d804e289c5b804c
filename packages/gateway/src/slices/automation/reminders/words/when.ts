/** Times as people say them, read without a clock: what a phrase means, not yet which instant that is. English only. */

import { type Day, dayOf, weekdaysOf } from "./day.ts";
import { spanMs } from "./span.ts";
import { type TimeOfDay, timeOfDayIn } from "./time-of-day.ts";

/** What a phrase such as "tomorrow at 9" says. */
export type When =
  | { readonly kind: "after"; readonly ms: number }
  /** Without a clock the reminder comes in the morning. */
  | { readonly kind: "once"; readonly day: Day; readonly clock?: TimeOfDay }
  /** At a distance; with a clock the first one is at that time of day. */
  | { readonly kind: "every"; readonly ms: number; readonly clock?: TimeOfDay }
  /** On days of the calendar: the last three fields of a cron expression. */
  | { readonly kind: "repeat"; readonly days: string; readonly clock?: TimeOfDay }
  /** A time was meant, and there is none such; the text says why, and what to write instead. */
  | { readonly kind: "wrong"; readonly why: string };

const DAY_MS = 24 * 3_600_000;
/** A century: later times are typing errors. */
const MAX_MS = 36_525 * DAY_MS;
/** Reminders do not come more often. */
const MIN_EVERY_MS = 60_000;

/** What a whole phrase means; undefined when it is not only a time. */
export function whenOf(phrase: string): When | undefined {
  const said = phrase
    .trim()
    .toLowerCase()
    .replace(/[,\s]+/g, " ")
    .trim();
  return afterOf(said) ?? everyOf(said) ?? onceOf(said);
}

/** "in 20 min", and "in 3 days at 9". */
function afterOf(said: string): When | undefined {
  const { rest, clock } = withoutClock(said);
  const ms = /^in /.test(rest) ? spanMs(rest.slice(3)) : undefined;
  if (ms === undefined) return undefined;
  if (ms <= 0) return wrong(`“${rest}” is now. Say a longer time, such as “in 20 min”.`);
  if (ms > MAX_MS) return wrong(`“${rest}” is more than a hundred years away.`);
  if (!clock) return { kind: "after", ms };
  if (clock.kind === "wrong") return clock;
  if (ms % DAY_MS !== 0) return wrong("Say either how long from now, or at what time; not both.");
  return { kind: "once", day: { kind: "days", count: ms / DAY_MS }, clock };
}

/** "every weekday at 8", "every 2 hours", "daily at 9", "every month on the 1st". */
function everyOf(said: string): When | undefined {
  const { rest, clock } = withoutClock(said);
  const named = Object.hasOwn(NAMED, rest) ? NAMED[rest] : undefined;
  const what = named ?? /^(?:every|each) (.+)$/.exec(rest)?.[1] ?? spokenOf(rest);
  if (what === undefined) return undefined;
  const found = repeatOf(what);
  if (!found || found.kind === "wrong") return found;
  if (clock?.kind === "wrong") return clock;
  if (found.kind === "repeat") return { ...found, ...((clock ?? found.clock) && { clock: clock ?? found.clock }) };
  if (found.ms < MIN_EVERY_MS) return wrong("Reminders come once a minute at most; say for example “every 10 min”.");
  if (found.ms > MAX_MS) return wrong(`“${rest}” is more than a hundred years.`);
  if (!clock) return found;
  if (found.ms % DAY_MS !== 0) return wrong(`“${rest}” has no time of day; leave the time out.`);
  return { ...found, clock };
}

type Repeat = Extract<When, { kind: "every" | "repeat" | "wrong" }>;

const NAMED: Readonly<Record<string, string>> = {
  daily: "day",
  hourly: "hour",
  weekly: "week",
  monthly: "month",
  yearly: "year",
};

/** What comes again without “every” in front: “mondays and fridays”, “on weekends”, “on the 1st of every month”. */
function spokenOf(said: string): string | undefined {
  const date = /^(?:on )?the (\d+(?:st|nd|rd|th)?) of (?:every|each) month$/.exec(said)?.[1];
  if (date !== undefined) return `month on the ${date}`;
  const days = said.replace(/^on /, "");
  return /^(?:[a-z]+days|weekends)(?:(?: and | )[a-z]+days)*$/.test(days) ? days : undefined;
}

const AT: Readonly<Record<string, TimeOfDay>> = {
  morning: { kind: "clock", hour: 9, minute: 0, isGuess: true },
  afternoon: { kind: "clock", hour: 15, minute: 0, isGuess: true },
  evening: { kind: "clock", hour: 19, minute: 0, isGuess: true },
  night: { kind: "clock", hour: 21, minute: 0, isGuess: true },
};

function repeatOf(what: string): Repeat | undefined {
  const part = Object.hasOwn(AT, what) ? AT[what] : undefined;
  if (part) return { kind: "repeat", days: "* * *", clock: part };
  if (what === "day") return { kind: "repeat", days: "* * *" };
  if (/^(?:week ?day|working day|work day)s?$/.test(what)) return { kind: "repeat", days: "* * 1-5" };
  if (/^weekends?$/.test(what)) return { kind: "repeat", days: "* * 0,6" };
  const weekdays = weekdaysOf(what.replace(/^week on /, ""));
  if (weekdays) return { kind: "repeat", days: `* * ${weekdays.join(",")}` };
  return datesOf(what) ?? spansOf(what);
}

/** "1st", "month on the 1st", "24 december", "year on 24 december". */
function datesOf(what: string): Repeat | undefined {
  const date = /^(?:month|year)(?: on(?: the)?)? (.+)$/.exec(what)?.[1] ?? what;
  const day = dayOf(/^\d/.test(date) && !/^\d+(?:st|nd|rd|th)?$/.test(date) ? `on ${date}` : `on the ${date}`);
  if (!day || !/\d/.test(date)) return undefined;
  if (day.kind === "wrong") return day;
  if (day.kind === "day-of-month") return { kind: "repeat", days: `${day.day} * *` };
  if (day.kind === "date" && day.year === undefined) return { kind: "repeat", days: `${day.day} ${day.month} *` };
  return undefined;
}

/** "2 hours", "hour", "other day". Months and years are of the calendar, and need a day. */
function spansOf(what: string): Repeat | undefined {
  if (what === "month") return wrong("On which day of the month? Say for example “every month on the 1st at 9”.");
  if (what === "year") return wrong("On which day of the year? Say for example “every year on 24 December at 9”.");
  if (what === "week") return wrong("On which day? Say for example “every Monday at 9”.");
  const ms = spanMs(what.replace(/^other /, "2 ").replace(/^(?=[a-z])/, "1 "));
  if (ms === undefined) return undefined;
  return ms > 0 ? { kind: "every", ms } : wrong(`“every ${what}” has no length. Say for example “every 10 min”.`);
}

/** "tomorrow 9am", "at 18:30", "next monday", "tonight", "on the 1st at 9". */
function onceOf(said: string): When | undefined {
  const alone = timeOfDayIn(said);
  if (alone?.kind === "wrong") return alone;
  if (alone) return { kind: "once", day: { kind: "next" }, clock: alone };
  const { rest, clock } = withoutClock(said);
  const part = /^(.+) (morning|afternoon|evening|night)$/.exec(
    rest === "tonight" ? "today night" : rest.replace(/^this /, "today "),
  );
  const day = part ? dayOf(part[1] ?? "") : dayOf(rest);
  if (!day) return undefined;
  if (day.kind === "wrong") return day;
  if (clock?.kind === "wrong") return clock;
  const at = clock ?? AT[part?.[2] ?? ""];
  return { kind: "once", day, ...(at && { clock: inPart(at, part?.[2]) }) };
}

/** "tonight at 8" is in the evening. */
function inPart(clock: TimeOfDay, part: string | undefined): TimeOfDay {
  const isLate = part !== undefined && part !== "morning";
  return isLate && clock.isBare && clock.hour >= 1 && clock.hour < 12 ? { ...clock, hour: clock.hour + 12 } : clock;
}

/** Takes the time of day from the end or the start of a phrase. */
function withoutClock(said: string): { rest: string; clock?: TimeOfDay | Extract<When, { kind: "wrong" }> } {
  const words = said.split(" ");
  for (let count = Math.min(4, words.length - 1); count > 0; count--) {
    const last = timeOfDayIn(words.slice(-count).join(" "));
    if (last) return { rest: words.slice(0, -count).join(" "), clock: last };
    const first = timeOfDayIn(words.slice(0, count).join(" "));
    if (first) return { rest: words.slice(count).join(" "), clock: first };
  }
  return { rest: said };
}

function wrong(why: string): Extract<When, { kind: "wrong" }> {
  return { kind: "wrong", why };
}
