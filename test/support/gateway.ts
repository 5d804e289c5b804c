/** A real gateway for a test: own state folder, port 0, real sockets; what it logs is kept. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClientOptions } from "ws";
import type { Line } from "../../packages/gateway/src/base/log.ts";
import type { Clock } from "../../packages/gateway/src/base/time/clock.ts";
import type { StartOverrides } from "../../packages/gateway/src/start/options.ts";
import { type RunningGateway, startGateway } from "../../packages/gateway/src/start/supervise.ts";
import { FakeClock } from "../fakes/clock.ts";
import { declaredJudge, type Judge } from "./declared.ts";
import { assertReplays, replayed } from "./replay.ts";
import { within } from "./time-limit.ts";
import { type Frame, type Handshake, WireClient } from "./wire-client.ts";

/** The shared token of a test's gateway: that of the protocol's signature vectors. */
export const TOKEN = "secret-token";

/** Less than the gateway's ping interval. */
const PASS_STEP_MS = 25_000;

export interface TestGatewayOptions {
  /** The shared token; null leaves it to config, flags or environment. */
  readonly token?: string | null;
  readonly password?: string;
  /** The text of the config file; without it the gateway writes its own. */
  readonly config?: string;
  /** A fake clock makes time limits a matter of `advance`. */
  readonly clock?: Clock;
  readonly env?: Readonly<Record<string, string>>;
  readonly overrides?: StartOverrides;
  /** Keeps debug lines too. */
  readonly verbose?: boolean;
}

/** How to open a socket. */
export interface ConnectOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly protocols?: string[];
  readonly ws?: ClientOptions;
}

/** A client that has shaken hands. */
export interface Connected extends WireClient {
  /** The payload of hello-ok. */
  readonly hello: Frame["payload"];
}

/** Starts a gateway; disposing it stops it, closes its clients and removes its folder. */
export async function testGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const gateway = new TestGateway(options);
  try {
    await gateway.start();
    return gateway;
  } catch (error) {
    await gateway[Symbol.asyncDispose]();
    throw error;
  }
}

export class TestGateway implements AsyncDisposable {
  readonly stateDir = join(mkdtempSync(join(tmpdir(), "moltbot-wire-")), "state");
  readonly configPath = join(this.stateDir, "..", "moltbot.json");
  /** Every line logged so far. */
  readonly log: Line[] = [];
  readonly #options: TestGatewayOptions;
  readonly #clients: WireClient[] = [];
  #running: RunningGateway | undefined;
  #judge: Judge | undefined;
  #wake = Promise.withResolvers<void>();

  constructor(options: TestGatewayOptions) {
    this.#options = options;
    if (options.config !== undefined) this.writeConfig(options.config);
  }

  /** Starts it, again after `stop`: state and config are those it was stopped with. */
  async start(): Promise<void> {
    const { token = TOKEN, password, env, overrides, clock, verbose = false } = this.#options;
    this.#running = await startGateway({
      stateDir: this.stateDir,
      env: {
        MOLTBOT_CONFIG_PATH: this.configPath,
        ...(replayed.isOn && { MOLTBOT_BACKUP_STREAM: this.#journal }),
        ...env,
      },
      overrides: {
        port: 0,
        verbose,
        ...(password !== undefined ? { password } : token !== null && { token }),
        ...overrides,
      },
      ...(clock && { clock }),
      sinks: [
        (line) => {
          this.log.push(line);
          this.#wake.resolve();
          this.#wake = Promise.withResolvers();
        },
      ],
    });
  }

  /** Stops it cleanly. With a fake clock, time moves on until nothing waits any more. */
  async stop(): Promise<void> {
    const stopping = Promise.resolve(this.#running?.[Symbol.asyncDispose]());
    this.#running = undefined;
    const { clock } = this.#options;
    const mover = clock instanceof FakeClock ? setInterval(() => clock.advance(500), 50) : undefined;
    await within(stopping, "the gateway to stop").finally(() => clearInterval(mover));
  }

  /** Lets time pass on the fake clock, in steps so small that clients which read answer each ping in time. */
  async pass(ms: number): Promise<void> {
    const { clock } = this.#options;
    if (!(clock instanceof FakeClock)) throw new Error("time passes by itself; give the gateway a fake clock");
    for (let left = ms; left > 0; left -= PASS_STEP_MS) {
      clock.advance(Math.min(left, PASS_STEP_MS));
      await Promise.all(this.#clients.map((client) => client.flushed()));
    }
  }

  get running(): RunningGateway {
    if (!this.#running) throw new Error("the gateway is not running");
    return this.#running;
  }

  get url(): string {
    return this.running.url;
  }

  get httpUrl(): string {
    return this.url.replace(/^ws/, "http");
  }

  get port(): number {
    return this.running.port;
  }

  /** The secret that clients present unless a handshake names another. */
  get token(): string | undefined {
    const { token = TOKEN, password } = this.#options;
    return password === undefined ? (token ?? undefined) : undefined;
  }

  readConfig(): string {
    return readFileSync(this.configPath, "utf8");
  }

  writeConfig(text: string): void {
    writeFileSync(this.configPath, text, { mode: 0o600 });
  }

  /** The sentences logged so far. */
  get sentences(): string[] {
    return this.log.map(({ sentence }) => sentence);
  }

  /** The first line with this sentence after the first `skip` lines of the log. */
  async logged(sentence: string | readonly string[], skip = 0): Promise<Line> {
    const wanted = [sentence].flat();
    for (;;) {
      const line = this.log.slice(skip).find((each) => wanted.includes(each.sentence));
      if (line) return line;
      await within(this.#wake.promise, `the log line "${wanted.join('" or "')}"`);
    }
  }

  /** Opens a socket and leaves the handshake to the test. */
  async connectRaw(options: ConnectOptions = {}): Promise<WireClient> {
    const { headers = {}, path = "", protocols, ws } = options;
    this.#judge ??= await declaredJudge();
    const client = new WireClient(`${this.url}${path}`, {
      token: this.token,
      judge: this.#judge,
      ...(protocols && { protocols }),
      ws: { headers, perMessageDeflate: false, ...ws },
    });
    this.#clients.push(client);
    await client.opened();
    return client;
  }

  /** Opens a socket, shakes hands and expects hello-ok. */
  async connect(handshake: Handshake = {}, options: ConnectOptions = {}): Promise<Connected> {
    const client = await this.connectRaw(options);
    const { ok, payload, error } = await client.shakeHands(handshake);
    if (!ok) throw new Error(`connect: ${error?.code} ${error?.message}`);
    return Object.assign(client, { hello: payload });
  }

  /** Opens a socket, shakes hands and expects a refusal: the answer, and how the connection ended. */
  async refused(handshake: Handshake, options: ConnectOptions = {}) {
    const client = await this.connectRaw(options);
    const answer = await client.shakeHands(handshake);
    const { type, id, ok, ...rest } = answer;
    if (ok) throw new Error("the handshake was granted");
    return { ...rest, closed: await within(client.closed, "the connection to end") };
  }

  get #journal(): string {
    return join(this.stateDir, "..", "replay.journal");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client[Symbol.dispose]();
    await this.stop();
    if (replayed.isOn) await assertReplays(this.stateDir, this.#journal);
    rmSync(join(this.stateDir, ".."), { recursive: true, force: true });
  }
}
