/**
 * The config for readers who do not administer the gateway. They see only what cannot hold a secret or a path of this
 * machine: switches, numbers, words of a fixed choice, and a few names that readers are told elsewhere. Every other
 * text is a marker, keys of maps are numbered, and unknown values are left out. So no secret has to be recognised.
 */
import { isRecord } from "../../../base/config/config.ts";
import { sha256Hex } from "../../../base/ids.ts";
import type { Schema } from "../../../kit/schema/validate.ts";

/** The marker that replaces a text. */
export const HIDDEN = "__REDACTED__";

/** Texts that readers see in `agents.list` and `models.list`, and the form in which they are shown. */
const SHOWN_ELSEWHERE: readonly (readonly [path: RegExp, form: RegExp])[] = [
  [/^agents\.list\.\d+\.id$/, /^[a-z0-9][a-z0-9_-]{0,63}$/],
  [/^agents\.(?:defaults|list\.\d+)\.model(?:\.primary|\.fallbacks\.\d+)?$/, /^[a-z0-9-]{1,64}\/[\w.:-]{1,128}$/i],
];

/** Sections by name, each with its schema. */
type Schemas = ReadonlyMap<string, Schema>;

interface Snapshot {
  readonly exists: boolean;
  readonly parsed: unknown;
  readonly config: unknown;
  readonly valid: boolean;
}

/** `config.get` for readers. The hash is that of the shown text, so it reveals nothing of the rest. */
export function shownToReaders({ exists, parsed, config, valid }: Snapshot, schemas: Schemas) {
  const own = sectionsOf(parsed, schemas);
  const raw = exists ? `${JSON.stringify(own, null, 2)}\n` : null;
  const message = "The config file is not valid; whoever holds operator.admin is told why.";
  return {
    path: HIDDEN,
    exists,
    raw,
    parsed: own,
    valid,
    config: sectionsOf(config, schemas),
    hash: sha256Hex(raw ?? ""),
    issues: valid ? [] : [{ path: "", message }],
    warnings: [],
    legacyIssues: [],
  };
}

function sectionsOf(config: unknown, schemas: Schemas): Record<string, unknown> {
  if (!isRecord(config)) return {};
  const known = Object.entries(config).filter(([name]) => schemas.has(name));
  return Object.fromEntries(known.map(([name, value]) => [name, shown(value, schemas.get(name), name)]));
}

function shown(value: unknown, schema: Schema | undefined, path: string): unknown {
  const choices = alternatives(schema);
  if (value === null || choices.some((choice) => "const" in choice && choice.const === value)) return value;
  const isOnly = (...types: string[]) => choices.every(({ type = "" }) => types.includes(type));
  if (typeof value === "boolean") return choices.some(({ type }) => type === "boolean") ? value : HIDDEN;
  // A number where a text is allowed too is an id without quotes.
  if (typeof value === "number") return isOnly("number", "integer", "boolean", "null") ? value : HIDDEN;
  if (typeof value === "string") return isToldElsewhere(path, value) ? value : HIDDEN;
  if (Array.isArray(value)) {
    const items = choices.find(({ type }) => type === "array")?.items;
    return value.map((item, index) => shown(item, items, `${path}.${index}`));
  }
  const object = choices.find(({ type }) => type === "object");
  return isRecord(value) && object ? entriesOf(value, object, path) : HIDDEN;
}

function entriesOf(value: Record<string, unknown>, schema: Schema, path: string): Record<string, unknown> {
  const { properties = {}, patternProperties = {} } = schema;
  const [ofMap] = Object.values(patternProperties);
  const entries: [string, unknown][] = [];
  for (const [index, [name, item]] of Object.entries(value).entries()) {
    if (Object.hasOwn(properties, name)) entries.push([name, shown(item, properties[name], `${path}.${name}`)]);
    else if (ofMap) entries.push([`__REDACTED_${index + 1}__`, shown(item, ofMap, `${path}.*`)]);
  }
  return Object.fromEntries(entries);
}

/** The alternatives of a value. A schema without a type allows anything, so nothing of such a value is shown. */
function alternatives(schema: Schema | undefined): readonly Schema[] {
  if (!schema) return [{}];
  return schema.anyOf ? schema.anyOf.flatMap(alternatives) : [schema];
}

function isToldElsewhere(path: string, value: string): boolean {
  return SHOWN_ELSEWHERE.some(([place, form]) => place.test(path) && form.test(value));
}
