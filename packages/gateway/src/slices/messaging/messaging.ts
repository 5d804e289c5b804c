/** Channels: their accounts, what comes in over them and what goes out. Policy and durability are here; platforms are not. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { runOwn } from "../../base/blame.ts";
import type { Settings } from "../../base/config.ts";
import { GatewayError, ignore, invalidRequest, messageOf } from "../../base/errors.ts";
import { makePrivateDir } from "../../base/files.ts";
import type { Base } from "../../gateway.ts";
import type { Caller } from "../../kit/access.ts";
import {
  type ChannelContext,
  type ChannelDefinition,
  ChannelError,
  type Chat,
  type ChatRef,
  type Inbound,
  type LoginContext,
  type MessageRef,
  type OutboundMedia,
  type ProbeContext,
  type StateChanges,
} from "../../kit/channel.ts";
import type { SettingsDefinition } from "../../kit/settings.ts";
import type { Agent } from "../agent/agent.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { System } from "../system/system.ts";
import { Account, toChannelError } from "./account.ts";
import {
  type AccountSettings,
  accountIds,
  accountPatch,
  accountSettings,
  DEFAULT_ACCOUNT,
  normalAccountId,
} from "./account-settings.ts";
import { AccountState, Chats } from "./account-store.ts";
import { Delivery } from "./delivery.ts";
import { channelChanged } from "./events.ts";
import { type AccountKey, Inbox } from "./inbox.ts";
import { Intake } from "./intake.ts";
import { Live } from "./live.ts";
import { Logins } from "./logins.ts";
import { MediaIn } from "./media-in.ts";
import { MediaOut } from "./media-out.ts";
import { Outbox, type OutboxRow, textOf } from "./outbox.ts";
import { Pairing } from "./pairing.ts";
import { composeParts, loadRenderer } from "./render.ts";
import { boundedInbound } from "./sanitize.ts";
import type { AccountSnapshotShape, AccountStateName, OutboxEntryShape } from "./schema.ts";
import { Sender } from "./sender.ts";
import { sessionKeyOf } from "./session-key.ts";
import { type ChannelsConfig, type MessagesSettings, messages } from "./settings.ts";
import { Webhooks } from "./webhooks.ts";
import { explainEntry } from "./why.ts";

export interface MessagingServices extends Base {
  readonly system: System;
  readonly sessions: Sessions;
  readonly agent: Agent;
}

export interface MessagingOptions {
  readonly definitions: readonly ChannelDefinition[];
  /** The `channels` section. */
  readonly section: SettingsDefinition<ChannelsConfig>;
}

/** An account with everything that works for it. */
interface Running {
  readonly account: Account;
  readonly sender: Sender;
  readonly chats: Chats;
  readonly state: AccountState;
  readonly intake: Intake;
  /** What of its settings a change of needs a restart. */
  startedWith: string;
  /** The settings it was last seen with: an account that is leaving the config still has some. */
  last: AccountSettings;
}

const PROBE_LIMIT_MS = 20_000;
const STATUS_LIMIT_MS = 10_000;
/** How long `send` waits for the platform before it answers that the message waits. */
const SEND_WAIT_MS = 20_000;
/** Where an account stands while nothing leaves before a person does something. */
const IDLE: ReadonlySet<AccountStateName | undefined> = new Set(["disabled", "unconfigured", "stopped", "failed"]);
const ACTION_LIMIT_MS = 20_000;
const PRUNE_MS = 6 * 3_600_000;
/** Whoever waits at the door is served before channels load their libraries, one after the other. */
const BEGIN_AFTER_MS = 200;
const BETWEEN_STARTS_MS = 30;
const DAY_MS = 24 * 3_600_000;

type Target = {
  readonly to: string;
  readonly channel?: string;
  readonly accountId?: string;
  readonly threadId?: string;
};
type MessageTarget = Target & { readonly messageId: string };
type AccountParams = { readonly channel: string; readonly accountId?: string };

export class Messaging implements AsyncDisposable {
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly pairing: Pairing;
  readonly logins: Logins;
  readonly webhooks: Webhooks;
  readonly #services: MessagingServices;
  readonly #definitions: readonly ChannelDefinition[];
  readonly #config: Settings<ChannelsConfig>;
  readonly #messages: Settings<MessagesSettings>;
  readonly #delivery: Delivery;
  readonly #live: Live;
  readonly #mediaIn: MediaIn;
  readonly #mediaOut: MediaOut;
  readonly #running = new Map<string, Running>();
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #probes = new Map<string, { ok: boolean; error?: string; at: number }>();
  readonly #stack = new DisposableStack();
  #reconciling: Promise<void> = Promise.resolve();
  readonly #stop = new AbortController();

