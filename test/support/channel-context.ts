/** What a channel's connection is given, over memory: for tests of one channel without a gateway. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog, type Line } from "../../packages/gateway/src/base/log.ts";
import { Secrets } from "../../packages/gateway/src/base/privacy/secrets.ts";
import { systemClock } from "../../packages/gateway/src/base/time/clock.ts";
import type {
  ChannelContext,
  ChannelDefinition,
  ChannelState,
  Connection,
  StateChanges,
  Webhook,
} from "../../packages/gateway/src/kit/channel.ts";
import type { Inbound } from "../../packages/gateway/src/kit/channel-message.ts";
import { inboundIn, type Reading } from "../../packages/gateway/src/kit/rules.ts";
import type { Rendered } from "../../packages/gateway/src/kit/text/dialect.ts";
import { within } from "./time-limit.ts";

/** An account's place in memory; connections of it can be opened one after the other, as after a restart. */
export class AccountBench implements AsyncDisposable {
  readonly inbound: Inbound[] = [];
  readonly log: Line[] = [];
  /** What the platform's clock has told. */
  readonly heard: (number | undefined)[] = [];
  readonly webhooks = new Map<string, Webhook>();
  readonly state: ChannelState;
  /** Set to make the disk refuse. */
  isDiskFull = false;
  readonly folder = mkdtempSync(join(tmpdir(), "moltbot-channel-"));
  readonly #definition: ChannelDefinition;
  readonly #settings: Readonly<Record<string, unknown>>;
  readonly #kept = new Map<string, string>();
  readonly #keys = new Set<string>();
  readonly #waiting = new Set<() => void>();
  readonly #open: { connection: Connection; stop: AbortController }[] = [];

  constructor(definition: ChannelDefinition, settings: Readonly<Record<string, unknown>>) {
    this.#definition = definition;
    this.#settings = settings;
    this.state = {
      get: (key) => this.#kept.get(key),
      entries: (prefix) => [...this.#kept].filter(([key]) => key.startsWith(prefix)).sort(),
      write: (changes) => this.#write(changes),
    };
  }

  /** The context of a new connection. */
  context(signal: AbortSignal): ChannelContext {
    const { folder, state } = this;
    return {
      settings: { ...this.#settings },
      accountId: "default",
      signal,
      log: createLog({
        clock: systemClock,
        level: "debug",
        sinks: [(line) => this.log.push(line)],
        secrets: new Secrets(),
      }),
      clock: systemClock,
      heardTime: (at) => void this.heard.push(at),
      state,
      env: process.env,
      folder,
      commands: [
        { name: "help", summary: "what can be asked" },
        { name: "stop", summary: "stops the reply" },
      ],
      receive: (readings, changes) => this.#receive(readings, changes),
      ownMessage: () => undefined,
      knownChats: (limit) => [...new Map(this.inbound.map(({ chat }) => [chat.id, chat])).values()].slice(0, limit),
      webhook: (webhook) => {
        const path = `/channels/${this.#definition.id}/default`;
        this.webhooks.set(path, webhook);
        return { path, [Symbol.dispose]: () => void this.webhooks.delete(path) };
      },
    };
  }

  /** Opens a connection, as a start of the account does. */
  async open(): Promise<Connection> {
    const stop = new AbortController();
    const connection = await this.#definition.open(this.context(stop.signal) as ChannelContext<never>);
    this.#open.push({ connection, stop });
    return connection;
  }

  /** The inbound that `find` picks, waited for. */
  async received<T extends Inbound>(what: string, find: (inbound: Inbound) => inbound is T): Promise<T>;
  async received(what: string, find: (inbound: Inbound) => boolean): Promise<Inbound>;
  async received(what: string, find: (inbound: Inbound) => boolean): Promise<Inbound> {
    for (;;) {
      const found = this.inbound.find(find);
      if (found) return found;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      await within(promise, what).finally(() => this.#waiting.delete(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { connection, stop } of this.#open) {
      stop.abort(new Error("the test is over"));
      await connection[Symbol.asyncDispose]();
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  #receive(readings: readonly Reading[], changes: StateChanges = {}): Promise<void> {
    if (this.isDiskFull) throw new Error("the disk is full");
    for (const each of readings.flatMap(inboundIn)) {
      if (each.keys.some((key) => this.#keys.has(key))) continue;
      for (const key of each.keys) this.#keys.add(key);
      // Through JSON, as the inbox keeps it: nothing that only lives in memory survives.
      this.inbound.push(JSON.parse(JSON.stringify(each)) as Inbound);
    }
    this.#write(changes);
    for (const wake of this.#waiting) wake();
    return Promise.resolve();
  }

  #write(changes: StateChanges): void {
    for (const [key, value] of Object.entries(changes)) {
      if (value === undefined) this.#kept.delete(key);
      else this.#kept.set(key, value);
    }
  }
}

/** A text that needs no markup. */
export function plainText(text: string): Rendered {
  return { text, plain: text };
}
