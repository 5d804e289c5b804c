/**
 * The config file: JSON5, validated section by section, watched, rewritten atomically, and never lost. An invalid file
 * does not stop a gateway that has had a valid one: the last good copy stays in force until the file is mended.
 */
import { copyFileSync, type FSWatcher, readdirSync, rmSync, statSync, watch } from "node:fs";
import { basename, dirname, join } from "node:path";
import { codeOf, detailOf, GatewayError, messageOf, StartError } from "../errors.ts";
import {
  type Env,
  envOf,
  makePrivateDir,
  readFirst,
  readTextIfExists,
  rewriteFile,
  writePrivateFile,
} from "../files.ts";
import { sha256Hex } from "../ids.ts";
import type { Log } from "../log.ts";
import { isPassing } from "../process/machine.ts";
import type { Clock } from "../time/clock.ts";
import { type LineOf, lineIndex } from "./config-line.ts";
import { type ConfigSource, isSelfContained, type Resolved, resolveConfig } from "./config-source.ts";
import { parseJson5 } from "./json5.ts";

/** A wrong value: where it stands, what is wrong, and the line when it is known. */
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
 * One slice's part of the file. `reload` says what an edit does: apply at once, restart the gateway in place, or the one
 * or the other as `needsRestart` says of the values before and after. `given` reads a variable of the gateway, by its name
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

/** The file on the disk, and the values in force. */
export interface ConfigSnapshot {
  readonly path: string;
  readonly exists: boolean;
  readonly raw: string | null;
  readonly parsed: unknown;
  readonly valid: boolean;
  /** Values in force, defaults filled in. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Lower-case hexadecimal SHA-256 of `raw` (of "" when there is no file); a write must name it. */
  readonly hash: string;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}

interface Reading {
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

export interface ConfigOptions {
  readonly path: string;
  readonly sections: readonly ConfigSection<unknown>[];
  readonly log: Log;
  readonly clock: Clock;
  /** The variables that the file can name. */
  readonly env: Env;
  /** See `ConfigSource`. */
  readonly isElsewhere?: boolean;
  /** The state folder: copies are kept there when the config file's own folder cannot be written. */
  readonly fallbackFolder: string;
}

const WATCH_DEBOUNCE_MS = 200;
/** How often the file is checked beside the folder's watch: a watch does not report changed mounts and links. */
const LOOK_EVERY_MS = 2_000;
const HISTORY_KEPT = 50;

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

/** The open config file of a running gateway. */
export class Config implements Disposable {
  readonly path: string;
  readonly sections: readonly ConfigSection<unknown>[];
  readonly #options: ConfigOptions;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #listeners = new Map<string, Set<(value: unknown) => void>>();
  readonly #restartListeners = new Set<() => void>();
  readonly #overrides = new Map<string, Readonly<Record<string, unknown>>>();
  /** Sections with their overrides, until another config comes into force: some are read at each connect. */
  readonly #overridden = new Map<string, unknown>();
  #revision = 0;
  #inForce: Reading;
  #onDisk: Reading;
  #exists: boolean;
  #watcher: FSWatcher | undefined;
  #looking: Disposable | undefined;
  #debounce: Disposable | undefined;

  private constructor(options: ConfigOptions, onDisk: Reading, inForce: Reading, exists: boolean) {
    this.#options = options;
    this.path = options.path;
    this.sections = options.sections;
    this.#log = options.log;
    this.#clock = options.clock;
    this.#onDisk = onDisk;
    this.#inForce = inForce;
    this.#exists = exists;
  }

