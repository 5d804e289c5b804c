// Channels over the protocol client: reads them, keeps them current from events, and does what the page's buttons say.

import type {
  AccountSnapshot,
  ChannelsAddParams,
  ChannelsAddResult,
  GatewayClient,
  InboxWhyResult,
  SenderRequest,
  WebLoginWaitResult,
} from "@moltbot/protocol";
import { newId } from "../ids.ts";
import { loaded } from "../loaded.ts";
import type { PageHost, PageService, Scope } from "../view.ts";
import { t } from "../words/t.ts";
import { type ChannelsState, NO_CHANNELS, readChannels, withAccount } from "./state.ts";

/** Which account: its channel and its name there. */
export interface AccountRef {
  readonly channel: string;
  readonly accountId: string;
}

/** A step of a login; the last one is `connected`. */
export type LoginStep = Omit<WebLoginWaitResult, "connected"> & { readonly connected?: boolean };

/** How many inbound messages are shown. */
const MESSAGES = 40;
/** What waits for a platform may take this long, in milliseconds. */
const SLOW_MS = 60_000;
const WAIT_MS = 25_000;

/** The channels of one page. */
export class Channels implements PageService {
  #state: ChannelsState = NO_CHANNELS;
  #schema: unknown;
  readonly #host: PageHost;

  constructor(host: PageHost) {
    this.#host = host;
  }

  get state(): ChannelsState {
    return this.#state;
  }

  /** Whether the connection may use methods of this scope. */
  may(scope: Scope): boolean {
    return this.#host.may(scope);
  }

  /** See `PageService`. */
  channelName(id: string): string | undefined {
    return this.#state.channels.find((channel) => channel.id === id)?.label;
  }

