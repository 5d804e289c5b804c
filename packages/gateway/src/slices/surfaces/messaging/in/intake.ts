/**
 * Works through an account's inbox: each event is read in order, decided by the policy, held while more may belong to
 * it, and passed to the agent. All state is read from the inbox, so a crash at any line changes nothing.
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import { defined } from "../../../../base/defined.ts";
import { GatewayError, ignore, messageOf, TellableError } from "../../../../base/errors.ts";
import type { Log } from "../../../../base/log.ts";
import { isDamage, isPassing, MAX_TRIES, type Machine } from "../../../../base/process/machine.ts";
import { KeyedQueue } from "../../../../base/queue.ts";
import type { Store } from "../../../../base/store/store.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { Chat, Content, Inbound, InboundMessage, Quote } from "../../../../kit/channel.ts";
import { gist } from "../../../../kit/content.ts";
import { shown } from "../../../../kit/text/said.ts";
import { oneLine, type WordsKind } from "../../../../kit/text/words.ts";
import { type Agent, audienceOf, cleanMessage } from "../../../agent/agent/agent.ts";
import { type Agents, normalAgentId } from "../../../core/agents/agents.ts";
import type { Notices } from "../../../core/notices/notices.ts";
import type { Sessions } from "../../../core/sessions/sessions.ts";
import type { Account } from "../accounts/account.ts";
import { settingPath } from "../accounts/account-settings.ts";
import type { Chats } from "../accounts/account-store.ts";
import { type Outbox, type OutboxRow, textOf } from "../out/outbox.ts";
import { identitiesOf } from "../peer-list.ts";
import type { Binding, ChannelsConfig, MessagesSettings } from "../settings.ts";
import { findBinding } from "./bindings.ts";
import { type Composed, composeMessage, type Quoted, type Received, sourceOf } from "./envelope.ts";
import { type Decision, decide, groupOf, isOwner } from "./inbound.ts";
import { type Inbox, type InboxRow, type Outcome, PLACE_MOVED } from "./inbox.ts";
import type { MediaIn } from "./media-in.ts";
import { type Pairing, pairingText } from "./pairing.ts";
import { sessionKeyOf } from "./session-key.ts";

export interface IntakeServices {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly machine: Machine;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly pairing: Pairing;
  readonly media: MediaIn;
  readonly agents: Agents;
  readonly sessions: Sessions;
  readonly notices: Notices;
  readonly agent: Agent;
  messages(): MessagesSettings;
  channels(): ChannelsConfig;
  bindings(): readonly Binding[];
  /** Called when the account's outbox has something new. */
  kick(account: Account): void;
  /** Called when a message of the outbox has reached its end. */
  settled(row: OutboxRow): void;
  /** Called when a run has begun for messages of this chat. */
  begun(runId: string, rows: readonly InboxRow[], account: Account): void;
}

type MessageRow = InboxRow & { readonly inbound: InboundMessage };

/** Messages of one sender that are answered together. */
interface Held {
  readonly rows: MessageRow[];
  readonly decision: Extract<Decision, { kind: "answer" }>;
  timer: Disposable | undefined;
}

/** Parts of an album arrive within this time of each other (found by experiment with Telegram). */
const ALBUM_MS = 900;
/** A client that cuts a long text in pieces sends them within this time. */
const SPLIT_MS = 1_200;
/** Files that a platform has told of come within this time; then the message goes without them. */
const FILES_MS = 20_000;
/** Positions of one live place follow each other within this time. */
const LIVE_MS = 15 * 60_000;
/** A text of this share of the channel's limit may have been cut. */
const SPLIT_SHARE = 0.9;
/** The longest time without yielding the event loop, ms. */
const TURN_MS = 15;
const AFTER_ERROR_MS = 5_000;
/** The pause before a damaged database is tried again, ms. A person must mend it, mostly with the gateway stopped. */
const AFTER_DAMAGE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** The most characters of an edited text that the agent is told. */
const MAX_EDIT_CHARS = 500;

