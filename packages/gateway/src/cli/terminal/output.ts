/** Where a command writes: stdout for what was asked, stderr for everything else. */

import { once } from "node:events";
import { isatty } from "node:tty";
import { createStyle, jsonForTerminals, printable, type Style, sanitizeLine } from "./render.ts";
import { fold } from "./wrap.ts";

/** A command's two streams, with what they can show. */
export interface Output {
  /** Columns of the terminal; 80 when stdout is none. */
  readonly width: number;
  /** Columns at which sentences are broken; a pipe gets them whole. */
  readonly textWidth: number;
  readonly isTerminal: boolean;
  readonly style: Style;
  /** From here on a reader that goes away ends nothing: what is written is lost, and the process goes on. */
  outlivesReader(): void;
  /** One line, or several, on stdout; a terminal gets them broken at words. */
  print(text: string): void;
  /** Text on stdout exactly as it is, for other programs to take: a setting, a script, a file. */
  raw(text: string): void;
  /** Text from outside on stdout as it comes, without a line end; terminal controls are removed. */
  stream(text: string): Promise<void>;
  /** Text of our own on stdout as it comes, without a line end; it may hold codes that colour. */
  put(text: string): void;
  /** A value as indented JSON on stdout. */
  json(value: unknown): void;
  /** A line for people on stderr, broken at words on a terminal. */
  note(text: string): void;
  /** Shows `label` with a spinner after half a second, until it is disposed, if somebody watches. */
  waiting(label: string): Disposable;
  /** Shows `label` like `waiting` for as long as `work` takes; gives its result. */
  during<T>(label: string, work: Promise<T>): Promise<T>;
}

/** The process's own streams. A reader that goes away (`| head`) ends the command quietly, unless it outlives its reader. */
export function processOutput(env: NodeJS.ProcessEnv): Output {
  const { stdout } = process;
  let isDaemon = false;
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (!isDaemon) process.exit(error.code === "EPIPE" ? 0 : 1);
  });
  process.stderr.on("error", (error: NodeJS.ErrnoException) => {
    if (!isDaemon) process.exit(error.code === "EPIPE" ? 0 : 1);
  });
  // What is in a line may come from anywhere: a remote gateway, a platform, a skill.
  const forPeople = (text: string, stream: NodeJS.WriteStream) => {
    const clean = sanitizeLine(text);
    return `${stream.isTTY ? fold(clean, columnsOf(stream)) : clean}\n`;
  };
  const waiting = (label: string) => (isatty(2) ? spin(label) : NOT_SHOWN);
  return {
    width: columnsOf(stdout),
    textWidth: stdout.isTTY ? columnsOf(stdout) : Number.POSITIVE_INFINITY,
    isTerminal: stdout.isTTY === true,
    style: createStyle(wantsColour(stdout, env)),
    outlivesReader() {
      isDaemon = true;
      // Node writes to pipes synchronously: a reader that stops reading would stop the whole process.
      for (const { _handle } of [stdout, process.stderr] as unknown as readonly Handled[])
        _handle?.setBlocking?.(false);
    },
    print: (text) => void stdout.write(forPeople(text, stdout)),
    raw: (text) => void stdout.write(`${text}\n`),
    async stream(text) {
      if (!stdout.write(printable(text))) await once(stdout, "drain");
    },
    put: (text) => void stdout.write(sanitizeLine(text)),
    json: (value) => void stdout.write(`${jsonForTerminals(value)}\n`),
    note: (text) => void process.stderr.write(forPeople(text, process.stderr)),
    waiting,
    async during(label, work) {
      using _spinner = waiting(label);
      return await work;
    },
  };
}

/** Columns of a stream; 80 when it is no terminal. */
function columnsOf({ isTTY, columns }: NodeJS.WriteStream): number {
  return isTTY ? Math.max(LEAST_COLUMNS, columns || USUAL_COLUMNS) : USUAL_COLUMNS;
}

const USUAL_COLUMNS = 80;
const LEAST_COLUMNS = 30;

/** What Node's streams over pipes have besides (nodejs.org: "A note on process I/O"). */
interface Handled {
  readonly _handle?: { setBlocking?(isBlocking: boolean): void };
}

/** Whether escape codes belong on this stream (https://no-color.org). */
export function wantsColour(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== "0";
  return stream.isTTY === true && env.TERM !== "dumb";
}

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const SPIN_AFTER_MS = 500;

/** Disposing stops it at once and leaves the line empty, so that what comes next can be written there. */
function spin(label: string): Disposable {
  let frame = 0;
  let timer: NodeJS.Timeout | undefined;
  const start = setTimeout(() => {
    timer = setInterval(
      () => process.stderr.write(`\r\x1b[K${FRAMES[frame++ % FRAMES.length]} ${sanitizeLine(label)}`),
      80,
    );
  }, SPIN_AFTER_MS);
  return {
    [Symbol.dispose]() {
      clearTimeout(start);
      clearInterval(timer);
      if (timer) process.stderr.write("\r\x1b[K");
      timer = undefined;
    },
  };
}

const NOT_SHOWN: Disposable = { [Symbol.dispose]() {} };