  /** Hears the events about channels. */
  listen(client: GatewayClient): void {
    client.on("channels.changed", ({ channel, account }) => this.#onAccount(channel, account));
    client.on("pairing.requested", () => void this.#readSenders());
    client.on("pairing.resolved", () => void this.#readSenders());
  }

  /** Reads what the sidebar shows: the channels, and who waits to be let in. */
  async refresh(): Promise<void> {
    await Promise.all([this.#readChannels(), this.#readSenders()]);
  }

  /** Reads all that the page shows. */
  async refreshAll(): Promise<void> {
    await Promise.all([this.refresh(), this.#readMessages(), this.#readDoubtful()]);
    await this.#readGroups();
  }

  /** Tries an account's settings and saves them. Rejects with the platform's refusal. */
  async add(params: ChannelsAddParams): Promise<ChannelsAddResult> {
    const result = await this.#host.gateway().request("channels.add", params, { timeoutMs: SLOW_MS });
    await this.#readChannels();
    return result;
  }

  /** The config's JSON Schema, for the types of settings; undefined when it may not be read. */
  async schema(): Promise<unknown> {
    try {
      this.#schema ??= (await this.#host.gateway().request("config.schema")).schema;
    } catch {
      return undefined; // every field is text then
    }
    return this.#schema;
  }

  async start(account: AccountRef): Promise<void> {
    await this.#host.ask("channels.start", account);
    await this.#readChannels();
  }

  async stop(account: AccountRef): Promise<void> {
    await this.#host.ask("channels.stop", account, { timeoutMs: SLOW_MS });
    await this.#readChannels();
  }

  async logout(account: AccountRef): Promise<void> {
    await this.#host.ask("channels.logout", account, { timeoutMs: SLOW_MS });
    await this.#readChannels();
  }

  async remove(account: AccountRef): Promise<void> {
    await this.#host.ask("channels.remove", account, { timeoutMs: SLOW_MS });
    await this.#readChannels();
  }

  async approve({ channel, code }: SenderRequest): Promise<void> {
    await this.#host.ask("pairing.approve", { channel, code, notify: true });
    await this.#readSenders();
  }

  /** Turns a sender away who waits, or shuts one out who was let in. */
  async revoke({ channel, id }: { readonly channel: string; readonly id: string }): Promise<void> {
    await this.#host.ask("pairing.revoke", { channel, id });
    await this.#readSenders();
  }

  /** Sends a short message, to see whether it arrives. Says in a sentence what came of it. */
  async sendTest({ channel, accountId }: AccountRef, to: string): Promise<string | undefined> {
    const message = t("This is a test message from your moltbot gateway.");
    const params = { channel, accountId, to, message, idempotencyKey: newId() };
    const answer = await this.#host.ask("send", params, { timeoutMs: SLOW_MS });
    return answer && t("The platform has taken the test message.");
  }

  /** The shell, for drawers that explain. */
  get host(): PageHost {
    return this.#host;
  }

  async resend(id: number): Promise<void> {
    await this.#host.ask("outbox.resend", { id });
    await this.#readDoubtful();
  }

  async discard(id: number): Promise<void> {
    await this.#host.ask("outbox.discard", { id });
    await this.#readDoubtful();
  }

  /** Why a message was answered or not. */
  async why(id: number): Promise<InboxWhyResult | undefined> {
    return await this.#host.ask("inbox.why", { message: `#${id}` });
  }

  /**
   * Links an account: yields each thing to show until it is linked. Throws with the gateway's reason when it is not, or
   * the signal's when that aborts.
   */
  async *login(
    { channel, accountId }: AccountRef,
    { phoneNumber, force, signal }: { phoneNumber?: string; force: boolean; signal: AbortSignal },
  ): AsyncGenerator<LoginStep> {
    const gateway = this.#host.gateway();
    const which = { channel, accountId };
    const params = { ...which, ...(phoneNumber !== undefined && { phoneNumber }), ...(force && { force }) };
    let step: LoginStep = await gateway.request("web.login.start", params, { timeoutMs: SLOW_MS, signal });
    while (!step.connected) {
      yield step;
      const showed = step.qrDataUrl ?? step.code;
      const askedAt = performance.now();
      const current = step.qrDataUrl === undefined ? {} : { currentQrDataUrl: step.qrDataUrl };
      const wait = { ...which, timeoutMs: WAIT_MS, ...current };
      step = await gateway.request("web.login.wait", wait, { timeoutMs: SLOW_MS, signal });
      // An early answer without a code, after nothing was shown either, is an end; see the gateway's `web.login.wait`.
      const isEarly = performance.now() - askedAt < WAIT_MS - 1_000;
      const isOver = showed === undefined && isEarly && step.qrDataUrl === undefined && step.code === undefined;
      if (isOver && !step.connected) throw new Error(step.message);
    }
    yield step;
    await this.#readChannels();
  }

  #onAccount(channel: string, account: AccountSnapshot): void {
    this.#set({ channels: withAccount(this.#state.channels, channel, account) });
  }

  async #readChannels(): Promise<void> {
    if (!this.may("read")) return;
    const answer = await this.#host.ask("channels.status");
    if (answer) this.#set({ isLoaded: true, channels: readChannels(answer) });
  }

  async #readSenders(): Promise<void> {
    if (!this.may("pairing")) return;
    const answer = await this.#host.ask("pairing.list");
    if (answer) this.#set(answer);
  }

  async #readMessages(): Promise<void> {
    if (!this.may("read")) return;
    const answer = await this.#host.ask("inbox.list", { limit: MESSAGES });
    if (answer) this.#set({ messages: answer.entries });
  }

  async #readGroups(): Promise<void> {
    if (!this.may("read")) return;
    const answer = await this.#host.ask("config.get");
    if (answer === undefined) return;
    const rules = await this.#host.attempt(() => loaded(import("./rules.ts")));
    if (rules === undefined) return;
    const inUse = this.#state.channels.filter(({ accounts }) => accounts.length > 0).map(({ id }) => id);
    this.#set({ groups: rules.groupRules(answer.config, inUse) });
  }

  async #readDoubtful(): Promise<void> {
    if (!this.may("read")) return;
    const answer = await this.#host.ask("outbox.list", { state: "unknown" });
    if (answer) this.#set({ doubtful: answer.entries });
  }

  #set(change: Partial<ChannelsState>): void {
    this.#state = { ...this.#state, ...change };
    this.#host.onChange();
  }
}
