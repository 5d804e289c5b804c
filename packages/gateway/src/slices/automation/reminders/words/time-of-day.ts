/** Times of day as people say them. */

export interface TimeOfDay {
  readonly kind: "clock";
  readonly hour: number;
  readonly minute: number;
  /** Said as a number of hours alone: "at 8" is read as 08:00, and the answer says so. */
  readonly isBare?: boolean;
  /** The hour was not said, as in "in the morning". */
  readonly isGuess?: boolean;
}

export interface InvalidTime {
  readonly kind: "wrong";
  readonly why: string;
}

/** "at 18:30", "9am", "at noon"; a number alone needs "at". Undefined when the phrase is no time of day. */
export function timeOfDayIn(phrase: string): TimeOfDay | InvalidTime | undefined {
  const hasAt = /^(?:at|@) ?/.test(phrase);
  const said = phrase.replace(/^(?:at|@) ?/, "");
  if (said === "noon" || said === "midday") return { kind: "clock", hour: 12, minute: 0 };
  if (said === "midnight") return { kind: "clock", hour: 0, minute: 0 };
  const match = /^(\d{1,3})(?:[:.](\d{1,3}))?(?: ?(am|pm|a\.m\.?|p\.m\.?|o'?clock|h|hrs|hours))?$/.exec(said);
  if (!match) return undefined;
  const [, hours = "", minutes, mark = ""] = match;
  const isSure = hasAt || /^(?:a|p)/.test(mark) || (minutes !== undefined && said.includes(":"));
  if (!isSure) return undefined;
  return checked(
    said,
    { hour: Number(hours), minute: Number(minutes ?? 0), half: mark[0] ?? "" },
    minutes === undefined,
  );
}

function checked(
  said: string,
  { hour, minute, half }: { hour: number; minute: number; half: string },
  isWhole: boolean,
): TimeOfDay | InvalidTime {
  const isHalved = half === "a" || half === "p";
  if (isHalved && (hour < 1 || hour > 12 || minute > 59))
    return { kind: "wrong", why: `${said} is not a time of day: with am and pm, hours go from 1 to 12.` };
  if (hour === 24 && minute === 0 && !isHalved) return { kind: "clock", hour: 0, minute: 0 };
  if (hour > 23 || minute > 59)
    return { kind: "wrong", why: `${said} is not a time of day: write one from 00:00 to 23:59.` };
  if (!isHalved) return { kind: "clock", hour, minute, ...(isWhole && hour >= 1 && hour <= 12 && { isBare: true }) };
  return { kind: "clock", hour: (hour % 12) + (half === "p" ? 12 : 0), minute };
}
