/** Edits the text of a config file and keeps its comments where the text allows it. Loaded on first use. */
import * as jsonc from "jsonc-parser";
import { isRecord } from "./config.ts";
import { parseJson5 } from "./json5.ts";

/**
 * Applies a JSON merge patch (RFC 7396: null deletes) to a config text. Comments and order are kept when the text is
 * JSON with comments; a text that needs more of JSON5 is written anew. Throws `SyntaxError` when `raw` is not JSON5.
 */
export function patchConfigText(raw: string, patch: Readonly<Record<string, unknown>>): string {
  const before: unknown = raw.trim() === "" ? {} : parseJson5(raw);
  const wanted = mergePatch(before, patch);
  const edited = editInPlace(raw.trim() === "" ? "{}\n" : raw, [], patch, before);
  return isSame(edited, wanted) ? edited : `${JSON.stringify(wanted, null, 2)}\n`;
}

/** The result of a JSON merge patch (RFC 7396). */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

function editInPlace(
  raw: string,
  path: readonly string[],
  patch: Readonly<Record<string, unknown>>,
  target: unknown,
): string {
  let text = raw;
  for (const [key, value] of Object.entries(patch)) {
    const inner = isRecord(target) ? target[key] : undefined;
    if (isRecord(value) && isRecord(inner)) text = editInPlace(text, [...path, key], value, inner);
    else text = set(text, [...path, key], value === null ? undefined : mergePatch(undefined, value));
  }
  return text;
}

function set(text: string, path: string[], value: unknown): string {
  try {
    const formattingOptions = { insertSpaces: true, tabSize: 2, eol: "\n" };
    return jsonc.applyEdits(text, jsonc.modify(text, path, value, { formattingOptions }));
  } catch {
    // Not a text that can be edited in place; the caller sees that it has not changed.
    return text;
  }
}

function isSame(text: string, wanted: unknown): boolean {
  try {
    return JSON.stringify(parseJson5(text)) === JSON.stringify(wanted);
  } catch {
    return false;
  }
}
