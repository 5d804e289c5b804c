/** Runs a version of the gateway as a process, and watches whether it answers. */
import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { get as httpGet } from "node:http";
import { get as httpsGet } from "node:https";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { isRecord } from "../config/config.ts";
import { codeOf, ignore, TellableError } from "../errors.ts";
import { type Env, readTextIfExists } from "../files.ts";
import { systemClock } from "../time/clock.ts";
import { notePath, noteTrial } from "./leftovers.ts";

/** A start that has not answered after this time has failed, ms. */
const START_MS = 40_000;
/** Between two looks, ms. */
const LOOK_MS = 250;
/** One answer may take this long, ms; so many in a row may be missing. */
const ANSWER_MS = 3_000;
const MISSES = 3;
/** A clean stop may take this long, ms. */
const STOP_MS = 12_000;

/** Runs a command of a version to its end; no code when it does not run, or takes too long. */
export async function runOnce(
  program: string,
  args: readonly string[],
  { env, signal, limitMs }: { env: Env; signal: AbortSignal; limitMs: number },
): Promise<{ code: number | undefined; out: string }> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
  const stdio: StdioOptions = ["ignore", "pipe", "ignore"];
  const child = spawn(process.execPath, [program, ...args], { env: copied(env), stdio, signal: limit });
  const failed = once(child, "error").then(() => ({ code: undefined, out: "" }));
  const ended = Promise.all([text(child.stdout!), once(child, "close")]).then(([out, [code]]) => ({ code, out }));
  ended.catch((error: unknown) => ignore(error, "it has failed, which is told"));
  return await Promise.race([ended, failed]);
}

/** A version of the gateway is given the environment that its caller has chosen for it. */
function copied(env: Env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env));
}

/** How a version is started to be watched. */
interface WatchedOptions {
  readonly stateDir: string;
  readonly env: Env;
  readonly signal: AbortSignal;
  readonly isQuiet: boolean;
  /** Descriptors of sockets that a supervisor listens on; they must begin at 3, as sd_listen_fds(3) says. */
  readonly sockets?: readonly number[] | undefined;
}

/** Has the started program know by its own id that sockets were passed to it. */
const AS_ACTIVATED = 'LISTEN_PID=$$ exec "$@"';

/** A gateway under watch. It ends with this process: its input closes then. */
export class WatchedGateway {
  readonly #child: ChildProcess;
  readonly #stateDir: string;
  readonly #signal: AbortSignal;
  readonly #begunAt = Date.now();

  constructor(program: readonly string[], { stateDir, env, signal, isQuiet, sockets = [] }: WatchedOptions) {
    this.#stateDir = stateDir;
    this.#signal = signal;
    const words = [process.execPath, ...program];
    const [first = "", ...rest] = sockets.length > 0 ? ["/bin/sh", "-c", AS_ACTIVATED, "sh", ...words] : words;
    const output = isQuiet ? "ignore" : "inherit";
    this.#child = spawn(first, rest, {
      env: copied({ ...env, LISTEN_FDS: String(sockets.length) }),
      // A group of its own: what a broken version has started ends with it.
      detached: process.platform !== "win32",
      stdio: ["pipe", output, output, ...sockets],
    });
    this.#child.on("error", (error) => ignore(error, "it has not started, which is seen"));
    this.#child.stdin?.on("error", (error) => ignore(error, "nothing is written there"));
    if (this.#child.pid !== undefined) noteTrial(stateDir, this.#child.pid);
  }

  /** Resolves when it answers for the first time. Throws `TellableError` with what went wrong. */
  async answers(): Promise<void> {
    for (const until = performance.now() + START_MS; !(await this.#isWell()); await this.#look())
      if (performance.now() > until) throw new TellableError("it did not answer in time");
  }

  /** Resolves when it has been well for so long. Throws `TellableError` with what went wrong. */
  async staysWell({ watchMs, maxBytes }: { watchMs: number; maxBytes: number }): Promise<void> {
    let misses = 0;
    for (const until = performance.now() + watchMs; performance.now() < until; await this.#look()) {
      misses = (await this.#isWell()) ? 0 : misses + 1;
      if (misses >= MISSES) throw new TellableError("it stopped answering");
      if (rssOf(this.#child.pid) > maxBytes) throw new TellableError("it eats memory");
    }
  }

  /** Ends it: cleanly when it can. */
  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    for (const until = performance.now() + STOP_MS; !this.#isOver; await systemClock.sleep(LOOK_MS / 5))
      if (performance.now() > until) return await this.kill();
    rmSync(notePath(this.#stateDir), { force: true });
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    this.#endGroup();
    while (!this.#isOver) await systemClock.sleep(LOOK_MS / 5);
    rmSync(notePath(this.#stateDir), { force: true });
  }

  #endGroup(): void {
    const { pid } = this.#child;
    this.#child.kill("SIGKILL");
    if (pid === undefined || process.platform === "win32") return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch (error) {
      ignore(error, "nobody is left in the group");
    }
  }

  get #isOver(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid === undefined || exitCode !== null || signalCode !== null;
  }

  async #look(): Promise<void> {
    await systemClock.sleep(LOOK_MS, this.#signal);
    const { exitCode, signalCode } = this.#child;
    if (this.#isOver) throw new TellableError(`it ended by itself (${signalCode ?? `exit code ${exitCode}`})`);
  }

  /** Whether the gateway that this process has started answers. */
  async #isWell(): Promise<boolean> {
    const url = urlIn(this.#stateDir, this.#begunAt);
    return url !== undefined && (await isAnswering(url));
  }
}

/** The address of the gateway that has started since. */
function urlIn(stateDir: string, since: number): string | undefined {
  try {
    const note: unknown = JSON.parse(readTextIfExists(join(stateDir, "gateway.json")) ?? "null");
    if (!isRecord(note) || typeof note.url !== "string" || typeof note.startedAt !== "number") return undefined;
    return note.startedAt >= since - 1_000 ? note.url.replace(/^ws/, "http") : undefined;
  } catch (error) {
    return ignore(error, "it is being written") as undefined;
  }
}

function isAnswering(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    // The certificate is the gateway's own; only whether it answers counts here.
    const options = { timeout: ANSWER_MS, agent: false, rejectUnauthorized: false };
    const get = url.startsWith("https") ? httpsGet : httpGet;
    const request = get(`${url}/healthz`, options, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once("timeout", () => request.destroy());
    request.once("error", () => resolve(false));
    request.once("close", () => resolve(false));
  });
}

/** The memory of a process in bytes; 0 where the system does not tell. */
function rssOf(pid: number | undefined): number {
  try {
    const [, kilobytes = "0"] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kilobytes) * 1_024;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return 0;
    throw error;
  }
}
