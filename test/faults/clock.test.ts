// A clock that is wrong at the start, or jumps while a real gateway runs: nothing is left unanswered, repeated or deleted.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type FakePlatform, fakeDiscord, fakeSignal, fakeSlack, fakeTelegram, fakeWhatsApp } from "@moltbot/fakes";
import { WrongClock } from "../../packages/gateway/src/cli/drill/wrong-clock.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { eventually } from "../support/time-limit.ts";
import { FaultBench } from "./bench.ts";

const HOUR = 3_600_000;
const YEAR = 365 * 24 * HOUR;

/** A gateway whose clock can be set while it runs. */
class ClockBench implements AsyncDisposable {
  readonly bench: FaultBench;
  readonly #clock: WrongClock;
  readonly #folder: string;

  private constructor(bench: FaultBench, clock: WrongClock, folder: string) {
    this.bench = bench;
    this.#clock = clock;
    this.#folder = folder;
  }

  static async start(aheadMs: number, options: Parameters<typeof FaultBench.start>[0]): Promise<ClockBench> {
    const folder = mkdtempSync(join(tmpdir(), "moltbot-clock-"));
    const clock = new WrongClock(join(folder, "shift"), aheadMs);
    const bench = await FaultBench.start({ ...options, preloads: [clock.preload], env: clock.env });
    return new ClockBench(bench, clock, folder);
  }

  /** Sets the clock of the running gateway; resolves when the gateway shows it. */
  async ahead(ms: number): Promise<void> {
    this.#clock.shift(ms);
    this.bench.subject.signal("SIGUSR2");
    const client = await this.bench.operator();
    await eventually("the clock to be set", async () => {
      const shownAt = (await client.call("system-presence")).find(
        (each: { reason: string }) => each.reason === "self",
      ).ts;
      return Math.abs(shownAt - Date.now() - ms) < HOUR;
    });
  }

  /** Starts it again with another clock. */
  async restart(aheadMs: number): Promise<void> {
    await this.bench.subject.kill();
    this.#clock.shift(aheadMs);
    await this.bench.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bench[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Asks for an echo, and returns how often it came when it has come. */
async function echoes(platform: FakePlatform, word: string): Promise<number> {
  await platform.says(`/echo ${word}`);
  const times = () => platform.delivered.filter(({ text }) => text.trim() === word).length;
  await eventually(`${platform.channel} to hear ${word}`, times);
  return times();
}

const PLATFORMS: readonly (() => Promise<FakePlatform>)[] = [
  fakeTelegram,
  fakeSlack,
  fakeDiscord,
  fakeSignal,
  fakeWhatsApp,
];

for (const [what, aheadMs] of [
  ["a year ahead", YEAR],
  ["30 hours ahead", 30 * HOUR],
  ["a year behind", -YEAR],
] as const)
  test(`a first start with the clock ${what} answers what people say now, on every platform`, async () => {
    const platforms = await Promise.all(PLATFORMS.map((start) => start()));
    await using stack = new AsyncDisposableStack();
    for (const each of platforms) stack.use(each);
    await using late = await ClockBench.start(aheadMs, { platforms });

    const counts = await Promise.all(platforms.map((each) => echoes(each, "now")));
    const { machine } = await (await late.bench.operator()).call("health");

    assert.deepEqual(counts, Array(platforms.length).fill(1));
    assert.ok(Math.abs(machine.clock.aheadMs - aheadMs) < HOUR, JSON.stringify(machine));
  });

for (const [what, aheadMs] of [
  ["ahead", YEAR],
  ["back", -YEAR],
] as const)
  test(`a clock that jumps a year ${what} and is right again has nothing repeated and nothing forgotten`, async () => {
    await using model = await fakeOpenAI();
    await using telegram = await fakeTelegram();
    await using jumping = await ClockBench.start(0, { model, platforms: [telegram] });
    const client = await jumping.bench.operator();
    const { id } = await telegram.says("/echo before");
    await eventually("the echo", () => telegram.delivered.some(({ text }) => text.trim() === "before"));
    const send = { channel: "telegram", to: telegram.idOf("alice"), message: "sent", idempotencyKey: "send-1" };
    await client.call("send", send);
    await client.call("agent", { message: "hi", sessionKey: "main", idempotencyKey: "r1" });
    await client.call("agent.wait", { runId: "r1", timeoutMs: 30_000 });

    await jumping.ahead(aheadMs);
    const during = await echoes(telegram, "during");
    await jumping.restart(aheadMs);
    const wrong = await echoes(telegram, "wrong");
    await jumping.restart(0);
    const right = await echoes(telegram, "right");
    await telegram.trouble({ kind: "redeliver" });
    const after = await jumping.bench.operator();
    await after.call("send", send);
    const again = await echoes(telegram, "again");
    const { entries } = await after.call("inbox.list", { limit: 100 });
    const { messages } = await after.call("chat.history", { sessionKey: "main", limit: 100 });
    const run = await after.call("agent.wait", { runId: "r1", timeoutMs: 0 });

    assert.deepEqual([during, wrong, right, again, run.status], [1, 1, 1, 1, "ok"]);
    assert.deepEqual(
      telegram.delivered.map(({ text }) => text.trim()),
      ["before", "sent", ...["during", "wrong", "right", "again"]],
    );
    assert.ok(
      entries.some(({ messageId }: { messageId: string }) => messageId === id),
      "the inbox was pruned",
    );
    assert.ok(JSON.stringify(messages).includes("Hello from the model."), "the conversation was begun anew");
  });
