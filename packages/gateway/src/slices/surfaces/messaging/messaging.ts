/**
 * The service of channels: their accounts, inbound and outbound messages. Policy and durability are here; platforms are
 * not. Other slices use this class; the work is done in `accounts/`, `in/` and `out/`.
 */

import type { Settings } from "../../../base/config/config.ts";
import { defined } from "../../../base/defined.ts";
import { invalidRequest } from "../../../base/errors.ts";
import { messageTraceId } from "../../../base/trace-id.ts";
import type { Caller } from "../../../kit/access.ts";
import { type ManyPort, Port } from "../../../kit/port.ts";
import type { QueueMode } from "../../agent/agent/lanes/queue.ts";
import type { DeliverTo } from "../../agent/agent/run/run-store.ts";
import { AccountSetup } from "./accounts/account-setup.ts";
import { AccountStatus } from "./accounts/account-status.ts";
import { AccountState } from "./accounts/account-store.ts";
import { Accounts } from "./accounts/accounts.ts";
import { IneffectiveSettings } from "./accounts/ineffective-settings.ts";
import { KnownChannels } from "./accounts/known-channels.ts";
import { Logins } from "./accounts/logins.ts";
import { Webhooks } from "./accounts/webhooks.ts";
import { isOwner } from "./in/inbound.ts";
import { Inbox } from "./in/inbox/inbox.ts";
import { MediaIn } from "./in/media-in.ts";
import { PAIRING_LIMITS, Pairing } from "./in/pairing.ts";
import { Transcriber } from "./in/transcribe.ts";
import { explainEntry } from "./in/why.ts";
import { type ActionParams, messageAction } from "./out/actions.ts";
import { ApprovalNotes } from "./out/approval-notes.ts";
import { Outbox } from "./out/outbox/outbox.ts";
import type { OutboxRow } from "./out/outbox/outbox-rows.ts";
import { Outgoing } from "./out/outgoing.ts";
import { Progress } from "./out/progress.ts";
import { Replies } from "./out/replies.ts";
import { queueRules } from "./queueing.ts";
import type { InboxEntryShape } from "./schema.ts";
import type { MessagingServices } from "./services.ts";
import {
  type Binding,
  bindings,
  channelSettings,
  type HeartbeatShown,
  type MessagesSettings,
  messages,
} from "./settings.ts";
import type { MessageWatcher } from "./watchers.ts";

const PRUNE_MS = 6 * 3_600_000;
const EXPIRE_MS = 60_000;
const DAY_MS = 24 * 3_600_000;
/** How many messages of owners are looked through for one who still is one. */
const MAX_OWNER_MESSAGES = 20;

export class Messaging implements AsyncDisposable {
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly pairing: Pairing;
  readonly accounts: Accounts;
  /** How the accounts are doing. */
  readonly accountStatus: AccountStatus;
  readonly setup: AccountSetup;
  readonly logins: Logins;
  readonly outgoing: Outgoing;
  readonly webhooks: Webhooks;
  /** What in the settings has no effect. */
  readonly ineffectiveSettings: IneffectiveSettings;
  /** Whether traces are sent; filled by the slice that sends them. */
  readonly tracing = new Port<{ readonly isOn: boolean }>({ isOn: false });
  readonly #services: MessagingServices;
  readonly #channels: KnownChannels;
  readonly #messages: Settings<MessagesSettings>;
  readonly #bindings: Settings<readonly Binding[]>;
  readonly #replies: Replies;
  readonly #progress: Progress;
  readonly #media: MediaIn;
  readonly #stack = new DisposableStack();

