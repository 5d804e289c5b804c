// The settings as a flat list of fields, read from the schema of the config: what each may hold, what it holds, and what of it
// is in the file. Pure functions.

import { isRecord } from "@moltbot/protocol";
import { t } from "../words/t.ts";

/** How a field is changed: `json` is everything that has no simple form. */
export type Kind =
  | { readonly kind: "switch" }
  | {
      readonly kind: "number";
      readonly isWhole: boolean;
      readonly min?: number | undefined;
      readonly max?: number | undefined;
    }
  | { readonly kind: "text" }
  | { readonly kind: "choice"; readonly choices: readonly string[] }
  | { readonly kind: "list" }
  | { readonly kind: "secret" }
  | { readonly kind: "json" };

/** One setting. */
export interface Field {
  /** The keys of its place, and the place as people write it. */
  readonly keys: readonly string[];
  readonly path: string;
  readonly help: string;
  readonly kind: Kind;
  /** In force, the default where the file says nothing; of a secret only whether there is one. */
  readonly value: unknown;
  readonly standard: unknown;
  /** What the file says; undefined where it says nothing. */
  readonly inFile: unknown;
  readonly comment: string | undefined;
}

/** What `config.get` and `config.schema` have told. */
export interface Source {
  readonly schema: unknown;
  readonly config: unknown;
  readonly parsed: unknown;
  readonly comments: Readonly<Record<string, string>>;
}

interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** All settings in the order of the schema; of maps those that are set. */
export function fieldsOf(source: Source): Field[] {
  const all = fieldsAt(source.schema as Schema, [], source);
  return all.filter(({ help, inFile }) => inFile !== undefined || !FOR_TESTS.test(help));
}

/** Settings that only tests change are in no form. */
const FOR_TESTS = /\bfor tests\b/i;

/** Whether a field differs from its default, so that it is shown without being searched for. */
export function differs({ inFile, standard }: Field): boolean {
  return inFile !== undefined && JSON.stringify(inFile) !== JSON.stringify(standard);
}

/** Fields that have every word in their path, help or comment. */
export function matching(fields: readonly Field[], words: string): Field[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return fields.filter(({ path, help, comment = "" }) => {
    const text = `${path} ${path.replaceAll(/([a-z])([A-Z])/g, "$1 $2")} ${help} ${comment}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

/** A value as a person reads it. */
export function valueText(value: unknown, kind: Kind): string {
  if (kind.kind === "secret")
    return value === undefined || value === "" || value === null ? t("not set") : t("set, hidden");
  if (value === undefined || value === null) return t("not set");
  if (typeof value === "boolean") return value ? t("on") : t("off");
  if (Array.isArray(value) && value.every((each) => typeof each !== "object"))
    return value.length === 0 ? t("none") : value.join(", ");
  return typeof value === "string" ? value || t("empty") : JSON.stringify(value);
}

/** What a field's control holds, as the config takes it; `undefined` where a person has left it empty. Throws what is wrong. */
export function readInput(text: string, kind: Kind): unknown {
  if (text.trim() === "") return undefined;
  switch (kind.kind) {
    case "number":
      return numberIn(text, kind);
    case "list":
      return text
        .split("\n")
        .map((each) => each.trim())
        .filter(Boolean);
    case "json":
      return jsonIn(text);
    case "switch":
      return text === "true";
    default:
      return text;
  }
}

/** What a control begins with. */
export function inputText(value: unknown, kind: Kind): string {
  if (value === undefined || value === null || kind.kind === "secret") return "";
  if (kind.kind === "list" && Array.isArray(value)) return value.join("\n");
  return kind.kind === "json" ? JSON.stringify(value, undefined, 2) : String(value);
}

/** One merge patch of several changes: `null` removes a setting. */
export function patchOf(
  changes: ReadonlyMap<string, { readonly keys: readonly string[]; readonly value: unknown }>,
): object {
  // Without a prototype, `__proto__` is a key as any other: entries of maps have names that people choose.
  const patch: Record<string, unknown> = Object.create(null);
  for (const { keys, value } of changes.values()) {
    let at = patch;
    for (const key of keys.slice(0, -1)) {
      at[key] ??= Object.create(null);
      at = at[key] as Record<string, unknown>;
    }
    at[keys.at(-1) ?? ""] = value === undefined ? null : value;
  }
  return patch;
}

function fieldsAt(schema: Schema, keys: readonly string[], source: Source): Field[] {
  const { properties, patternProperties } = schema;
  const isForm = properties !== undefined || (patternProperties !== undefined && isRecord(at(source.parsed, keys)));
  if (!isForm || keys.length > MOST_DEEP) return keys.length === 0 ? [] : [field(schema, keys, source)];
  const named = Object.entries(properties ?? {}).flatMap(([key, inner]) => fieldsAt(inner, [...keys, key], source));
  const [ofMap] = Object.values(patternProperties ?? {});
  const set = at(source.parsed, keys);
  if (ofMap === undefined || !isRecord(set)) return named;
  const free = Object.keys(set).filter((key) => properties?.[key] === undefined);
  return [...named, ...free.flatMap((key) => fieldsAt(ofMap, [...keys, key], source))];
}

/** Deeper objects are changed as JSON. */
const MOST_DEEP = 6;

function field(schema: Schema, keys: readonly string[], source: Source): Field {
  const path = keys.join(".");
  return {
    ...{ keys, path, help: schema.description ?? "", kind: kindOf(schema), standard: schema.default },
    value: at(source.config, keys) ?? schema.default,
    inFile: at(source.parsed, keys),
    comment: source.comments[path],
  };
}

function kindOf(schema: Schema): Kind {
  const { type, format, anyOf, minimum, maximum } = schema;
  if (format?.startsWith("secret") === true) return { kind: "secret" };
  if (type === "boolean") return { kind: "switch" };
  if (type === "integer" || type === "number")
    return { kind: "number", isWhole: type === "integer", min: minimum, max: maximum };
  if (type === "string") return { kind: "text" };
  const choices = anyOf?.flatMap((each) => (typeof each.const === "string" ? [each.const] : [])) ?? [];
  if (choices.length > 0 && choices.length === anyOf?.length) return { kind: "choice", choices };
  if (type === "array" && schema.items?.type === "string" && schema.items.format === undefined) return { kind: "list" };
  return { kind: "json" };
}

function at(value: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>((here, key) => (isRecord(here) ? here[key] : undefined), value);
}

function numberIn(text: string, { isWhole, min, max }: Extract<Kind, { kind: "number" }>): number {
  const value = Number(text);
  const range = [min === undefined ? "" : t(" from {0}", min), max === undefined ? "" : t(" to {0}", max)].join("");
  const isRight =
    Number.isFinite(value) &&
    (!isWhole || Number.isInteger(value)) &&
    value >= (min ?? value) &&
    value <= (max ?? value);
  if (!isRight) throw new Error(isWhole ? t("Write a whole number{0}.", range) : t("Write a number{0}.", range));
  return value;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(
      t("This is not JSON. Write it with quotes around names and texts, or change the file itself below."),
    );
  }
}
