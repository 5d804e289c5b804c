// Lists in the chosen language.

import { inLanguage, language } from "./t.ts";

/** English as British lists have it: no comma before the last "and". */
const listLocale = (locale: string | undefined) => (language() === "en" ? "en-GB" : locale);
const all = inLanguage((locale) => new Intl.ListFormat(listLocale(locale), { type: "conjunction" }));
const any = inLanguage((locale) => new Intl.ListFormat(listLocale(locale), { type: "disjunction" }));

/** "a, b and c", or "a, b or c". */
export function listed(words: readonly string[], last: "and" | "or"): string {
  return (last === "and" ? all : any)().format(words);
}
