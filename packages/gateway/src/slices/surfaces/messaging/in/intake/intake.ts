/**
 * Works through an account's inbox: each event is read in order, decided by the policy, held while more may belong to
 * it, and passed to the agent. All state is read from the inbox, so a crash at any line changes nothing.
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import { ignore, messageOf, TellableError } from "../../../../../base/errors.ts";
import { isDamage, isTransient, MAX_TRIES } from "../../../../../base/process/machine.ts";
import type { InboundMessage } from "../../../../../kit/channel-message.ts";
import type { Account } from "../../accounts/account.ts";
import type { Chats } from "../../accounts/account-store.ts";
import { type Outcome, PLACE_MOVED } from "../inbox/inbox.ts";
import type { InboxRow } from "../inbox/inbox-rows.ts";
import { pairingText } from "../pairing.ts";
import { BatchDispatcher } from "./batch-dispatcher.ts";
import { InboundPolicy } from "./inbound-policy.ts";
import { AFTER_ERROR_MS, type Held, type IntakeServices, type MessageRow } from "./intake-services.ts";
import { OtherEvents } from "./other-events.ts";

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
/** How long a pairing code waits to be sent, ms: as long as it is good. */
const CODE_MS = 3_600_000;

export class Intake {
  readonly #account: Account;
  readonly #services: IntakeServices;
  readonly #policy: InboundPolicy;
  readonly #dispatcher: BatchDispatcher;
  readonly #others: OtherEvents;
  readonly #held = new Map<string, Held>();
  readonly #stop = new AbortController();
  #pumping: Promise<void> | undefined;
  #isAgain = false;
  /** How often a message has met an unknown error. */
  #tries = { id: 0, count: 0 };
  /** This process has read everything up to this id; held messages are read again after a restart. */
  #seenId = 0;

  constructor(account: Account, chats: Chats, services: IntakeServices) {
    this.#account = account;
    this.#services = services;
    const policy = new InboundPolicy(account, services);
    this.#policy = policy;
    this.#dispatcher = new BatchDispatcher({ account, services, policy, signal: this.#stop.signal });
    this.#others = new OtherEvents({
      ...{ account, chats, services, policy },
      isFrozen: (id) => this.#dispatcher.isFrozen(id),
      takeMessage: (row) => this.#takeMessage(row),
      filesCame: (id) => this.#filesCame(id),
      added: () => {
        this.#isAgain = true;
      },
    });
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
    // Damage is logged once. Nothing is given up: the inbox is worked on when the database is repaired.
    if (!isDamage(error)) log.warn("the inbox cannot be worked on now", { error });
    this.#isAgain = false;
    const well = isTransient(error) ? machine.recovered(error, signal) : clock.sleep(AFTER_ERROR_MS, signal);
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
        if (isTransient(error) || isDamage(error) || this.#isTriedAgain(row.id, error)) throw error;
        this.#decide(row, { kind: "failed", rule: "internal-error", detail: messageOf(error).slice(0, 300) });
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
    this.#decide(row, this.#others.note(row, inbound));
  }

  /** Records the outcome of an event that no run answers. After a power cut it is decided again, so no disk is waited for. */
  #decide({ id }: InboxRow, outcome: Outcome): void {
    const { inbox, store } = this.#services;
    store.unsynced(() => inbox.decide(id, outcome));
  }

  #takeMessage(row: MessageRow): void {
    if (this.#isNextPosition(row)) return;
    const key = heldKey(row);
    const isPart = this.#continues(this.#held.get(key), row);
    // A command is a message of its own; earlier messages are not part of it.
    if (!isPart && isCommand(row.inbound)) this.#release(key);
    const decision = this.#policy.decide(row);
    const held = this.#held.get(key);
    if (decision.kind === "pair") return this.#pair(row);
    if (decision.kind === "leave") {
      // In a group only the first part addresses the agent; further parts belong to it.
      if (held && isPart && decision.outcome.rule === "not-addressed") return this.#hold(key, held, row);
      return this.#decide(row, this.#policy.placed(decision.outcome));
    }
    if (held) return this.#hold(key, held, row);
    const fresh: Held = { rows: [], decision, timer: undefined };
    if (this.#waitMs(row) > 0) return this.#hold(key, fresh, row);
    fresh.rows.push(row);
    this.#dispatcher.begin(fresh);
  }

  /** Whether a message is a new position of a live place; it then edits the first message. */
  #isNextPosition(row: MessageRow): boolean {
    const [item] = row.inbound.items ?? [];
    if (item?.kind !== "place" || !item.isSerial) return false;
    const { inbox, clock } = this.#services;
    const first = inbox.livePlaceBefore(row, clock.now() - LIVE_MS);
    if (!first) return false;
    const { detail } = this.#others.changed(row, row.inbound, first);
    this.#decide(row, { kind: "noted", rule: PLACE_MOVED, detail });
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
    this.#dispatcher.begin(held);
  }

  /** A held message has its files: it waits for the rest only. */
  #filesCame(id: number): void {
    for (const [key, held] of this.#held) {
      const waiting = held.rows.find((row) => row.id === id);
      if (!waiting) continue;
      held.timer?.[Symbol.dispose]();
      const waitMs = this.#waitMs({ ...waiting, inbound: { ...waiting.inbound, awaitsFiles: false } });
      held.timer = this.#services.clock.after(waitMs, () => this.#release(key));
    }
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

  /** How long a message waits for more of the same sender. */
  #waitMs({ inbound }: MessageRow): number {
    if (isCommand(inbound)) return 0;
    const album = inbound.albumId === undefined ? 0 : ALBUM_MS;
    const files = inbound.awaitsFiles ? FILES_MS : 0;
    return Math.max(album, files, this.#isCut(inbound) ? SPLIT_MS : 0, this.#services.messages().inboundDebounceMs);
  }

  /** Gives a stranger a code, once. */
  #pair(row: MessageRow): void {
    const { inbox, outbox, pairing, store } = this.#services;
    const { definition, key } = this.#account;
    const { sender, chat } = row.inbound;
    store.transaction(() => {
      const answer = pairing.request(key, sender);
      const setting = this.#policy.setting("dmPolicy");
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
        ttlMs: CODE_MS,
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
}

/** Whether a message is a command. Only a sender's own text commands anything. */
function isCommand({ text, forwardedFrom }: InboundMessage): boolean {
  return forwardedFrom === undefined && text.trim().startsWith("/");
}

function heldKey({ inbound: { chat, sender } }: MessageRow): string {
  return JSON.stringify([chat.id, chat.threadId ?? "", sender.id, sender.isBot === true, sender.isUnproven === true]);
}