  /**
   * Opens the file; an invalid one falls back to the last good copy. Throws `StartError` when there is no good copy
   * either: the first start has nothing safe to run with.
   */
  static open(options: ConfigOptions): Config {
    const raw = readConfigText(options.path);
    const read = (text: string) => readConfig(text, options.sections, options);
    const onDisk = read(raw ?? "");
    if (onDisk.issues.length === 0) {
      const config = new Config(options, onDisk, onDisk, raw !== undefined);
      if (raw !== undefined) config.#keepLastGood(raw);
      config.#logWarnings(onDisk);
      return config;
    }
    const lastGood = readFirst(lastGoodPaths(options));
    const inForce = lastGood === undefined ? undefined : read(lastGood);
    if (!inForce || inForce.issues.length > 0)
      throw new StartError(explain(options.path, onDisk.issues), { isLasting: true });
    options.log.error("the config file is invalid; the last good copy stays in force", {
      problem: explain(options.path, onDisk.issues),
    });
    return new Config(options, onDisk, inForce, true);
  }

  /** The values of a section, now and later. */
  of<T>(section: ConfigSection<T>): Settings<T> {
    const currentOf = () => this.#valueOf(section.path) as T;
    return {
      get current() {
        return currentOf();
      },
      onChange: (fn) => {
        const listeners = this.#listeners.get(section.path) ?? new Set();
        this.#listeners.set(section.path, listeners);
        listeners.add(fn as (value: unknown) => void);
        return { [Symbol.dispose]: () => void listeners.delete(fn as (value: unknown) => void) };
      },
    };
  }

  /** Values from flags and environment that stand above the file, for as long as the process runs. */
  override(sectionPath: string, values: Readonly<Record<string, unknown>>): void {
    this.#overrides.set(sectionPath, values);
    this.#overridden.clear();
  }

