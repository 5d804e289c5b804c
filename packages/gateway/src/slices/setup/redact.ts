/** Secrets leave the gateway as markers that name their place; markers that come back become the secrets again. */
import { isRecord } from "../../base/config.ts";
import type { Schema } from "../../kit/validate.ts";

const SECRET_NAME = /(?:token|password|secret|api_?key|authorization|cookie|private_?key)$/i;
const MARKER = /__REDACTED:([^"'\s]+?)__/g;

/** Each secret of a config by its dotted path: what the schemas mark, and whatever is named like one. */
export function secretsOf(config: unknown, schemas: ReadonlyMap<string, Schema>): Map<string, string> {
  const found = new Map<string, string>();
  if (!isRecord(config)) return found;
  for (const [name, value] of Object.entries(config)) collect(value, [name], schemas.get(name), found);
  return found;
}

function collect(
  value: unknown,
  path: readonly string[],
  schema: Schema | undefined,
  found: Map<string, string>,
): void {
  if (typeof value === "string") {
    const isMarked = (schema as { format?: string } | undefined)?.format === "secret";
    if (value !== "" && (isMarked || SECRET_NAME.test(path.at(-1) ?? ""))) found.set(path.join("."), value);
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) collect(item, [...path, String(index)], schema?.items, found);
  } else if (isRecord(value)) {
    const other = Object.values(schema?.patternProperties ?? {})[0];
    for (const [name, item] of Object.entries(value))
      collect(item, [...path, name], schema?.properties?.[name] ?? other, found);
  }
}

/** `text` with every secret replaced by its marker. */
export function redactText(text: string, secrets: ReadonlyMap<string, string>): string {
  let clean = text;
  for (const [path, value] of secrets)
    clean = clean.replaceAll(JSON.stringify(value).slice(1, -1), `__REDACTED:${path}__`);
  return clean;
}

/** A copy of `value` with every secret replaced by its marker. */
export function redactValue(value: unknown, secrets: ReadonlyMap<string, string>): unknown {
  return JSON.parse(redactText(JSON.stringify(value), secrets));
}

/** `text` with every marker replaced by the secret that stands at its path now; unknown markers stay. */
export function restoreSecrets(text: string, secrets: ReadonlyMap<string, string>): string {
  return text.replace(MARKER, (marker, path: string) => {
    const value = secrets.get(path);
    return value === undefined ? marker : JSON.stringify(value).slice(1, -1);
  });
}
