/** The program `imsg` as a child process: JSON-RPC 2.0, one object a line. It ends when the connection does. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { codeOf, messageOf } from "../../../base/errors.ts";
import { jsonOr } from "../../../base/json.ts";
import type { Log } from "../../../base/log.ts";
import { childEnv, quietStreams } from "../../../base/process/child.ts";
import type { Clock } from "../../../base/time/clock.ts";
import { onAbort } from "../../../base/time/deadline.ts";
import { ChannelError } from "../../../kit/channel.ts";
import { endOf, startProblem } from "./problems.ts";

export interface ProgramOptions {
  readonly cliPath: string;
  readonly remoteHost: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Called with everything that the program says unasked. Must not throw. */
  told(method: string, params: unknown): void;
}

/** An error that `imsg` has answered. */
export class ImsgRefusal extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = "ImsgRefusal";
    this.code = code;
  }
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** A line with more than this is no message. */
const LONGEST_LINE = 16 * 1024 * 1024;
const STDERR_KEPT = 4_000;
/** A child that does not end when its input does is killed. */
const KILL_AFTER_MS = 2_000;

export class Program implements AsyncDisposable {
  /** Resolves, with the reason in a sentence, when the program has ended. */
  readonly closed: Promise<ChannelError>;
  readonly #options: ProgramOptions;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #rest = "";
  #stderr = "";

  constructor(options: ProgramOptions) {
    this.#options = options;
    const { command, args } = commandLine(options, ["rpc"]);
    this.#child = spawn(command, args, { cwd: options.cwd, env: childEnv(options.env, {}, SSH), stdio: "pipe" });
    this.closed = this.#watch();
  }

  /**
   * Calls a method. Rejects with `ImsgRefusal` when the program answers with an error; with `ChannelError` "not-sent"
   * when it has ended before, "unknown" when it ends meanwhile.
   */
  async call(method: string, params: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted();
    if (!this.#child.stdin.writable)
      throw new ChannelError("not-sent", "imsg is not running; it is started again in a moment.");
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const abort = () => reject(new ChannelError("unknown", `imsg did not answer to ${method} in time.`));
    this.#pending.set(id, { resolve, reject });
    using _aborted = signal && onAbort(signal, abort);
    this.#child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
    return await promise.finally(() => this.#pending.delete(id));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    this.#child.kill("SIGTERM");
    using _timer = this.#options.clock.after(KILL_AFTER_MS, () => void this.#child.kill("SIGKILL"));
    await this.closed;
  }

  #watch(): Promise<ChannelError> {
    const { promise, resolve } = Promise.withResolvers<ChannelError>();
    const child = this.#child;
    quietStreams(child);
    child.stdout.setEncoding("utf8").on("data", (text: string) => this.#read(text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
    });
    child.on("error", (error) => {
      if (child.pid === undefined) resolve(startProblem(codeOf(error), messageOf(error), this.#options));
    });
    child.on("close", (code, signal) => {
      this.#options.log.info("imsg has ended", { code, signal, words: this.#stderr });
      resolve(endOf({ code, signal, stderr: this.#stderr }, this.#options));
    });
    void promise.then(({ message, kind }) => {
      const isBefore = kind === "unavailable" && child.pid === undefined;
      for (const { reject } of this.#pending.values())
        reject(new ChannelError(isBefore ? "not-sent" : "unknown", message));
    });
    return promise;
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > LONGEST_LINE) this.#child.kill("SIGKILL");
    for (const line of lines) if (line.trim() !== "") this.#take(line);
  }

  #take(line: string): void {
    const message = parsed(line);
    if (!message) return this.#options.log.debug("imsg said something that is not JSON-RPC");
    const { id, method, params, result, error } = message;
    if (typeof method === "string") return this.#options.told(method, params);
    const pending = this.#pending.get(Number(id));
    if (!pending) return;
    if (error === undefined) return pending.resolve(result);
    const { code, message: title, data } = error as { code?: unknown; message?: unknown; data?: unknown };
    pending.reject(new ImsgRefusal(Number(code), String(data ?? title ?? "no reason given")));
  }
}

/** What ssh needs to find its keys. */
export const SSH = ["SSH_AUTH_SOCK", "SSH_AGENT_PID"];

/** The command itself, or the same over ssh. */
export function commandLine(
  { cliPath, remoteHost }: Pick<ProgramOptions, "cliPath" | "remoteHost">,
  args: readonly string[],
): { command: string; args: string[] } {
  if (remoteHost === undefined) return { command: cliPath, args: [...args] };
  return sshCommand(remoteHost, [cliPath, ...args].map(quoted).join(" "));
}

/** Runs a line of shell on another machine. ssh asks nothing, and notices when that machine is gone. */
export function sshCommand(host: string, line: string): { command: string; args: string[] } {
  const options = ["BatchMode=yes", "ConnectTimeout=15", "ServerAliveInterval=15", "ServerAliveCountMax=3"];
  return { command: "ssh", args: ["-T", ...options.flatMap((option) => ["-o", option]), "--", host, line] };
}

/** A word for a shell, whatever is in it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  const value = jsonOr(line);
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
}