  /** Calls `fn` when a changed section needs the gateway to restart. */
  onRestartNeeded(fn: () => void): Disposable {
    this.#restartListeners.add(fn);
    return { [Symbol.dispose]: () => void this.#restartListeners.delete(fn) };
  }

  /** Grows with every change of the values in force. */
  get revision(): number {
    return this.#revision;
  }

  /** Reads a text as the file would be read; nothing is written or comes into force. */
  read(raw: string): Pick<Reading, "issues" | "warnings" | "values"> {
    return readConfig(raw, this.sections, this.#options);
  }

  /** The sections for which a change of these values would restart the gateway. */
  restartsFor(before: Reading["values"], after: Reading["values"]): readonly string[] {
    const given = (name: string) => envOf(this.#options.env, name);
    return this.#changedIn(before, after)
      .filter(
        ({ path, reload, needsRestart }) =>
          reload === "restart" || needsRestart?.(before.get(path), after.get(path), given) === true,
      )
      .map(({ path }) => path);
  }

  #changedIn(before: Reading["values"], after: Reading["values"]): readonly ConfigSection<unknown>[] {
    return this.sections.filter(({ path }) => JSON.stringify(before.get(path)) !== JSON.stringify(after.get(path)));
  }

  /** What is in force, and what the file said when it was read last. */
  get held(): Pick<ConfigSnapshot, "config" | "parsed"> {
    const config = Object.fromEntries(this.sections.map(({ path }) => [path, this.#valueOf(path)]));
    return { config, parsed: this.#onDisk.parsed };
  }

  /** The file as it is on the disk now. */
  snapshot(): ConfigSnapshot {
    this.reload();
    const { raw, issues, warnings } = this.#onDisk;
    return {
      path: this.path,
      exists: this.#exists,
      raw: this.#exists ? raw : null,
      ...this.held,
      valid: issues.length === 0,
      hash: sha256Hex(this.#exists ? raw : ""),
      issues,
      warnings,
    };
  }

  /**
   * Replaces the file and applies it. Throws `INVALID_REQUEST`: "config base hash required; …" or "config changed since
   * last load; …" when `baseHash` is not that of the file on disk now, "invalid config" with `details.issues` when the
   * text is not valid. The replaced text goes to the history folder.
   */
  write(raw: string, baseHash: string | undefined): ConfigSnapshot {
    const onDisk = readConfigText(this.path);
    if (onDisk !== undefined) requireBaseHash(sha256Hex(onDisk), baseHash);
    const reading = readConfig(raw, this.sections, this.#options);
    if (reading.issues.length > 0) {
      throw new GatewayError("INVALID_REQUEST", "invalid config", { details: { issues: reading.issues } });
    }
    if (onDisk !== undefined) this.#keepHistory();
    replaceOrRewrite(this.path, raw);
    this.reload();
    return this.snapshot();
  }

  /** Reads the file again; a valid one comes into force, an invalid one is reported and the old values stay. */
  reload(): void {
    const raw = this.#readAgain();
    const existed = this.#exists;
    this.#exists = raw !== undefined;
    if (raw === undefined) {
      if (existed) this.#log.warn("the config file is gone; the values in force stay", { path: this.path });
      return;
    }
    if (raw === this.#onDisk.raw && isSelfContained(raw)) return;
    const before = this.#onDisk;
    this.#onDisk = readConfig(raw, this.sections, this.#options);
    if (this.#onDisk.issues.length > 0) {
      this.#log.error("the config file is invalid; the last good copy stays in force", {
        problem: explain(this.path, this.#onDisk.issues),
      });
      return;
    }
    if (raw === before.raw && JSON.stringify(before.resolved) === JSON.stringify(this.#onDisk.resolved)) return;
    this.#logWarnings(this.#onDisk);
    this.#keepLastGood(raw);
    this.#apply(this.#onDisk);
  }

  /** The file's text; while the machine has passing trouble, the text read before. */
  #readAgain(): string | undefined {
    try {
      return readConfigText(this.path);
    } catch (error) {
      if (!isPassing(error)) throw error;
      this.#log.debug("the config file cannot be read now; the values in force stay", { error });
      return this.#exists ? this.#onDisk.raw : undefined;
    }
  }

  /** Watches the folder (editors replace files, so the file itself cannot be watched). */
  watch(): void {
    const name = basename(this.path);
    this.#watcher = watch(dirname(this.path), { persistent: false }, (_event, changed) => {
      if (changed !== null && changed !== name) return;
      this.#debounce?.[Symbol.dispose]();
      this.#debounce = this.#clock.after(WATCH_DEBOUNCE_MS, () => this.reload());
    });
    this.#watcher.on("error", (error) =>
      this.#log.warn("the config folder cannot be watched", { error: detailOf(error) }),
    );
    let seen = this.#traces();
    this.#looking = this.#clock.every(LOOK_EVERY_MS, () => {
      const now = this.#traces();
      if (now === seen) return;
      seen = now;
      this.reload();
    });
  }

  /** A text that changes when the file or an included file may have changed. Costs microseconds. */
  #traces(): string {
    return [this.path, ...this.#onDisk.included].map(traceOf).join();
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
    this.#looking?.[Symbol.dispose]();
    this.#debounce?.[Symbol.dispose]();
  }

  #valueOf(path: string): unknown {
    const value = this.#inForce.values.get(path);
    const overrides = this.#overrides.get(path);
    if (!overrides || !isRecord(value)) return value;
    if (!this.#overridden.has(path)) this.#overridden.set(path, merge(value, overrides));
    return this.#overridden.get(path);
  }

  #apply(next: Reading): void {
    const previous = this.#inForce;
    this.#inForce = next;
    this.#overridden.clear();
    this.#revision++;
    const changed = this.#changedIn(previous.values, next.values);
    if (changed.length === 0) return;
    this.#log.info("config changed", { sections: changed.map(({ path }) => path) });
    for (const { path } of changed)
      for (const listener of this.#listeners.get(path) ?? []) listener(this.#valueOf(path));
    if (this.restartsFor(previous.values, next.values).length > 0)
      for (const listener of this.#restartListeners) listener();
  }

  #logWarnings(reading: Reading): void {
    for (const warning of reading.warnings) {
      this.#log.warn(isIgnored(warning) ? "a setting is ignored" : "a setting cannot be used as it is", {
        setting: warning.path,
        line: warning.line,
        why: warning.message,
      });
    }
  }

  #keepLastGood(raw: string): void {
    this.#besides(lastGoodPaths(this.#options), (path) => {
      if (readTextIfExists(path) !== raw) writePrivateFile(path, raw);
    });
  }

