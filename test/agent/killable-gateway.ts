/** A gateway in a process of its own, to be killed at any point; its state folder outlives it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { ModelServer } from "../fakes/model-server.ts";
import { TOKEN } from "../support/gateway.ts";
import { PROGRAM } from "../support/program.ts";
import { within } from "../support/time-limit.ts";
import { WireClient } from "../support/wire-client.ts";
import { configFor } from "./support.ts";

/** A gateway in a process of its own, over a state folder that outlives it. */
export class KillableGateway implements AsyncDisposable {
  readonly #stateDir = join(mkdtempSync(join(tmpdir(), "moltbot-crash-")), "state");
  readonly #clients: WireClient[] = [];
  readonly #command: readonly string[];
  #child: ChildProcess | undefined;
  #url = "";

  /** `program` is a file of this folder that prints its address; the usual gateway when not said. */
  constructor(config: string, program?: string) {
    this.#command =
      program === undefined
        ? [...PROGRAM.args, "gateway", "--port", "0"]
        : ["--conditions=moltbot-source", join(import.meta.dirname, program), this.#stateDir];
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
    const child = spawn(process.execPath, this.#command, {
      stdio: ["ignore", "pipe", "inherit"],
      env: {
        ...{ PATH: process.env.PATH, NODE_OPTIONS: process.env.NODE_OPTIONS },
        ...{ MOLTBOT_STATE_DIR: this.#stateDir, MOLTBOT_GATEWAY_TOKEN: TOKEN, MOLTBOT_CANVAS_PORT: "0" },
      },
    });
    this.#child = child;
    const address = await within(addressIn(child.stdout!), "the gateway to start");
    this.#url = address.replace(/^http/, "ws");
    const client = new WireClient(this.#url, { token: TOKEN });
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

/** The first address that a gateway prints. */
async function addressIn(output: Readable): Promise<string> {
  for await (const line of createInterface(output)) {
    const address = /(?:https?|wss?):\/\/[^\s/#]+/.exec(line)?.[0];
    if (address !== undefined) return address;
  }
  throw new Error("the gateway ended before it was up");
}

/** One over a fake model provider; `more` are further sections of its config. */
export function killableOver(model: ModelServer, more: object = {}): KillableGateway {
  return new KillableGateway(JSON.stringify({ ...JSON.parse(configFor(model)), ...more }));
}
