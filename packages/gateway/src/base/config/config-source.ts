/**
 * Resolves the files that a config file includes and the environment variables that it names. The text itself is never
 * changed by this, so nothing that was read in is written back.
 */

import { statSync } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import { codeOf, ignore, messageOf } from "../errors.ts";
import { type Env, readTextIfExists } from "../files.ts";
import { ownValue, setOwnValue } from "../own-value.ts";
import { parseJson5 } from "./json5.ts";

/** A config file, and what it can refer to. */
export interface ConfigSource {
  readonly path: string;
  readonly env: Env;
  /** The gateway runs elsewhere, where a variable that is not set here may be set: do not report it. */
  readonly isElsewhere?: boolean;
  /** Reads the text of a file in place of the disk, for a config of somebody else; undefined when it may not be read. */
  readonly read?: ((path: string) => string | undefined) | undefined;
}

/** One thing that is wrong with a value, by its dotted path. */
export interface SourceProblem {
  readonly path: string;
  readonly message: string;
}

/** A variable that is not set, and the value that names it. */
export interface MissingVariable extends SourceProblem {
  readonly variable: string;
}

/** The resolved values of a file, and what could not be found. */
export interface Resolved {
  readonly value: Record<string, unknown>;
  /** Files that cannot be included: the file is invalid. */
  readonly issues: readonly SourceProblem[];
  /** Variables that are not set. A value that names one counts as absent. */
  readonly missing: readonly MissingVariable[];
  /** Included files that were read. */
  readonly included: readonly string[];
  /** Values that consist of one variable: its name, by the value's place in the file. */
  readonly variables: ReadonlyMap<string, string>;
  /** The place in the file of a dotted path of `value`. The two differ in a list from which elements were left out. */
  placeOf(path: string): string;
}

const INCLUDE = "$include";
/** The deepest chain of files that include each other. */
const MAX_DEPTH = 10;
/** The most included files; a file counts each time that it is named. */
const MAX_FILES = 200;
const MAX_BYTES = 2 * 1024 * 1024;
/** The most bytes of all files together: reading them blocks the process. */
const MAX_TOTAL_BYTES = 2 * MAX_BYTES;
/** Text that means itself where variables are put in. */
export function withoutVariables(text: string): string {
  return text.replace(/\$\{(?=[A-Z_][A-Z0-9_]*\})/g, "$$$${");
}

/** A variable as text names it; `$${NAME}` stands for the words `${NAME}` themselves. */
const VARIABLE = /\$?\$\{([A-Z_][A-Z0-9_]*)\}/g;

const SINGLE_VARIABLE = /^\$\{([A-Z_][A-Z0-9_]*)\}$/;

/** Whether a value names anything outside of its file. Cheap, so that ordinary files are not copied. */
export function isSelfContained(raw: string): boolean {
  return !raw.includes("${") && !raw.includes(INCLUDE);
}

/** Reads in what the file includes, then the variables. */
export function resolveConfig(
  parsed: Record<string, unknown>,
  { path, env, isElsewhere, read }: ConfigSource,
): Resolved {
  const issues: SourceProblem[] = [];
  const missing: MissingVariable[] = [];
  const included: string[] = [];
  const whole = withIncludes(parsed, { way: [wayTo(path)], at: [], issues, included, total: { bytes: 0 }, read });
  const variables = { ...readEnvFile(join(dirname(path), ".env"), read), ...env };
  const left: LeftOut[] = [];
  const single = new Map<string, string>();
  const value = withVariables(whole, { variables, at: [], missing, left, single });
  const placeOf = (path: string) => placeBefore(path, left);
  return {
    ...{ value: isObject(value) ? value : {}, issues, missing: isElsewhere ? [] : missing },
    ...{ included, variables: single, placeOf },
  };
}

/** A list from which elements were left out: its place, and the original index of each remaining element. */
interface LeftOut {
  readonly list: string;
  readonly indexes: readonly number[];
}

function placeBefore(path: string, left: readonly LeftOut[]): string {
  // Handle outer lists first: inner lists are known by their original places.
  return left
    .toSorted((a, b) => a.list.length - b.list.length)
    .reduce((place, { list, indexes }) => {
      const [, index, rest = ""] = place.startsWith(`${list}.`)
        ? (/^(\d+)(.*)$/s.exec(place.slice(list.length + 1)) ?? [])
        : [];
      const before = index === undefined ? undefined : indexes[Number(index)];
      return before === undefined ? place : `${list}.${before}${rest}`;
    }, path);
}

/** A file that is being read, by name and by identity: a link to it is the same file. */
interface Waypoint {
  readonly file: string;
  readonly id: string;
}

interface Including {
  /** The files that led here, the config file first. */
  readonly way: readonly Waypoint[];
  readonly at: readonly string[];
  readonly issues: SourceProblem[];
  readonly included: string[];
  readonly total: { bytes: number };
  readonly read: ConfigSource["read"];
}

function wayTo(file: string): Waypoint {
  const found = statSync(file, { throwIfNoEntry: false });
  return { file, id: found ? `${found.dev}:${found.ino}` : file };
}

