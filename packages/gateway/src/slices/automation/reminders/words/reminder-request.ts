/**
 * What a message asks to be reminded of, and when. A pure function of the words: no model, no clock. A message is read only
 * when all of it is understood; what is left of it is what to be reminded of.
 */
import { type When, whenOf } from "./when.ts";

export type ReminderRequest =
  | { readonly kind: "request"; readonly text: string; readonly when: Exclude<When, { kind: "wrong" }> }
  /** Something is missing, or wrong (`isWrong`: it names a time that there is not); `why` asks back. */
  | { readonly kind: "unclear"; readonly why: string; readonly isWrong?: boolean };

/** Longer phrases are no times. */
const MAX_WORDS = 12;
/** Longer messages are looked at only at both ends. */
const MAX_CHARS = 4_000;
const LEAD =
  /^(?:@\S+[,:]?\s+)?(?:(?:please|pls|hey|ok(?:ay)?)[,!]?\s+)?(?:(?:can|could|would|will)\s+you\s+(?:please\s+)?)?remind\s+(?:me|us)\b[,:]?\s*/i;
const LINK = /^(?:to|that|about|of)\b[:,]?\s*|^[:,;–—-]+\s*/i;
/** What "remind me" is followed by when it asks for a reminder, and not for something that was said. */
const ASKS =
  /^(?:to|that|about|of|in|at|on|every|each|today|tonight|tomorrow|next|this|daily|hourly|weekly|monthly|noon|midnight|the day after|(?:mon|tues|wednes|thurs|fri|satur|sun|week)days?\b|\d)/i;
/** What goes on with a time that was read in part: “every 3” of “every 3 months”, “monday” of “monday through friday”. */
const GOES_ON =
  /^(?:of\s+(?:every|each)\b|(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?|through|thru|until|till)\b|(?:and|or)\s+\d{1,2}(?=\s+(?:to|that)\b|$)|[-–—]\s*\S+)/i;
/** As people write them; in small letters only where they are no word. */
const ZONE =
  /^(?:(?:UTC|GMT)(?:\s*[+-]\d{1,2}(?::?\d\d)?)?|utc|gmt|cet|cest|[ECMP][SD]T|ET|PT|CES?T|EES?T|WES?T|BST|IST|JST|AE[SD]T|MSK)(?![\w-])/;

const EXAMPLES = "“in 20 min”, “tomorrow at 9” or “every weekday at 8”";

/** Whether a message begins as one that asks for a reminder. */
export function startsLikeReminder(message: string): boolean {
  const lead = LEAD.exec(message.trim());
  return lead !== null && ASKS.test(message.trim().slice(lead[0].length));
}

/** Reads a message with or without "remind me" before it. */
export function parseReminder(message: string): ReminderRequest {
  const said = message.trim().slice(0, MAX_CHARS).replace(LEAD, "").trim();
  if (said === "")
    return { kind: "unclear", why: `Of what, and when? Say for example “remind me in 20 min to stretch”.` };
  const found = atStart(said) ?? atEnd(said);
  if (!found) return { kind: "unclear", why: `When? Say ${EXAMPLES} before or after it.` };
  const { when, rest } = found;
  if (when.kind === "wrong") return { kind: "unclear", why: when.why, isWrong: true };
  const unread = unreadIn(rest);
  if (unread !== undefined) return { kind: "unclear", why: unread, isWrong: true };
  const second = secondTimeIn(rest);
  if (second !== undefined)
    return {
      kind: "unclear",
      why: `“${second}” is a second time. Say one time, and “to” before what to be reminded of.`,
    };
  const text = rest
    .trim()
    .replace(LINK, "")
    .replace(/[\s,;:]+$/, "")
    .trim();
  if (text === "") return { kind: "unclear", why: "Of what? Say for example “remind me in 20 min to stretch”." };
  return { kind: "request", when, text };
}

/** Why what follows a time makes it another one; undefined when it does not. */
function unreadIn(rest: string): string | undefined {
  const said = rest.trim();
  const zone = ZONE.exec(said)?.[0];
  if (zone !== undefined)
    return `Times are read as your clocks show them. Say the time of your zone instead of ${zone}.`;
  const more = GOES_ON.exec(said)?.[0];
  if (more === undefined) return undefined;
  return `“${more}” makes it a time that is not understood. Say ${EXAMPLES}, and “to” before what to be reminded of.`;
}

interface Found {
  readonly when: When;
  readonly rest: string;
}

/** The longest time at the start: "in 20 min to stretch". */
function atStart(said: string): Found | undefined {
  const ends = [...said.matchAll(/\S+/g)].slice(0, MAX_WORDS).map(({ index, 0: word }) => index + word.length);
  for (const end of ends.reverse()) {
    const phrase = said.slice(0, end).replace(/[:;]$/, "");
    const when = whenOf(phrase);
    if (when) return { when, rest: said.slice(phrase.length) };
  }
  return undefined;
}

/** A time that follows the one that was read: "every 2nd" of "every 2nd tuesday at 8" is not what was meant. */
function secondTimeIn(rest: string): string | undefined {
  const said = rest.trim().replace(/[.!?]+$/, "");
  const [joined = "", word = ""] = /^(?:(and|or|the)\s+)?/i.exec(said) ?? [];
  const next = said.slice(joined.length);
  const [date] = /^\d{1,2}(?:st|nd|rd|th)\b/i.exec(next) ?? [];
  if (date !== undefined && word !== "") return `${joined}${date}`;
  if (word.toLowerCase() === "the" || LINK.test(said)) return undefined;
  const ends = [...next.matchAll(/\S+/g)].slice(0, 4).map(({ index, 0: each }) => index + each.length);
  const end = ends.reverse().find((at) => isTime(next.slice(0, at), word !== ""));
  return end === undefined ? undefined : joined + next.slice(0, end);
}

/** Bare numbers are no times of their own: "tomorrow at 9 3 apples". */
function isTime(phrase: string, isJoined: boolean): boolean {
  return (isJoined || !/^\d+(?:\s|$)/.test(phrase)) && whenOf(phrase) !== undefined;
}

/** The longest time at the end: "to stretch in 20 min". */
function atEnd(said: string): Found | undefined {
  const bare = said.replace(/[.!?]+$/, "");
  const starts = [...bare.matchAll(/\S+/g)].slice(1).slice(-MAX_WORDS);
  for (const { index } of starts) {
    const when = whenOf(bare.slice(index));
    if (when) return { when, rest: bare.slice(0, index) };
  }
  return undefined;
}
