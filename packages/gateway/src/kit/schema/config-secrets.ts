/** Finds the secrets of a config: values that the schemas mark, and values whose name or form shows them to be one. */
import { isRecord } from "../../base/config/config.ts";
import { isSecretNumber, isSecretSetting } from "../../base/privacy/secret-names.ts";
import type { Secrets } from "../../base/privacy/secrets.ts";
import { isSecret } from "./keys-and-addresses.ts";
import type { Schema } from "./validate.ts";

/** The schemas of the sections by their paths. */
type Schemas = ReadonlyMap<string, Schema>;

/** Makes the secrets of a config known to what guards the log and every text that leaves. */
export function learnSecrets(config: unknown, schemas: Schemas, secrets: Secrets): void {
  visitValues(config, schemas, ({ path, value, isKept, isMarked }) => {
    secrets.addFromAddresses(value);
    if (!isKept) return;
    if (isMarked === "key") secrets.add(value);
    else secrets.addNamed(path.at(-1) ?? "", value);
  });
}

/** A value of a config. */
interface Visited {
  readonly path: readonly string[];
  readonly value: string;
  readonly isKept: boolean;
  /** The schema says that it is a secret: a key or a password, or a value of a map. */
  readonly isMarked: "key" | "value" | undefined;
}

/** Calls `tell` for each string of a config, and for each number that is a secret. */
export function visitValues(config: unknown, schemas: Schemas, tell: (text: Visited) => void): void {
  if (!isRecord(config)) return;
  for (const [name, value] of Object.entries(config))
    walk({ value, path: [name], schema: schemas.get(name), isInMap: false }, tell);
}

/** A part of a config, and what its schema says of it. */
interface Part {
  readonly value: unknown;
  readonly path: readonly string[];
  readonly schema: Schema | undefined;
  /** The person who wrote the config chose the name of the setting: it is a key of a map. */
  readonly isInMap: boolean;
}

function walk({ value, path, schema, isInMap }: Part, tell: (text: Visited) => void): void {
  if (typeof value === "string") {
    const isMarked = isSecret(schema) ? (isInMap ? "value" : "key") : undefined;
    tell({ path, value, isMarked, isKept: isMarked !== undefined || isSecretSetting(path, value) });
  } else if (typeof value === "number") {
    // A number where the schema wants one is a setting; elsewhere it may be a password without its quotes.
    const isMarked = isSecret(schema) ? (isInMap ? "value" : "key") : undefined;
    const isKept = isMarked !== undefined || (!isNumeric(schema) && isSecretNumber(path));
    if (isKept) tell({ path, value: String(value), isMarked, isKept });
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const here = [...path, String(index)];
      const isNamed = typeof item === "string" && FLAG.test(String(value[index - 1] ?? ""));
      if (isNamed) tell({ path: here, value: item, isMarked: "key", isKept: true });
      else walk({ value: item, path: here, schema: schema?.items, isInMap }, tell);
    }
  } else if (isRecord(value)) {
    const other = Object.values(schema?.patternProperties ?? {})[0];
    for (const [name, item] of Object.entries(value)) {
      const known = schema?.properties?.[name];
      walk({ value: item, path: [...path, name], schema: known ?? other, isInMap: known === undefined }, tell);
    }
  }
}

function isNumeric(schema: Schema | undefined): boolean {
  return schema?.type === "number" || schema?.type === "integer";
}

/** A flag of a command whose next word is a secret. */
const FLAG = /^--?[\w-]{0,64}(?:key|token|secret|password|passwd|passphrase|credentials?|auth)$/i;
