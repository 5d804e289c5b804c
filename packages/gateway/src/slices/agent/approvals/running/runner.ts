/** A running command. When it ends, all processes that it has started end too. */
import { type ChildProcess, spawn } from "node:child_process";
import { messageOf } from "../../../../base/errors.ts";
import { newId } from "../../../../base/ids.ts";
import { quietStreams } from "../../../../base/process/child.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { Shell } from "./environment.ts";
import { guardTree } from "./guard.ts";
import { Output } from "./output.ts";
import { ProcessTree } from "./process-tree.ts";

/** The complete command; an approval covers exactly this. */
export interface Job {
  readonly command: string;
  /** Absolute, links followed. */
  readonly cwd: string;
  /** All of the environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether it can be written to while it runs. */
  readonly takesInput: boolean;
}

/** How a command ended. */
export interface Ending {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  /** The reason why it was ended from outside, in words that follow "it". */
  readonly stopped: string | undefined;
  readonly durationMs: number;
}

/** The time between SIGTERM and SIGKILL, ms. */
const GRACE_MS = 700;
/** The time to read the rest of the pipes after the end, ms. */
const DRAIN_MS = 300;
/** The most output, bytes; a command that writes more is ended. */
const MAX_BYTES = 256 * 1024 * 1024;

export class RunningCommand {
  readonly output = new Output();
  /** Resolves to the end when no process of the command is left; never rejects. */
  readonly ended: Promise<Ending>;
  readonly #child: ChildProcess;
  readonly #tree = new ProcessTree(newId());
  readonly #clock: Clock;
  readonly #startedAt: number;
  #stopped: string | undefined;
  #isOver = false;

  /** Starts the command. `onOutput` is called for new output. */
  constructor(job: Job, { shell, clock, onOutput }: { shell: Shell; clock: Clock; onOutput?: () => void }) {
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
    const { file, args, env, mark } = this.#tree.launch(shell.path, [...shell.args, job.command], job.env);
    this.#child = spawn(file, args, {
      cwd: job.cwd,
      env,
      detached: true,
      stdio: [job.takesInput ? "pipe" : "ignore", "pipe", "pipe", ...(mark === undefined ? [] : [mark])],
    });
    this.#tree.started(this.#child.pid);
    quietStreams(this.#child);
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on("data", (chunk: Buffer) => {
        this.output.push(chunk);
        if (this.output.total > MAX_BYTES) this.stop(`wrote more than ${MAX_BYTES / 1024 / 1024} MB`);
        onOutput?.();
      });
    this.ended = this.#whenEnded();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get durationMs(): number {
    return Math.round(this.#clock.monotonic() - this.#startedAt);
  }

  /** Writes input. False when the command takes no more. */
  write(text: string): boolean {
    const { stdin } = this.#child;
    if (this.#isOver || !stdin?.writable) return false;
    stdin.write(text);
    return true;
  }

  /** Ends all processes: SIGTERM, and soon after SIGKILL. `why` follows "it". */
  stop(why: string): void {
    if (this.#isOver || this.#stopped !== undefined) return;
    this.#stopped = why;
    this.#tree.signal("SIGTERM");
    const late = this.#clock.after(GRACE_MS, () => this.#tree.signal("SIGKILL"));
    void this.ended.finally(() => late[Symbol.dispose]());
  }

  async #whenEnded(): Promise<Ending> {
    const { pid } = this.#child;
    using _tree = this.#tree;
    using _guard = pid === undefined ? undefined : guardTree(pid, this.#tree);
    const { promise, resolve } = Promise.withResolvers<Omit<Ending, "stopped" | "durationMs">>();
    const closed = Promise.withResolvers<void>();
    this.#child.once("close", () => closed.resolve());
    this.#child.once("error", (error) => {
      this.output.push(Buffer.from(`it could not be started: ${messageOf(error)}\n`));
      resolve({ code: 126, signal: undefined });
      closed.resolve();
    });
    this.#child.once("exit", (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }));
    const how = await promise;
    // Background processes of the command end with it, however they have detached.
    this.#tree.end();
    const drained = Promise.withResolvers<void>();
    using _limit = this.#clock.after(DRAIN_MS, () => drained.resolve());
    await Promise.race([closed.promise, drained.promise]);
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    this.#isOver = true;
    return { ...how, stopped: this.#stopped, durationMs: this.durationMs };
  }
}
