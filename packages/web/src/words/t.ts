// Texts in the chosen language. English stands in the source and is its own key; a catalogue has the other languages' texts.

/** A text, or what is said of different numbers: one for each plural category of the language. */
export type Text = string | Readonly<Partial<Record<Intl.LDMLPluralRule, string>>>;

/** The texts of a language by their English. */
export type Texts = Readonly<Record<string, Text>>;

interface Chosen {
  readonly language: string;
  /** The language as the browser's owner has it: "en-GB" for English. */
  readonly locale: string | undefined;
  readonly texts: Texts;
}

let chosen: Chosen = { language: "en", locale: undefined, texts: {} };

/** Takes another language; what is shown must be drawn anew. */
export function useTexts(next: Chosen): void {
  chosen = next;
}

/** The language of now, as `lang` has it. */
export function language(): string {
  return chosen.language;
}

/** A formatter of `Intl` for the language of now; made when it is first needed. */
export function inLanguage<Made>(make: (locale: string | undefined) => Made): () => Made {
  let of: Chosen | undefined;
  let made: Made;
  return () => {
    if (of !== chosen) made = make(chosen.locale);
    of = chosen;
    return made;
  };
}

/** In English plain: a year or a port may be among them. */
const numbers = inLanguage(
  (locale) => new Intl.NumberFormat(locale, { useGrouping: chosen.language === "en" ? false : "min2" }),
);
const rules = inLanguage(() => new Intl.PluralRules(chosen.language));

/** A text with its values in the places `{0}`, `{1}` …; numbers are written as the language does. */
export function t(english: string, ...values: readonly unknown[]): string {
  const text = textAt(english);
  return filled((typeof text === "object" ? text.other : text) ?? english, values);
}

/** What is said of a number, which is at `{0}`; `more` are the values of `{1}`, `{2}` …. */
export function plural(count: number, one: string, other: string, ...more: readonly unknown[]): string {
  const forms = textAt(other);
  const english = count === 1 ? one : other;
  const text = typeof forms === "object" ? (forms[rules().select(count)] ?? forms.other) : forms;
  return filled(text ?? english, [count, ...more]);
}

/** Names a text that `t` is asked for later, because it is where no language is chosen yet. */
export function said(english: string): string {
  return english;
}

/** The text that a catalogue has for a key; `undefined` in English. */
export function translated(key: string): string | undefined {
  const text = textAt(key);
  return typeof text === "string" ? text : undefined;
}

/** A key may come from outside, and be "constructor", which every object has. */
function textAt(key: string): Text | undefined {
  return Object.hasOwn(chosen.texts, key) ? chosen.texts[key] : undefined;
}

function filled(text: string, values: readonly unknown[]): string {
  if (values.length === 0) return text;
  return text.replace(/\{(\d+)\}/g, (all, index) => {
    const value = values[index];
    return value === undefined ? all : typeof value === "number" ? numbers().format(value) : String(value);
  });
}
