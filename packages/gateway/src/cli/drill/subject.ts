/** The gateway under drill: a process of its own on a state folder that outlives it, killed and started again. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { GatewayClient, type Methods, ResponseError } from "@moltbot/protocol";
import { ignore } from "../../base/errors.ts";
import { VERSION } from "../../base/version.ts";
import { CliError } from "../language/exit.ts";

/** How a gateway is started: the program and what comes before its own arguments. */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
}

export interface SubjectOptions {
  readonly stateDir: string;
  readonly program: Program;
  readonly config: unknown;
  readonly env: Readonly<Record<string, string>>;
  /** Modules that the process loads first. */
  readonly preloads: readonly string[];
  readonly timeouts?: DrillTimeouts;
  /** How many files and sockets the process may have open; as many as this machine allows by default. */
  readonly descriptors?: number;
  /** Somebody reads what the process prints, until `leave`; it prints much. */
  readonly isWatched?: boolean;
  /** The port, where others must find it again after a kill; a free one at each start by default. */
  readonly port?: number;
}

const TOKEN = "drill-token-0123456789abcdef";
/** How long a start may take on a machine that is busy with other things. */
const START_LIMIT_MS = 180_000;
const LOOK_EVERY_MS = 20;
/** How long one answer may take, and how long is tried before a gateway counts as one that does not answer. */
const ANSWER_LIMIT_MS = 60_000;
const ASK_LIMIT_MS = 600_000;
const AGAIN_MS = 250;

/** The time limits of a drill; tests use shorter ones. */
export interface DrillTimeouts {
  readonly answerMs?: number;
  readonly limitMs?: number;
}

export class Subject implements AsyncDisposable {
  readonly #options: SubjectOptions;
  #child: ChildProcess | undefined;
  #client: GatewayClient | undefined;

  constructor(options: SubjectOptions) {
    this.#options = options;
    mkdirSync(options.stateDir, { recursive: true, mode: 0o700 });
    writeFileSync(join(options.stateDir, "moltbot.json"), JSON.stringify(options.config), { mode: 0o600 });
  }

  /** Starts the process without waiting until it is ready. */
  launch(): void {
    const { program, stateDir, env, preloads, descriptors, isWatched = false, port = 0 } = this.#options;
    const before = preloads.flatMap((path) => ["--import", path]);
    const verbose = isWatched ? ["--verbose"] : [];
    const command = [program.file, ...before, ...program.args, "gateway", "--port", String(port), ...verbose];
    // The shell becomes the program: the process that is killed is the gateway.
    const limit = `ulimit -n ${descriptors} && exec "$0" "$@"`;
    const [file, ...args] = descriptors === undefined ? command : ["/bin/sh", "-c", limit, ...command];
    this.#child = spawn(file!, args, {
      stdio: ["ignore", isWatched ? "pipe" : "ignore", "ignore"],
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        NODE_OPTIONS: process.env.NODE_OPTIONS ?? "",
        ...env,
        MOLTBOT_STATE_DIR: stateDir,
        CLAWDBOT_GATEWAY_TOKEN: TOKEN,
      },
    });
    this.#child.stdout?.resume();
  }

  /** Closes the reading end of the process's output. */
  leave(): void {
    this.#child?.stdout?.destroy();
  }

  /** The process that runs now. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new CliError("The gateway of the drill was not started.");
    return pid;
  }

  /** Sends the process a signal. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Ends the process at once, as a power cut does. */
  async kill(): Promise<void> {
    this.#client?.close();
    this.#client = undefined;
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  /** Where the gateway listens once it is ready, and the token that it asks for. */
  async address(): Promise<{ readonly url: string; readonly token: string }> {
    return { url: await this.#url(), token: TOKEN };
  }

  /** A connection to the gateway, once it is ready. Rejects when it does not become ready. */
  async client(): Promise<GatewayClient> {
    if (this.#client) return this.#client;
    const url = await this.#url();
    const client = new GatewayClient({
      url,
      token: TOKEN,
      client: { id: "cli", mode: "cli", version: VERSION, platform: process.platform },
      scopes: ["operator.admin"],
      reconnect: false,
    });
    await client.connect();
    this.#client = client;
    return client;
  }

  /**
   * Asks the gateway something that changes nothing, as often as needed: what is slow to answer, or has closed the
   * connection meanwhile, is asked again. Rejects with what went wrong last when the process has ended or the time is up.
   */
  async ask<M extends keyof Methods & ("channels.status" | "inbox.list" | "cron.runs")>(
    method: M,
    params: Methods[M]["params"],
  ): Promise<Methods[M]["result"]> {
    const { answerMs = ANSWER_LIMIT_MS, limitMs = ASK_LIMIT_MS } = this.#options.timeouts ?? {};
    const limit = AbortSignal.timeout(limitMs);
    for (;;) {
      try {
        const client = await this.client();
        return (await client.request(method as string, params, { timeoutMs: answerMs })) as Methods[M]["result"];
      } catch (error) {
        if (error instanceof ResponseError || limit.aborted || this.#isOver) throw error;
        this.#client?.close();
        this.#client = undefined;
        await sleep(AGAIN_MS);
      }
    }
  }

  get #isOver(): boolean {
    return this.#child == null || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  /** The address that this very process has written down. */
  async #url(): Promise<string> {
    const limit = AbortSignal.timeout(START_LIMIT_MS);
    const path = join(this.#options.stateDir, "gateway.json");
    for (;;) {
      if (this.#child?.exitCode != null)
        throw new CliError(`The gateway of the drill ended with code ${this.#child.exitCode}.`);
      if (limit.aborted)
        throw new CliError(`The gateway of the drill was not ready within ${START_LIMIT_MS / 1000} s.`);
      try {
        const { pid, url } = JSON.parse(readFileSync(path, "utf8")) as { pid: number; url: string };
        if (pid === this.#child?.pid) return url;
      } catch (error) {
        ignore(error, "not written yet, or half written by a process that was killed");
      }
      await sleep(LOOK_EVERY_MS);
    }
  }
}
