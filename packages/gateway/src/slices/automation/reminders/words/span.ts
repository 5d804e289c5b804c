/** Lengths of time as people say them. */

const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(?:s|secs?|seconds?)$/, 1_000],
  [/^(?:m|mins?|minutes?)$/, 60_000],
  [/^(?:h|hrs?|hours?)$/, 3_600_000],
  [/^(?:d|days?)$/, 86_400_000],
  [/^(?:w|wks?|weeks?)$/, 7 * 86_400_000],
];
const NUMBERS: Readonly<Record<string, string>> = {
  ...{ a: "1", an: "1", one: "1", two: "2", three: "3", four: "4", five: "5", six: "6", seven: "7", eight: "8" },
  ...{ nine: "9", ten: "10", fifteen: "15", twenty: "20", thirty: "30", forty: "40", "forty-five": "45", sixty: "60" },
};

/** The milliseconds of "20 min", "1h30m", "an hour and a half", "half an hour"; undefined for anything else. */
export function spanMs(phrase: string): number | undefined {
  const said = phrase
    .replace(/\bhalf an? hour\b/g, "30 minutes")
    .replace(/\b(?:a )?quarter of an hour\b/g, "15 minutes")
    .replace(/\ban? hour and a half\b/g, "90 minutes")
    .replace(
      /\b(\w+) and a half (hours|days|weeks)\b/g,
      (_, count: string, unit: string) => `${halfMore(count)} ${unit}`,
    )
    .replace(/\b[a-z]+(?:-five)?\b/g, (word) => (Object.hasOwn(NUMBERS, word) ? (NUMBERS[word] ?? word) : word));
  const parts = [...said.matchAll(/(\d{1,9}(?:\.\d{1,3})?) ?([a-z]+)(?: and | |$|(?=\d))/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join("") !== said) return undefined;
  let ms = 0;
  for (const [, count = "", unit = ""] of parts) {
    const unitMs = UNITS.find(([pattern]) => pattern.test(unit))?.[1];
    if (unitMs === undefined) return undefined;
    ms += Number(count) * unitMs;
  }
  return Math.round(ms);
}

function halfMore(count: string): string {
  return `${(Object.hasOwn(NUMBERS, count) ? NUMBERS[count] : undefined) ?? count}.5`;
}
