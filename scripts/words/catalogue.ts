/** Whether a catalogue says everything that English says, and nothing else. */
import type { Forms } from "./source.ts";

type Entry = string | Readonly<Record<string, string>>;

/** Every text of a language, as its file has it. */
export type Catalogue = Readonly<Record<string, Entry>>;

/** What is wrong with a catalogue, each in a sentence. */
export function problemsOf(
  language: string,
  catalogue: Catalogue,
  english: Readonly<Record<string, string | Forms>>,
): string[] {
  const missing = Object.keys(english).filter((key) => !Object.hasOwn(catalogue, key));
  const unknown = Object.keys(catalogue).filter((key) => !Object.hasOwn(english, key));
  return [
    ...missing.map((key) => `${language}: “${key}” is missing.`),
    ...unknown.map((key) => `${language}: “${key}” is not said anywhere; remove it.`),
    ...Object.entries(catalogue).flatMap(([key, entry]) =>
      english[key] === undefined
        ? []
        : problemsOfEntry(entry, english[key], language).map((why) => `${language}: “${key}” ${why}`),
    ),
  ];
}

function problemsOfEntry(entry: Entry, english: string | Forms, language: string): string[] {
  if (typeof english === "string")
    return typeof entry === "string" ? problemsOfText(entry, english) : ["counts nothing; write one text."];
  if (typeof entry === "string") return ["has one text; write one for each form."];
  const wanted = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
  const forms = Object.keys(entry);
  return [
    ...wanted.filter((form) => !forms.includes(form)).map((form) => `lacks the form “${form}”.`),
    ...forms.filter((form) => !wanted.includes(form as Intl.LDMLPluralRule)).map((form) => `has no form “${form}”.`),
    // A form may write its number as a word, or name what only English names.
    ...Object.values(entry).flatMap((text) =>
      [...marksOf(text)]
        .filter((mark) => !english.other.includes(mark) && !english.one.includes(mark))
        .map((mark) => `has ${mark}, which English has not.`),
    ),
    ...(placesOf(english.other).every((place) => entry.other?.includes(place))
      ? []
      : ["has lost a place in the form “other”."]),
  ];
}

function problemsOfText(text: string, english: string): string[] {
  const [is, was] = [[...marksOf(text)].sort(), [...marksOf(english)].sort()];
  const problems =
    is.join(" ") === was.join(" ")
      ? []
      : [`should have ${was.join(" ") || "no places"}, not ${is.join(" ") || "none"}.`];
  if (text.trim() === "") problems.push("is empty.");
  // It is joined to what comes before it; Chinese has no spaces.
  if (/^\s/.test(english) && !/^[\s，；：、。（]/u.test(text))
    problems.push("should begin with a space, as English does.");
  return problems;
}

/** Places, tags and code: what no translation may lose. */
function marksOf(text: string): string[] {
  return text.match(/\{\d*\}|<[^>]+>|`[^`]*`|(?<=<code>)[^<{]+/g) ?? [];
}

function placesOf(text: string): string[] {
  return text.match(/\{\d+\}/g) ?? [];
}
