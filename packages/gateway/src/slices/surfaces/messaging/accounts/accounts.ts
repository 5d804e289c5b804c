/** Runs the accounts, keeps them in line with the config, and opens and closes what works for each. */

import { setImmediate as nextTurn } from "node:timers/promises";
import { ignore, invalidRequest, TellableError } from "../../../../base/errors.ts";
import { runUnowned } from "../../../../base/process/error-owner.ts";
import type { ChannelContext, ChannelDefinition, StateChanges } from "../../../../kit/channel.ts";
import type { Chat } from "../../../../kit/party.ts";
import { holdsWork, inboundIn, type Reading } from "../../../../kit/rules.ts";
import { channelChanged } from "../events.ts";
import type { Inbox } from "../in/inbox/inbox.ts";
import type { AccountKey } from "../in/inbox/inbox-rows.ts";
import { Intake } from "../in/intake/intake.ts";
import type { MediaIn } from "../in/media-in.ts";
import type { Pairing } from "../in/pairing.ts";
import { boundedInbound } from "../in/sanitize.ts";
import type { Outbox } from "../out/outbox/outbox.ts";
import { type OutboxRow, textOf } from "../out/outbox/outbox-rows.ts";
import type { Progress } from "../out/progress.ts";
import { composeParts, loadRenderer } from "../out/render.ts";
import { Sender } from "../out/sender.ts";
import type { AccountSnapshotShape } from "../schema.ts";
import type { MessagingServices } from "../services.ts";
import type { Binding, MessagesSettings } from "../settings.ts";
import { Account } from "./account.ts";
import type { AccountSettings } from "./account-settings.ts";
import { Chats } from "./account-store.ts";
import type { KnownChannels } from "./known-channels.ts";
import type { RunningAccount } from "./running-account.ts";
import { idOf, Snapshots } from "./snapshots.ts";
import type { Webhooks } from "./webhooks.ts";

/** What accounts work with. */
export interface AccountsOptions {
  readonly services: MessagingServices;
  readonly channels: KnownChannels;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly pairing: Pairing;
  readonly media: MediaIn;
  readonly webhooks: Webhooks;
  messages(): MessagesSettings;
  bindings(): readonly Binding[];
  progress(): Progress;
  settled(row: OutboxRow): void;
  /** Whether somebody is linking the account right now. */
  isLoginUnderWay(key: AccountKey): boolean;
}

/** An account as a caller names it. */
export interface AccountParams {
  readonly channel: string;
  readonly accountId?: string;
}

/** Load channels this long after the start, one after the other, ms: serve waiting connections first. */
const BEGIN_AFTER_MS = 200;
const BETWEEN_STARTS_MS = 30;

export class Accounts implements AsyncDisposable {
  readonly #options: AccountsOptions;
  readonly #services: MessagingServices;
  readonly #channels: KnownChannels;
  readonly #running = new Map<string, RunningAccount>();
  readonly #snapshots: Snapshots;
  readonly #stack = new DisposableStack();
  readonly #stop = new AbortController();
  #reconciling: Promise<void> = Promise.resolve();
  /** Whether the accounts of the config are known; they are made at the first question, or when they begin. */
  #isFilled = false;

  constructor(options: AccountsOptions) {
    this.#options = options;
    this.#services = options.services;
    this.#channels = options.channels;
    this.#snapshots = new Snapshots({ ...options, clock: options.services.clock });
  }

