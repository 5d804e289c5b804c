/** Edits the text of a config file in place: comments, order and spelling of everything else stay. Loaded on first use. */

import JSON5 from "json5";
import { ignore, invalidRequest } from "../errors.ts";
import { ownValue, setOwnValue } from "../own-value.ts";
import { isRecord } from "./config.ts";
import { type Member, type Place, placesIn } from "./config-tree.ts";
import { parseJson5 } from "./json5.ts";

/**
 * Applies a JSON merge patch (RFC 7396: null deletes) to a config text; comments, order, quotes and line ends are kept.
 * Throws `Json5Error` when `raw` is not JSON5, and `INVALID_REQUEST` when an edit would cost a comment.
 */
export function patchConfigText(raw: string, patch: Readonly<Record<string, unknown>>): string {
  const isEmpty = raw.trim() === "";
  const before: unknown = isEmpty ? {} : parseJson5(raw);
  const wanted = mergePatch(before, patch);
  const edited = patched(isEmpty ? "{}\n" : raw, [], patch, before);
  if (isSame(edited, wanted)) return edited;
  if (COMMENT.test(raw))
    throw invalidRequest(
      "the config file is written in a way that cannot be edited without losing comments; edit it by hand",
    );
  return `${textOf(wanted)}\n`;
}

const COMMENT = /\/\/|\/\*/;

/** The result of a JSON merge patch (RFC 7396). */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else setOwnValue(result, key, mergePatch(ownValue(result, key), value));
  }
  return result;
}

function patched(
  raw: string,
  path: readonly string[],
  patch: Readonly<Record<string, unknown>>,
  target: unknown,
): string {
  let text = raw;
  for (const [key, value] of Object.entries(patch)) {
    const inner = isRecord(target) ? ownValue(target, key) : undefined;
    if (isRecord(value) && isRecord(inner)) text = patched(text, [...path, key], value, inner);
    else if (value === null) text = without(text, path, key);
    else text = withValue(text, path, key, mergePatch(undefined, value));
  }
  return text;
}

/** The object at a path whose parts are all there. Of two members with one key, the last counts, as in JSON. */
function objectAt(text: string, path: readonly string[]): Place | undefined {
  let place = placesIn(text);
  for (const key of path) place = place && memberOf(place, key)?.value;
  return place?.kind === "object" ? place : undefined;
}

function memberOf(place: Place, key: string): Member | undefined {
  return place.members.findLast((member) => member.key === key);
}

function withValue(text: string, path: readonly string[], key: string, value: unknown): string {
  const object = objectAt(text, path);
  if (!object) return text;
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const member = memberOf(object, key);
  if (member) {
    const { start, end } = member.value;
    return text.slice(0, start) + textOf(value, indentAt(text, member.start), eol) + text.slice(end);
  }
  return withMember(text, object, { key, value, eol });
}

/** Adds a member behind all others and their comments. */
function withMember(
  text: string,
  object: Place,
  { key, value, eol }: { readonly key: string; readonly value: unknown; readonly eol: string },
): string {
  const last = object.members.at(-1);
  const close = object.end - 1;
  const until = text.slice(0, close).trimEnd().length;
  const base = indentAt(text, isFirstInLine(text, close) ? close : object.start);
  const isOnLines = !last || text.slice(last.value.end, close).includes("\n");
  const indent = last && isFirstInLine(text, last.start) ? indentAt(text, last.start) : `${base}  `;
  const name =
    last && /^[\w$]/.test(text.slice(last.start)) && /^[a-z_$][\w$]*$/i.test(key) ? key : JSON.stringify(key);
  const added = `${name}: ${textOf(value, isOnLines ? indent : base, eol)}`;
  const before =
    last && last.comma === undefined
      ? `${text.slice(0, last.value.end)},${text.slice(last.value.end, until)}`
      : text.slice(0, until);
  const comma = last?.comma === undefined ? "" : ",";
  if (!isOnLines) return `${before} ${added}${comma}${text.slice(until)}`;
  return `${before}${eol}${indent}${added}${comma}${last ? text.slice(until) : `${eol}${base}${text.slice(close)}`}`;
}

/** Removes a member with its line; a comment beside it or above it stays. */
function without(text: string, path: readonly string[], key: string): string {
  const object = objectAt(text, path);
  const member = object && memberOf(object, key);
  if (!object || !member) return text;
  const previous = object.members[object.members.indexOf(member) - 1];
  const isLast = member === object.members.at(-1);
  let { start } = member;
  let end = member.comma === undefined ? member.value.end : member.comma + 1;
  // Keep a comment between the value and its comma; remove the comma.
  const kept = member.comma === undefined ? "" : text.slice(member.value.end, member.comma).trim();
  const restOfLine = /^[ \t]*(?:\r?\n)?/.exec(text.slice(end))?.[0] ?? "";
  if (kept === "" && isFirstInLine(text, start) && restOfLine.endsWith("\n")) {
    start -= indentAt(text, start).length;
    end += restOfLine.length;
  } else if (isLast && previous) start = text.slice(0, start).trimEnd().length;
  else end += /^[ \t]*/.exec(text.slice(end))![0].length;
  const rest = kept + text.slice(end);
  const isComma = isLast && member.comma === undefined && previous?.comma !== undefined;
  const left = isComma ? text.slice(0, previous.comma) + text.slice(previous.comma! + 1, start) : text.slice(0, start);
  return without(left + rest, path, key);
}

/** The indentation of the line that holds a place. */
function indentAt(text: string, at: number): string {
  const line = text.slice(text.lastIndexOf("\n", at - 1) + 1, at);
  return /^\ufeff?([ \t]*)/.exec(line)?.[1] ?? "";
}

function isFirstInLine(text: string, at: number): boolean {
  return text.slice(text.lastIndexOf("\n", at - 1) + 1, at).trim() === "";
}

/** Writes JSON, or JSON5 for a number that JSON does not have. Every line but the first begins with `indent`. */
function textOf(value: unknown, indent = "", eol = "\n"): string {
  const isJson = JSON5.stringify(value) === JSON5.stringify(JSON.parse(JSON.stringify(value)));
  const text = isJson ? JSON.stringify(value, null, 2) : JSON5.stringify(value, { space: 2, quote: '"' });
  return text.replaceAll("\n", eol + indent);
}

function isSame(text: string, wanted: unknown): boolean {
  try {
    // Compare with what would be read: whole numbers that are too long become text.
    return JSON5.stringify(parseJson5(text)) === JSON5.stringify(parseJson5(textOf(wanted)));
  } catch (error) {
    ignore(error, "an edit that has broken the text is not the same");
    return false;
  }
}
