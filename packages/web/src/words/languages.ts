// The other languages, loaded when one is wanted: their names, their catalogues, and templates in them.

import { type Translation, useTranslations } from "./markup.ts";
import { language, type Texts, translated } from "./t.ts";

/** The languages as each calls itself, by their codes. */
export const NAMES: Readonly<Record<string, string>> = {
  ar: "العربية",
  de: "Deutsch",
  en: "English",
  es: "Español",
  fr: "Français",
  pt: "Português",
  zh: "中文",
};

type Catalogue = () => Promise<{ readonly default: Texts }>;

const CATALOGUES: Readonly<Record<string, Catalogue>> = {
  ar: () => import("./ar.json", { with: { type: "json" } }),
  de: () => import("./de.json", { with: { type: "json" } }),
  es: () => import("./es.json", { with: { type: "json" } }),
  fr: () => import("./fr.json", { with: { type: "json" } }),
  pt: () => import("./pt.json", { with: { type: "json" } }),
  zh: () => import("./zh.json", { with: { type: "json" } }),
};

/** The texts of a language; none of English. Rejects when they cannot be fetched. */
export async function textsOf(wanted: string): Promise<Texts> {
  const catalogue = CATALOGUES[wanted];
  return catalogue === undefined ? {} : (await catalogue()).default;
}

const known = new WeakMap<TemplateStringsArray, Map<string, Translation | undefined>>();

/** Made once for each template and language: lit knows a template by its strings. */
function translationOf(strings: TemplateStringsArray): Translation | undefined {
  const byLanguage = known.get(strings) ?? new Map<string, Translation | undefined>();
  known.set(strings, byLanguage);
  if (!byLanguage.has(language())) byLanguage.set(language(), made(strings));
  return byLanguage.get(language());
}

function made(strings: TemplateStringsArray): Translation | undefined {
  const key = strings.reduce((text, part, index) => `${text}{${index - 1}}${part}`);
  const text = translated(key.replace(/\s+/g, " ").trim());
  if (text === undefined) return undefined;
  const pieces = text.split(/\{(\d+)\}/);
  const parts = pieces.filter((_piece, index) => index % 2 === 0);
  const order = pieces.filter((_piece, index) => index % 2 === 1).map(Number);
  return { strings: Object.assign(parts, { raw: parts }), order };
}

useTranslations(translationOf);
