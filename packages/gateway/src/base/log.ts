/** Logs: a constant sentence plus fields. Redaction and escaping happen here, once, for every sink. */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { ignore } from "./errors.ts";
import { makePrivateDir } from "./files.ts";
import { isSecretName } from "./privacy/secret-names.ts";
import type { Secrets } from "./privacy/secrets.ts";
import type { Clock } from "./time/clock.ts";

export type Level = "debug" | "info" | "warn" | "error";
export type Fields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(sentence: string, fields?: Fields): void;
  info(sentence: string, fields?: Fields): void;
  warn(sentence: string, fields?: Fields): void;
  error(sentence: string, fields?: Fields): void;
  /** A logger that adds these fields to every line. */
  child(fields: Fields): Log;
}

export interface Line {
  readonly at: number;
  readonly level: Level;
  readonly sentence: string;
  readonly fields: Fields;
}

/** Where lines go. A sink never throws. */
export type Sink = (line: Line) => void;

const LEVELS: Readonly<Record<Level, number>> = { debug: 10, info: 20, warn: 30, error: 40 };

/** Makes a logger over `sinks`. Lines below `level` are dropped before anything is formatted. */
export function createLog(options: { clock: Clock; level: Level; sinks: readonly Sink[]; secrets: Secrets }): Log {
  const { clock, level, sinks, secrets } = options;
  const make = (inherited: Fields): Log => {
    const write = (at: Level, sentence: string, fields: Fields = {}) => {
      if (LEVELS[at] < LEVELS[level]) return;
      const clean = cleanFields({ ...inherited, ...fields }, secrets);
      for (const sink of sinks)
        sink({ at: clock.now(), level: at, sentence: escapeControls(secrets.redact(sentence)), fields: clean });
    };
    return {
      debug: (sentence, fields) => write("debug", sentence, fields),
      info: (sentence, fields) => write("info", sentence, fields),
      warn: (sentence, fields) => write("warn", sentence, fields),
      error: (sentence, fields) => write("error", sentence, fields),
      child: (fields) => make({ ...inherited, ...fields }),
    };
  };
  return make({});
}

function cleanFields(fields: Fields, secrets: Secrets): Fields {
  const clean: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) clean[name] = cleanValue(name, value, secrets, 0);
  }
  return clean;
}

function cleanValue(name: string, value: unknown, secrets: Secrets, depth: number): unknown {
  if (isSecretName(name) && (typeof value === "string" || typeof value === "number")) return "[redacted]";
  // Cut after redaction: half a secret would not be recognised, and would be printed.
  if (typeof value === "string") return escapeControls(secrets.redact(value).slice(0, MAX_FIELD_CHARS));
  if (value instanceof Error) return escapeControls(secrets.redact(value.stack ?? value.message));
  if (value === null || typeof value !== "object") return value;
  if (depth > 3) return "[deep]";
  if (Array.isArray(value)) return value.slice(0, 50).map((item) => cleanValue(name, item, secrets, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, 50)
      .map(([key, item]) => [escapeControls(secrets.redact(key)), cleanValue(key, item, secrets, depth + 1)]),
  );
}

const MAX_FIELD_CHARS = 4_000;

/** C0, DEL, C1, and the two line breaks of Unicode. */
const CONTROLS = /[\p{Cc}\u2028\u2029]/gu;

/** Escapes control characters, so that text from outside cannot move the cursor, start a line or colour a terminal. */
function escapeControls(text: string): string {
  return text.replace(CONTROLS, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** One JSON object a line. */
export function jsonLine(line: Line): string {
  return `${JSON.stringify({ time: new Date(line.at).toISOString(), level: line.level, msg: line.sentence, ...line.fields })}\n`;
}

/** Lines for a person: time, sentence, fields; coloured when `colour`. */
export function ttySink(write: (text: string) => void, colour: boolean): Sink {
  const paint = (code: number, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const mark: Record<Level, string> = {
    debug: paint(90, "debug"),
    info: paint(32, "info "),
    warn: paint(33, "warn "),
    error: paint(31, "error"),
  };
  return ({ at, level, sentence, fields }) => {
    const time = paint(90, new Date(at).toTimeString().slice(0, 8));
    const rest = Object.entries(fields).map(([k, v]) =>
      paint(90, `${k}=${typeof v === "string" ? v : JSON.stringify(v)}`),
    );
    write(`${[time, mark[level], sentence, ...rest].join(" ")}\n`);
  };
}

/** The priorities of the journal (syslog(3), sd-daemon(3)). */
const PRIORITIES: Readonly<Record<Level, number>> = { debug: 7, info: 6, warn: 4, error: 3 };

/** Lines for the journal, which keeps the time itself: the priority, the sentence, the fields. */
export function journalSink(write: (text: string) => void): Sink {
  return ({ level, sentence, fields }) => {
    const rest = Object.entries(fields).map(([k, v]) => `${k}=${typeof v === "string" ? v : JSON.stringify(v)}`);
    write(`<${PRIORITIES[level]}>${[sentence, ...rest].join(" ")}\n`);
  };
}

/** Whether a stream is the journal's: systemd names its device and inode (systemd.exec(5), JOURNAL_STREAM). */
export function isJournal(named: string | undefined, stream: number): boolean {
  if (!named) return false;
  try {
    const { dev, ino } = fstatSync(stream);
    return named === `${dev}:${ino}`;
  } catch (error) {
    ignore(error, "a stream that is closed is no journal");
    return false;
  }
}

/**
 * A private log file that is rotated at `maxBytes`: the full file becomes `NAME.1`, and the previous `NAME.1` is
 * deleted.
 */
export class LogFile implements Disposable {
  readonly path: string;
  readonly #maxBytes: number;
  #file: number | undefined;
  #size = 0;

  constructor(folder: string, options: { name?: string; maxBytes?: number } = {}) {
    this.path = join(folder, options.name ?? "gateway.log");
    this.#maxBytes = options.maxBytes ?? 10_000_000;
    makePrivateDir(folder);
    this.#open();
  }

  readonly sink: Sink = (line) => {
    if (this.#file === undefined) return;
    try {
      this.#size += writeSync(this.#file, jsonLine(line));
      if (this.#size > this.#maxBytes) this.#turnOver();
    } catch (error) {
      ignore(error, "a full disk must not stop the gateway; standard output still has the line");
    }
  };

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #open(): void {
    this.#file = openSync(this.path, "a", 0o600);
    this.#size = fstatSync(this.#file).size;
  }

  #turnOver(): void {
    this[Symbol.dispose]();
    try {
      renameSync(this.path, `${this.path}.1`);
    } finally {
      this.#open();
    }
  }
}