  constructor(services: MessagingServices) {
    const { agent, clock, config, env, host, log, machine, models, sessions, stateDir } = services;
    this.#services = services;
    this.#messages = config.of(messages);
    this.#bindings = config.of(bindings);
    const settings = () => this.#messages.current;
    const ttlMs = () => settings().outboundTtlMinutes * 60_000;
    const definitions = host.channels;
    const channels = new KnownChannels(services, definitions, config.of(channelSettings(definitions)));
    const inbox = new Inbox(services);
    const outbox = new Outbox(services);
    this.#channels = channels;
    this.inbox = inbox;
    this.outbox = outbox;
    this.pairing = new Pairing(services);
    this.webhooks = new Webhooks(clock);
    const transcriber = new Transcriber({ clock, env, models, settings });
    this.#media = new MediaIn({ stateDir, clock, log, machine, media: sessions.media, transcriber });
    this.accounts = new Accounts({
      ...{ services, channels, inbox, outbox },
      pairing: this.pairing,
      media: this.#media,
      webhooks: this.webhooks,
      messages: settings,
      bindings: () => this.#bindings.current,
      progress: () => this.#progress,
      settled: (row) => this.#settled(row),
      isLoginUnderWay: (key) => this.logins.isUnderWay(key),
    });
    const { accounts } = this;
    this.accountStatus = new AccountStatus({ channels, accounts, clock });
    this.#replies = new Replies({
      ...{ inbox, outbox, clock, messages: settings },
      isOpen: (runId) => agent.runs.known(runId)?.kind === "open",
      record: (runId) => agent.runs.record(runId),
      account: (channel, account) => accounts.find({ channel, account })?.account,
      kick: (channel, account) => accounts.find({ channel, account })?.sender.kick(),
    });
    this.#progress = this.#stack.use(
      new Progress({
        ...{ clock, outbox, ttlMs },
        bus: services.bus,
        replies: this.#replies,
        sender: ({ key }) => accounts.find(key)?.sender,
        isOpen: (runId) => agent.runs.known(runId)?.kind === "open",
      }),
    );
    this.ineffectiveSettings = new IneffectiveSettings({
      services,
      channels,
      bindings: this.#bindings,
      people: inbox.people,
    });
    this.setup = new AccountSetup({ channels, accounts, log });
    this.logins = this.#stack.use(
      new Logins({
        ...{ clock, log, definitions },
        isLinked: (key) => channels.isLinked(key),
        prepare: (key, options) => this.setup.prepareLogin(key, options),
        finished: (key, isLinked) => this.setup.loginFinished(key, isLinked),
      }),
    );
    this.outgoing = new Outgoing({
      ...{ services, channels, accounts, inbox, outbox, ttlMs },
      replies: this.#replies,
    });
    this.#stack.use(new ApprovalNotes({ approvals: services.approvals, accounts, outbox, clock }));
    agent.runs.observers.add(this.#replies);
    agent.runs.queueing.fill({
      rulesFor: ({ request, sessionKey }) =>
        queueRules(settings().queue, request.deliver?.channel, sessions.get(sessionKey)),
    });
    agent.recordings.fill(this.#media);
    agent.channels.fill({
      knows: (channel) => definitions.some(({ id }) => id === channel),
      normalSender: (key) => {
        const [channel = "", ...rest] = key.trim().split(":");
        const definition = definitions.find(({ id }) => id === channel.trim().toLowerCase());
        return definition ? `${definition.id}:${definition.normalPeer(rest.join(":"))}` : key.trim();
      },
      route: (target) => channels.route(target),
    });
  }

  /** What an account's channel remembers, whether the account is open or not. */
  stateOf(channel: string, account: string): AccountState {
    return new AccountState(this.#services.store, { channel, account });
  }

  /** Starts the accounts, without waiting for any of them. */
  start(): void {
    const { clock, upkeep } = this.#services;
    this.#media.sweep();
    this.#pruneMedia();
    this.#expire();
    this.#replies.review();
    this.#stack.use(clock.every(PRUNE_MS, () => this.#pruneMedia()));
    this.#stack.use(clock.onBelieved((byMs) => this.outbox.ages.shift(byMs)));
    upkeep.add(() => this.inbox.prune(this.#keptSince));
    upkeep.add(() => this.outbox.ages.prune(this.#keptSince));
    this.#stack.use(clock.every(EXPIRE_MS, () => this.#expire()));
    this.#stack.use(this.ineffectiveSettings.watch());
    this.accounts.begin();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stack.dispose();
    await this.accounts[Symbol.asyncDispose]();
    this.outgoing[Symbol.dispose]();
  }

  /** Does an action of today's command line on a channel. Throws as `send` and the other methods do. */
  act(request: ActionParams, caller: Caller, signal: AbortSignal): Promise<Record<string, unknown>> {
    const { outgoing, inbox, outbox } = this;
    return messageAction({ channels: this.#channels, outgoing, inbox, outbox }, request, caller, signal);
  }

  /**
   * Why a message was answered or not; what the settings hold only where `seesConfig`. Throws `INVALID_REQUEST` when it is
   * not known.
   */
  why(wanted: string, seesConfig = false) {
    const entry = this.inbox.entries.find(wanted.trim());
    if (!entry)
      throw invalidRequest(
        wanted === "last"
          ? "no message has come in yet over any channel"
          : `no inbound message ${wanted.slice(0, 100)}; \`moltbot why\` without a number lists the newest`,
      );
    const parts = entry.runId === undefined ? [] : this.outbox.of(`run:${entry.runId}`);
    const shown = parts.map((row) => this.outbox.entries.entry(row));
    const explanation = explainEntry(entry, shown, this.#services.config.snapshot(), seesConfig);
    return { ...explanation, ...(this.tracing.now.isOn && { traceId: this.#traceOf(entry) }) };
  }

  /** The trace of a message: that of the first one where several are answered together. */
  #traceOf({ id, channel, accountId, receivedAt, runId }: InboxEntryShape): string {
    const [first] = runId === undefined ? [] : this.inbox.ofRun(runId);
    return messageTraceId(first ?? { id, channel, account: accountId, receivedAt });
  }

  /** The newest message before the run, of the chat from which it was started, else of its conversation. */
  lastIn({ runId, sessionKey }: { runId: string; sessionKey: string }) {
    const [own] = this.inbox.ofRun(runId);
    return own ? this.inbox.entries.lastBefore(own) : this.inbox.entries.lastOfSession(sessionKey);
  }

  /** What people see of heartbeats. */
  get heartbeatShown(): HeartbeatShown {
    const usual = { showOk: false, showAlerts: true, useIndicator: true };
    return { ...usual, ...this.#channels.config.defaults?.heartbeat };
  }

  /** The direct chat in which an owner wrote last; who is no owner any more does not count. */
  ownerRoute(): DeliverTo | undefined {
    for (const { channel, account, inbound } of this.inbox.people.fromOwners(MAX_OWNER_MESSAGES)) {
      if (inbound.kind !== "message") continue;
      const { chat, sender } = inbound;
      const settings = this.#channels.settingsOf({ channel, account });
      if (settings && isOwner({ message: inbound, settings }) && !sender.isBot)
        return { channel, account, chat: { id: chat.id, ...defined({ threadId: chat.threadId }) } };
    }
    return undefined;
  }

  /** The queue mode of a conversation. */
  queueModeOf(sessionKey: string): QueueMode {
    const session = this.#services.sessions.get(sessionKey);
    const channel = session?.route?.channel;
    return queueRules(this.#messages.current.queue, channel, session).mode;
  }

  /** The waiting pairing requests by account, and their limits. */
  pairingOverview() {
    const accounts = this.#channels.accounts().map(({ key }) => key);
    const hasOwner = accounts.some((key) => (this.#channels.settingsOf(key)?.owners.entries.length ?? 0) > 0);
    return {
      accounts: accounts.map(({ channel, account }) => ({ channel, accountId: account })),
      requests: this.pairing.list(undefined).pending,
      commandOwnerConfigured: hasOwner,
      limits: PAIRING_LIMITS,
    };
  }

  /** Lets a sender in; tells them so when asked to. */
  approve({ channel, code, notify }: { channel: string; code: string; notify?: boolean }) {
    const definition = this.#channels.definition(channel);
    const { id, name, accountId } = this.pairing.approve(definition.id, code);
    if (notify)
      this.outgoing.tell({ channel: definition.id, account: accountId }, id, "You have been let in. Say hello.");
    return { channel: definition.id, id, ...defined({ name }) };
  }

  /** Removes a sender. */
  revoke({ channel, id }: { channel: string; id: string }) {
    const definition = this.#channels.definition(channel);
    const removed =
      this.pairing.revoke(definition.id, id) || this.pairing.revoke(definition.id, definition.normalPeer(id));
    return { channel: definition.id, id, removed };
  }

  /** Expires messages, also of accounts that are down, off or removed. */
  #expire(): void {
    this.#services.store.transaction(() => {
      for (const row of this.outbox.ages.expire()) this.#settled(row);
    });
  }

  #settled(row: OutboxRow): void {
    this.outgoing.settled(row);
    for (const each of this.watchers) each.settled?.(row);
  }

  /** Observers of finished messages. */
  get watchers(): ManyPort<MessageWatcher> {
    return this.inbox.watchers;
  }

  #pruneMedia(): void {
    this.#media.prune(this.#keptSince, this.#messages.current.mediaMegabytes * 1_000_000);
  }

  /** Rows from before this time are deleted, epoch ms. */
  get #keptSince(): number {
    return this.#services.clock.olderThan(this.#messages.current.keepDays * DAY_MS);
  }
}
