/** What a long life costs: memory and CPU after thousands of messages, over a fake channel and a model stub. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type FakeTelegram, fakeTelegram } from "@moltbot/fakes";
import { waitForPort } from "./client.ts";
import { alone, type Bench, type Figure } from "./figures.ts";
import { Child, cpuMs, rssMb } from "./process.ts";

const PEOPLE = 50;
/** Messages that are said before anything is measured: the first use of everything costs more. */
const WARM = 500;
/** The gateway looks every ten seconds whether it is quiet, and is given a few looks. */
const QUIET_MS = 60_000;
const RSS_REACH_MB = 150;
/** How long one message and its answer may take before the measurement is given up, ms. */
const PATIENCE_MS = 60_000;

/** Memory after a soak and a rest; CPU of the last messages over the first, as conversations grow; bytes on disk. */
export async function soak(bench: Bench): Promise<Figure[]> {
  const stateDir = mkdtempSync(join(tmpdir(), "moltbot-bench-soak-"));
  await using model = new Child(["--conditions=moltbot-source", join(bench.here, "model-stub.ts")]);
  await using telegram = await fakeTelegram();
  writeFileSync(join(stateDir, "moltbot.json"), config(await model.line(/(http:\S+)/), telegram));
  try {
    await using gateway = new Child([bench.bin, "gateway", "--port", String(bench.port)], {
      ...bench.env,
      MOLTBOT_STATE_DIR: stateDir,
    });
    gateway.process.stdout!.resume();
    await waitForPort(bench.port);
    await telegram.linked();
    const talk = new Talk(telegram);
    await talk.say(WARM);
    const total = bench.quick ? 2_000 : 5_000;
    const part = total / 5;
    const cpu: number[] = [];
    for (let said = 0; said < total; said += part) {
      const before = cpuMs(gateway.pid);
      await talk.say(part);
      cpu.push((cpuMs(gateway.pid) - before) / part);
    }
    const memory = await restingMb(gateway.pid);
    const [first, last] = [cpu[0]!, cpu.at(-1)!];
    const name = `soak of ${total} messages`;
    return [
      alone(`${name}: memory when quiet again`, "MB", memory, RSS_REACH_MB),
      {
        name: `${name}: CPU of the last ${part} to the first`,
        unit: "ms",
        ours: last,
        floor: first,
        ratio: last / first,
        reach: 1.15,
      },
      alone(`${name}: database, each`, "KB", statSync(join(stateDir, "state.db")).size / 1024 / (WARM + total), 4),
    ];
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
}

/** Fifty people who each say something when all have been answered. */
class Talk {
  readonly #telegram: FakeTelegram;
  #said = 0;
  #answered = 0;
  /** How many of the fake's calls have been counted: looking at each answer anew would take longer than giving it. */
  #seenCalls = 0;

  constructor(telegram: FakeTelegram) {
    this.#telegram = telegram;
  }

  /** Says so many messages and waits for their answers. */
  async say(count: number): Promise<void> {
    for (let left = count; left > 0; left -= PEOPLE) {
      for (let person = 0; person < Math.min(left, PEOPLE); person++) await this.#sayOne(person);
      await this.#allAnswered();
    }
  }

  async #sayOne(person: number): Promise<void> {
    const text = `This is message ${++this.#said}; please tell me something about it in a few words.`;
    await this.#telegram.says(text, { from: `person${person}` });
  }

  async #allAnswered(): Promise<void> {
    for (const givenUpAt = performance.now() + PATIENCE_MS; this.#countAnswers() < this.#said; await sleep(2))
      if (performance.now() > givenUpAt) throw new Error(`${this.#answered} of ${this.#said} messages were answered`);
  }

  #countAnswers(): number {
    const { calls } = this.#telegram;
    for (; this.#seenCalls < calls.length; this.#seenCalls++)
      if (calls[this.#seenCalls] === "sendMessage") this.#answered++;
    return this.#answered;
  }
}

/** Resident memory once it has come down, or after a while. */
async function restingMb(pid: number): Promise<number> {
  for (const until = performance.now() + QUIET_MS; performance.now() < until; await sleep(500))
    if (rssMb(pid) <= RSS_REACH_MB) break;
  return rssMb(pid);
}

function config(baseUrl: string, { settings }: FakeTelegram): string {
  const provider = {
    ...{ api: "openai-compatible", baseUrl, apiKey: "stub-key" },
    models: [{ id: "m", contextWindow: 200_000 }],
  };
  return JSON.stringify({
    agents: { defaults: { model: "stub/m" } },
    session: { dmScope: "per-peer" },
    models: { detectLocal: false, providers: { stub: provider } },
    channels: { telegram: { ...settings, dmPolicy: "open", allowFrom: ["*"] } },
  });
}
