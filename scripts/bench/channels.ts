/** What channels cost, measured through the fakes over the real SDKs: time and CPU of a message, backlog, memory, start. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as fakes from "@moltbot/fakes";
import { type Client, connect, waitForPort } from "./client.ts";
import { against, alone, type Bench, type Figure } from "./figures.ts";
import { Child, cpuMs, median, rssMb } from "./process.ts";

type Channel = keyof typeof LABELS;

const FAKES: Readonly<Record<Channel, () => Promise<fakes.FakePlatform>>> = {
  whatsapp: fakes.fakeWhatsApp,
  telegram: fakes.fakeTelegram,
  slack: fakes.fakeSlack,
  discord: fakes.fakeDiscord,
  signal: fakes.fakeSignal,
  imessage: fakes.fakeBlueBubbles,
};
const CONDITIONS = "--conditions=moltbot-source";
const LINK_LIMIT_MS = 60_000;
/** Discord takes 50 requests a second of a bot, and its library keeps to that; faster than this the limit is measured. */
const PACE_MS = 25;

/** A gateway of its own on some platforms. */
class Wired implements AsyncDisposable {
  readonly platforms: readonly fakes.FakePlatform[];
  readonly #bench: Bench;
  readonly #stateDir = mkdtempSync(join(tmpdir(), "moltbot-bench-channels-"));
  #child: Child | undefined;

