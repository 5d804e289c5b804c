/** Data of A2UI 0.8, which writes objects and lists as entries of keys and values. */
import { A2uiError } from "../error.ts";
import { FORBIDDEN_NAMES } from "../limits.ts";
import { listAt, objectAt, onlyKeys, quoted, textAt } from "../shape.ts";

const VALUES = ["valueString", "valueNumber", "valueBoolean", "valueMap"] as const;

/** The value of a list of entries: a list when their keys are 0, 1, 2 …, else an object. */
export function mapOf(contents: unknown, where: string): unknown {
  const entries = new Map<string, unknown>();
  for (const each of listAt(contents, where)) {
    const entry = objectAt(each, `an entry of ${where}`);
    const key = textAt(entry.key, `"key" of an entry of ${where}`);
    if (FORBIDDEN_NAMES.has(key)) throw new A2uiError(`${where} must not have a key ${quoted(key)}`);
    if (entries.has(key)) throw new A2uiError(`${where} has the key ${quoted(key)} twice`);
    onlyKeys(entry, ["key", ...VALUES], `the entry ${quoted(key)}`);
    const kinds = VALUES.filter((kind) => entry[kind] !== undefined);
    const [kind] = kinds;
    if (kind === undefined || kinds.length > 1)
      throw new A2uiError(`the entry ${quoted(key)} must hold exactly one of ${VALUES.join(", ")}`);
    entries.set(key, plainValue(entry[kind], kind, key));
  }
  const keys = [...entries.keys()];
  const isList = keys.length > 0 && keys.every((_, index) => entries.has(String(index)));
  return isList ? keys.map((_, index) => entries.get(String(index))) : Object.fromEntries(entries);
}

function plainValue(value: unknown, kind: (typeof VALUES)[number], key: string): unknown {
  if (kind === "valueMap") return mapOf(value, `the entry ${quoted(key)}`);
  const type = { valueString: "string", valueNumber: "number", valueBoolean: "boolean" }[kind];
  if (typeof value !== type) throw new A2uiError(`${kind} of the entry ${quoted(key)} must be a ${type}`);
  return value;
}