export class Intake {
  readonly #account: Account;
  readonly #chats: Chats;
  readonly #services: IntakeServices;
  readonly #held = new Map<string, Held>();
  readonly #starting = new KeyedQueue();
  readonly #stop = new AbortController();
  #pumping: Promise<void> | undefined;
  #isAgain = false;
  /** How often a message has met an unknown error. */
  #tries = { id: 0, count: 0 };
  /** This process has read everything up to this id; held messages are read again after a restart. */
  #seenId = 0;
  /** Messages on their way to the agent. Their text no longer changes, because rights were decided on it. */
  readonly #frozen = new Set<number>();

  constructor(account: Account, chats: Chats, services: IntakeServices) {
    this.#account = account;
    this.#chats = chats;
    this.#services = services;
  }

  /** Looks for new events. */
  kick(): void {
    if (this.#stop.signal.aborted) return;
    this.#isAgain = true;
    this.#pumping ??= this.#pump()
      .catch((error: unknown) => this.#troubled(error))
      .finally(() => {
        this.#pumping = undefined;
        if (this.#isAgain) this.kick();
      });
  }

  /** Stops; held messages stay in the inbox. */
  async stop(): Promise<void> {
    this.#stop.abort(new TellableError("the account is stopped"));
    for (const { timer } of this.#held.values()) timer?.[Symbol.dispose]();
    this.#held.clear();
    await this.#pumping;
  }

  /** Schedules another look at the inbox: when the machine has recovered, or after a while. */
  #troubled(error: unknown): void {
    const { clock, log, machine } = this.#services;
    const { signal } = this.#stop;
    // Damage is logged once. Nothing is given up: the inbox is worked on when the database is mended.
    if (!isDamage(error)) log.warn("the inbox cannot be worked on now", { error });
    this.#isAgain = false;
    const well = isPassing(error) ? machine.recovered(error, signal) : clock.sleep(AFTER_ERROR_MS, signal);
    void well.then(
      () => this.kick(),
      (reason: unknown) => ignore(reason, "the account is stopped"),
    );
  }

  async #pump(): Promise<void> {
    const { inbox, clock } = this.#services;
    this.#isAgain = false;
    let turnAt = clock.monotonic();
    for (;;) {
      const row = inbox.nextReceived(this.#account.key, this.#seenId);
      if (!row || this.#stop.signal.aborted) return;
      this.#seenId = row.id;
      try {
        this.#take(row);
      } catch (error) {
        this.#seenId = row.id - 1;
        if (isPassing(error) || isDamage(error) || this.#isTriedAgain(row.id, error)) throw error;
        inbox.decide(row.id, { kind: "failed", rule: "internal-error", detail: messageOf(error).slice(0, 300) });
        this.#seenId = row.id;
      }
      if (clock.monotonic() - turnAt < TURN_MS) continue;
      await nextTurn();
      turnAt = clock.monotonic();
    }
  }

  /** Whether an unknown error is tried again; it is final when it has come several times. */
  #isTriedAgain(id: number, error: unknown): boolean {
    this.#services.log.error("an inbound message cannot be worked on", { inboxId: id, error });
    this.#tries = this.#tries.id === id ? { id, count: this.#tries.count + 1 } : { id, count: 1 };
    return this.#tries.count < MAX_TRIES;
  }

  #take(row: InboxRow): void {
    const { inbound } = row;
    if (inbound.kind === "message") return this.#takeMessage({ ...row, inbound });
    const outcome = this.#note(row, inbound);
    this.#services.inbox.decide(row.id, outcome);
  }

  #takeMessage(row: MessageRow): void {
    if (this.#isNextPosition(row)) return;
    const key = heldKey(row);
    const isPart = this.#continues(this.#held.get(key), row);
    // A command is a message of its own; earlier messages are not part of it.
    if (!isPart && isCommand(row.inbound)) this.#release(key);
    const decision = this.#decide(row);
    const held = this.#held.get(key);
    if (decision.kind === "pair") return this.#pair(row);
    if (decision.kind === "leave") {
      // In a group only the first part addresses the agent; further parts belong to it.
      if (held && isPart && decision.outcome.rule === "not-addressed") return this.#hold(key, held, row);
      return this.#services.inbox.decide(row.id, this.#placed(decision.outcome));
    }
    if (held) return this.#hold(key, held, row);
    const fresh: Held = { rows: [], decision, timer: undefined };
    if (this.#waitMs(row) > 0) return this.#hold(key, fresh, row);
    fresh.rows.push(row);
    this.#begin(fresh);
  }

  /** Whether a message is a new position of a live place; it then edits the first message. */
  #isNextPosition(row: MessageRow): boolean {
    const [item] = row.inbound.items ?? [];
    if (item?.kind !== "place" || !item.isSerial) return false;
    const { inbox, clock } = this.#services;
    const first = inbox.livePlaceBefore(row, clock.now() - LIVE_MS);
    if (!first) return false;
    const { detail } = this.#changed(row, row.inbound, first);
    inbox.decide(row.id, { kind: "noted", rule: PLACE_MOVED, detail });
    return true;
  }

  /** Holds a message for as long as more may belong to it. */
  #hold(key: string, held: Held, row: MessageRow): void {
    held.rows.push(row);
    held.timer?.[Symbol.dispose]();
    held.timer = this.#services.clock.after(this.#waitMs(row), () => this.#release(key));
    this.#held.set(key, held);
  }

  /** Passes on the held messages, if there are any. */
  #release(key: string): void {
    const held = this.#held.get(key);
    if (!held) return;
    held.timer?.[Symbol.dispose]();
    this.#held.delete(key);
    this.#begin(held);
  }

  /**
   * Whether a message continues the one before: as a part of its album, or as the rest of a text that a client has cut.
   */
  #continues(held: Held | undefined, { inbound }: MessageRow): boolean {
    const last = held?.rows.at(-1)?.inbound;
    if (!last) return false;
    return inbound.albumId === undefined ? this.#isCut(last) : inbound.albumId === last.albumId;
  }

