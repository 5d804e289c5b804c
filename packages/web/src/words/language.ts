// The language of the page: the browser's until the person makes another choice, which is remembered.

import { ignore } from "../ignore.ts";
import { recall, remember } from "../visit/storage.ts";
import { language, useTexts } from "./t.ts";

/** The codes of the languages, in the order in which they are offered. */
export const LANGUAGES: readonly string[] = ["ar", "de", "en", "es", "fr", "pt", "zh"];

const listeners = new Set<() => void>();
let asked = 0;

/** Calls `listener` after each change of the language; the function that is returned ends that. */
export function onLanguage(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The chosen language; `undefined` where the browser decides. */
export function languageChoice(): string | undefined {
  const choice = recall("language");
  return choice !== undefined && LANGUAGES.includes(choice) ? choice : undefined;
}

/** Takes the language that holds; await it before anything is shown. A catalogue that cannot be fetched leaves English. */
export function startLanguage(): Promise<void> {
  return take(languageChoice() ?? browserLanguage()).catch(() => take("en"));
}

/** Chooses a language, or leaves it to the browser, and remembers it. Rejects when its catalogue cannot be fetched. */
export async function chooseLanguage(choice: string | undefined): Promise<void> {
  await take(choice ?? browserLanguage());
  remember("language", choice);
}

/** Loads `<moltbot-language>`; until it is there, and where it cannot be had, nothing is in its place. */
export function loadLanguages(): void {
  import("./chooser.ts").catch((error: unknown) => ignore(error, "the page stays in the language that it has"));
}

async function take(wanted: string): Promise<void> {
  asked += 1;
  const mine = asked;
  const texts = wanted === "en" ? {} : await (await import("./languages.ts")).textsOf(wanted);
  if (mine !== asked) return; // another was chosen meanwhile
  // As the browser's owner has it, so that dates and numbers are those of the country.
  const locale = navigator.languages.find((each) => codeOf(each) === wanted && isTag(each)) ?? wanted;
  useTexts({ language: wanted, locale, texts });
  Object.assign(document.documentElement, { lang: language(), dir: wanted === "ar" ? "rtl" : "ltr" });
  for (const listener of listeners) listener();
}

/** The first of the browser's languages that the page speaks. */
function browserLanguage(): string {
  return navigator.languages.map(codeOf).find((code) => LANGUAGES.includes(code)) ?? "en";
}

/** Whether dates and numbers can be written for it. Chromium under `LANG=C` says `en-US@posix`, and people write their own. */
function isTag(locale: string): boolean {
  try {
    return Intl.getCanonicalLocales(locale).length > 0;
  } catch {
    return false;
  }
}

function codeOf(locale: string): string {
  // Not its first two letters: "arn" is not Arabic, and "frp" not French.
  return locale.split("-", 1)[0]?.toLowerCase() ?? "";
}