  constructor(bench: Bench, platforms: readonly fakes.FakePlatform[]) {
    this.#bench = bench;
    this.platforms = platforms;
    const open = { dmPolicy: "open", allowFrom: ["*"] };
    const channels = Object.fromEntries(platforms.map(({ channel, settings }) => [channel, { ...settings, ...open }]));
    writeFileSync(join(this.#stateDir, "moltbot.json"), JSON.stringify({ models: { detectLocal: false }, channels }));
  }

  /**
   * Starts the gateway; resolves with the time to its first hello-ok, ms. What a fake needs to be trusted is loaded
   * before everything else, so a start that is timed goes without: that account keeps trying.
   */
  async start({ isTimed = false }: { isTimed?: boolean } = {}): Promise<number> {
    const bench = this.#bench;
    const startedAt = performance.now();
    const preloads = isTimed
      ? []
      : this.platforms.flatMap(({ preload = "" }) => (preload ? ["--import", preload] : []));
    const env = Object.assign(
      {},
      bench.env,
      { MOLTBOT_STATE_DIR: this.#stateDir },
      ...this.platforms.map((each) => each.env),
    );
    this.#child = new Child([...preloads, bench.bin, "gateway", "--port", String(bench.port)], env);
    this.#child.process.stdout!.resume();
    await waitForPort(bench.port);
    const client = await connect(bench);
    client.close();
    return performance.now() - startedAt;
  }

  async stop(): Promise<void> {
    await this.#child?.[Symbol.asyncDispose]();
  }

  get pid(): number {
    return this.#child!.pid;
  }

  /** Waits until every platform is linked, by its login where it has one. */
  async linked(): Promise<void> {
    const client = await connect(this.#bench);
    for (const platform of this.platforms) {
      if ((await accountOf(client, platform.channel)).linked === false) {
        const params = { channel: platform.channel, force: true };
        const { qrText = "" } = (await client.request("web.login.start", params)) as { qrText?: string };
        await platform.scan?.(qrText);
      }
      const late = sleep(LINK_LIMIT_MS).then(() =>
        Promise.reject(new Error(`${platform.channel} was not linked in time`)),
      );
      await Promise.race([platform.linked(), late]);
    }
    client.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    for (const platform of this.platforms) await platform[Symbol.asyncDispose]();
    rmSync(this.#stateDir, { recursive: true, force: true });
  }
}

/** The account of a channel, once the gateway has begun with it. */
async function accountOf(client: Client, channel: string): Promise<{ linked?: boolean }> {
  for (;;) {
    const { channelAccounts } = (await client.request("channels.status", {})) as {
      channelAccounts: Record<string, { linked?: boolean }[]>;
    };
    const [account] = channelAccounts[channel] ?? [];
    if (account) return account;
    await sleep(20);
  }
}

/** Somebody says something; resolves when the platform has the answer, with how long it took, ms. */
async function answered(platform: fakes.FakePlatform, text: string): Promise<number> {
  const startedAt = performance.now();
  await platform.says(`/echo ${text}`);
  await fakes.until(platform, text, () => platform.delivered.some((message) => message.text.trim() === text));
  return performance.now() - startedAt;
}

/** From what somebody says to what they read, one message at a time, with the built-in agent. */
export async function messageCost(bench: Bench, channel: "telegram" | "discord"): Promise<Figure[]> {
  await using wired = new Wired(bench, [await FAKES[channel]()]);
  await wired.start();
  await wired.linked();
  const [platform] = wired.platforms as [fakes.FakePlatform];
  const count = bench.quick ? 100 : 400;
  for (let n = 0; n < 40; n++) await answered(platform, `warm ${n}`);
  const before = cpuMs(wired.pid);
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    times.push(await answered(platform, `message ${n}`));
    await sleep(PACE_MS);
  }
  const cpu = (cpuMs(wired.pid) - before) / count;
  const p99 = times.toSorted((a, b) => a - b)[Math.floor(count * 0.99)]!;
  const { label } = LABELS[channel];
  return [
    alone(`${label}: message to reply, p50`, "ms", median(times), 30),
    alone(`${label}: message to reply, p99`, "ms", p99, 100),
    alone(`${label}: CPU of a message and its reply`, "ms", cpu, 15),
  ];
}

/** A message and its reply with the built-in agent, over a bot of ten lines on the same SDK; the two in turns. */
export async function echoCost(bench: Bench, channel: "telegram" | "discord"): Promise<Figure[]> {
  await using wired = new Wired(bench, [await FAKES[channel]()]);
  await using platform = await FAKES[channel]();
  await wired.start();
  await wired.linked();
  const bot = [CONDITIONS, join(bench.here, "echo-bot.ts"), channel, JSON.stringify(platform.settings)];
  await using echo = new Child(bot, { ...bench.env, ...platform.env });
  await platform.linked();
  const ours = { pid: wired.pid, platform: wired.platforms[0]!, times: [] as number[], cpu: [] as number[] };
  const floor = { pid: echo.pid, platform, times: [] as number[], cpu: [] as number[] };
  const [rounds, count] = [bench.quick ? 3 : 8, 50];
  for (let round = 0; round <= rounds; round++) {
    for (const side of [floor, ours]) {
      const before = cpuMs(side.pid);
      const times: number[] = [];
      for (let n = 0; n < count; n++) {
        times.push(await answered(side.platform, `round ${round} message ${n}`));
        await sleep(PACE_MS);
      }
      // The first round is warm-up.
      if (round === 0) continue;
      side.times.push(...times);
      side.cpu.push((cpuMs(side.pid) - before) / count);
    }
  }
  const { label } = LABELS[channel];
  const over = (name: string, own: readonly number[], least: readonly number[]) =>
    against(`${label}: ${name}, over an echo bot`, "ms", { ours: median(own), floor: median(least), reach: 3 });
  return [
    over("message to reply, p50", ours.times, floor.times),
    over("CPU of a message and its reply", ours.cpu, floor.cpu),
  ];
}

/** A thousand messages that waited while the gateway was stopped. */
export async function backlogCost(bench: Bench, channel: "telegram" | "discord"): Promise<Figure> {
  await using wired = new Wired(bench, [await FAKES[channel]()]);
  await wired.start();
  await wired.linked();
  const [platform] = wired.platforms as [fakes.FakePlatform];
  await answered(platform, "first");
  await wired.stop();
  const count = bench.quick ? 200 : 1_000;
  for (let n = 0; n < count; n++) await platform.says(`/echo waiting ${n}`, { from: `person${n % 20}` });
  await wired.start();
  await fakes.until(platform, "the backlog", () => platform.delivered.length > count, 180_000);
  const seconds = cpuMs(wired.pid) / 1000;
  // Less is better in this table: the CPU of a thousand messages, start included.
  return alone(`${LABELS[channel].label}: CPU of a backlog of 1,000`, "s", (seconds * 1_000) / count, 10);
}

/** Memory of each channel over the gateway alone, connected and idle. */
export async function channelMemory(bench: Bench): Promise<Figure[]> {
  const idle = async (platforms: readonly fakes.FakePlatform[]) => {
    await using wired = new Wired(bench, platforms);
    await wired.start();
    await wired.linked();
    await sleep(bench.quick ? 3_000 : 8_000);
    return rssMb(wired.pid);
  };
  const least = await idle([]);
  const figures: Figure[] = [];
  for (const channel of Object.keys(FAKES) as Channel[]) {
    const over = (await idle([await FAKES[channel]()])) - least;
    const { label, memoryReach } = LABELS[channel];
    figures.push(alone(`${label}: memory over the gateway alone`, "MB", over, memoryReach));
  }
  return figures;
}

/** Spawn to first hello-ok with all channels on, against none. */
export async function startWithChannels(bench: Bench): Promise<Figure> {
  const rounds = bench.quick ? 4 : 10;
  await using all = new Wired(bench, await Promise.all(Object.values(FAKES).map((start) => start())));
  await using none = new Wired(bench, []);
  const [ours, floor]: [number[], number[]] = [[], []];
  await all.start();
  await all.linked();
  await all.stop();
  for (let round = 0; round < rounds + 1; round++) {
    floor.push(await none.start({ isTimed: true }));
    await none.stop();
    ours.push(await all.start({ isTimed: true }));
    await all.stop();
  }
  const [own, least] = [median(ours.slice(1)), median(floor.slice(1))];
  return {
    name: "start with six channels: to hello-ok",
    unit: "ms",
    ours: own,
    floor: least,
    ratio: own / least,
    reach: 1.15,
  };
}

const LABELS = {
  whatsapp: { label: "WhatsApp", memoryReach: 110 },
  telegram: { label: "Telegram", memoryReach: 30 },
  slack: { label: "Slack", memoryReach: 45 },
  discord: { label: "Discord", memoryReach: 45 },
  signal: { label: "Signal", memoryReach: 30 },
  imessage: { label: "iMessage", memoryReach: 30 },
} as const;
