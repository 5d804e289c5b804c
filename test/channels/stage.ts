/** A gateway with any accounts, on any platforms: for stories of more than one account, or of none that is linked yet. */
import assert from "node:assert/strict";
import { type Connected, type TestGateway, type TestGatewayOptions, testGateway } from "../support/gateway.ts";
import { LIMIT_MS } from "../support/time-limit.ts";
import type { Frame } from "../support/wire-client.ts";

export interface StageOptions {
  /** What stands under `channels`. */
  readonly channels: Readonly<Record<string, unknown>>;
  /** Other sections of the config. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly gateway?: TestGatewayOptions;
}

export class Stage implements AsyncDisposable {
  readonly gateway: TestGateway;
  readonly #config: Readonly<Record<string, unknown>>;
  operator!: Connected;

  private constructor(gateway: TestGateway, config: Readonly<Record<string, unknown>>) {
    this.gateway = gateway;
    this.#config = config;
  }

  /** Starts the gateway and connects; accounts start behind it. */
  static async start({ channels, config = {}, gateway: options = {} }: StageOptions): Promise<Stage> {
    const whole = { models: { detectLocal: false }, ...config };
    const gateway = await testGateway({ config: JSON.stringify({ ...whole, channels }), ...options });
    const stage = new Stage(gateway, whole);
    stage.operator = await gateway.connect({ scopes: ["operator.admin"] });
    return stage;
  }

  /** Writes the config file anew, as an editor does. */
  edit(channels: Readonly<Record<string, unknown>>): void {
    this.gateway.writeConfig(JSON.stringify({ ...this.#config, channels }));
  }

  /** The snapshots of a channel's accounts. */
  async accounts(channel: string): Promise<Frame["payload"][]> {
    return (await this.operator.call("channels.status", {})).channelAccounts[channel];
  }

  async account(channel: string, accountId = "default"): Promise<Frame["payload"]> {
    return (await this.accounts(channel)).find((each) => each.accountId === accountId);
  }

  /** The account's snapshot as soon as it stands so. */
  async accountIs(state: string, channel: string, accountId = "default"): Promise<Frame["payload"]> {
    return await this.accountWhen(state, channel, accountId, (account) => account?.state === state);
  }

  async accountWhen(
    what: string,
    channel: string,
    accountId: string,
    matches: (account: Frame["payload"] | undefined) => boolean,
  ): Promise<Frame["payload"]> {
    const limit = AbortSignal.timeout(LIMIT_MS);
    for (;;) {
      const account = await this.account(channel, accountId);
      if (matches(account)) return account;
      if (limit.aborted) assert.fail(`${channel}:${accountId} is never ${what}: ${JSON.stringify(account)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]();
  }
}

/** The code and message of a request's refusal. */
export async function refusal(answer: Promise<Frame>): Promise<NonNullable<Frame["error"]>> {
  const { ok, payload, error } = await answer;
  assert.equal(ok, false, JSON.stringify(payload));
  return error!;
}
