/** Events that are no messages: they change state, and are news for the agent. */

import { defined } from "../../../../../base/defined.ts";
import type { Content, Inbound, InboundMessage } from "../../../../../kit/channel-message.ts";
import { describeContent } from "../../../../../kit/content/content.ts";
import { oneLine, type WordsKind } from "../../../../../kit/text/framing.ts";
import { cleanMessage } from "../../../../agent/agent/agent.ts";
import type { Account } from "../../accounts/account.ts";
import type { Chats } from "../../accounts/account-store.ts";
import { sourceOf } from "../envelope.ts";
import type { Outcome } from "../inbox/inbox.ts";
import type { InboxRow } from "../inbox/inbox-rows.ts";
import type { InboundPolicy } from "./inbound-policy.ts";
import type { IntakeServices, MessageRow } from "./intake-services.ts";

/** The most characters of an edited text that the agent is told. */
const MAX_EDIT_CHARS = 500;

interface EventsOptions {
  readonly account: Account;
  readonly chats: Chats;
  readonly services: IntakeServices;
  readonly policy: InboundPolicy;
  /** Whether a message is on its way to the agent. */
  isFrozen(id: number): boolean;
  /** Works on a message that is decided again. */
  takeMessage(row: MessageRow): void;
  /** Called when a message has the files that it waited for. */
  filesCame(messageId: number): void;
  /** Called when the inbox has something new. */
  added(): void;
}

export class OtherEvents {
  readonly #options: EventsOptions;
  readonly #services: IntakeServices;
  readonly #policy: InboundPolicy;

  constructor(options: EventsOptions) {
    this.#options = options;
    this.#services = options.services;
    this.#policy = options.policy;
  }