  constructor(services: MessagingServices, { definitions, section }: MessagingOptions) {
    const { agent, bus, clock, config, log, sessions, stateDir } = services;
    this.#services = services;
    this.#definitions = definitions;
    this.#config = config.of(section);
    this.#messages = config.of(messages);
    this.webhooks = new Webhooks(clock);
    this.inbox = new Inbox(services);
    this.outbox = new Outbox(services);
    this.pairing = new Pairing(services);
    this.#mediaIn = new MediaIn({
      stateDir,
      clock,
      log,
      media: sessions.media,
      settings: () => this.#messages.current,
    });
    this.#mediaOut = new MediaOut(services);
    this.#delivery = new Delivery({
      inbox: this.inbox,
      outbox: this.outbox,
      clock,
      messages: () => this.#messages.current,
      account: (channel, account) => this.#find({ channel, account })?.account,
      kick: (channel, account) => this.#find({ channel, account })?.sender.kick(),
    });
    this.#live = this.#stack.use(
      new Live({
        bus,
        clock,
        outbox: this.outbox,
        delivery: this.#delivery,
        sender: (account) => this.#find(account.key)?.sender,
        isOpen: (runId) => agent.runs.known(runId)?.kind === "open",
        ttlMs: () => this.#ttlMs,
      }),
    );
    this.logins = this.#stack.use(
      new Logins({
        clock,
        log,
        definitions,
        isLinked: (key) => this.#isLinked(key),
        prepare: (key, options) => this.#prepareLogin(key, options),
        finished: (key, isLinked) => this.#loginFinished(key, isLinked),
      }),
    );
    agent.runs.observe(this.#delivery);
    agent.channels = {
      knows: (channel) => this.#definitions.some(({ id }) => id === channel),
      route: (target) => this.#route(target),
    };
  }

  /** Starts the accounts, without waiting for any of them. */
  begin(): void {
    const { clock } = this.#services;
    this.#prune();
    this.#stack.use(clock.every(PRUNE_MS, () => this.#prune()));
    this.#stack.use(this.#config.onChange(() => this.#reconcileSoon()));
    this.#stack.use(clock.after(BEGIN_AFTER_MS, () => this.#reconcileSoon()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the gateway stops"));
    this.#stack.dispose();
    await this.#reconciling;
    await Promise.all([...this.#running.values()].map((running) => this.#halt(running)));
    for (const wake of [...this.#waiting.values()].flatMap((set) => [...set])) wake();
  }

  // — What clients ask for ———————————————————————————————————————————————————————————————————————————————————————————

  /** The `send` method. Throws `INVALID_REQUEST` for a bad target, `UNAVAILABLE` when it was not, or not yet, sent. */
  async send(
    params: Target & {
      readonly message: string;
      readonly mediaUrl?: string;
      readonly mediaUrls?: readonly string[];
      readonly sessionKey?: string;
      readonly replyToId?: string;
      readonly silent?: boolean;
      readonly idempotencyKey: string;
    },
    caller: Caller,
    signal: AbortSignal,
  ) {
    const route = this.#route(this.#targetOf(params, "unsupported channel"));
    const urls = [...(params.mediaUrl === undefined ? [] : [params.mediaUrl]), ...(params.mediaUrls ?? [])];
    if (params.message.trim() === "" && urls.length === 0)
      throw invalidRequest("message holds nothing that can be shown");
    const origin = `send:${caller.principal}:${params.idempotencyKey}`;
    if (this.outbox.of(origin).length === 0) {
      const { limits } = this.#definition(route.channel);
      const media: OutboundMedia[] = [];
      for (const url of urls) media.push(await this.#mediaOut.load(url, { maxBytes: limits.mediaBytes, signal }));
      const replyTo: MessageRef | undefined =
        params.replyToId === undefined ? undefined : this.#refOf(route, params.replyToId);
      this.#services.store.transaction(() => {
        const sessionKey = this.#mirror(params.sessionKey, route, params.message);
        this.outbox.add({
          ...route,
          origin,
          part: -1,
          payload: {
            content: { kind: "markdown", markdown: params.message, ...(media.length > 0 && { media }) },
            ...(replyTo && { replyTo }),
            ...(params.silent && { silent: true }),
          },
          sessionKey,
          ttlMs: this.#ttlMs,
        });
      });
    }
    return await this.#whenSent(origin, params.idempotencyKey, signal);
  }

  /** The `poll` method. Throws as `send` does. */
  async poll(
    params: Target & {
      readonly question: string;
      readonly options: readonly string[];
      readonly maxSelections?: number;
      readonly durationHours?: number;
      readonly idempotencyKey: string;
    },
    caller: Caller,
    signal: AbortSignal,
  ) {
    const target = this.#targetOf(params, "unsupported poll channel");
    if (!this.#definition(target.channel).capabilities.includes("polls"))
      throw invalidRequest(`unsupported poll channel: ${target.channel}`);
    const route = this.#route(target);
    const { question, options, maxSelections = 1, durationHours, idempotencyKey } = params;
    if (maxSelections > options.length) throw invalidRequest("maxSelections must not exceed the number of options");
    const origin = `poll:${caller.principal}:${idempotencyKey}`;
    this.outbox.add({
      ...route,
      origin,
      payload: {
        content: {
          kind: "poll",
          question,
          options: [...options],
          maxSelections,
          ...(durationHours !== undefined && { durationHours }),
        },
      },
      ttlMs: this.#ttlMs,
    });
    const sent = await this.#whenSent(origin, idempotencyKey, signal);
    return { ...sent, pollId: sent.messageId };
  }

  /** Reacts to a message. Throws `INVALID_REQUEST` where the channel has no reactions. */
  async react(params: MessageTarget & { readonly emoji: string; readonly remove?: boolean }, signal: AbortSignal) {
    return await this.#act(params, "reactionOut", signal, async (connection, ref, within) => {
      await connection.react?.(ref, params.emoji, { remove: params.remove ?? false }, within);
    });
  }

  /** Changes a message of ours. Throws `INVALID_REQUEST` where the channel cannot, or the message is not ours. */
  async edit(params: MessageTarget & { readonly message: string }, signal: AbortSignal) {
    return await this.#act(params, "editOut", signal, async (connection, ref, within, account) => {
      const { definition } = account;
      const payload = { content: { kind: "markdown", markdown: params.message } } as const;
      const [part, ...rest] = await composeParts({ payload }, account);
      if (part?.content.kind !== "part") throw new ChannelError("rejected", "message holds nothing that can be shown");
      if (rest.length > 0)
        throw new ChannelError("rejected", `the text is longer than one message of ${definition.label}`);
      await connection.edit?.({ ...ref, isOwn: true }, part.content.text, within);
    });
  }

  /** Takes a message of ours back. */
  async unsend(params: MessageTarget, signal: AbortSignal) {
    return await this.#act(params, "unsendOut", signal, async (connection, ref, within) => {
      await connection.unsend?.({ ...ref, isOwn: true }, within);
    });
  }

  /** Sends a failed or doubtful message again, as new. */
  resend(id: number): OutboxEntryShape {
    const row = this.outbox.requeue(id, this.#ttlMs);
    this.#find(row)?.sender.kick();
    return this.outbox.entry(row);
  }

  /** Gives a message up. */
  discard(id: number): OutboxEntryShape {
    const row = this.outbox.require(id);
    if (row.state === "sent" || row.state === "sending") throw invalidRequest(`message ${id} is ${row.state}`);
    this.outbox.end(id, "failed", "given up by hand");
    this.#settled(this.outbox.require(id));
    return this.outbox.entry(this.outbox.require(id));
  }

  /** Why a message was answered or not. Throws `INVALID_REQUEST` when it is not known. */
  why(wanted: string) {
    const entry = this.inbox.find(wanted.trim());
    if (!entry)
      throw invalidRequest(
        wanted === "last"
          ? "no message has come in yet over any channel"
          : `no inbound message ${wanted.slice(0, 100)}; \`moltbot why\` without a number lists the newest`,
      );
    const parts = entry.runId === undefined ? [] : this.outbox.of(`run:${entry.runId}`);
    return explainEntry(
      entry,
      parts.map((row) => this.outbox.entry(row)),
      this.#services.config.snapshot(),
    );
  }

  /** Lets a sender in; tells them so when asked to. */
  approve({ channel, code, notify }: { channel: string; code: string; notify?: boolean }) {
    const definition = this.#definition(channel);
    const { id, name, accountId } = this.pairing.approve(definition.id, code);
    if (notify) this.#tell({ channel: definition.id, account: accountId }, id, "You have been let in. Say hello.");
    return { channel: definition.id, id, ...(name !== undefined && { name }) };
  }

  /** Shuts a sender out. */
  revoke({ channel, id }: { channel: string; id: string }) {
    const definition = this.#definition(channel);
    const removed =
      this.pairing.revoke(definition.id, id) || this.pairing.revoke(definition.id, definition.normalPeer(id));
    return { channel: definition.id, id, removed };
  }

  /** All channels and accounts as `channels.status` says them. */
  async status(
    { probe = false, timeoutMs }: { readonly probe?: boolean; readonly timeoutMs?: number },
    signal: AbortSignal,
  ) {
    if (probe) {
      const limitMs = Math.max(1_000, timeoutMs ?? STATUS_LIMIT_MS);
      await Promise.all([...this.#running.values()].map((running) => this.#probe(running, limitMs, signal)));
    }
    const labels = (pick: (definition: ChannelDefinition) => string) =>
      Object.fromEntries(this.#definitions.map((definition) => [definition.id, pick(definition)]));
    return {
      ts: this.#services.clock.now(),
      channelOrder: this.#definitions.map(({ id }) => id),
      channelLabels: labels(({ label }) => label),
      channelDetailLabels: labels(({ detailLabel }) => detailLabel),
      channelSystemImages: labels(({ systemImage }) => systemImage),
      channelMeta: this.#definitions.map(({ id, label, detailLabel, systemImage, summary, login, settings }) => ({
        ...{ id, label, detailLabel, systemImage, summary },
        login: login !== undefined,
        settings: Object.entries(settings.properties).map(([name, schema]) => ({
          name,
          description: schema.description ?? "",
          isSecret: schema.format === "secret",
        })),
      })),
      channels: this.health().channels,
      channelAccounts: Object.fromEntries(this.#definitions.map(({ id }) => [id, this.#snapshots(id)])),
      channelDefaultAccountId: labels(({ id }) => this.#defaultAccount(id)),
    };
  }

  /** Channels as the health snapshot shows them: those that are in the config. */
  health(): { channels: Record<string, unknown>; order: string[]; labels: Record<string, string> } {
    const inUse = this.#definitions.filter(({ id }) => this.#snapshots(id).length > 0);
    const channels = inUse.map(({ id }) => {
      const accounts = this.#snapshots(id);
      const first = accounts.find(({ accountId }) => accountId === this.#defaultAccount(id)) ?? accounts[0]!;
      return [id, { ...first, accounts: Object.fromEntries(accounts.map((each) => [each.accountId, each])) }];
    });
    return {
      channels: Object.fromEntries(channels),
      order: inUse.map(({ id }) => id),
      labels: Object.fromEntries(inUse.map(({ id, label }) => [id, label])),
    };
  }

  /** One line for each account, for `status`. */
  summary(): string[] {
    return this.#definitions.flatMap(({ id, label }) =>
      this.#snapshots(id).map(({ accountId, state, problem, self }) => {
        const name = accountId === DEFAULT_ACCOUNT ? label : `${label} (${accountId})`;
        return `${name}: ${state}${self?.name ? ` as ${self.name}` : ""}${problem ? ` — ${problem.message}` : ""}`;
      }),
    );
  }

  /** Starts an account. */
  start(params: AccountParams): { channel: string; accountId: string; started: boolean } {
    const { key, running } = this.#requireAccount(params);
    running.account.start();
    return { channel: key.channel, accountId: key.account, started: true };
  }

  /** Stops an account until it is started again. */
  async stop(params: AccountParams): Promise<{ channel: string; accountId: string; stopped: boolean }> {
    const { key, running } = this.#requireAccount(params);
    const stopped = running.account.isRunning;
    await running.account.stop();
    return { channel: key.channel, accountId: key.account, stopped };
  }

  /** Writes an account into the config, after its credentials have been tried. Throws `INVALID_REQUEST` when they are wrong. */
  async add(
    {
      channel,
      accountId,
      settings,
      force = false,
    }: AccountParams & {
      readonly settings: Readonly<Record<string, unknown>>;
      readonly force?: boolean;
    },
    signal: AbortSignal,
  ) {
    const definition = this.#definition(channel);
    const key = { channel: definition.id, account: normalAccountId(accountId) };
    const patch = accountPatch(this.#config.current, definition, key.account, settings);
    const candidate = await this.#candidate(key, patch);
    const missing = definition.missing(candidate.own, this.#stateOf(key));
    if (missing !== undefined && !definition.isLinkedByLogin && !force) throw invalidRequest(missing);
    let self: { id: string; name?: string } | undefined;
    if (definition.probe && missing === undefined) {
      try {
        const peer = await this.#ask(definition, key, candidate, PROBE_LIMIT_MS, signal);
        self = { id: peer.id, ...(peer.name !== undefined && { name: peer.name }) };
      } catch (error) {
        const problem = toChannelError(error, definition.label);
        if (!force)
          throw invalidRequest(`${problem.message} Nothing was saved.`, {
            code: "CHANNEL_PROBE_FAILED",
            kind: problem.kind,
          });
      }
    }
    await this.#writeConfig(patch);
    const next = missing !== undefined && definition.isLinkedByLogin ? missing : undefined;
    return { channel: key.channel, accountId: key.account, ...(self && { self }), ...(next !== undefined && { next }) };
  }

  /** Removes an account from the config and forgets its session; what came and went over it stays. */
  async remove(params: AccountParams): Promise<{ channel: string; accountId: string; removed: boolean }> {
    const definition = this.#definition(params.channel);
    const account = normalAccountId(params.accountId ?? this.#defaultAccount(definition.id));
    const key = { channel: definition.id, account };
    const section = this.#config.current[definition.id] as { accounts?: Record<string, unknown> } | undefined;
    const ids = accountIds(this.#config.current, definition.id);
    const isThere = ids.includes(account);
    const spelled = Object.keys(section?.accounts ?? {}).find((id) => normalAccountId(id) === account);
    if (isThere) {
      const patch = spelled !== undefined && ids.length > 1 ? { accounts: { [spelled]: null } } : null;
      await this.#writeConfig({ channels: { [definition.id]: patch } });
      await this.#reconciling;
      this.#stateOf(key).clear();
    }
    return { channel: key.channel, accountId: account, removed: isThere };
  }

  /** Ends an account's session on the platform and forgets it here. */
  async logout(params: AccountParams, signal: AbortSignal) {
    const { key, running } = this.#requireAccount(params);
    const { definition } = running.account;
    const wasLinked = this.#isLinked(key);
    await running.account.stop();
    let loggedOut = false;
    try {
      const within = AbortSignal.any([signal, AbortSignal.timeout(PROBE_LIMIT_MS)]);
      if (definition.logout && wasLinked) {
        await definition.logout(this.#probeContext(key, running.account.settings, within) as ProbeContext<never>);
        loggedOut = true;
      }
    } catch (error) {
      this.#services.log.warn("the platform was not told of a logout", { ...key, problem: messageOf(error) });
    }
    running.state.clear();
    if (this.#config.current[key.channel] !== undefined) running.account.start();
    return { channel: key.channel, accountId: key.account, cleared: wasLinked, loggedOut };
  }

  // — What platforms bring ———————————————————————————————————————————————————————————————————————————————————————————

  /** Everything in one transaction; when it returns, the platform may be told. */
  #receive({ account, chats, state, intake }: Running, inbound: readonly Inbound[], changes: StateChanges = {}): void {
    const { store } = this.#services;
    let news = 0;
    store.transaction(() => {
      for (const each of inbound) {
        const bounded = boundedInbound(each);
        if (this.inbox.add(account.key, bounded) === undefined) continue;
        news++;
        if (bounded.kind === "message") chats.seen(bounded.chat);
      }
      if (Object.keys(changes).length > 0) state.write(changes);
    });
    if (news > 0) runOwn(() => intake.kick());
  }

  // — Accounts ————————————————————————————————————————————————————————————————————————————————————————————————————————

  #reconcileSoon(): void {
    this.#reconciling = this.#reconciling
      .then(() => nextTurn())
      .then(() => this.#reconcile())
      .catch((error: unknown) => this.#services.log.error("accounts cannot follow the settings", { error }));
  }

  /** Brings the accounts in line with the config: starts, stops and restarts only those that it touches. */
  async #reconcile(): Promise<void> {
    const { clock } = this.#services;
    if (this.#stop.signal.aborted) return;
    const wanted = new Map<string, { key: AccountKey; definition: ChannelDefinition }>();
    for (const definition of this.#definitions) {
      for (const account of accountIds(this.#config.current, definition.id)) {
        const key = { channel: definition.id, account };
        wanted.set(idOf(key), { key, definition });
      }
    }
    for (const [id, running] of this.#running) {
      if (wanted.has(id)) continue;
      await this.#halt(running);
      this.#running.delete(id);
      this.#services.system.refreshHealthSoon();
    }
    for (const [id, { key, definition }] of wanted) {
      const settings = this.#settingsOf(key)!;
      const startedWith = JSON.stringify([settings.enabled, settings.own]);
      const known = this.#running.get(id);
      if (known?.startedWith === startedWith) continue;
      const running = known ?? this.#make(key, definition);
      this.#running.set(id, running);
      running.startedWith = startedWith;
      if (this.logins.isUnderWay(key)) continue;
      if (!settings.enabled) await running.account.stop("disabled");
      else if (known) await running.account.restart();
      else running.account.start();
      await clock.sleep(BETWEEN_STARTS_MS, this.#stop.signal).catch((error) => ignore(error, "asked for at the top"));
      if (this.#stop.signal.aborted) return;
    }
  }

  #make(key: AccountKey, definition: ChannelDefinition): Running {
    const { clock, store } = this.#services;
    const log = this.#services.log.child({ channel: key.channel, account: key.account });
    const state = this.#stateOf(key);
    const chats = new Chats({ store, clock }, key);
    const account: Account = new Account({
      key,
      definition,
      clock,
      log,
      settings: () => this.#settingsOf(key) ?? running.last,
      context: (signal, settings) => this.#context(running, signal, settings),
      changed: () => this.#accountChanged(account),
      connected: (_, connection) => {
        void runOwn(() => sender.opened(connection));
        void runOwn(() => loadRenderer(account));
        runOwn(() => this.#resumeLive(account));
      },
    });
    const sender = new Sender({
      account,
      outbox: this.outbox,
      clock,
      log,
      compose: composeParts,
      atomically: (work) => store.transaction(work),
      settled: (row) => this.#settled(row),
    });
    const running: Running = {
      account,
      sender,
      chats,
      state,
      intake: this.#makeIntake(account, chats),
      startedWith: "",
      last: this.#settingsOf(key)!,
    };
    running.intake.kick();
    return running;
  }

  #makeIntake(account: Account, chats: Chats): Intake {
    const { agent, clock, log, sessions, store, system } = this.#services;
    return new Intake(account, chats, {
      ...{ agent, clock, sessions, store, system },
      log: log.child({ channel: account.key.channel, account: account.key.account }),
      inbox: this.inbox,
      outbox: this.outbox,
      pairing: this.pairing,
      media: this.#mediaIn,
      messages: () => this.#messages.current,
      channels: () => this.#config.current,
      kick: () => this.#find(account.key)?.sender.kick(),
      settled: (row) => this.#settled(row),
      begun: (runId, rows) => this.#live.begun(runId, rows, account),
    });
  }

  async #halt({ account, sender, intake }: Running): Promise<void> {
    await intake.stop();
    await Promise.all([sender.stop(), account.stop()]);
  }

  /** Runs that a restart has taken up show that somebody works on them. */
  #resumeLive(account: Account): void {
    for (const runId of this.inbox.runsUnderWay()) {
      const rows = this.inbox.ofRun(runId);
      if (rows[0]?.channel === account.key.channel && rows[0].account === account.key.account)
        this.#live.begun(runId, rows, account);
    }
  }

  #context(running: Running, signal: AbortSignal, settings: AccountSettings): ChannelContext {
    const { account, chats } = running;
    const { agent } = this.#services;
    return {
      ...this.#probeContext(account.key, settings, signal),
      commands: agent.commands(),
      receive: (inbound, changes) => this.#receive(running, inbound, changes),
      ownMessage: (id) => {
        const row = this.outbox.byProviderId(account.key, id);
        return row && { chat: row.chat, text: textOf(row.payload) };
      },
      knownChats: (limit): readonly Chat[] => chats.known(limit),
      webhook: (webhook) => this.webhooks.serve(account.key, webhook),
    };
  }

  #probeContext(key: AccountKey, settings: AccountSettings, signal: AbortSignal): ProbeContext {
    const { clock, env, stateDir, log } = this.#services;
    const folder = `${stateDir}/channels/${key.channel}/${key.account}`;
    makePrivateDir(folder);
    return {
      settings: { ...settings.own },
      accountId: key.account,
      signal,
      log: log.child({ channel: key.channel, account: key.account }),
      clock,
      state: this.#stateOf(key),
      env,
      folder,
    };
  }

  #accountChanged(account: Account): void {
    const { bus, system } = this.#services;
    bus.publish(channelChanged, { channel: account.key.channel, account: this.#snapshot(account) });
    system.refreshHealthSoon();
  }

  #snapshots(channel: string): AccountSnapshotShape[] {
    return [...this.#running.values()]
      .filter(({ account }) => account.key.channel === channel)
      .map(({ account }) => this.#snapshot(account));
  }

  #snapshot(account: Account): AccountSnapshotShape {
    const { key, definition, settings, state, problem, self, connection, times } = account;
    const { lastInboundAt } = this.inbox.summary(key);
    const { queued, unknown, lastOutboundAt } = this.outbox.summary(key);
    const probe = this.#probes.get(idOf(key));
    return {
      accountId: key.account,
      ...(settings.name !== undefined && { name: settings.name }),
      enabled: settings.enabled,
      configured: state !== "unconfigured",
      ...(definition.isLinkedByLogin && { linked: this.#isLinked(key) }),
      running: account.isRunning,
      connected: state === "connected",
      state,
      ...(problem && { problem, lastError: problem.message }),
      ...(self && { self: { id: self.id, ...(self.name !== undefined && { name: self.name }) } }),
      ...(times.nextAttemptAt !== undefined && { nextAttemptAt: times.nextAttemptAt }),
      reconnectAttempts: times.failures,
      ...(times.lastConnectedAt !== undefined && { lastConnectedAt: times.lastConnectedAt }),
      ...(times.lastStartAt !== undefined && { lastStartAt: times.lastStartAt }),
      ...(times.lastStopAt !== undefined && { lastStopAt: times.lastStopAt }),
      ...(lastInboundAt !== undefined && { lastInboundAt }),
      ...(lastOutboundAt !== undefined && { lastOutboundAt }),
      ...(probe && {
        lastProbeAt: probe.at,
        probe: { ok: probe.ok, ...(probe.error !== undefined && { error: probe.error }) },
      }),
      dmPolicy: settings.dmPolicy,
      allowFrom: [...settings.allowFrom],
      queued,
      unknown,
      capabilities: definition.capabilities.filter((each) => connection?.absent?.[each] === undefined),
      ...(connection?.absent && Object.keys(connection.absent).length > 0 && { absent: { ...connection.absent } }),
    };
  }

  async #probe({ account }: Running, limitMs: number, signal: AbortSignal): Promise<void> {
    const { key, definition, settings } = account;
    if (!definition.probe || definition.missing(settings.own, this.#stateOf(key)) !== undefined) return;
    const at = this.#services.clock.now();
    try {
      await this.#ask(definition, key, settings, limitMs, signal);
      this.#probes.set(idOf(key), { ok: true, at });
    } catch (error) {
      this.#probes.set(idOf(key), { ok: false, error: toChannelError(error, definition.label).message, at });
    }
  }

  /** Asks the platform whose the credentials are, within a time limit. */
  async #ask(
    definition: ChannelDefinition,
    key: AccountKey,
    settings: AccountSettings,
    limitMs: number,
    signal: AbortSignal,
  ) {
    const limit = new AbortController();
    const { clock } = this.#services;
    const late = new ChannelError(
      "network",
      `${definition.label} did not answer within ${Math.round(limitMs / 1000)} s.`,
    );
    const { promise, reject } = Promise.withResolvers<never>();
    using _timer = clock.after(limitMs, () => {
      limit.abort(late);
      reject(late);
    });
    const within = AbortSignal.any([signal, limit.signal]);
    return await Promise.race([
      definition.probe!(this.#probeContext(key, settings, within) as ProbeContext<never>),
      promise,
    ]);
  }

  // — Logins ——————————————————————————————————————————————————————————————————————————————————————————————————————————

  async #prepareLogin(
    key: AccountKey,
    { force, signal, phoneNumber }: { force: boolean; signal: AbortSignal; phoneNumber?: string },
  ): Promise<LoginContext> {
    const patch = accountPatch(this.#config.current, this.#definition(key.channel), key.account, {});
    if (!this.#settingsOf(key)) await this.#writeConfig(patch);
    const running = this.#find(key);
    await running?.account.stop();
    if (force) this.#stateOf(key).clear();
    const settings = this.#settingsOf(key) ?? (await this.#candidate(key, patch));
    return { ...this.#probeContext(key, settings, signal), ...(phoneNumber !== undefined && { phoneNumber }) };
  }

  #loginFinished(key: AccountKey, isLinked: boolean): void {
    if (isLinked && !this.#stop.signal.aborted) this.#find(key)?.account.start();
    this.#reconcileSoon();
  }

  #isLinked(key: AccountKey): boolean {
    const definition = this.#definition(key.channel);
    const own = this.#settingsOf(key)?.own ?? {};
    return definition.isLinkedByLogin && definition.missing(own, this.#stateOf(key)) === undefined;
  }

  // — Outbound ————————————————————————————————————————————————————————————————————————————————————————————————————————

  get #ttlMs(): number {
    return this.#messages.current.outboundTtlMinutes * 60_000;
  }

  #settled(row: OutboxRow): void {
    this.#delivery.settled(row);
    for (const wake of this.#waiting.get(row.origin) ?? []) wake();
  }

  /** Waits until all parts of a message have come to their end, and says what became of them. */
  async #whenSent(origin: string, runId: string, signal: AbortSignal) {
    const { clock } = this.#services;
    const first = this.outbox.of(origin)[0]!;
    this.#find(first)?.sender.kick();
    const limit = new AbortController();
    using _timer = clock.after(SEND_WAIT_MS, () => limit.abort());
    const until = AbortSignal.any([signal, limit.signal]);
    for (;;) {
      const parts = this.outbox.of(origin);
      const open = parts.find(({ state }) => state === "composing" || state === "queued" || state === "sending");
      if (!open) return this.#answerOf(parts, runId);
      const isIdle = IDLE.has(this.#find(first)?.account.state);
      if (isIdle || until.aborted || this.#stop.signal.aborted) throw this.#stillWaiting(open);
      const { promise, resolve } = Promise.withResolvers<void>();
      const waiting = this.#waiting.get(origin) ?? new Set();
      this.#waiting.set(origin, waiting.add(resolve));
      until.addEventListener("abort", () => resolve(), { once: true });
      await promise;
      waiting.delete(resolve);
      if (waiting.size === 0) this.#waiting.delete(origin);
    }
  }

  #answerOf(parts: readonly OutboxRow[], runId: string) {
    const bad = parts.find(({ state }) => state !== "sent");
    if (bad) {
      const hint = bad.state === "unknown" ? `; \`moltbot message resend ${bad.id}\` sends it again` : "";
      throw new GatewayError(
        "UNAVAILABLE",
        `${(bad.problem ?? "the message was not sent").replace(/\.$/, "")}${hint}`,
        {
          details: { code: bad.state === "unknown" ? "DELIVERY_UNKNOWN" : "DELIVERY_FAILED", outboxId: bad.id },
        },
      );
    }
    const last = parts.at(-1)!;
    const { channel, chat } = last;
    return {
      runId,
      messageId: last.providerId ?? "",
      channel,
      chatId: chat.id,
      ...(channel === "whatsapp" && { toJid: chat.id }),
      ...(channel === "discord" && { channelId: chat.threadId ?? chat.id }),
      ...(channel === "slack" && { channelId: chat.id }),
    };
  }

  #stillWaiting(row: OutboxRow): GatewayError {
    const account = this.#find(row)?.account;
    const { label } = this.#definition(row.channel);
    const why = row.problem ?? account?.problem?.message ?? `${label} is ${account?.state ?? "not set up"}.`;
    const until = new Date(row.expiresAt).toISOString().slice(0, 16).replace("T", " ");
    return new GatewayError("UNAVAILABLE", `not sent yet, and kept until ${until} UTC: ${why}`, {
      retryable: true,
      retryAfterMs: 10_000,
      details: { code: "DELIVERY_WAITS", outboxId: row.id },
    });
  }

  /** Acts on a message through the open link. */
  async #act(
    params: MessageTarget,
    capability: "reactionOut" | "editOut" | "unsendOut",
    signal: AbortSignal,
    act: (
      connection: NonNullable<Account["connection"]>,
      ref: MessageRef,
      signal: AbortSignal,
      account: Account,
    ) => Promise<void>,
  ): Promise<{ ok: true }> {
    const route = this.#route(this.#targetOf(params, "unsupported channel"));
    const { label } = this.#definition(route.channel);
    const account = this.#find(route)?.account;
    const connection = account?.connection;
    if (!account || !connection)
      throw new GatewayError("UNAVAILABLE", account?.problem?.message ?? `${label} is not connected`, {
        retryable: true,
      });
    const verb = { reactionOut: "react", editOut: "edit", unsendOut: "unsend" } as const;
    const absent = connection.absent?.[capability];
    if (absent !== undefined || !connection[verb[capability]])
      throw invalidRequest(absent ?? `${label} cannot ${verb[capability]} messages`);
    const within = AbortSignal.any([signal, AbortSignal.timeout(ACTION_LIMIT_MS)]);
    try {
      await act(connection, this.#refOf(route, params.messageId), within, account);
      return { ok: true };
    } catch (error) {
      const problem = toChannelError(error, label);
      if (problem.kind === "rejected") throw invalidRequest(problem.message);
      throw new GatewayError("UNAVAILABLE", problem.message, {
        retryable: problem.kind === "rate-limited",
        ...(problem.retryAfterMs !== undefined && { retryAfterMs: problem.retryAfterMs }),
      });
    }
  }

  /** A message that somebody names by the platform's id: ours, or one that has come in. */
  #refOf(route: AccountKey & { chat: ChatRef }, id: string): MessageRef {
    const isOwn = this.outbox.byProviderId(route, id) !== undefined;
    const senderId = isOwn ? undefined : this.inbox.senderOf(route, route.chat.id, id);
    return { chat: route.chat, id, isOwn, ...(senderId !== undefined && { senderId }) };
  }

  /** The channel that a caller means: the one named, else WhatsApp (protocol: send), else the only one there is. */
  #targetOf({ channel, ...rest }: Target, problem: string): Target & { channel: string } {
    const named = channel?.trim().toLowerCase();
    if (named) {
      if (!this.#definitions.some(({ id }) => id === named)) throw invalidRequest(`${problem}: ${named.slice(0, 64)}`);
      return { ...rest, channel: named };
    }
    const inUse = [...new Set([...this.#running.values()].map(({ account }) => account.key.channel))];
    return { ...rest, channel: inUse.length === 1 && inUse[0] ? inUse[0] : "whatsapp" };
  }

  #route({ channel, accountId, to, threadId }: Target & { channel: string }): AccountKey & { chat: ChatRef } {
    const definition = this.#definition(channel);
    const account = normalAccountId(accountId ?? this.#defaultAccount(definition.id));
    if (!this.#settingsOf({ channel: definition.id, account }))
      throw invalidRequest(
        accountIds(this.#config.current, definition.id).length === 0
          ? `${definition.label} is not set up; \`moltbot channels add ${definition.id}\` sets it up`
          : `${definition.label} has no account ${account}`,
      );
    try {
      const chat = definition.target(to);
      return { channel: definition.id, account, chat: threadId === undefined ? chat : { ...chat, threadId } };
    } catch (error) {
      throw invalidRequest(messageOf(error));
    }
  }

  /** Keeps what was sent in the transcript of the conversation it belongs to; returns its key. */
  #mirror(spelled: string | undefined, route: AccountKey & { chat: ChatRef }, text: string): string {
    const { sessions } = this.#services;
    const key = spelled?.trim() ? sessions.canonical(spelled) : this.#keyOfTarget(route);
    const session = sessions.ensure(key);
    sessions.transcript.append(session, { role: "assistant", content: [{ type: "text", text }], stopReason: "sent" });
    return key;
  }

  #keyOfTarget({ channel, account, chat }: AccountKey & { chat: ChatRef }): string {
    const { sessions } = this.#services;
    const known = new Chats(this.#services, { channel, account }).find(chat.id);
    const agentId = sessions.defaults.defaultAgentId;
    return sessionKeyOf({
      ...{ channel, account, agentId },
      chat: { kind: "direct", ...known, ...chat },
      sender: { id: chat.id },
      session: sessions.settings,
      mainKey: sessions.mainKey(agentId),
      definition: this.#definition(channel),
    });
  }

  /** Says something to a person by their id. */
  #tell(key: AccountKey, peerId: string, markdown: string): void {
    try {
      const chat = this.#definition(key.channel).target(peerId);
      const payload = { content: { kind: "markdown" as const, markdown } };
      this.outbox.add({ ...key, chat, origin: `tell:${peerId}:${this.#services.clock.now()}`, payload, ttlMs: DAY_MS });
      this.#find(key)?.sender.kick();
    } catch (error) {
      this.#services.log.warn("a sender cannot be told that they were let in", { ...key, problem: messageOf(error) });
    }
  }

  // — Config ——————————————————————————————————————————————————————————————————————————————————————————————————————————

  #settingsOf({ channel, account }: AccountKey): AccountSettings | undefined {
    const definition = this.#definitions.find(({ id }) => id === channel);
    return definition && accountSettings(this.#config.current, definition, account, this.#services.env);
  }

  /** The settings that an account would have after this change of the config. */
  async #candidate(key: AccountKey, patch: Readonly<Record<string, unknown>>): Promise<AccountSettings> {
    const { mergePatch } = await import("../../base/config-edit.ts");
    const { channels } = mergePatch({ channels: this.#config.current }, patch) as { channels: ChannelsConfig };
    return accountSettings(channels, this.#definition(key.channel), key.account, this.#services.env)!;
  }

  async #writeConfig(patch: Record<string, unknown>): Promise<void> {
    const { config } = this.#services;
    const { patchConfigText } = await import("../../base/config-edit.ts");
    const { raw, hash } = config.snapshot();
    config.write(patchConfigText(raw ?? "", patch), hash);
    await this.#reconciling;
  }

  #definition(channel: string): ChannelDefinition {
    const id = channel.trim().toLowerCase();
    const definition = this.#definitions.find((each) => each.id === id);
    if (!definition) throw invalidRequest(`unsupported channel: ${id.slice(0, 64)}`);
    return definition;
  }

  #defaultAccount(channel: string): string {
    const ids = accountIds(this.#config.current, channel);
    return ids.includes(DEFAULT_ACCOUNT) ? DEFAULT_ACCOUNT : (ids[0] ?? DEFAULT_ACCOUNT);
  }

  #requireAccount({ channel, accountId }: AccountParams): { key: AccountKey; running: Running } {
    const definition = this.#definition(channel);
    const key = { channel: definition.id, account: normalAccountId(accountId ?? this.#defaultAccount(definition.id)) };
    const running = this.#find(key);
    if (!running)
      throw invalidRequest(
        `${definition.label} has no account ${key.account}; \`moltbot channels list\` shows what there is`,
      );
    return { key, running };
  }

  #find(key: AccountKey): Running | undefined {
    return this.#running.get(idOf(key));
  }

  #stateOf(key: AccountKey): AccountState {
    return new AccountState(this.#services.store, key);
  }

  #prune(): void {
    const before = this.#services.clock.now() - this.#messages.current.keepDays * DAY_MS;
    this.inbox.prune(before);
    this.outbox.prune(before);
    void this.#mediaIn.prune(before);
  }
}

function idOf({ channel, account }: AccountKey): string {
  return `${channel}:${account}`;
}
