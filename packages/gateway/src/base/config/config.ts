/** A config text: JSON5, read section by section, with what is wrong in it and where. It opens no file. */

import { messageOf } from "../errors.ts";
import { ownValue, setOwnValue } from "../own-value.ts";
import { type LineOf, lineIndex } from "./config-line.ts";
import { type ConfigSource, isSelfContained, type Resolved, resolveConfig } from "./config-source.ts";
import { parseJson5 } from "./json5.ts";

/** A wrong value: where it is, what is wrong, and the line when it is known. */
export interface Issue {
  readonly path: string;
  readonly message: string;
  readonly line?: number;
}

/** Whether a warning is about an unknown setting. */
export function isIgnored({ message }: Pick<Issue, "message">): boolean {
  return message.endsWith(IGNORED);
}

/** The message for an unknown setting. */
export const IGNORED = "is not a known setting and is ignored";

/** The result of parsing a section. `warnings` are settings that are unknown or unusable. */
export interface Parsed<T> {
  readonly value: T;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}

/**
 * One slice's part of the file. `reload` says what an edit does: apply at once, or restart the gateway in place. Where
 * `needsRestart` is there, it decides by the values before and after. `given` reads a variable of the gateway, by its name
 * without MOLTBOT_.
 */
export interface ConfigSection<T> {
  readonly path: string;
  readonly reload: "live" | "restart";
  needsRestart?(before: T, after: T, given: (name: string) => string | undefined): boolean;
  parse(value: unknown): Parsed<T>;
}

/** A section's values: `current` is always the newest valid one; read it at use, never keep it. */
export interface Settings<T> {
  readonly current: T;
  onChange(fn: (value: T) => void): Disposable;
}

export interface Reading {
  readonly raw: string;
  readonly parsed: Readonly<Record<string, unknown>>;
  /** `parsed` with its includes and variables put in; never written back. */
  readonly resolved: Record<string, unknown>;
  /** Included files that were read. */
  readonly included: readonly string[];
  readonly values: ReadonlyMap<string, unknown>;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}

/**
 * Reads a config text against the sections. Never throws; a text that is not JSON5 gives one issue.
 */
export function readConfig(raw: string, sections: readonly ConfigSection<unknown>[], source?: ConfigSource): Reading {
  const issues: Issue[] = [];
  const warnings: Issue[] = [];
  let parsed: Record<string, unknown> = {};
  try {
    const value: unknown = raw.trim() === "" ? {} : parseJson5(raw);
    const forbidden = forbiddenKey(value);
    if (forbidden) issues.push({ path: forbidden, message: "is a name that a config file must not use" });
    else if (isRecord(value)) parsed = value;
    else issues.push({ path: "", message: "the file must hold one object: { … }" });
  } catch (error) {
    const line = (error as { lineNumber?: unknown }).lineNumber;
    issues.push({
      path: "",
      message: `not valid JSON5: ${messageOf(error)}`,
      ...(typeof line === "number" && { line }),
    });
  }
  const values = new Map<string, unknown>();
  const { value: resolved, issues: broken, missing, included, variables, placeOf } = resolvedOf(raw, parsed, source);
  const placed = (issue: Issue) => ({ ...issue, path: placeOf(issue.path) });
  issues.push(...broken);
  // A variable that is missing in the section `gateway` is an error: without its settings the gateway might be open to
  // others, or listen elsewhere.
  for (const problem of missing) (problem.path.startsWith("gateway.") ? issues : warnings).push(problem);
  for (const section of sections) {
    const result = parseWithVariables(section, resolved, (path) => variables.get(placeOf(path)));
    values.set(section.path, result.value);
    for (const issue of shown(result.issues)) issues.push(placed(issue));
    for (const warning of shown(result.warnings)) warnings.push(placed(warning));
  }
  for (const key of Object.keys(resolved)) {
    if (!values.has(key)) warnings.push({ path: key, message: IGNORED });
  }
  const lineOf = lineIndex(raw);
  const withLines = (found: readonly Issue[]) => shown(found).map((issue) => withLine(issue, lineOf));
  return { raw, parsed, resolved, included, values, issues: withLines(issues), warnings: withLines(warnings) };
}

