/** Dotted paths into the config, as people type them: `gateway.port`, `models.providers["my.host"].apiKey`. */

import { isRecord } from "../../base/config/config.ts";
import { isSecretNumber, isSecretSetting } from "../../base/privacy/secret-names.ts";
import { usageError } from "../language/exit.ts";

const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"]);

/** The keys of a path. Throws a usage error for one that no config can have. */
export function parsePath(path: string): string[] {
  const keys: string[] = [];
  const pattern = /(?:^|(?<=.)\.)([^.[\]"']+)|\[\s*(?:"([^"]+)"|'([^']+)'|(\d+))\s*\]/gy;
  let end = 0;
  for (const match of path.matchAll(pattern)) {
    const [whole, word, double, single, index] = match;
    if (index !== undefined) throw usageError(`${path} names an item of a list; set the whole list instead, as JSON.`);
    keys.push(word ?? double ?? single ?? "");
    end = match.index + whole.length;
  }
  const isWhole = end === path.length && keys.length > 0 && !keys.some((key) => FORBIDDEN.has(key));
  if (!isWhole) throw usageError(`${JSON.stringify(path)} is not the path of a setting; write it like gateway.port.`);
  return keys;
}

/** The value at a path, or undefined. */
export function valueAt(root: unknown, keys: readonly string[]): unknown {
  let value = root;
  for (const key of keys) {
    if (!isRecord(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/** An object that holds only `value`, at a path. */
export function nest(keys: readonly string[], value: unknown): Record<string, unknown> {
  const [key = "", ...rest] = keys;
  return { [key]: rest.length === 0 ? value : nest(rest, value) };
}

/** A copy in which secrets are hidden, for showing a whole config; `path` is where the value is. */
export function hideSecrets(value: unknown, path: readonly string[] = []): unknown {
  if (Array.isArray(value)) return value.map((item) => hideSecrets(item, path));
  if (isRecord(value))
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hideSecrets(inner, [...path, key])]));
  if (typeof value === "number") return isSecretNumber(path) ? "(hidden)" : value;
  return typeof value === "string" && value !== "" && isSecretSetting(path, value) ? "(hidden)" : value;
}
