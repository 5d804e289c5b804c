// A machine as a node, as a real process with a home of its own.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { LIMIT_MS, within } from "../support/time-limit.ts";
import { WireClient } from "../support/wire-client.ts";
import { Home } from "./harness.ts";

export const TOKEN = { MOLTBOT_GATEWAY_TOKEN: "secret-token" };
/** Rules of a machine that let everything run. */
export const EVERYTHING = JSON.stringify({ version: 1, defaults: { security: "full", ask: "off" } });

/** A node host process with a folder `root` that it may reach; `rules` is its own file of rules for programs. */
export class Machine implements AsyncDisposable {
  readonly #home = new Home();
  readonly folder = mkdtempSync(join(tmpdir(), "moltbot-node-"));
  readonly root = join(this.folder, "root");
  readonly #url: string;
  #child: ChildProcess | undefined;
  #lines: AsyncIterator<string> | undefined;

  /** Further words of its command. */
  readonly more: string[] = [];

  constructor(url: string, rules?: string) {
    this.#url = url;
    mkdirSync(this.root);
    mkdirSync(this.#home.stateDir, { recursive: true, mode: 0o700 });
    if (rules !== undefined) writeFileSync(join(this.#home.stateDir, "exec-approvals.json"), rules, { mode: 0o600 });
  }

  /** Starts it and waits until it says that it is connected. */
  async start(): Promise<void> {
    const args = ["node", "run", "--url", this.#url, "--name", "kitchen", "--root", this.root, ...this.more];
    this.#child = this.#home.spawn(args, TOKEN);
    this.#lines = createInterface(this.#child.stdout!)[Symbol.asyncIterator]();
    await this.connected();
  }

  /** Waits until it says again that it is connected. */
  async connected(): Promise<void> {
    for (;;) {
      const { value, done } = await within(this.#lines!.next(), "the node to connect");
      if (done) throw new Error("the node host ended");
      if (value.startsWith("Connected")) return;
    }
  }

  get stateDir(): string {
    return this.#home.stateDir;
  }

  get isAlive(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async stop(): Promise<void> {
    if (!this.isAlive) return;
    const ended = once(this.#child!, "exit");
    this.#child!.kill("SIGTERM");
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#home[Symbol.dispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export async function operator(url: string): Promise<WireClient> {
  const client = new WireClient(url, { token: TOKEN.MOLTBOT_GATEWAY_TOKEN });
  await client.opened();
  await client.shakeHands({ protocol: 4, scopes: ["operator.admin"] });
  return client;
}

/** Approves the commands of the one node; returns its id. */
export async function approve(admin: WireClient): Promise<string> {
  const { pending } = await admin.call("node.pair.list", {});
  await admin.call("node.pair.approve", { requestId: pending[0].requestId });
  return pending[0].nodeId;
}

/** Waits until a file holds a whole line. */
export async function lineIn(path: string): Promise<string> {
  const limit = AbortSignal.timeout(LIMIT_MS);
  for (;;) {
    if (statSync(path, { throwIfNoEntry: false })?.size) {
      const line = readFileSync(path, "utf8");
      if (line.endsWith("\n")) return line;
    }
    limit.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
