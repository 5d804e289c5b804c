/** A gateway on a fake channel with a model stub, and fifty people who talk to it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type FakeTelegram, fakeTelegram } from "@moltbot/fakes";
import { waitForPort } from "./client.ts";
import type { Bench } from "./figures.ts";
import { Child, cpuMs } from "./process.ts";

const PEOPLE = 50;
/** Messages that are said before anything is measured: the first use of everything costs more. */
export const WARM = 500;
/** How long one message and its answer may take before the measurement is given up, ms. */
const PATIENCE_MS = 60_000;

/** A gateway on a fake channel, to which something has been said. */
export class Life implements AsyncDisposable {
  readonly stateDir: string;
  readonly gateway: Child;
  readonly talk: Talk;
  readonly #telegram: FakeTelegram;

  private constructor(stateDir: string, gateway: Child, telegram: FakeTelegram) {
    this.stateDir = stateDir;
    this.gateway = gateway;
    this.#telegram = telegram;
    this.talk = new Talk(telegram);
  }

  /** Starts one and warms it up; `sections` are other sections of its config. */
  static async begin(bench: Bench, modelUrl: string, sections: object = {}): Promise<Life> {
    const stateDir = mkdtempSync(join(tmpdir(), "moltbot-bench-soak-"));
    const telegram = await fakeTelegram();
    writeFileSync(join(stateDir, "moltbot.json"), JSON.stringify({ ...config(modelUrl, telegram), ...sections }));
    const gateway = new Child([bench.bin, "gateway", "--port", String(bench.port)], {
      ...bench.env,
      MOLTBOT_STATE_DIR: stateDir,
    });
    gateway.process.stdout!.resume();
    const life = new Life(stateDir, gateway, telegram);
    await waitForPort(bench.port);
    await telegram.linked();
    await life.talk.say(WARM);
    return life;
  }

  /** CPU of each of so many messages, ms. */
  async cost(count: number): Promise<number> {
    const before = cpuMs(this.gateway.pid);
    await this.talk.say(count);
    return (cpuMs(this.gateway.pid) - before) / count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]();
    await this.#telegram[Symbol.asyncDispose]();
    rmSync(this.stateDir, { recursive: true, force: true });
  }
}

/** Starts the model that they ask. */
export async function modelStub(bench: Bench): Promise<Child & { readonly url: string }> {
  const model = new Child(["--conditions=moltbot-source", join(bench.here, "model-stub.ts")]);
  return Object.assign(model, { url: await model.line(/(http:\S+)/) });
}

/** CPU of a message on both sides, ms, in turns: what else the machine does meets both alike. */
export async function inTurns(count: number, { ours, floor }: { ours: Life; floor: Life }) {
  const sums = { ours: 0, floor: 0 };
  for (let said = 0; said < count; said += ROUND) {
    sums.floor += await floor.cost(ROUND);
    sums.ours += await ours.cost(ROUND);
  }
  const rounds = count / ROUND;
  return { ours: sums.ours / rounds, floor: sums.floor / rounds };
}

/** Messages of one turn. */
const ROUND = 100;

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

function config(baseUrl: string, { settings }: FakeTelegram): object {
  const provider = {
    ...{ api: "openai-compatible", baseUrl, apiKey: "stub-key" },
    models: [{ id: "m", contextWindow: 200_000 }],
  };
  return {
    agents: { defaults: { model: "stub/m" } },
    session: { dmScope: "per-peer" },
    models: { detectLocal: false, providers: { stub: provider } },
    channels: { telegram: { ...settings, dmPolicy: "open", allowFrom: ["*"] } },
  };
}
