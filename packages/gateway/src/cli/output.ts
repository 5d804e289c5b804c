/** Where a command writes: stdout for what was asked, stderr for everything else. */

import { once } from "node:events";
import { isatty } from "node:tty";
import { createStyle, printable, type Style } from "./render.ts";

/** A command's two streams, with what they can show. */
export interface Output {
  /** Columns of the terminal; 80 when stdout is none. */
  readonly width: number;
  readonly isTerminal: boolean;
  readonly style: Style;
  /** One line, or several, on stdout. */
  print(text: string): void;
  /** Text from outside on stdout as it comes, without a line end; terminal controls are removed. */
  stream(text: string): Promise<void>;
  /** A value as indented JSON on stdout. */
  json(value: unknown): void;
  /** A line for people on stderr. */
  note(text: string): void;
  /** Shows `label` with a spinner while `work` takes longer than half a second, if somebody watches. */
  during<T>(label: string, work: Promise<T>): Promise<T>;
}

/** The process's own streams. A reader that goes away (`| head`) ends the command quietly. */
export function processOutput(env: NodeJS.ProcessEnv): Output {
  const { stdout } = process;
  stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  return {
    width: stdout.isTTY ? Math.max(40, stdout.columns || 80) : 80,
    isTerminal: stdout.isTTY === true,
    style: createStyle(wantsColour(stdout, env)),
    print: (text) => void stdout.write(`${text}\n`),
    async stream(text) {
      if (!stdout.write(printable(text))) await once(stdout, "drain");
    },
    json: (value) => void stdout.write(`${JSON.stringify(value, undefined, 2)}\n`),
    note: (text) => void process.stderr.write(`${text}\n`),
    during: (label, work) => (isatty(2) ? spin(label, work) : work),
  };
}

/** Whether escape codes belong on this stream (https://no-color.org). */
export function wantsColour(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== "0";
  return stream.isTTY === true && env.TERM !== "dumb";
}

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const SPIN_AFTER_MS = 500;

async function spin<T>(label: string, work: Promise<T>): Promise<T> {
  let frame = 0;
  let timer: NodeJS.Timeout | undefined;
  const start = setTimeout(() => {
    timer = setInterval(() => process.stderr.write(`\r\x1b[K${FRAMES[frame++ % FRAMES.length]} ${label}`), 80);
  }, SPIN_AFTER_MS);
  try {
    return await work;
  } finally {
    clearTimeout(start);
    clearInterval(timer);
    if (timer) process.stderr.write("\r\x1b[K");
  }
}
