// Dates and numbers in the chosen language.

import { inLanguage } from "./t.ts";

/** Writes times of one form; made when it is first used, and anew for another language. */
export function dates(options: Intl.DateTimeFormatOptions): { format(at: Date | number): string } {
  const formatter = inLanguage((locale) => new Intl.DateTimeFormat(locale, options));
  return { format: (at) => formatter().format(at) };
}

/** Writes numbers of one form. */
export function numbers(options: Intl.NumberFormatOptions = {}): { format(value: number): string } {
  const formatter = inLanguage((locale) => new Intl.NumberFormat(locale, options));
  return { format: (value) => formatter().format(value) };
}