  /** Handles events that are no messages: changes state, and queues news for the agent. */
  note(row: InboxRow, inbound: Exclude<Inbound, { kind: "message" }>): Outcome {
    const { inbox, outbox, notices, log } = this.#services;
    const { chat, messageId } = inbound;
    const from = (kind: WordsKind) => sourceOf(kind, row.channel, inbound);
    switch (inbound.kind) {
      case "edit": {
        const edited = inbox.messageOf(row);
        return edited ? this.changed(row, inbound, edited) : this.#firstHeard(row, inbound);
      }
      case "files":
        return this.#arrived(row, inbound);
      case "unsend": {
        const unsent = inbox.messageOf(row);
        if (!unsent) return { kind: "noted", rule: "unsend", detail: "Its sender wrote no such message." };
        if (inbox.withdraw(unsent))
          return { kind: "noted", rule: "unsend", detail: "The message was taken back before it was answered." };
        if (!inbound.fromSelf && this.#policy.isHeard(row))
          notices.add(this.#policy.sessionKey(row), { text: "", from: from("unsend") });
        return { kind: "noted", rule: "unsend" };
      }
      case "reaction": {
        if (inbound.fromSelf) return { kind: "noted", rule: "own-echo" };
        const ours = outbox.byProviderId(row, messageId, chat.id);
        if (!ours || !this.#policy.isHeard(row)) return { kind: "noted", rule: "reaction" };
        notices.add(ours.sessionKey ?? this.#policy.sessionKey(row), {
          text: oneLine(inbound.emoji),
          from: from(inbound.isRemoved ? "reaction-removed" : "reaction"),
        });
        return { kind: "noted", rule: "reaction", detail: "The agent is told with the next message." };
      }
      case "vote": {
        if (inbound.fromSelf) return { kind: "noted", rule: "own-echo" };
        const ours = outbox.byProviderId(row, messageId, chat.id);
        if (!ours || !this.#policy.isHeard(row)) return { kind: "noted", rule: "vote" };
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
        notices.add(ours.sessionKey ?? this.#policy.sessionKey(row), words, { about });
        return { kind: "noted", rule: "vote", detail: "The agent is told with the next message." };
      }
      case "membership":
        this.#options.chats.seen(chat, inbound.isMember);
        if (inbound.isMember)
          return { kind: "noted", rule: "joined", detail: `The account was added to ${chat.title ?? chat.id}.` };
        for (const failed of outbox.failChat(row, chat.id, "the account was removed from this chat"))
          this.#services.settled(failed);
        log.warn("the account was removed from a chat", { ...this.#options.account.key, chat: chat.title ?? chat.id });
        return { kind: "noted", rule: "removed", detail: `The account was removed from ${chat.title ?? chat.id}.` };
      case "moved":
        outbox.moveChat(row, chat.id, inbound.toChatId);
        this.#options.chats.seen({ ...chat, id: inbound.toChatId });
        return { kind: "noted", rule: "moved", detail: `The chat is now ${inbound.toChatId}.` };
      case "button":
        return this.#press(row, inbound);
      case "unread":
        return { kind: "unread", rule: inbound.what, detail: inbound.why };
      case "unreadable":
        log.warn("a platform sent something that cannot be read", { ...this.#options.account.key, why: inbound.why });
        return { kind: "failed", rule: "unreadable", detail: inbound.why };
    }
  }

  /**
   * Handles an edit. A message without an answer gets its new content, and one that was not answered is decided again.
   * After the answer, the agent is told with the next message, of several edits only the newest.
   */
  changed(row: InboxRow, content: Content, edited: InboxRow): Outcome {
    const { inbox, notices } = this.#services;
    if (!this.#options.isFrozen(edited.id) && inbox.editPending(edited, content)) {
      const isAnswered = edited.state === "done" && this.#isAnsweredNow(edited);
      const detail = isAnswered
        ? "The message was left alone before, and is now answered."
        : "The message was changed before it was answered.";
      return { kind: "noted", rule: "edit", detail };
    }
    if (row.inbound.fromSelf || !this.#policy.isHeard(row)) return { kind: "noted", rule: "edit" };
    const text = cleanMessage(describeContent(content, row.channel).slice(0, MAX_EDIT_CHARS).replaceAll("\u0000", ""));
    const words = { text, from: sourceOf("edit", row.channel, row.inbound) };
    notices.add(this.#policy.sessionKey(edited), words, { about: `edit ${edited.id}` });
    return { kind: "noted", rule: "edit", detail: "The agent is told with the next message." };
  }

  /** Handles a message that was not answered as a new one, if its new content addresses the agent. */
  #isAnsweredNow({ id }: InboxRow): boolean {
    const { inbox } = this.#services;
    const row = inbox.get(id);
    if (row?.inbound.kind !== "message") return false;
    const message = { ...row, inbound: row.inbound };
    if (this.#policy.decide(message).kind !== "answer") return false;
    inbox.reopen(row);
    this.#options.takeMessage({ ...message, state: "received" });
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
    this.#options.added();
    return { kind: "noted", rule: "edit", detail: "It is worked on as a message, which was not told of before." };
  }

  /** Handles files: for a message that waits for them, or as a message of their own. */
  #arrived(row: InboxRow, { media, kind: _, ...rest }: Extract<Inbound, { kind: "files" }>): Outcome {
    const { inbox } = this.#services;
    const message = inbox.messageOf(row);
    if (message && inbox.addFiles(message, media)) {
      this.#options.filesCame(message.id);
      return { kind: "noted", rule: "files", detail: "The files belong to a message that waited for them." };
    }
    const known = message?.inbound.kind === "message" ? message.inbound.media.map(({ ref }) => ref) : [];
    const late = media.filter(({ ref }) => !known.includes(ref));
    if (late.length === 0) return { kind: "noted", rule: "files", detail: "The files are known." };
    const keys = [`late:${rest.keys[0]}`] as const;
    inbox.add(row, { ...rest, kind: "message", keys, text: "", media: late, mentionsSelf: false });
    this.#options.added();
    return { kind: "noted", rule: "files", detail: "They came after their message was answered; they are a message." };
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
    this.#options.added();
    return { kind: "noted", rule: "button", detail: "It is worked on as a message." };
  }
}
