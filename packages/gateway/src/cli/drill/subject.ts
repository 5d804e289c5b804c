/** The gateway under drill: a process of its own on a state folder that outlives it, killed and started again. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { GatewayClient } from "@moltbot/protocol";
import { VERSION } from "../../base/version.ts";

/** How a gateway is started: the program and what stands before its own arguments. */
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
}

const TOKEN = "drill-token-0123456789abcdef";
const START_LIMIT_MS = 30_000;
const LOOK_EVERY_MS = 20;

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
    const { program, stateDir, env, preloads } = this.#options;
    const before = preloads.flatMap((path) => ["--import", path]);
    this.#child = spawn(program.file, [...before, ...program.args, "gateway", "--port", "0"], {
      stdio: "ignore",
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        NODE_OPTIONS: process.env.NODE_OPTIONS ?? "",
        ...env,
        MOLTBOT_STATE_DIR: stateDir,
        CLAWDBOT_GATEWAY_TOKEN: TOKEN,
      },
    });
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  /** The address that this very process has written down. */
  async #url(): Promise<string> {
    const limit = AbortSignal.timeout(START_LIMIT_MS);
    const path = join(this.#options.stateDir, "gateway.json");
    for (;;) {
      if (this.#child?.exitCode != null) throw new Error(`the gateway ended with ${this.#child.exitCode}`);
      if (limit.aborted) throw new Error(`the gateway was not ready within ${START_LIMIT_MS / 1000} s`);
      try {
        const { pid, url } = JSON.parse(readFileSync(path, "utf8")) as { pid: number; url: string };
        if (pid === this.#child?.pid) return url;
      } catch {
        // Not written yet, or half written by a process that was killed.
      }
      await sleep(LOOK_EVERY_MS);
    }
  }
}
