/** What a run costs beside its model: time to the first token, tools, many sessions at once, and loading the model layer. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { RawData } from "ws";
import { type Client, connect, waitForPort } from "./client.ts";
import { alone, type Bench, type Figure } from "./figures.ts";
import { Child, cpuMs, median, rssMb } from "./process.ts";

const CONDITIONS = "--conditions=moltbot-source";
const SESSIONS = 50;
const CALLS = 20;

/** A gateway of its own over the stub. */
class Asked implements AsyncDisposable {
  readonly #bench: Bench;
  readonly #stateDir = mkdtempSync(join(tmpdir(), "moltbot-bench-agent-"));
  #stub: Child | undefined;
  #gateway: Child | undefined;
  stubUrl = "";

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  async start(): Promise<Client> {
    const bench = this.#bench;
    this.#stub = new Child([CONDITIONS, join(bench.here, "model-stub.ts")]);
    this.stubUrl = await this.#stub.line(/(http:\S+)/);
    const provider = {
      api: "openai-compatible",
      baseUrl: this.stubUrl,
      apiKey: "stub-key",
      models: [{ id: "m", contextWindow: 200_000 }],
    };
    writeFileSync(
      join(this.#stateDir, "moltbot.json"),
      JSON.stringify({
        agents: { defaults: { model: "stub/m", maxConcurrent: SESSIONS } },
        models: { detectLocal: false, providers: { stub: provider } },
      }),
    );
    const env = { ...bench.env, MOLTBOT_STATE_DIR: this.#stateDir, LOOP_DELAY_FILE: this.#delayFile };
    const preload = ["--import", join(bench.here, "loop-delay.ts")];
    this.#gateway = new Child([CONDITIONS, ...preload, bench.bin, "gateway", "--port", String(bench.port)], env);
    this.#gateway.process.stdout!.resume();
    await waitForPort(bench.port);
    return await connect(bench);
  }

  get pid(): number {
    return this.#gateway!.pid;
  }

  /** Counts late turns of the loop from now on. */
  async watchLoop(): Promise<void> {
    this.#gateway!.process.kill("SIGUSR2");
    await sleep(20);
  }

  /** How late the loop was since then, p99, ms. */
  async loopDelay(): Promise<number> {
    await sleep(150);
    return Number(readFileSync(this.#delayFile, "utf8"));
  }

  get #delayFile(): string {
    return join(this.#stateDir, "loop-delay");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gateway?.[Symbol.asyncDispose]();
    await this.#stub?.[Symbol.asyncDispose]();
    rmSync(this.#stateDir, { recursive: true, force: true });
  }
}

let asked = 0;

/** One run; resolves at its end with the time to its first token, ms. */
async function run(client: Client, message: string, sessionKey: string): Promise<number> {
  const idempotencyKey = `bench-${++asked}`;
  const startedAt = performance.now();
  const { promise, resolve } = Promise.withResolvers<number>();
  const marker = `"runId":"${idempotencyKey}"`;
  const onMessage = (data: RawData) => {
    const text = data.toString("latin1", 0, 300);
    if (!text.includes(marker) || !text.includes('"stream":"assistant"')) return;
    client.socket.off("message", onMessage);
    resolve(performance.now() - startedAt);
  };
  client.socket.on("message", onMessage);
  await client.request("agent", { message, sessionKey, idempotencyKey });
  return await promise;
}

/** Asks the stub itself: the time to its first token, ms. */
async function direct(url: string, messages: readonly object[]): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(`${url}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "m", stream: true, messages }),
  });
  let first: number | undefined;
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body!) {
    text += decoder.decode(chunk, { stream: true });
    if (first === undefined && text.includes("token0")) first = performance.now() - startedAt;
  }
  return first ?? performance.now() - startedAt;
}

/** From the request to the first token that a client sees, less what the stub itself takes; and the first run of all. */
export async function firstToken(bench: Bench): Promise<Figure[]> {
  await using gateway = new Asked(bench);
  const client = await gateway.start();
  const before = rssMb(gateway.pid);
  const cold = await run(client, "tokens 20", "cold");
  const loaded = rssMb(gateway.pid) - before;
  const rounds = bench.quick ? 20 : 80;
  const [ours, floor]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds + 10; round++) {
    floor.push(await direct(gateway.stubUrl, [{ role: "user", content: "tokens 20" }]));
    ours.push(await run(client, "tokens 20", `first-${round}`));
  }
  client.close();
  const [own, least] = [median(ours.slice(10)), median(floor.slice(10))];
  return [
    alone("agent: first token, beyond the stub's own", "ms", own - least, 10),
    alone("agent: first run of all, beyond a later one", "ms", cold - own, 400),
    alone("agent: memory of the model layer, on first use", "MB", loaded, 60),
  ];
}

/** A stream that comes at a model's pace and is watched by one client, over reading it with `fetch`. */
export async function pacedStream(bench: Bench): Promise<Figure> {
  await using gateway = new Asked(bench);
  const client = await gateway.start();
  const question = "tokens 1000 paced 5000";
  const ask = async (name: string) => {
    await client.request("agent", { message: question, sessionKey: `paced-${name}`, idempotencyKey: `paced-${name}` });
  };
  for (let warm = 0; warm < 3; warm++) await ask(`warm-${warm}`);
  const [rounds, runs] = bench.quick ? [3, 5] : [5, 20];
  const [ours, floor]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const reading = [CONDITIONS, join(bench.here, "fetch-floor.ts"), gateway.stubUrl, String(runs), question];
    await using reader = new Child(reading);
    floor.push(Number(await reader.line(/cpu ([\d.]+)/)) / runs);
    const before = cpuMs(gateway.pid);
    for (let run = 0; run < runs; run++) await ask(`${round}-${run}`);
    ours.push((cpuMs(gateway.pid) - before) / runs);
  }
  client.close();
  const [own, least] = [median(ours), median(floor)];
  const name = "agent: CPU of 1,000 tokens at 5,000 a second, one watcher, over reading them";
  return { name, unit: "ms", ours: own, floor: least, ratio: own / least, reach: 4 };
}

/** A run that calls twenty tools one after the other, against the same twenty-one questions asked by `fetch`. */
export async function toolRun(bench: Bench): Promise<Figure[]> {
  await using gateway = new Asked(bench);
  const client = await gateway.start();
  const rounds = bench.quick ? 5 : 15;
  for (let round = 0; round < 3; round++) await run(client, `tools ${CALLS}`, `warm-${round}`);
  const [ours, floor]: [number[], number[]] = [[], []];
  const before = cpuMs(gateway.pid);
  for (let round = 0; round < rounds; round++) {
    const startedAt = performance.now();
    await client.request("agent", {
      message: `tools ${CALLS}`,
      sessionKey: `tools-${round}`,
      idempotencyKey: `tools-${round}`,
    });
    ours.push(performance.now() - startedAt);
    const floorAt = performance.now();
    for (let calls = 0; calls <= CALLS; calls++) await direct(gateway.stubUrl, questionAfter(calls));
    floor.push(performance.now() - floorAt);
  }
  const cpu = (cpuMs(gateway.pid) - before) / rounds;
  client.close();
  return [
    alone(
      `agent: run of ${CALLS} tool calls, each beyond the stub's own`,
      "ms",
      (median(ours) - median(floor)) / CALLS,
      12,
    ),
    alone(`agent: CPU of a run of ${CALLS} tool calls`, "ms", cpu, 250),
  ];
}

function questionAfter(calls: number): object[] {
  const turns = Array.from({ length: calls }, (_, index) => {
    const id = `call_${index}`;
    return [
      {
        role: "assistant",
        tool_calls: [{ id, type: "function", function: { name: "sessions_list", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: id, content: "agent:main:main, 0 min" },
    ];
  });
  return [{ role: "user", content: `tools ${CALLS}` }, ...turns.flat()];
}

/** Fifty conversations at once, each streaming: who waits longest, what it takes, how late the loop becomes. */
export async function manySessions(bench: Bench): Promise<Figure[]> {
  await using gateway = new Asked(bench);
  const client = await gateway.start();
  client.socket.setMaxListeners(4 * SESSIONS);
  const all = (name: string) =>
    Promise.all(Array.from({ length: SESSIONS }, (_, index) => run(client, "tokens 200 every 10", `${name}-${index}`)));
  await all("warm");
  await gateway.watchLoop();
  const times = await all("many");
  const delay = await gateway.loopDelay();
  const memory = rssMb(gateway.pid);
  client.close();
  const [slowest, fastest] = [Math.max(...times), Math.min(...times)];
  return [
    {
      name: `agent: ${SESSIONS} sessions, slowest first token to fastest`,
      unit: "ms",
      ours: slowest,
      floor: fastest,
      ratio: slowest / fastest,
      reach: 3,
    },
    alone(`agent: ${SESSIONS} sessions, event loop late, p99`, "ms", delay, 50),
    alone(`agent: ${SESSIONS} sessions, memory`, "MB", memory, 150),
  ];
}