  /** Whether a text is so long that a client may have cut it. */
  #isCut({ text }: InboundMessage): boolean {
    return text.length >= this.#account.definition.limits.textChars * SPLIT_SHARE;
  }

  #decide(row: MessageRow): Decision {
    const { inbox, outbox, pairing, clock, agents, sessions, messages } = this.#services;
    const { definition, settings, self } = this.#account;
    const message = row.inbound;
    const { channel } = row;
    const sessionKey = this.#sessionKey(row);
    return decide({
      message,
      definition,
      settings,
      now: this.#account.platformNow ?? clock.olderThan(0),
      maxAgeMs: messages().inboundMaxAgeHours * HOUR_MS,
      isEcho: message.fromSelf && outbox.byProviderId(row, message.messageId, message.chat.id) !== undefined,
      isPaired: (peer) =>
        pairing.isPaired(channel, [...new Set(identitiesOf(peer).flatMap((id) => [id, definition.normalPeer(id)]))]),
      ownNames: [settings.name, self?.name, self?.username, agents.identity(sessions.agentOf(sessionKey)).name].filter(
        (name): name is string => name !== undefined && name !== "Assistant",
      ),
      activation:
        message.chat.kind === "direct"
          ? undefined
          : (sessions.get(sessionKey)?.levels.groupActivation as "mention" | "always" | undefined),
      botAnswers: message.sender.isBot ? inbox.botAnswersSince(row, message.chat.id, clock.now() - HOUR_MS) : 0,
    });
  }

  /** How long a message waits for more of the same sender. */
  #waitMs({ inbound }: MessageRow): number {
    if (isCommand(inbound)) return 0;
    const album = inbound.albumId === undefined ? 0 : ALBUM_MS;
    const files = inbound.awaitsFiles ? FILES_MS : 0;
    return Math.max(album, files, this.#isCut(inbound) ? SPLIT_MS : 0, this.#services.messages().inboundDebounceMs);
  }

  /** Passes held messages to the agent, one batch after the other in a conversation. */
  #begin(held: Held): void {
    if (this.#stop.signal.aborted) return;
    const sessionKey = this.#sessionKey(held.rows[0]!);
    void this.#starting
      .run(sessionKey, () => this.#startSurely(held, sessionKey))
      .catch((reason: unknown) => ignore(reason, "the account is stopped; the messages stay in the inbox"));
  }

  async #startSurely(held: Held, sessionKey: string): Promise<void> {
    const { clock, inbox, log, machine } = this.#services;
    const { signal } = this.#stop;
    const isKnown = (error: unknown) => error instanceof GatewayError;
    try {
      await machine.surely(() => this.#start(held, sessionKey), { signal, isKnown });
    } catch (error) {
      signal.throwIfAborted();
      if (isDamage(error)) {
        await clock.sleep(AFTER_DAMAGE_MS, signal);
        return await this.#startSurely(held, sessionKey);
      }
      log.error("a message cannot be handed to the agent", { error });
      const detail = messageOf(error).slice(0, 300);
      for (const { id } of held.rows)
        await machine.persist(() => inbox.decide(id, { kind: "failed", rule: "internal-error", detail }), signal);
    }
  }

  async #start(held: Held, sessionKey: string): Promise<void> {
    const wanted = held.rows.flatMap((row) => this.#stillWanted(row) ?? []);
    for (const { id } of wanted) this.#frozen.add(id);
    try {
      await this.#handOver(wanted, held.decision, sessionKey);
    } finally {
      for (const { id } of wanted) this.#frozen.delete(id);
    }
  }

  /** A held message as it is now, if it is still answered; one that was changed is decided again. */
  #stillWanted({ id, inbound }: MessageRow): MessageRow | undefined {
    const row = this.#openMessage(id);
    if (!row) return undefined;
    if (row.inbound.text === inbound.text && row.inbound.mentionsSelf === inbound.mentionsSelf) return row;
    const decision = this.#decide(row);
    if (decision.kind === "leave") this.#services.inbox.decide(id, this.#placed(decision.outcome));
    return decision.kind === "answer" ? row : undefined;
  }

  #openMessage(id: number): MessageRow | undefined {
    const row = this.#services.inbox.get(id);
    return row?.inbound.kind === "message" && row.state !== "done" ? { ...row, inbound: row.inbound } : undefined;
  }

  async #handOver(wanted: readonly MessageRow[], decision: Held["decision"], sessionKey: string): Promise<void> {
    const { agent, inbox, sessions, store } = this.#services;
    const { signal } = this.#stop;
    let current = wanted;
    let composed: Composed | undefined;
    for (let isWhole = false; !isWhole && current.length > 0; ) {
      const { writes } = store;
      composed = await this.#compose(current, decision, signal);
      // Some messages may have been taken back while files were fetched.
      const left = store.writes === writes ? current : current.flatMap(({ id }) => this.#openMessage(id) ?? []);
      isWhole = left.length === current.length;
      current = left;
    }
    const [first] = current;
    if (!first || !composed || signal.aborted) return;
    const runId = `msg-${first.id}`;
    const { chat, sender } = first.inbound;
    const route = {
      channel: first.channel,
      account: first.account,
      chat: { id: chat.id, ...defined({ threadId: chat.threadId }) },
    };
    const conversation = {
      id: runId,
      sessionKey,
      message: composed.message,
      content: composed.content,
      starter: {
        principal: `channel:${first.channel}:${sender.id}`,
        scopes: this.#scopesOf(first, decision),
        name: sender.name ?? sender.id,
        ids: identitiesOf(sender).map((id) => `${first.channel}:${id}`),
      },
      extraSystemPrompt: this.#instructions(first, decision),
      deliver: route,
    };
    const title = chat.title ?? (chat.kind === "direct" ? sender.name : undefined);
    await this.#whenRoom(() =>
      agent.converse(conversation, () => {
        const setting = decision.setting && this.#setting(decision.setting);
        inbox.answeredBy(
          current.map(({ id }) => id),
          { runId, sessionKey, rule: decision.rule, setting, binding: this.#agentFor(first).binding },
        );
        store.transaction(() => sessions.noteRoute(sessionKey, { ...route, ...defined({ title }) }));
      }),
    ).then(
      () => this.#services.begun(runId, current, this.#account),
      (error: unknown) => {
        if (!(error instanceof GatewayError) || error.code !== "INVALID_REQUEST") throw error;
        for (const { id } of current)
          inbox.decide(id, { kind: "suppressed", rule: "session-policy", detail: error.message });
      },
    );
  }

  /** The scopes of a message's sender. */
  #scopesOf({ inbound: message }: MessageRow, { isTrusted }: Extract<Decision, { kind: "answer" }>): string[] {
    const { settings } = this.#account;
    if (isOwner({ message, settings })) return ["operator.admin"];
    return isTrusted ? ["operator.write"] : [];
  }

  /** Tries until the agent and the disk have room. */
  async #whenRoom(start: () => void): Promise<void> {
    for (;;) {
      this.#stop.signal.throwIfAborted();
      try {
        return start();
      } catch (error) {
        const { clock, machine } = this.#services;
        if (isPassing(error)) await machine.recovered(error, this.#stop.signal);
        else if (error instanceof GatewayError && error.retryable)
          await clock.sleep(error.retryAfterMs ?? AFTER_ERROR_MS, this.#stop.signal);
        else throw error;
      }
    }
  }

  async #compose(rows: readonly MessageRow[], decision: Held["decision"], signal: AbortSignal): Promise<Composed> {
    const { inbox, media } = this.#services;
    const { settings, self } = this.#account;
    const last = rows.at(-1)!;
    const { chat, replyTo } = last.inbound;
    const received: Received[] = [];
    for (const { inbound: message } of rows)
      received.push({ message, files: await media.fetch(message, this.#account, signal) });
    const context = chat.kind === "direct" ? [] : inbox.unaddressedBefore(rows[0]!, settings.historyLimit);
    const principal = `channel:${last.channel}:${last.inbound.sender.id}`;
    const quoted = replyTo && this.#quoted(last, replyTo);
    return composeMessage({
      channel: last.channel,
      received,
      standing: audienceOf({ principal, scopes: this.#scopesOf(rows[0]!, decision) }),
      quoted,
      quotedFiles: replyTo && !quoted?.isTold ? await this.#quotedFiles(replyTo, quoted, signal) : [],
      ownNames: [settings.name, self?.name, self?.username, self?.id, ...(self?.aliases ?? [])].filter(
        (name) => name !== undefined,
      ),
      context: context.map(({ inbound }) => inbound),
    });
  }

  /** Files of a quoted message that the agent has not seen. */
  async #quotedFiles({ media = [] }: Quote, quoted: Quoted | undefined, signal: AbortSignal) {
    const wanted = media.length > 0 ? media : (quoted?.media ?? []);
    return wanted.length === 0 ? [] : await this.#services.media.fetch({ media: wanted }, this.#account, signal);
  }

  /** The gateway's own copy of a quoted message. `isTold`: the agent has it in its conversation. */
  #quoted(
    { channel, account, inbound: { chat } }: MessageRow,
    { messageId, senderId, elsewhere }: Quote,
  ): (Quoted & { readonly isTold: boolean }) | undefined {
    if (elsewhere) return undefined;
    const { inbox, outbox } = this.#services;
    const key = { channel, account };
    const own = outbox.byProviderId(key, messageId, chat.id);
    if (own) return { text: textOf(own.payload), senderId: undefined, isTold: true };
    const heard = inbox.messageById(key, chat.id, messageId, senderId);
    if (!heard) return undefined;
    const { media, items, forwarded = [], sender } = heard.inbound;
    const text = [shown(heard.inbound, channel), ...forwarded.map((each) => each.text)].filter(Boolean).join("\n");
    return { text, media, items, senderId: sender.id, isTold: heard.runId !== undefined };
  }

  #instructions({ inbound: { chat } }: MessageRow, { group }: Held["decision"]): string {
    const { label } = this.#account.definition;
    // Name the chat by its id: a title is anybody's text, and these are instructions.
    const where =
      chat.kind === "direct" ? `a direct ${label} chat` : `the ${label} ${chat.kind} ${oneLine(chat.id, 200)}`;
    const lines = [`You are answering in ${where}. Your reply is sent there as it is.`];
    if (group?.systemPrompt) lines.push(group.systemPrompt);
    return lines.join("\n");
  }

  /** Gives a stranger a code, once. */
  #pair(row: MessageRow): void {
    const { inbox, outbox, pairing, store } = this.#services;
    const { definition, key } = this.#account;
    const { sender, chat } = row.inbound;
    store.transaction(() => {
      const answer = pairing.request(key, sender);
      const setting = this.#setting("dmPolicy");
      if (answer === "known")
        return inbox.decide(row.id, {
          kind: "suppressed",
          rule: "pairing-known",
          detail: "The sender has a pairing code already.",
          setting,
        });
      outbox.add({
        ...key,
        chat,
        origin: `pairing:${row.id}`,
        payload: {
          content: { kind: "markdown", markdown: pairingText(key.channel, definition.label, sender.id, answer.code) },
        },
        ttlMs: HOUR_MS,
      });
      inbox.decide(row.id, {
        kind: "suppressed",
        rule: "pairing",
        detail: `The sender was not known and got a code; \`moltbot pairing list\` shows it, \`moltbot pairing approve ${key.channel} CODE\` lets them in.`,
        setting,
      });
    });
    this.#services.kick(this.#account);
  }

  /** Handles events that are no messages: changes state, and queues news for the agent. */
  #note(row: InboxRow, inbound: Exclude<Inbound, { kind: "message" }>): Outcome {
    const { inbox, outbox, notices, log } = this.#services;
    const { chat, messageId } = inbound;
    const from = (kind: WordsKind) => sourceOf(kind, row.channel, inbound);
    switch (inbound.kind) {
      case "edit": {
        const edited = inbox.messageOf(row);
        return edited ? this.#changed(row, inbound, edited) : this.#firstHeard(row, inbound);
      }
      case "files":
        return this.#arrived(row, inbound);
      case "unsend": {
        const unsent = inbox.messageOf(row);
        if (!unsent) return { kind: "noted", rule: "unsend", detail: "Its sender wrote no such message." };
        if (inbox.withdraw(unsent))
          return { kind: "noted", rule: "unsend", detail: "The message was taken back before it was answered." };
        if (!inbound.fromSelf && this.#isHeard(row))
          notices.add(this.#sessionKey(row), { text: "", from: from("unsend") });
        return { kind: "noted", rule: "unsend" };
      }
      case "reaction": {
        if (inbound.fromSelf) return { kind: "noted", rule: "own-echo" };
        const ours = outbox.byProviderId(row, messageId, chat.id);
        if (!ours || !this.#isHeard(row)) return { kind: "noted", rule: "reaction" };
        notices.add(ours.sessionKey ?? this.#sessionKey(row), {
          text: oneLine(inbound.emoji),
          from: from(inbound.isRemoved ? "reaction-removed" : "reaction"),
        });
        return { kind: "noted", rule: "reaction", detail: "The agent is told with the next message." };
      }
      case "vote": {
        if (inbound.fromSelf) return { kind: "noted", rule: "own-echo" };
        const ours = outbox.byProviderId(row, messageId, chat.id);
        if (!ours || !this.#isHeard(row)) return { kind: "noted", rule: "vote" };
        const { content } = ours.payload;
        const options = content.kind === "poll" ? content.options : [];
        const named = inbound.answers.map((each) =>
          typeof each === "number" ? (options[each] ?? `number ${each + 1}`) : each,
        );
        const text = inbound.isSecret
          ? "the platform does not tell for what"
          : named.map((each) => oneLine(each)).join("\n");
        const words = { text, from: from(text === "" ? "vote-removed" : "vote") };
        const about = `vote ${row.inbound.sender.id} ${messageId}`;
        notices.add(ours.sessionKey ?? this.#sessionKey(row), words, { about });
        return { kind: "noted", rule: "vote", detail: "The agent is told with the next message." };
      }
      case "membership":
        this.#chats.seen(chat, inbound.isMember);
        if (inbound.isMember)
          return { kind: "noted", rule: "joined", detail: `The account was added to ${chat.title ?? chat.id}.` };
        for (const failed of outbox.failChat(row, chat.id, "the account was removed from this chat"))
          this.#services.settled(failed);
        log.warn("the account was removed from a chat", { ...this.#account.key, chat: chat.title ?? chat.id });
        return { kind: "noted", rule: "removed", detail: `The account was removed from ${chat.title ?? chat.id}.` };
      case "moved":
        outbox.moveChat(row, chat.id, inbound.toChatId);
        this.#chats.seen({ ...chat, id: inbound.toChatId });
        return { kind: "noted", rule: "moved", detail: `The chat is now ${inbound.toChatId}.` };
      case "button":
        return this.#press(row, inbound);
      case "unread":
        return { kind: "unread", rule: inbound.what, detail: inbound.why };
      case "unreadable":
        log.warn("a platform sent something that cannot be read", { ...this.#account.key, why: inbound.why });
        return { kind: "failed", rule: "unreadable", detail: inbound.why };
    }
  }

  /**
   * Handles an edit. A message without an answer gets its new content, and one that was not answered is decided again.
   * After the answer, the agent is told with the next message, of several edits only the newest.
   */
  #changed(row: InboxRow, content: Content, edited: InboxRow): Outcome {
    const { inbox, notices } = this.#services;
    if (!this.#frozen.has(edited.id) && inbox.editPending(edited, content)) {
      const isAnswered = edited.state === "done" && this.#isAnsweredNow(edited);
      const detail = isAnswered
        ? "The message was left alone before, and is now answered."
        : "The message was changed before it was answered.";
      return { kind: "noted", rule: "edit", detail };
    }
    if (row.inbound.fromSelf || !this.#isHeard(row)) return { kind: "noted", rule: "edit" };
    const text = cleanMessage(gist(content, row.channel).slice(0, MAX_EDIT_CHARS).replaceAll("\u0000", ""));
    const words = { text, from: sourceOf("edit", row.channel, row.inbound) };
    notices.add(this.#sessionKey(edited), words, { about: `edit ${edited.id}` });
    return { kind: "noted", rule: "edit", detail: "The agent is told with the next message." };
  }

  /** Handles a message that was not answered as a new one, if its new content addresses the agent. */
  #isAnsweredNow({ id }: InboxRow): boolean {
    const { inbox } = this.#services;
    const row = inbox.get(id);
    if (row?.inbound.kind !== "message") return false;
    const message = { ...row, inbound: row.inbound };
    if (this.#decide(message).kind !== "answer") return false;
    inbox.reopen(row);
    this.#takeMessage({ ...message, state: "received" });
    return true;
  }

  /**
   * Handles an edit that addresses the agent of a message that was never received: a Telegram bot sees no other
   * messages in groups.
   */
  #firstHeard(row: InboxRow, edit: Extract<Inbound, { kind: "edit" }>): Outcome {
    const none = { kind: "noted", rule: "edit", detail: "Its sender wrote no such message." } as const;
    if (!edit.mentionsSelf || edit.chat.kind === "direct") return none;
    const { messageKeys, writtenAt, kind: _, ...rest } = edit;
    const at = writtenAt ?? edit.at;
    if (this.#services.inbox.add(row, { ...rest, kind: "message", keys: messageKeys, at }) === undefined) return none;
    this.#isAgain = true;
    return { kind: "noted", rule: "edit", detail: "It is worked on as a message, which was not told of before." };
  }

  /** Handles files: for a message that waits for them, or as a message of their own. */
  #arrived(row: InboxRow, { media, kind: _, ...rest }: Extract<Inbound, { kind: "files" }>): Outcome {
    const { inbox, clock } = this.#services;
    const message = inbox.messageOf(row);
    if (message && inbox.addFiles(message, media)) {
      for (const [key, held] of this.#held) {
        const waiting = held.rows.find(({ id }) => id === message.id);
        if (!waiting) continue;
        held.timer?.[Symbol.dispose]();
        const waitMs = this.#waitMs({ ...waiting, inbound: { ...waiting.inbound, awaitsFiles: false } });
        held.timer = clock.after(waitMs, () => this.#release(key));
      }
      return { kind: "noted", rule: "files", detail: "The files belong to a message that waited for them." };
    }
    const known = message?.inbound.kind === "message" ? message.inbound.media.map(({ ref }) => ref) : [];
    const late = media.filter(({ ref }) => !known.includes(ref));
    if (late.length === 0) return { kind: "noted", rule: "files", detail: "The files are known." };
    const keys = [`late:${rest.keys[0]}`] as const;
    inbox.add(row, { ...rest, kind: "message", keys, text: "", media: late, mentionsSelf: false });
    this.#isAgain = true;
    return { kind: "noted", rule: "files", detail: "They came after their message was answered; they are a message." };
  }

  /** Whether the policy lets the author of an event speak to the agent; otherwise the agent is told nothing. */
  #isHeard(row: InboxRow): boolean {
    const { keys, at, chat, sender, messageId, fromSelf } = row.inbound;
    const asMessage = { keys, at, chat, sender, messageId, fromSelf, text: "…", media: [], mentionsSelf: true };
    return this.#decide({ ...row, inbound: { ...asMessage, kind: "message" } }).kind === "answer";
  }

  /**
   * Handles a pressed button: its text is taken in as a message of the person who pressed it. If the gateway has not
   * sent the button's message, somebody else wrote its text, and it commands nothing.
   */
  #press(row: InboxRow, { keys, data, via, ...rest }: Extract<Inbound, { kind: "button" }>): Outcome {
    const { inbox, outbox } = this.#services;
    const isOurs = outbox.byProviderId(row, rest.messageId, rest.chat.id) !== undefined;
    const message: InboundMessage = {
      ...rest,
      kind: "message",
      keys: [`button:${keys[0]}`],
      text: data,
      media: [],
      mentionsSelf: true,
      ...(isOurs ? { isCommand: true } : { forwardedFrom: { who: "whoever composed the button" } }),
      ...defined({ via }),
    };
    inbox.add(row, message);
    this.#isAgain = true;
    return { kind: "noted", rule: "button", detail: "It is worked on as a message." };
  }

  #sessionKey(row: Pick<InboxRow, "channel" | "account" | "inbound">): string {
    const { sessions } = this.#services;
    const { channel, account, inbound } = row;
    const { agentId } = this.#agentFor(row);
    return sessionKeyOf({
      channel,
      account,
      chat: threadOf(inbound.chat),
      sender: inbound.sender,
      agentId,
      session: sessions.settings,
      mainKey: sessions.mainKey(agentId),
      definition: this.#account.definition,
    });
  }

  /**
   * The agent that answers, and the setting that chose it. For an agent that does not exist, the default one answers.
   */
  #agentFor({ channel, account, inbound: { chat, sender } }: Pick<InboxRow, "channel" | "account" | "inbound">): {
    agentId: string;
    binding?: string;
  } {
    const { agents, bindings } = this.#services;
    const { definition, settings } = this.#account;
    const bound = findBinding(bindings(), { channel, account, chat, sender, definition });
    const { group, key } = chat.kind === "direct" ? { group: undefined, key: undefined } : groupOf(chat, settings);
    const isGroups = group?.agentId !== undefined && bound?.by !== "peer";
    const wanted = isGroups ? group.agentId : bound?.agentId;
    const agentId = wanted === undefined ? undefined : normalAgentId(wanted);
    if (agentId === undefined || !agents.ids().includes(agentId)) return { agentId: agents.defaultId };
    return { agentId, binding: isGroups ? this.#setting(`groups.${key}.agentId`) : `bindings.${bound!.index}` };
  }

  #setting(setting: string): string {
    return settingPath(this.#services.channels(), this.#account.key.channel, this.#account.key.account, setting);
  }

  /** Turns an account's setting in an outcome into its path in the config file. */
  #placed(outcome: Outcome): Outcome {
    const { setting } = outcome;
    if (setting === undefined || setting.startsWith("messages.")) return outcome;
    return { ...outcome, setting: this.#setting(setting) };
  }
}

function threadOf(chat: Chat): Chat {
  return chat.threadId === "" ? { ...chat, threadId: undefined } : chat;
}

/** Whether a message is a command. Only a sender's own text commands anything. */
function isCommand({ text, forwardedFrom }: InboundMessage): boolean {
  return forwardedFrom === undefined && text.trim().startsWith("/");
}

function heldKey({ inbound: { chat, sender } }: MessageRow): string {
  return JSON.stringify([chat.id, chat.threadId ?? "", sender.id, sender.isBot === true, sender.isUnproven === true]);
}
