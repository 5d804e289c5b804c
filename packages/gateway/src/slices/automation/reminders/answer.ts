/** How reminders are told to people: the time with its zone, and the next times. */

import { localTime } from "../../../base/schedule/local-time.ts";
import { timeOfDay } from "../../../base/time/date-format.ts";
import type { CreatedReminder } from "./reminders.ts";
import type { ReminderShape } from "./schema.ts";
import { MONTHS, WEEKDAYS } from "./words/day.ts";

/** The answer to somebody who has asked for a reminder. */
export function answerOf({ reminder, notes }: CreatedReminder): string {
  const { id, text, nextAtMs, repeats, tz } = reminder;
  const [first] = nextAtMs;
  if (first === undefined) return `Reminder ${id} will never come: ${text}`;
  const times = nextAtMs.map((at) => momentText(at, tz));
  const when = repeats ? `The next times: ${times.join("; ")} (${zoneText(first, tz)}).` : "";
  const said = repeats ? "I will remind you" : `I will remind you on ${times[0]} (${zoneText(first, tz)})`;
  return [`${said}: ${text}`, when, ...notes, `It is number ${id}; \`/reminders cancel ${id}\` ends it.`]
    .filter((line) => line !== "")
    .join("\n");
}

/** A line of a list. */
export function lineOf({ id, text, nextAtMs, repeats, tz }: ReminderShape): string {
  const [first] = nextAtMs;
  const when = first === undefined ? "off" : `${momentText(first, tz)} ${tz}${repeats ? ", and again" : ""}`;
  return `${id}. ${text} _(${when})_`;
}

/** "Monday, 30 November 2026 at 08:00". */
function momentText(at: number, tz: string): string {
  const [year = "", month = "", day = ""] = localTime(at, tz).slice(0, 10).split("-");
  const weekday = WEEKDAYS[new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDay()];
  return `${weekday}, ${Number(day)} ${MONTHS[Number(month) - 1]} ${year} at ${timeOfDay(at, tz)}`;
}

/** "Europe/Berlin, UTC+01:00". */
function zoneText(at: number, tz: string): string {
  return tz === "UTC" ? tz : `${tz}, UTC${localTime(at, tz).slice(19)}`;
}
