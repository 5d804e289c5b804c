/** A gateway and a fake platform that are linked: what every test of a channel begins with. */
import assert from "node:assert/strict";
import { type Delivered, type FakePlatform, type Said, type SaysOptions, until } from "@moltbot/fakes";
import { ignore } from "../../packages/gateway/src/base/errors.ts";
import { type Connected, type TestGateway, type TestGatewayOptions, testGateway } from "../support/gateway.ts";
import { LIMIT_MS } from "../support/time-limit.ts";
import type { Frame } from "../support/wire-client.ts";

/** Starts a fake platform. */
export type StartFake = () => Promise<FakePlatform>;

/** Settings under which everybody is answered. */
export const OPEN = {
  dmPolicy: "open",
  allowFrom: ["*"],
  groupPolicy: "open",
  groups: { "*": { requireMention: true } },
} as const;

/** Platforms that keep no link open never notice. */
const NOTICE_LIMIT_MS = 1_000;

export interface BenchOptions {
  /** Settings of the account beside those that lead to the fake. */
  readonly settings?: Readonly<Record<string, unknown>> | ((fake: FakePlatform) => Readonly<Record<string, unknown>>);
  /** Other sections of the config. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly gateway?: TestGatewayOptions;
}

/** One platform, one gateway on it, one operator. */
export class ChannelBench implements AsyncDisposable {
  readonly fake: FakePlatform;
  readonly gateway: TestGateway;
  operator!: Connected;

  /** What people have said on the platform since the bench began. */
  readonly #said: Said[] = [];

  constructor(fake: FakePlatform, gateway: TestGateway) {
    this.fake = fake;
    this.gateway = gateway;
    const says = fake.says.bind(fake);
    fake.says = async (text, options) => {
      const said = await says(text, options);
      this.#said.push(said);
      return said;
    };
  }

