/** Secrets leave the gateway as markers that name their place; markers that come back become the secrets again. */
import JSON5 from "json5";
import { isRecord } from "../../base/config.ts";
import { ignore, invalidRequest } from "../../base/errors.ts";
import type { Schema } from "../../kit/validate.ts";

const NAMES = "token|password|secret|api[-_]?key|authorization|cookie|private[-_]?key";
const SECRET_NAME = new RegExp(`(?:${NAMES})$`, "i");
const URL_WITH_PASSWORD = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]*:[^/?#\s]*@/i;
const MARKER = /__REDACTED(?::([A-Za-z0-9.%-]+))?__/g;
/** Below this a secret is replaced only where it is the whole string: "none" as an API key is part of many words. */
const MIN_CHARS_WITHIN_TEXT = 6;

/** A secret's place, as its marker names it, and its value. */
export type FoundSecret = readonly [path: string, value: string];

/** Each secret of a config: what the schemas mark, and whatever is named or built like one. */
export function secretsOf(config: unknown, schemas: ReadonlyMap<string, Schema>): FoundSecret[] {
  const found: FoundSecret[] = [];
  if (!isRecord(config)) return found;
  for (const [name, value] of Object.entries(config)) collect(value, [name], schemas.get(name), found);
  return found;
}

function collect(value: unknown, path: readonly string[], schema: Schema | undefined, found: FoundSecret[]): void {
  if (typeof value === "string") {
    const isMarked = (schema as { format?: string } | undefined)?.format === "secret";
    const isSecret = isMarked || SECRET_NAME.test(path.at(-1) ?? "") || URL_WITH_PASSWORD.test(value);
    if (value !== "" && isSecret) found.push([path.map(encode).join("."), value]);
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) collect(item, [...path, String(index)], schema?.items, found);
  } else if (isRecord(value)) {
    const other = Object.values(schema?.patternProperties ?? {})[0];
    for (const [name, item] of Object.entries(value))
      collect(item, [...path, name], schema?.properties?.[name] ?? other, found);
  }
}

/** Letters, digits and "-" as they are, everything else as %XX: a marker stays one word, whatever a key is called. */
function encode(key: string): string {
  return Buffer.from(key)
    .toString("latin1")
    .replace(/[^A-Za-z0-9-]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** A copy of `value` with every secret in its strings replaced by its marker. */
export function redactValue(value: unknown, secrets: readonly FoundSecret[]): unknown {
  const redact = redactor(secrets, { spell: (secret) => secret, edge: ["^", "$"] });
  const copy = (item: unknown): unknown => {
    if (typeof item === "string") return redact(item);
    if (Array.isArray(item)) return item.map(copy);
    if (isRecord(item)) return Object.fromEntries(Object.entries(item).map(([key, inner]) => [key, copy(inner)]));
    return item;
  };
  return copy(value);
}

/**
 * The text of a config file with every secret replaced by its marker. A text that spells a secret in a way of its own
 * (JSON5 escapes) is shown as plain JSON; of a text that cannot be read, lines that look like a secret's are cut.
 */
export function redactText(raw: string, secrets: readonly FoundSecret[], schemas: ReadonlyMap<string, Schema>): string {
  const redact = redactor(secrets, {
    spell: (secret) => JSON.stringify(secret).slice(1, -1),
    edge: ["(?<=[\"'])", "(?=[\"'])"],
  });
  const clean = redact(raw);
  const parsed = parse(raw);
  if (parsed === undefined) return clean.replace(SECRET_LINE, '$1"__REDACTED__"');
  const shown = parse(clean);
  const isHidden = secretsOf(shown, schemas).every(([, value]) => value.includes("__REDACTED"));
  return shown !== undefined && isHidden ? clean : `${JSON.stringify(redactValue(parsed, secrets), null, 2)}\n`;
}

const SECRET_LINE = new RegExp(`((?:${NAMES})["']?\\s*:\\s*)(?!["']?__REDACTED).*`, "gi");

function parse(text: string): unknown {
  try {
    return JSON5.parse(text);
  } catch (error) {
    ignore(error, "the caller shows what it can of a text that is not valid");
    return undefined;
  }
}

/** Replaces all secrets in one pass, longest first, so that neither another secret nor a marker is cut in two. */
function redactor(
  secrets: readonly FoundSecret[],
  { spell, edge }: { spell: (secret: string) => string; edge: readonly [before: string, after: string] },
): (text: string) => string {
  const paths = new Map(secrets.map(([path, value]) => [spell(value), path]));
  if (paths.size === 0) return (text) => text;
  const patterns = [...paths.keys()]
    .sort((a, b) => b.length - a.length)
    .map((spelt) => {
      const literal = spelt.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
      return spelt.length < MIN_CHARS_WITHIN_TEXT ? `${edge[0]}${literal}${edge[1]}` : literal;
    });
  const anySecret = new RegExp(patterns.join("|"), "g");
  return (text) => text.replace(anySecret, (spelt) => `__REDACTED:${paths.get(spelt)}__`);
}

/** `text` with every marker replaced by the secret that stands at its place now. Throws when there is none. */
export function restoreSecrets(text: string, secrets: readonly FoundSecret[]): string {
  const values = new Map(secrets);
  return text.replace(MARKER, (marker, path: string | undefined) => {
    const value = values.get(path ?? "");
    if (value === undefined)
      throw invalidRequest(`${marker} stands for no secret that is set; write the secret itself`);
    return JSON.stringify(value).slice(1, -1).replaceAll("'", "\\u0027");
  });
}
