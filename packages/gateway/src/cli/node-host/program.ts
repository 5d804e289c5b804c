/** Runs one program of a node. Its two outputs are kept apart, and everything that it has started ends with it. */
import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { messageOf } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import { quietStreams } from "../../base/process/child.ts";
import type { Clock } from "../../base/time/clock.ts";
import { onAbort } from "../../base/time/deadline.ts";
import { guardTree, ProcessTree } from "./gateway-rules.ts";

export interface Program {
  readonly argv: readonly [string, ...string[]];
  /** The folder that it starts in, absolute. */
  readonly cwd: string;
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** No limit when undefined. */
  readonly timeoutMs: number | undefined;
}

/** How a program ended, in the fields of `system.run`. */
export interface ProgramEnd {
  /** Undefined when a signal ended it, or when it could not be started. */
  readonly exitCode: number | undefined;
  readonly timedOut: boolean;
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
  /** Why it could not be started; null when it could. */
  readonly error: string | null;
}

/** The most characters of both outputs together. Source: the node host of January 2026. */
const MAX_CHARS = 200_000;
const CUT = "\n... (truncated)";
/** The time to read the rest of the pipes after the end, ms. */
const DRAIN_MS = 300;

export interface RunOptions {
  readonly clock: Clock;
  /** Ends the program at once when it aborts. */
  readonly signal: AbortSignal;
  /** Called with each new piece of output. */
  readonly onOutput: (text: string) => void;
}

/** Runs a program to its end. Never rejects: a program that cannot be started has an `error`. */
export async function runProgram({ argv, cwd, env, timeoutMs }: Program, options: RunOptions): Promise<ProgramEnd> {
  const { clock, signal, onOutput } = options;
  const [file, ...rest] = argv;
  using tree = new ProcessTree(newId());
  const launch = tree.launch(file, rest, env);
  const child = spawn(launch.file, launch.args, {
    cwd,
    env: launch.env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe", ...(launch.mark === undefined ? [] : [launch.mark])],
  });
  tree.started(child.pid);
  quietStreams(child);
  using _guard = child.pid === undefined ? undefined : guardTree(child.pid, tree);
  const kept = new KeptOutput(onOutput);
  kept.read("stdout", child.stdout);
  kept.read("stderr", child.stderr);
  let timedOut = false;
  const { promise: ended, resolve } = Promise.withResolvers<{ code?: number | undefined; problem?: string }>();
  const closed = Promise.withResolvers<void>();
  child.once("close", () => closed.resolve());
  child.once("error", (error) => {
    resolve({ problem: messageOf(error) });
    closed.resolve();
  });
  child.once("exit", (code) => resolve({ code: code ?? undefined }));
  using _limit =
    timeoutMs === undefined
      ? undefined
      : clock.after(timeoutMs, () => {
          timedOut = true;
          tree.signal("SIGKILL");
        });
  using _aborted = onAbort(signal, () => tree.signal("SIGKILL"));
  const { code, problem } = await ended;
  tree.end();
  using _drained = clock.after(DRAIN_MS, () => closed.resolve());
  await closed.promise;
  const { stdout, stderr } = kept.texts();
  return { exitCode: code, timedOut, success: code === 0 && !timedOut, stdout, stderr, error: problem ?? null };
}

/** Both outputs, up to one limit for the two together. */
class KeptOutput {
  readonly #onOutput: (text: string) => void;
  readonly #texts = { stdout: "", stderr: "" };
  readonly #cut = { stdout: false, stderr: false };
  #left = MAX_CHARS;

  constructor(onOutput: (text: string) => void) {
    this.#onOutput = onOutput;
  }

  read(name: "stdout" | "stderr", stream: Readable | null): void {
    const decoder = new StringDecoder("utf8");
    stream?.on("data", (chunk: Buffer) => this.#add(name, decoder.write(chunk)));
    stream?.on("end", () => this.#add(name, decoder.end()));
  }

  texts(): { stdout: string; stderr: string } {
    const shown = (name: "stdout" | "stderr") => `${this.#texts[name]}${this.#cut[name] ? CUT : ""}`;
    return { stdout: shown("stdout"), stderr: shown("stderr") };
  }

  #add(name: "stdout" | "stderr", text: string): void {
    if (text === "") return;
    const kept = text.slice(0, this.#left);
    this.#left -= kept.length;
    this.#texts[name] += kept;
    if (kept.length < text.length) this.#cut[name] = true;
    if (kept !== "") this.#onOutput(kept);
  }
}
