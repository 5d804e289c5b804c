/** A foreign program that speaks over its standard streams, and whose end is certain. */
import { type ChildProcess, spawn } from "node:child_process";
import { Duplex, type Readable, type Writable } from "node:stream";
import { codeOf, ignore, messageOf, TellableError } from "../errors.ts";
import type { Env } from "../files.ts";
import type { Log } from "../log.ts";
import type { Clock } from "../time/clock.ts";

export interface ChildOptions {
  readonly command: string;
  readonly args?: readonly string[] | undefined;
  readonly cwd?: string | undefined;
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly clock: Clock;
  /** Receives its last output; people are told how it ended, not what it printed. */
  readonly log: Log;
}

/** Variables that any program needs; none of them is a secret. */
const USUAL =
  /^(?:PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|SHELL|TERM|XDG_\w+|SystemRoot|TEMP|APPDATA|LOCALAPPDATA|USERPROFILE|PATHEXT)$/;

/**
 * The environment of a child: the usual variables, those that it needs by name, and those that are given. The gateway's
 * own secrets are never included.
 */
export function childEnv(
  env: Env,
  given: Readonly<Record<string, string>> = {},
  names: readonly string[] = [],
): Record<string, string> {
  const usual = Object.entries(env).filter(
    (entry): entry is [string, string] => (USUAL.test(entry[0]) || names.includes(entry[0])) && !!entry[1],
  );
  return { ...Object.fromEntries(usual), ...given };
}

const TERM_MS = 2_000;
const MAX_COMPLAINT_CHARS = 1_000;

export class Child implements AsyncDisposable {
  /** Resolves when it has ended, to a few words that say how; never rejects. */
  readonly ended: Promise<string>;
  readonly #process: ChildProcess;
  readonly #clock: Clock;
  #complaint = "";
  #hasEnded = false;

  /** Starts the program in a process group of its own. A failed start is told by `ended`. */
  constructor({ command, args = [], cwd, env, clock, log }: ChildOptions) {
    this.#clock = clock;
    const isGroup = process.platform !== "win32";
    this.#process = spawn(command, [...args], { cwd, env, stdio: "pipe", detached: isGroup, windowsHide: true });
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#process.once("error", (error) => resolve(startProblem(error, command)));
    this.#process.once("exit", (code, signal) =>
      resolve(signal ? `it was ended by ${signal}` : `it ended with code ${code}`),
    );
    this.ended = promise.then((how) => {
      this.#hasEnded = true;
      const words = this.#complaint.trim();
      if (words !== "") log.info("a program has said something before it ended", { program: command, how, words });
      return how;
    });
    for (const stream of [this.stdin, this.stdout]) {
      stream.on("error", (error) => ignore(error, "`ended` tells how the program went"));
    }
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#complaint = (this.#complaint + text).slice(-MAX_COMPLAINT_CHARS);
    });
  }

  get stdin(): Writable {
    return this.#process.stdin!;
  }

  get stdout(): Readable {
    return this.#process.stdout!;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * Ends the program and everything it has started: closes its input, asks it to end, and kills it after two seconds.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.stdin.end();
    if (this.#process.pid === undefined) return void (await this.ended);
    this.#signal("SIGTERM");
    using _late = this.#clock.after(TERM_MS, () => this.#signal("SIGKILL"));
    await this.ended;
    // Its children may have outlived it.
    this.#signal("SIGKILL");
  }

  #signal(name: "SIGTERM" | "SIGKILL"): void {
    const { pid } = this.#process;
    try {
      if (process.platform === "win32") this.#process.kill(name);
      else if (pid !== undefined) process.kill(-pid, name);
    } catch (error) {
      if (codeOf(error) !== "ESRCH" && codeOf(error) !== "EPERM") throw error;
    }
  }
}

function startProblem(error: Error, command: string): string {
  const code = codeOf(error);
  if (code === "ENOENT") return `there is no program ${command}, or no folder to start it in`;
  return code === "EACCES" ? `${command} may not be run` : `it could not be started: ${messageOf(error)}`;
}

/**
 * The lines of a stream. Throws when a line is longer than `maxChars`, because such a program does not keep to the
 * protocol.
 */
export async function* linesOf(stream: Readable, maxChars: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  let chars = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    const pieces = decoder.decode(chunk, { stream: true }).split("\n");
    for (const [index, piece] of pieces.entries()) {
      parts.push(piece);
      chars += piece.length;
      if (chars > maxChars) throw new TellableError(`it sent a line of more than ${maxChars} characters`);
      if (index === pieces.length - 1) continue;
      yield parts.join("");
      parts = [];
      chars = 0;
    }
  }
}

/**
 * Ignores errors of a child's streams. A child that ends with unread input resets the sockets behind them; unhandled,
 * such an error would end the process. The end of the child tells the reason.
 */
export function quietStreams({ stdin, stdout, stderr }: Pick<ChildProcess, "stdin" | "stdout" | "stderr">): void {
  for (const stream of [stdin, stdout, stderr])
    stream?.on("error", (error: unknown) => ignore(error, "the end of the process says it better"));
}

/** A pipe that a process was spawned with, by its descriptor. Throws `TellableError` when the system could not make it. */
export function pipeOf(child: ChildProcess, descriptor: number): Duplex {
  const pipe = child.stdio?.[descriptor];
  if (pipe instanceof Duplex) return pipe;
  throw new TellableError("a program could not be started: too many files are open");
}
