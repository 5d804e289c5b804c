// Sentences with tags and computed parts in them. The build wraps each such sentence of a template into this tag, so that a
// translation may have its parts in another order.

import { html, type TemplateResult } from "lit";

/** A template in another language: its static parts, and which value is between each two of them. */
export interface Translation {
  readonly strings: TemplateStringsArray;
  readonly order: readonly number[];
}

let translationOf: ((strings: TemplateStringsArray) => Translation | undefined) | undefined;

/** Takes what finds translations; without it texts are English. */
export function useTranslations(find: (strings: TemplateStringsArray) => Translation | undefined): void {
  translationOf = find;
}

/**
 * A template that is one text for people.
 * @public The build names it in every template.
 */
export function markup(strings: TemplateStringsArray, ...values: unknown[]): TemplateResult {
  const translation = translationOf?.(strings);
  if (translation === undefined) return html(strings, ...values);
  return html(translation.strings, ...translation.order.map((index) => values[index]));
}