  /** Keeps a copy beside the file, or in the state folder when that cannot be written. */
  #besides(paths: readonly string[], keep: (path: string) => void): void {
    for (const [index, path] of paths.entries()) {
      try {
        return keep(path);
      } catch (error) {
        if (index === paths.length - 1)
          this.#log.warn("a copy of the config file cannot be kept", { error: detailOf(error) });
      }
    }
  }

  #keepHistory(): void {
    this.#besides(historyDirs(this.#options), (folder) => this.#keepHistoryIn(folder));
  }

  #keepHistoryIn(folder: string): void {
    makePrivateDir(folder);
    const stamp = new Date(this.#clock.now()).toISOString().replace(/[:.]/g, "-");
    copyFileSync(this.path, join(folder, `${stamp}.json5`));
    const kept = readdirSync(folder).sort();
    for (const old of kept.slice(0, Math.max(0, kept.length - HISTORY_KEPT)))
      rmSync(join(folder, old), { force: true });
  }
}

/** Folders of replaced config texts, oldest first by name: beside the file, else in the state folder. */
export function historyDirs({ path, fallbackFolder }: Pick<ConfigOptions, "path" | "fallbackFolder">): string[] {
  return besides(path, fallbackFolder, ".history");
}

/** Paths of the last good text: beside the file, else in the state folder. */
export function lastGoodPaths({ path, fallbackFolder }: Pick<ConfigOptions, "path" | "fallbackFolder">): string[] {
  return besides(path, fallbackFolder, ".last-good");
}

function besides(path: string, fallbackFolder: string, ending: string): string[] {
  return [...new Set([`${path}${ending}`, join(fallbackFolder, `${basename(path)}${ending}`)])];
}

/** Identity, size and time of a file; "" when it does not exist. */
function traceOf(path: string): string {
  const file = statSync(path, { throwIfNoEntry: false });
  return file ? `${file.dev}:${file.ino}:${file.size}:${file.mtimeMs}` : "";
}

/**
 * Replaces the file in one step; a file that is a mount of its own, or whose folder takes no other file, is rewritten in
 * place. Throws `INVALID_REQUEST` when it cannot be written at all.
 */
function replaceOrRewrite(path: string, raw: string): void {
  try {
    return writePrivateFile(path, raw);
  } catch (error) {
    if (!NOT_REPLACEABLE.has(codeOf(error) ?? "")) throw error;
  }
  try {
    rewriteFile(path, raw);
  } catch (error) {
    throw new GatewayError(
      "INVALID_REQUEST",
      "the config file cannot be written here (read-only or not this user's); change it where it comes from",
      { cause: error },
    );
  }
}

/** A mount of one file (EBUSY, EXDEV), or a folder that takes no new files. */
const NOT_REPLACEABLE: ReadonlySet<string> = new Set(["EBUSY", "EXDEV", "EROFS", "EACCES", "EPERM"]);

function requireBaseHash(actual: string, given: string | undefined): void {
  const problem =
    given === undefined ? "config base hash required" : given === actual ? undefined : "config changed since last load";
  if (problem) throw new GatewayError("INVALID_REQUEST", `${problem}; re-run config.get and retry`);
}

function readConfigText(path: string): string | undefined {
  try {
    return readTextIfExists(path);
  } catch (error) {
    throw new StartError(`The config file ${path} cannot be read (${messageOf(error)}); check its owner and mode.`, {
      cause: error,
    });
  }
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
    const before = result[key];
    if (value !== undefined) result[key] = isRecord(value) && isRecord(before) ? merge(before, value) : value;
  }
  return result;
}

/** A plain object: not null, not an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