function withIncludes(value: unknown, where: Including): unknown {
  if (Array.isArray(value)) return value.map((each, index) => withIncludes(each, deeper(where, String(index))));
  if (!isObject(value)) return value;
  const { [INCLUDE]: named, ...own } = value;
  const inner = Object.fromEntries(
    Object.entries(own).map(([key, each]) => [key, withIncludes(each, deeper(where, key))]),
  );
  if (named === undefined) return inner;
  const files = (Array.isArray(named) ? named : [named]).map((name) => readIncluded(name, where));
  const merged = files.reduce((before, next) => combined(before, next), undefined as unknown);
  return Object.keys(inner).length === 0 ? merged : combined(merged, inner);
}

function deeper(where: Including, key: string): Including {
  return { ...where, at: [...where.at, key] };
}

/** The content of an included file; undefined, with a problem noted, when it cannot be read. */
function readIncluded(name: unknown, where: Including): unknown {
  const { way, at, issues, included, total } = where;
  const path = [...at, INCLUDE].join(".");
  const refuse = (message: string): undefined => void issues.push({ path, message });
  if (typeof name !== "string" || name === "") return refuse("must be the name of a file, or a list of names");
  if (way.length > MAX_DEPTH) return refuse(`goes over more than ${MAX_DEPTH} files; include that file further up`);
  if (included.length >= MAX_FILES)
    return refuse(`names ${name}, after ${MAX_FILES} other files have been included; write more into one file`);
  const target = isAbsolute(name) ? name : join(dirname(way.at(-1)!.file), name);
  included.push(target);
  const given = where.read?.(target);
  if (where.read && given === undefined)
    return refuse(`names ${name}, which is left out: only files of the same folder are read`);
  try {
    const { size } = statSync(target);
    const here = wayTo(target);
    const before = way.findIndex(({ id }) => id === here.id);
    if (before >= 0) return refuse(`names ${name}, which includes itself${through(way.slice(before + 1))}`);
    if (size > MAX_BYTES) return refuse(`names ${name}, which is larger than 2 MB`);
    if (total.bytes + size > MAX_TOTAL_BYTES)
      return refuse(`names ${name}, with which all included files are larger than 4 MB`);
    total.bytes += size;
    return withIncludes(parseJson5(given ?? readTextIfExists(target) ?? ""), { ...where, way: [...way, here] });
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT") return refuse(`names ${name}, which is not there`);
    if (code !== undefined) return refuse(`names ${name}, which cannot be read (${code})`);
    return refuse(`names ${name}, which is not valid JSON5: ${messageOf(error)}`);
  }
}

function through(way: readonly Waypoint[]): string {
  return way.length === 0 ? "" : ` through ${way.map(({ file }) => basename(file)).join(", ")}`;
}

/** Merges objects and joins lists; for any other kind the later value wins. */
function combined(before: unknown, next: unknown): unknown {
  if (next === undefined) return before;
  if (Array.isArray(before) && Array.isArray(next)) return [...before, ...next];
  if (!isObject(before) || !isObject(next)) return next;
  const result: Record<string, unknown> = { ...before };
  for (const [key, value] of Object.entries(next)) setOwnValue(result, key, combined(ownValue(result, key), value));
  return result;
}

interface Substituting {
  readonly variables: Env;
  readonly at: readonly string[];
  readonly missing: MissingVariable[];
  readonly left: LeftOut[];
  readonly single: Map<string, string>;
}

/** Puts the variables into a value; undefined when one of them is not set. */
function withVariables(value: unknown, { variables, at, missing, left, single }: Substituting): unknown {
  if (typeof value === "string") {
    if (!value.includes("${")) return value;
    const [, only] = SINGLE_VARIABLE.exec(value) ?? [];
    if (only !== undefined) single.set(at.join("."), only);
    let isWhole = true;
    const text = value.replace(VARIABLE, (found, name: string) => {
      if (found.startsWith("$$")) return found.slice(1);
      const given = variables[name];
      if (given !== undefined && given !== "") return given;
      isWhole = false;
      const message = `names the variable ${name}, which is not set; the setting counts as not there`;
      missing.push({ path: at.join("."), message, variable: name });
      return "";
    });
    return isWhole ? text : undefined;
  }
  const inner = (key: string | number, each: unknown) =>
    withVariables(each, { variables, at: [...at, String(key)], missing, left, single });
  if (Array.isArray(value)) {
    const kept = [...value.map((each, index) => inner(index, each)).entries()].filter(([, each]) => each !== undefined);
    if (kept.length < value.length) left.push({ list: at.join("."), indexes: kept.map(([index]) => index) });
    return kept.map(([, each]) => each);
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, each]) => [key, inner(key, each)] as const)
      .filter(([, each]) => each !== undefined),
  );
}

/**
 * Reads a file of `NAME=value` lines, with or without `export` and quotes; `#` begins a comment. Variables of the
 * environment win.
 */
function readEnvFile(path: string, read: (path: string) => string | undefined = readTextIfExists): Env {
  const found: Record<string, string> = {};
  let text: string | undefined;
  try {
    text = read(path);
  } catch (error) {
    ignore(error, "what it would have named is said to be missing");
  }
  for (const line of (text ?? "").split(/\r?\n/)) {
    const [, name, given] = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || given === undefined) continue;
    const quoted = /^(["'])(.*)\1$/.exec(given)?.[2];
    found[name] = quoted ?? given.replace(/\s+#.*$/, "");
  }
  return found;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
