/** Days as people say them: which day of the calendar a phrase names, seen from a day that is not known yet. */
import { defined } from "../../../../base/defined.ts";
import type { InvalidTime } from "./time-of-day.ts";

export type Day =
  /** The next day on which the time of day is still to come. */
  | { readonly kind: "next" }
  | { readonly kind: "days"; readonly count: number }
  /** 0 is Sunday. `isNext`: not today. */
  | { readonly kind: "weekday"; readonly weekday: number; readonly isNext: boolean }
  | { readonly kind: "day-of-month"; readonly day: number }
  /** Months go from 1 to 12. */
  | { readonly kind: "date"; readonly day: number; readonly month: number; readonly year?: number };

export const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;
const SHORT_DAYS: Readonly<Record<string, number>> = {
  ...{ sun: 0, mon: 1, tue: 2, tues: 2, wed: 3, weds: 3, thu: 4, thur: 4, thurs: 4, fri: 5, sat: 6 },
};
export const MONTHS = [
  ...["January", "February", "March", "April", "May", "June"],
  ...["July", "August", "September", "October", "November", "December"],
] as const;
const MOST_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** The day that a whole phrase names. */
export function dayOf(phrase: string): Day | InvalidTime | undefined {
  if (phrase === "today") return { kind: "days", count: 0 };
  if (phrase === "tomorrow") return { kind: "days", count: 1 };
  if (/^(?:the )?day after tomorrow$/.test(phrase)) return { kind: "days", count: 2 };
  if (phrase === "next week") return { kind: "days", count: 7 };
  const named = /^(?:(on|next|this) )?([a-z]+)$/.exec(phrase);
  // "mondays" are more than one.
  const weekday = named && !/days$/.test(named[2] ?? "") ? weekdayOf(named[2] ?? "") : undefined;
  if (weekday !== undefined) return { kind: "weekday", weekday, isNext: named?.[1] === "next" };
  return dateOf(phrase.replace(/^on (?:the )?/, ""), /^on /.test(phrase));
}

/** "monday", "monday and friday", "tuesdays", "mon tue wed"; numbers, 0 is Sunday. */
export function weekdaysOf(phrase: string): number[] | undefined {
  const words = phrase.split(/ and | |\//).filter((word) => word !== "");
  const days = words.map(weekdayOf);
  return days.length > 0 && days.every((day) => day !== undefined)
    ? [...new Set(days)].sort((a, b) => a - b)
    : undefined;
}

function weekdayOf(word: string): number | undefined {
  const full = WEEKDAYS.findIndex((day) => `${day.toLowerCase()}s`.startsWith(word) && word.length >= day.length);
  if (full >= 0) return full;
  return Object.hasOwn(SHORT_DAYS, word) ? SHORT_DAYS[word] : undefined;
}

/** "1st", "24 dec", "dec 24 2027", "2027-12-24". A number alone needs "on the". */
function dateOf(said: string, hasOn: boolean): Day | InvalidTime | undefined {
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(said);
  if (iso) return checked(Number(iso[3]), Number(iso[2]), Number(iso[1]));
  if (/^\d{1,2}[/.]\d{1,2}(?:[/.]\d{2,4})?$/.test(said) && hasOn)
    return {
      kind: "wrong",
      why: `“${said}” can be read in two ways. Write the month as a word, such as “on 3 April”.`,
    };
  const ordinal = /^(\d{1,3})(st|nd|rd|th)?(?: of (?:the|this) month)?$/.exec(said);
  if (ordinal && (hasOn || ordinal[2])) return dayOfMonth(Number(ordinal[1]));
  const dayFirst = /^(\d{1,3})(?:st|nd|rd|th)?(?: of)? ([a-z]+)(?: (\d{4}))?$/.exec(said);
  if (dayFirst) return named(dayFirst[1], dayFirst[2], dayFirst[3]);
  const monthFirst = /^([a-z]+) (\d{1,3})(?:st|nd|rd|th)?(?: (\d{4}))?$/.exec(said);
  return monthFirst ? named(monthFirst[2], monthFirst[1], monthFirst[3]) : undefined;
}

function named(day = "", month = "", year?: string): Day | InvalidTime | undefined {
  const index = MONTHS.findIndex((each) => each.toLowerCase().startsWith(month) && month.length >= 3);
  const other = month === "sept" ? 8 : index;
  return other < 0 ? undefined : checked(Number(day), other + 1, year === undefined ? undefined : Number(year));
}

function dayOfMonth(day: number): Day | InvalidTime {
  if (day >= 1 && day <= 31) return { kind: "day-of-month", day };
  return { kind: "wrong", why: `No month has a day ${day}.` };
}

function checked(day: number, month: number, year: number | undefined): Day | InvalidTime {
  const name = MONTHS[month - 1];
  if (name === undefined) return { kind: "wrong", why: `There is no month ${month}.` };
  const isShort = month === 2 && year !== undefined && new Date(Date.UTC(year, 1, 29)).getUTCMonth() !== 1;
  const most = isShort ? 28 : (MOST_DAYS[month - 1] ?? 31);
  if (day < 1 || day > most)
    return { kind: "wrong", why: `${name}${year === undefined ? "" : ` ${year}`} has no day ${day}.` };
  return { kind: "date", day, month, ...defined({ year }) };
}
