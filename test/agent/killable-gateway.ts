/** A gateway in a process of its own, to be killed at any point; its state folder outlives it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ModelServer } from "../fakes/model-server.ts";
import { within } from "../support/time-limit.ts";
import { WireClient } from "../support/wire-client.ts";
import { configFor } from "./support.ts";

/** A gateway in a process of its own, over a state folder that outlives it. */
export class KillableGateway implements AsyncDisposable {
  readonly #stateDir = join(mkdtempSync(join(tmpdir(), "moltbot-crash-")), "state");
  readonly #clients: WireClient[] = [];
  readonly #program: string;
  #child: ChildProcess | undefined;
  #url = "";

  /** `program` is a file of this folder. */
  constructor(config: string, program = "gateway-process.ts") {
    this.#program = join(import.meta.dirname, program);
    mkdirSync(this.#stateDir, { mode: 0o700 });
    writeFileSync(join(this.#stateDir, "moltbot.json"), config, { mode: 0o600 });
  }

  /** Where the process may leave something for the test. */
  get folder(): string {
    return join(this.#stateDir, "..");
  }

  /** Where it is called by HTTP. */
  get httpUrl(): string {
    return this.#url.replace(/^ws/, "http");
  }

  /** Starts it and returns an operator's connection. */
  async start(): Promise<WireClient> {
    const child = spawn(process.execPath, ["--conditions=moltbot-source", this.#program, this.#stateDir], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { PATH: process.env.PATH, NODE_OPTIONS: process.env.NODE_OPTIONS },
    });
    this.#child = child;
    const [url] = (await within(once(createInterface(child.stdout!), "line"), "the gateway to start")) as [string];
    this.#url = url;
    const client = new WireClient(url, { token: "secret-token" });
    this.#clients.push(client);
    await client.opened();
    await client.shakeHands({ scopes: ["operator.admin"] });
    return client;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client[Symbol.dispose]();
    await this.kill();
    rmSync(join(this.#stateDir, ".."), { recursive: true, force: true });
  }
}

/** One over a fake model provider; `more` are further sections of its config. */
export function killableOver(model: ModelServer, more: object = {}): KillableGateway {
  return new KillableGateway(JSON.stringify({ ...JSON.parse(configFor(model)), ...more }));
}