/** The most issues that are shown and logged. */
const MOST_SHOWN = 50;

/** The first issues, and how many more there are. */
function shown(found: readonly Issue[]): readonly Issue[] {
  if (found.length <= MOST_SHOWN) return found;
  return [
    ...found.slice(0, MOST_SHOWN),
    { path: "", message: `${found.length - MOST_SHOWN} more are not shown; mend these first` },
  ];
}

function resolvedOf(raw: string, parsed: Record<string, unknown>, source: ConfigSource | undefined): Resolved {
  if (!source || isSelfContained(raw))
    return { value: parsed, issues: [], missing: [], included: [], variables: new Map(), placeOf: (path) => path };
  return resolveConfig(parsed, source);
}

/**
 * Parses a section. A text that is one variable becomes a number or a switch where the section wants one; `variableAt`
 * names the variable that a place holds. `resolved` gets the section as it was read.
 */
function parseWithVariables(
  section: ConfigSection<unknown>,
  resolved: Record<string, unknown>,
  variableAt: (path: string) => string | undefined,
): Parsed<unknown> {
  const first = section.parse(resolved[section.path]);
  const wanted = first.issues.filter(({ path, message }) => TYPED.test(message) && variableAt(path) !== undefined);
  if (wanted.length === 0) return first;
  const places = new Set(wanted.map(({ path }) => path));
  resolved[section.path] = typedAt(places, resolved[section.path], section.path);
  const { issues, ...rest } = section.parse(resolved[section.path]);
  const explained = issues.map((issue) => {
    const [, kind] = TYPED.exec(issue.message) ?? [];
    const variable = kind === undefined ? undefined : variableAt(issue.path);
    return variable === undefined
      ? issue
      : { ...issue, message: `${issue.message}; the variable ${variable} holds none` };
  });
  return { ...rest, issues: explained };
}

/** The validator's message for a string where another type is wanted. */
const TYPED = /^must be (?:one of .*)?(number|integer|boolean)/;

/** Copies a value and turns the strings at these dotted places into the numbers and booleans that they spell. */
function typedAt(places: ReadonlySet<string>, value: unknown, path: string): unknown {
  if (places.has(path)) return typed(value);
  const inner = (key: string | number, each: unknown) => typedAt(places, each, `${path}.${key}`);
  if (Array.isArray(value)) return value.map((each, index) => inner(index, each));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, inner(key, each)]));
}

function typed(value: unknown): unknown {
  if (value === "true" || value === "false") return value === "true";
  return typeof value === "string" && /^[+-]?\d{1,15}(?:\.\d{1,15})?$/.test(value.trim()) ? Number(value) : value;
}

/** The dotted path of a key that would reach an object's prototype; undefined when there is none. */
function forbiddenKey(value: unknown, path: readonly string[] = []): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const here = [...path, key];
    if (key === "__proto__" || key === "constructor" || key === "prototype") return here.join(".");
    const deeper = forbiddenKey(inner, here);
    if (deeper) return deeper;
  }
  return undefined;
}

function withLine(issue: Issue, lineOf: LineOf): Issue {
  const line = issue.line ?? lineOf(issue.path);
  return line === undefined ? issue : { ...issue, line };
}

/** The problems of a file as one text for a person. */
export function explain(path: string, issues: readonly Issue[]): string {
  const [first, ...others] = issues;
  if (!first) return `${path} is valid.`;
  const where = first.line === undefined ? path : `${path} line ${first.line}`;
  const more = others.length > 0 ? ` (and ${others.length} more; see \`moltbot doctor\`)` : "";
  return `${where}: ${first.path ? `${first.path} ` : ""}${first.message}${more}. Mend that and save.`;
}

/** Deep merge of plain objects; `undefined` in `over` leaves the value alone. */
export function merge(
  base: Readonly<Record<string, unknown>>,
  over: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = ownValue(result, key);
    if (value !== undefined)
      setOwnValue(result, key, isRecord(value) && isRecord(before) ? merge(before, value) : value);
  }
  return result;
}

/** A plain object: not null, not an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
