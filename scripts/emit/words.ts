/** The texts of the web pages for translators: every English text of the sources, with its forms where it counts something. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Forms, type KeyedText, readSource, type UntranslatedText } from "../words/source.ts";

const SOURCES = join(import.meta.dirname, "../../packages/web/src");

/** The texts of all sources, and those that no catalogue can have, each with its file. */
export interface WebTexts {
  /** By their keys, in the order of the keys. */
  readonly texts: Readonly<Record<string, string | Forms>>;
  readonly untranslated: readonly (UntranslatedText & { readonly file: string })[];
}

/** Reads all sources of the web pages. */
export async function webTexts(): Promise<WebTexts> {
  const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !file.endsWith(".test.ts"),
  );
  const keyed: KeyedText[] = [];
  const untranslated: (UntranslatedText & { readonly file: string })[] = [];
  for (const file of files.sort()) {
    const read = await readSource(readFileSync(join(SOURCES, file), "utf8"), file);
    keyed.push(...read.texts);
    untranslated.push(...read.untranslated.map((text) => ({ ...text, file })));
  }
  // A key that somewhere counts something has forms, wherever else it is used.
  const inOrder = keyed.sort((one, other) => compare(one.key, other.key) || Number(!one.forms) - Number(!other.forms));
  const texts: Record<string, string | Forms> = {};
  for (const { key, forms } of inOrder) texts[key] ??= forms ?? key;
  return { texts, untranslated };
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
