/**
 * The config file of a running gateway: watched, rewritten atomically, and never lost. An invalid file does not stop a
 * gateway that has had a valid one: the last good copy stays in force until the file is corrected.
 */
import { GatewayError, messageOf, StartError } from "../errors.ts";
import { type Env, envOf, readFirst, readTextIfExists } from "../files.ts";
import { sha256Hex } from "../ids.ts";
import type { Log } from "../log.ts";
import { isTransient } from "../process/machine.ts";
import type { Clock } from "../time/clock.ts";
import {
  type ConfigSection,
  explain,
  type Issue,
  isIgnored,
  isRecord,
  merge,
  type Reading,
  readConfig,
  type Settings,
} from "./config.ts";
import { ConfigCopies, lastGoodPaths } from "./config-copies.ts";
import { replaceOrRewrite } from "./config-replace.ts";
import { isSelfContained } from "./config-source.ts";
import { ConfigWatch } from "./config-watch.ts";

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

/** The open config file of a running gateway. */
export class Config implements Disposable {
  readonly path: string;
  readonly sections: readonly ConfigSection<unknown>[];
  readonly #options: ConfigOptions;
  readonly #copies: ConfigCopies;
  readonly #log: Log;
  readonly #listeners = new Map<string, Set<(value: unknown) => void>>();
  readonly #restartListeners = new Set<() => void>();
  readonly #overrides = new Map<string, Readonly<Record<string, unknown>>>();
  /** Sections with their overrides, until another config comes into force: some are read at each connect. */
  readonly #overridden = new Map<string, unknown>();
  #revision = 0;
  #inForce: Reading;
  #onDisk: Reading;
  #exists: boolean;
  readonly #watch: ConfigWatch;

  private constructor(options: ConfigOptions, onDisk: Reading, inForce: Reading, exists: boolean) {
    this.#options = options;
    this.path = options.path;
    this.sections = options.sections;
    this.#copies = new ConfigCopies(options);
    this.#log = options.log;
    this.#watch = new ConfigWatch(options, {
      included: () => this.#onDisk.included,
      onChange: () => this.reload(),
    });
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
      if (raw !== undefined) config.#copies.keepLastGood(raw);
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
      .filter(({ path, reload, needsRestart }) =>
        needsRestart ? needsRestart(before.get(path), after.get(path), given) : reload === "restart",
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
    if (onDisk !== undefined) this.#copies.keepHistory();
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
    this.#copies.keepLastGood(raw);
    this.#apply(this.#onDisk);
  }

  /** The file's text; while the machine has passing trouble, the text read before. */
  #readAgain(): string | undefined {
    try {
      return readConfigText(this.path);
    } catch (error) {
      if (!isTransient(error)) throw error;
      this.#log.debug("the config file cannot be read now; the values in force stay", { error });
      return this.#exists ? this.#onDisk.raw : undefined;
    }
  }

  /** Looks for changes from here on. */
  watch(): void {
    this.#watch.start();
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
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
}

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