  /** Starts the configured accounts without waiting for them, and follows changes of the config. */
  begin(): void {
    this.#stack.use(this.#channels.onChange(() => this.reconcileSoon()));
    this.#stack.use(this.#services.clock.after(BEGIN_AFTER_MS, () => this.reconcileSoon()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new TellableError("the gateway stops"));
    this.#stack.dispose();
    await this.#reconciling;
    await Promise.all([...this.#running.values()].map((running) => this.#halt(running)));
  }

  /** Whether no account may start any more. */
  get isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  all(): RunningAccount[] {
    this.#fill();
    return [...this.#running.values()];
  }

  find(key: AccountKey): RunningAccount | undefined {
    this.#fill();
    return this.#running.get(idOf(key));
  }

  /** The account that a caller means. Throws `INVALID_REQUEST` when it does not run. */
  require(params: AccountParams): { key: AccountKey; running: RunningAccount } {
    const key = this.#channels.keyOf(params);
    const running = this.find(key);
    if (running) return { key, running };
    const { label } = this.#channels.definition(key.channel);
    throw invalidRequest(`${label} has no account ${key.account}; \`moltbot channels list\` shows what there is`);
  }

  /** Starts an account. Throws `INVALID_REQUEST` when the settings say that it is off. */
  start(params: AccountParams): { channel: string; accountId: string; started: boolean } {
    const { key, running } = this.require(params);
    const { definition, settings } = running.account;
    if (!settings.enabled)
      throw invalidRequest(`${definition.label} is switched off; set channels.${key.channel}.enabled to true`);
    running.account.start();
    return { channel: key.channel, accountId: key.account, started: true };
  }

  /** Stops an account until it is started again. */
  async stop(params: AccountParams): Promise<{ channel: string; accountId: string; stopped: boolean }> {
    const { key, running } = this.require(params);
    const stopped = running.account.isRunning;
    await running.account.stop();
    return { channel: key.channel, accountId: key.account, stopped };
  }

  /** Applies the config soon; resolves when it has been applied. */
  reconcileSoon(): Promise<void> {
    this.#reconciling = this.#reconciling
      .then(() => nextTurn())
      .then(() => this.#reconcile())
      .catch((error: unknown) => this.#services.log.error("accounts cannot follow the settings", { error }));
    return this.#reconciling;
  }

  /** Every account as `channels.status` says it, of one channel. */
  snapshots(channel: string): AccountSnapshotShape[] {
    return this.all()
      .filter(({ account }) => account.key.channel === channel)
      .map(({ account }) => this.#snapshots.of(account));
  }

  /** Asks every platform whether the credentials are good. */
  async probeAll(limitMs: number, signal: AbortSignal): Promise<void> {
    await Promise.all(this.all().map((running) => this.#snapshots.probe(running, limitMs, signal)));
  }

  /** Makes the accounts of the config, so that each is told of before it begins. */
  #fill(): void {
    if (this.#isFilled || this.#stop.signal.aborted) return;
    this.#isFilled = true;
    for (const { key, definition } of this.#channels.accounts()) {
      const running = this.#make(key, definition);
      running.account.expect();
      this.#running.set(idOf(key), running);
    }
  }

  /** Brings the accounts in line with the config: starts, stops and restarts only those that changed. */
  async #reconcile(): Promise<void> {
    const { clock } = this.#services;
    if (this.#stop.signal.aborted) return;
    this.#isFilled = true;
    const wanted = new Map(this.#channels.accounts().map((each) => [idOf(each.key), each]));
    for (const [id, running] of this.#running) {
      if (wanted.has(id)) continue;
      await this.#halt(running);
      this.#running.delete(id);
      this.#services.host.overview.now.refreshHealthSoon();
    }
    for (const [id, { key, definition }] of wanted) {
      const settings = this.#channels.settingsOf(key)!;
      const startedWith = JSON.stringify([settings.enabled, settings.own]);
      const known = this.#running.get(id);
      if (known?.startedWith === startedWith) continue;
      const running = known ?? this.#make(key, definition);
      const isFirst = running.startedWith === "";
      this.#running.set(id, running);
      running.startedWith = startedWith;
      running.last = settings;
      if (isFirst) running.intake.kick();
      if (this.#options.isLoginUnderWay(key)) continue;
      if (!settings.enabled) await running.account.stop("disabled");
      else if (!isFirst) await running.account.restart();
      else if (!known || running.account.isExpected) running.account.start();
      await clock.sleep(BETWEEN_STARTS_MS, this.#stop.signal).catch((error) => ignore(error, "asked for at the top"));
      if (this.#stop.signal.aborted) return;
    }
  }

  #make(key: AccountKey, definition: ChannelDefinition): RunningAccount {
    const { clock, machine, store } = this.#services;
    const log = this.#services.log.child({ channel: key.channel, account: key.account });
    const state = this.#channels.stateOf(key);
    const chats = new Chats({ store, clock }, key);
    const account: Account = new Account({
      key,
      definition,
      clock,
      log,
      machine,
      guard: this.#services.guard,
      settings: () => this.#channels.settingsOf(key) ?? running.last,
      state,
      context: (signal, settings) => this.#context(running, signal, settings),
      changed: () => this.#accountChanged(account),
      connected: (_, connection) => {
        void runUnowned(() => sender.opened(connection));
        void runUnowned(() => loadRenderer(account));
        runUnowned(() => this.#resumeProgress(account));
      },
    });
    const sender = new Sender({
      account,
      outbox: this.#options.outbox,
      clock,
      log,
      machine,
      compose: composeParts,
      atomically: (work) => store.transaction(work),
      unsynced: (work) => store.unsynced(work),
      replicated: () => store.replicated(),
      settled: (row) => this.#options.settled(row),
    });
    const running: RunningAccount = {
      account,
      sender,
      chats,
      state,
      intake: this.#makeIntake(account, chats),
      startedWith: "",
      last: this.#channels.settingsOf(key)!,
    };
    return running;
  }

  #makeIntake(account: Account, chats: Chats): Intake {
    const { agent, agents, clock, log, machine, notices, sessions, store } = this.#services;
    return new Intake(account, chats, {
      ...{ agent, agents, clock, machine, notices, sessions, store },
      log: log.child({ channel: account.key.channel, account: account.key.account }),
      inbox: this.#options.inbox,
      outbox: this.#options.outbox,
      pairing: this.#options.pairing,
      media: this.#options.media,
      messages: () => this.#options.messages(),
      channels: () => this.#channels.config,
      bindings: () => this.#options.bindings(),
      kick: () => this.find(account.key)?.sender.kick(),
      settled: (row) => this.#options.settled(row),
      begun: (runId, rows) => this.#options.progress().begun(runId, rows, account),
    });
  }

  async #halt({ account, sender, intake }: RunningAccount): Promise<void> {
    await intake.stop();
    await Promise.all([sender.stop(), account.stop()]);
  }

  /** Stores everything in one transaction before it returns; when it resolves, the platform may be told. */
  #receive(
    { account, chats, state, intake }: RunningAccount,
    readings: readonly Reading[],
    changes: StateChanges = {},
  ): Promise<void> {
    const { clock, store, log } = this.#services;
    let news = 0;
    for (const each of readings)
      if ("nobody" in each) log.debug("traffic that no person made is left out", { ...account.key, why: each.nobody });
    const keep = () => {
      for (const each of readings.flatMap(inboundIn)) {
        const bounded = boundedInbound(each, clock.now());
        if (this.#options.inbox.add(account.key, bounded) === undefined) continue;
        news++;
        if (bounded.kind === "message") chats.seen(bounded.chat);
      }
      if (Object.keys(changes).length > 0) state.write(changes);
    };
    if (holdsWork(readings)) store.transaction(keep);
    else store.unsynced(keep);
    if (news > 0) runUnowned(() => intake.kick());
    return store.replicated();
  }

  /** Shows "typing" again for runs that a restart has resumed. */
  #resumeProgress(account: Account): void {
    for (const runId of this.#options.inbox.runsUnderWay()) {
      const rows = this.#options.inbox.ofRun(runId);
      if (rows[0]?.channel === account.key.channel && rows[0].account === account.key.account)
        this.#options.progress().begun(runId, rows, account);
    }
  }

  #context(running: RunningAccount, signal: AbortSignal, settings: AccountSettings): ChannelContext {
    const { account, chats } = running;
    const { agent, sessions } = this.#services;
    return {
      ...this.#channels.probeContext(account.key, settings, signal),
      commands: agent.commands.map(({ name, summary, usage, choices }) => ({
        ...{ name, summary, usage },
        choices: choices?.(agent.gateway, sessions.mainKey()) ?? [],
      })),
      receive: (readings, changes) => this.#receive(running, readings, changes),
      heardTime: (at) => this.#heardTime(account, at),
      ownMessage: (id) => {
        const row = this.#options.outbox.byProviderId(account.key, id);
        return row && { chat: row.chat, text: textOf(row.payload) };
      },
      knownChats: (limit): readonly Chat[] => chats.known(limit),
      webhook: (webhook) => this.#options.webhooks.serve(account.key, webhook),
    };
  }

  #heardTime(account: Account, at: number | undefined): void {
    if (at === undefined || !Number.isFinite(at)) return;
    account.heardTime(at);
    this.#services.clock.heard(at, account.definition.label);
  }

  #accountChanged(account: Account): void {
    const { bus, host } = this.#services;
    bus.publish(channelChanged, { channel: account.key.channel, account: this.#snapshots.of(account) });
    host.overview.now.refreshHealthSoon();
  }
}
