/**
 * Replaces secrets of the config by markers that name their place. A marker that is written back to its place becomes
 * the secret again.
 */
import { isRecord } from "../../../base/config/config.ts";
import { parseJson5 } from "../../../base/config/json5.ts";
import { ignore, invalidRequest } from "../../../base/errors.ts";
import { visitValues } from "../../../kit/schema/config-secrets.ts";
import type { Schema } from "../../../kit/schema/validate.ts";
import { textsIn } from "./config-texts.ts";

const NAMES = "token|password|secret|api[-_]?key|authorization|cookie|private[-_]?key";
const MARKER = /__REDACTED(?::[A-Za-z0-9.%-]+)?__/;
/** Shorter secrets are replaced only where they are the whole string: an API key "none" is part of many words. */
const MIN_CHARS_WITHIN_TEXT = 6;

/** A secret's place, as its marker names it, and its value. */
export type FoundSecret = readonly [path: string, value: string];

type Schemas = ReadonlyMap<string, Schema>;

/**
 * All secrets of a config: values that the schemas mark, values that are named or formed like one, every value of an
 * environment, and each text that contains another secret or one of `elsewhere`.
 */
export function secretsOf(config: unknown, schemas: Schemas, elsewhere: readonly FoundSecret[] = []): FoundSecret[] {
  const found: FoundSecret[] = [];
  const others: FoundSecret[] = [];
  visitValues(config, schemas, ({ path, value, isKept }) => {
    if (value !== "") (isKept ? found : others).push([nameOf(path), value]);
  });
  const long = [...found, ...elsewhere]
    .map(([, value]) => value)
    .filter((value) => value.length >= MIN_CHARS_WITHIN_TEXT);
  return [...found, ...others.filter(([, text]) => long.some((value) => text.includes(value)))];
}

function nameOf(path: readonly string[]): string {
  return path.map(encode).join(".");
}

/**
 * Encodes a key for a marker: letters, digits and "-" stay, everything else becomes %XX, so that a marker is one word.
 */
function encode(key: string): string {
  return Buffer.from(key)
    .toString("latin1")
    .replace(/[^A-Za-z0-9-]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

function markerOf(path: string): string {
  return `__REDACTED:${path}__`;
}

/** A copy of a config in which each secret is a marker that names its own place. */
export function redactValue(config: unknown, secrets: readonly FoundSecret[]): unknown {
  const places = new Set(secrets.map(([path]) => path));
  const copy = (item: unknown, path: readonly string[]): unknown => {
    if (typeof item === "string" || typeof item === "number")
      return item !== "" && places.has(nameOf(path)) ? markerOf(nameOf(path)) : item;
    if (Array.isArray(item)) return item.map((each, index) => copy(each, [...path, String(index)]));
    if (!isRecord(item)) return item;
    return Object.fromEntries(Object.entries(item).map(([key, inner]) => [key, copy(inner, [...path, key])]));
  };
  return copy(config, []);
}

/**
 * The text of a config file with a marker for each secret; comments and order stay. Secrets in comments are removed. In
 * a text that cannot be parsed, every line that may hold a secret is removed. `elsewhere` are secrets from outside the
 * file: their values are hidden, but their places have no markers.
 */
export function redactText(raw: string, elsewhere: readonly FoundSecret[], schemas: Schemas): string {
  const parsed = parse(raw);
  const own = secretsOf(parsed, schemas, elsewhere);
  const known = [...elsewhere, ...own];
  const values = [...new Set(known.map(([, value]) => value))]
    .filter((value) => value.length >= MIN_CHARS_WITHIN_TEXT)
    .sort((a, b) => b.length - a.length);
  const hide = (text: string) => values.reduce((clean, value) => clean.replaceAll(value, "[hidden]"), text);
  if (parsed === undefined)
    return hide(raw).replace(SECRET_MAP, '$1{ "__REDACTED__" }').replace(SECRET_LINE, '$1"__REDACTED__"');
  const places = new Set(own.map(([path]) => path));
  let shown = "";
  let from = 0;
  for (const { kind, start, end, path, value } of textsIn(raw)) {
    const isPlace = kind === "value" && places.has(nameOf(path)) && value !== "";
    const text =
      kind === "comment" ? hide(raw.slice(start, end)) : isPlace ? JSON.stringify(markerOf(nameOf(path))) : undefined;
    if (text === undefined) continue;
    shown += raw.slice(from, start) + text;
    from = end;
  }
  return shown + raw.slice(from);
}

const SECRET_LINE = new RegExp(`((?:${NAMES})s?["']?\\s*:\\s*)(?!["']?__REDACTED).*`, "gi");
const SECRET_MAP = /((?:env|environment|headers)["']?\s*:\s*)\{[^}]*\}?/gi;

function parse(text: string): unknown {
  try {
    return parseJson5(text);
  } catch (error) {
    ignore(error, "the caller shows what it can of a text that is not valid");
    return undefined;
  }
}

/** What restores the markers in a text. */
export interface Restoring {
  /** The secrets of the file itself. */
  readonly own: readonly FoundSecret[];
  /** The file's text: a secret comes back as it is written there. */
  readonly raw?: string;
  /** Secrets in force that came from variables and included files; they are never written. */
  readonly elsewhere?: readonly FoundSecret[];
}

/**
 * Replaces every marker in `text` by the secret that is at its place in the file now. Throws `INVALID_REQUEST` for a
 * marker without a secret, or at another place: a moved secret would be shown, or sent, where nobody expects it.
 * Comments, and a text that cannot be parsed, stay as they are.
 */
export function restoreSecrets(text: string, { own, raw, elsewhere = [] }: Restoring): string {
  if (!MARKER.test(text) || parse(text) === undefined) return text;
  const values = new Map(own);
  const written = spelt(raw);
  let restored = "";
  let from = 0;
  for (const { kind, start, end, path, value } of textsIn(text)) {
    const marker = kind === "comment" ? undefined : MARKER.exec(value)?.[0];
    if (marker === undefined) continue;
    const here = nameOf(path);
    const secret = kind === "value" && value === markerOf(here) ? values.get(here) : undefined;
    if (secret === undefined) throw misplaced(marker, path, values, elsewhere);
    restored += text.slice(from, start) + (written.get(here) ?? JSON.stringify(secret));
    from = end;
  }
  return restored + text.slice(from);
}

/** The values of a file as written, by their places. */
function spelt(raw: string | undefined): ReadonlyMap<string, string> {
  if (raw === undefined || parse(raw) === undefined) return new Map();
  const values = textsIn(raw).filter(({ kind }) => kind === "value");
  return new Map(values.map(({ path, start, end }) => [nameOf(path), raw.slice(start, end)]));
}

function misplaced(
  marker: string,
  path: readonly string[],
  values: ReadonlyMap<string, string>,
  elsewhere: readonly FoundSecret[],
): Error {
  const place = marker.slice("__REDACTED:".length, -2);
  if (values.has(place))
    return invalidRequest(
      `${marker} stands for the secret at its own place and not at ${path.join(".").slice(0, 200)}; write the secret itself there`,
    );
  if (elsewhere.some(([name]) => name === place))
    return invalidRequest(
      `${marker} stands for what a variable, an included file or a flag has brought; leave that setting as the file has it`,
    );
  return invalidRequest(`${marker} stands for no secret that is set; write the secret itself`);
}