  /** Starts both and links them. */
  static async start(startFake: StartFake, options: BenchOptions = {}): Promise<ChannelBench> {
    const fake = await startFake();
    const { settings = {} } = options;
    const own = typeof settings === "function" ? settings(fake) : settings;
    const config = {
      models: { detectLocal: false },
      channels: { [fake.channel]: { ...fake.settings, ...OPEN, ...own } },
      ...options.config,
    };
    const gateway = await testGateway({ config: JSON.stringify(config), env: { ...fake.env }, ...options.gateway });
    const bench = new ChannelBench(fake, gateway);
    try {
      await bench.#begin();
      return bench;
    } catch (error) {
      await bench[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #begin(): Promise<void> {
    this.operator = await this.gateway.connect({ scopes: ["operator.admin"] });
    const { linked } = await this.account();
    if (linked === false) await this.login();
    await this.linked();
  }

  /** Links the account by its login. */
  async login(): Promise<void> {
    const { channel } = this.fake;
    const shown = await this.operator.call("web.login.start", { channel, force: true });
    await this.fake.scan?.(shown.qrText);
    for (let view = shown; !view.connected; ) {
      view = await this.operator.call("web.login.wait", {
        channel,
        currentQrDataUrl: view.qrDataUrl,
        timeoutMs: 9_000,
      });
    }
  }

  /** Waits until the account says that it is connected and the platform agrees. */
  async linked(): Promise<void> {
    const limit = AbortSignal.timeout(LIMIT_MS);
    for (;;) {
      const { state, problem } = await this.account();
      if (state === "connected" && this.fake.isLinked) return;
      if (limit.aborted) assert.fail(`the account is ${state}: ${problem?.message ?? "no problem is named"}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The account's snapshot. */
  async account(): Promise<Frame["payload"]> {
    for (;;) {
      const { channelAccounts } = await this.operator.call("channels.status", {});
      const [account] = channelAccounts[this.fake.channel] ?? [];
      if (account) return account;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Waits until the account stands somewhere. */
  async accountIs(state: string, limitMs = LIMIT_MS): Promise<Frame["payload"]> {
    const limit = AbortSignal.timeout(limitMs);
    for (;;) {
      const account = await this.account();
      if (account.state === state) return account;
      if (limit.aborted) assert.fail(`the account is ${account.state}, not ${state}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Stops the gateway and starts it again on the same state. */
  async restart(while_: () => Promise<void> = async () => {}): Promise<void> {
    await this.gateway.stop();
    // A platform that has not noticed yet may hand its next words to nobody: with a signal-cli of others they are gone
    // (docs/channels/signal.md), and that is not what is tested here.
    const noticed = () => !this.fake.isLinked;
    await until(this.fake, "the platform to notice", noticed, NOTICE_LIMIT_MS).catch((error: unknown) =>
      ignore(error, "some platforms never notice"),
    );
    await while_();
    await this.gateway.start();
    this.operator = await this.gateway.connect({ scopes: ["operator.admin"] });
    await this.linked();
  }

  /** Somebody asks for an echo; resolves with what was said and what came back. */
  async asks(text: string, options: SaysOptions = {}): Promise<{ said: Said; reply: Delivered }> {
    const said = await this.fake.says(`/echo ${text}`, options);
    return { said, reply: await this.delivered(text) };
  }

  /** The message that the platform has with exactly this text. */
  async delivered(text: string, limitMs = LIMIT_MS): Promise<Delivered> {
    const look = () => this.fake.delivered.find((message) => message.text.trim() === text && !message.isUnsent);
    return await until(this.fake, `“${text.slice(0, 60)}” to be delivered`, look, limitMs).catch((error: Error) => {
      const seen = this.fake.delivered.map(({ text: each }) => each.slice(0, 60));
      throw new Error(`${error.message}; delivered: ${JSON.stringify(seen.slice(-5))}; log: ${this.logTail()}`);
    });
  }

  /** How often the platform shows a text. */
  times(text: string): number {
    return this.fake.delivered.filter((message) => message.text.trim() === text && !message.isUnsent).length;
  }

  /** What was decided about the newest message that says this. */
  async decided(text: string, limitMs = LIMIT_MS): Promise<Frame["payload"]> {
    const limit = AbortSignal.timeout(limitMs);
    for (;;) {
      const { entries, isComplete } = await this.#received();
      const entry = entries.find((each: { text: string }) => each.text.trim() === text.trim());
      if (isComplete && entry?.state === "done") return entry;
      if (limit.aborted) {
        const found = isComplete ? (entry ?? "not received") : "not all that was said is received";
        assert.fail(`nothing was decided about “${text}”: ${JSON.stringify(found)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Everything that was said so far has its outcome. */
  async settled(limitMs = LIMIT_MS): Promise<Frame["payload"][]> {
    const limit = AbortSignal.timeout(limitMs);
    for (;;) {
      const { entries, isComplete } = await this.#received();
      const open = entries.filter((each: { state: string }) => each.state !== "done");
      if (isComplete && open.length === 0) return entries;
      if (limit.aborted) {
        const received = isComplete ? "" : "; not all that was said is received";
        assert.fail(`${open.length} messages have no outcome: ${JSON.stringify(open.slice(0, 3))}${received}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  /** The inbox, newest first, and whether it holds everything that people have said. */
  async #received(): Promise<{ entries: Frame["payload"][]; isComplete: boolean }> {
    const { entries } = await this.operator.call("inbox.list", { limit: 500 });
    const ids = new Set(entries.map(({ messageId }: { messageId: string }) => messageId));
    const missing = this.#said.filter(({ id }) => !ids.has(id));
    return { entries, isComplete: missing.length === 0 };
  }

  logTail(): string {
    const lines = this.gateway.log.filter(({ level }) => level !== "debug").slice(-6);
    return JSON.stringify(lines.map(({ sentence, fields }) => [sentence, fields]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]();
    await this.fake[Symbol.asyncDispose]();
  }
}
