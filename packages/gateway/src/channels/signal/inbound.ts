/** From signal-cli's events to what the inbox takes. */

import { type Content, type Inbound, ownAndForwarded, type Quote } from "../../kit/channel-message.ts";
import { isEmpty } from "../../kit/content/content.ts";
import { accountId, type Chat, type ChosenName, chosenName, type Peer, provenAlias } from "../../kit/party.ts";
import type { Reading, SystemTraffic } from "../../kit/rules.ts";
import { foreignName, type SenderText, trimmed, withForeignNames } from "../../kit/text/sender-text.ts";
import type { DataMessage, Envelope, Mention, Received, SentMessage } from "./envelope.ts";
import { captionOf, itemsIn, mediaOf, pagesIn, quotedFiles } from "./message-items.ts";

/** The account, under both of its names. */
export interface Self {
  readonly number: string;
  readonly uuid: string | undefined;
}

/** What is in a text where somebody is mentioned. */
const PLACEHOLDER = "\uFFFC";

export class Mapper {
  readonly #self: Self;
  readonly #groupNames: ReadonlyMap<string, string>;

  constructor(self: Self, groupNames: ReadonlyMap<string, string>) {
    this.#self = self;
    this.#groupNames = groupNames;
  }

  /** What an event says. */
  inbound({ envelope, exception }: Received): Reading {
    if (exception) return this.#unreadable(envelope, exception.type ?? "unknown reason");
    if (envelope.syncMessage?.sentMessage) return this.#sentElsewhere(envelope, envelope.syncMessage.sentMessage);
    if (envelope.editMessage) {
      const { targetSentTimestamp, dataMessage } = envelope.editMessage;
      const base = this.#base(envelope, dataMessage);
      const messageId = String(targetSentTimestamp);
      const { keys: messageKeys } = this.#base(envelope, { ...dataMessage, timestamp: targetSentTimestamp });
      const content = this.#contentOf(dataMessage, base.chat.id);
      return { ...base, kind: "edit", messageId, messageKeys, writtenAt: targetSentTimestamp, ...content };
    }
    const { dataMessage } = envelope;
    if (dataMessage) return this.#content(this.#base(envelope, dataMessage), dataMessage);
    const base = this.#base(envelope, { timestamp: envelope.timestamp });
    if (envelope.callMessage?.offerMessage)
      return { ...base, kind: "unread", what: "call", why: "A call; the gateway takes none." };
    if (envelope.storyMessage)
      return { ...base, kind: "unread", what: "story", why: "A story, which is no message to the account." };
    return { nobody: "a receipt, typing, the end of a call, or the account's own devices" };
  }

  /** An event that could not be read: who sent it, and when. */
  broken({ envelope }: Received): Reading {
    const why = "signal-cli told of a message that is not as it describes messages.";
    return { ...this.#base(envelope, { timestamp: envelope.timestamp }), kind: "unreadable", why };
  }

  #content(base: Base, data: DataMessage): Reading {
    if (data.reaction) {
      const { emoji, targetSentTimestamp, isRemove } = data.reaction;
      const messageId = String(targetSentTimestamp);
      return { ...base, kind: "reaction", messageId, emoji, isRemoved: isRemove === true };
    }
    if (data.remoteDelete) return { ...base, kind: "unsend", messageId: String(data.remoteDelete.timestamp) };
    if (data.adminDelete) {
      const messageId = String(data.adminDelete.targetSentTimestamp);
      return {
        ...base,
        kind: "unread",
        what: "adminDelete",
        why: `An admin of the group removed message ${messageId}.`,
      };
    }
    if (data.pollVote) {
      const { targetSentTimestamp, optionIndexes } = data.pollVote;
      return { ...base, kind: "vote", messageId: String(targetSentTimestamp), answers: optionIndexes ?? [] };
    }
    const content = this.#contentOf(data, base.chat.id);
    return isEmpty(content) ? nothingIn(data, base) : { ...base, kind: "message", ...content };
  }

  /** What a message holds. */
  #contentOf(data: DataMessage, chatId: string): Content {
    const replyTo = this.#quoteOf(data);
    const media = (data.attachments ?? []).flatMap((attachment) => mediaOf(attachment, chatId));
    const items = [...itemsIn(data, media.length), ...(data.attachments ?? []).flatMap(captionOf)];
    const mentionsSelf = (data.mentions ?? []).some(({ number, uuid }) => this.#isSelf(number, uuid));
    return {
      ...ownAndForwarded(this.#saidIn(data), pagesIn(data)),
      media,
      ...(items.length > 0 && { items }),
      replyTo,
      mentionsSelf: mentionsSelf || replyTo?.fromSelf === true,
    };
  }

  /** The owner wrote on another device; to themselves, that is a note. */
  #sentElsewhere(envelope: Envelope, sent: SentMessage): Reading {
    // Only the account's own devices tell what it has sent.
    if (!this.#isSelf(envelope.sourceNumber, envelope.sourceUuid))
      return { nobody: "somebody else's device claims to tell what the account has sent" };
    const base = this.#base(envelope, sent);
    if (sent.groupInfo) return this.#content(base, sent);
    const { destinationNumber, destinationUuid } = sent;
    const id = destinationNumber ?? destinationUuid;
    if (!id) return { nobody: "a copy of what was sent to nobody: the phone keeps its devices alike" };
    const isSelf = this.#isSelf(destinationNumber, destinationUuid);
    const chat: Chat = isSelf ? { id: this.#self.number, kind: "direct", isSelf } : { id, kind: "direct" };
    return this.#content({ ...base, chat }, sent);
  }

  #unreadable(envelope: Envelope, reason: string): Reading {
    if (reason === "SelfSendException") return { nobody: "a copy of a message that the account itself has sent" };
    const why = `Signal could not decrypt a message (${reason}); ask for it again.`;
    return { ...this.#base(envelope, { timestamp: envelope.timestamp }), kind: "unreadable", why };
  }

  #base(envelope: Envelope, data: Pick<DataMessage, "timestamp" | "groupInfo">): Base {
    const sender = this.#peerOf(envelope);
    const author = envelope.sourceUuid ?? sender.id;
    const timestamp = data.timestamp ?? envelope.timestamp;
    const group = data.groupInfo;
    return {
      keys: [group ? `${author}:${timestamp}:${group.groupId}` : `${author}:${timestamp}`],
      at: envelope.serverReceivedTimestamp ?? timestamp,
      chat: group
        ? {
            id: `group:${group.groupId}`,
            kind: "group",
            title: this.#titleOf(group),
          }
        : { id: sender.id, kind: "direct" },
      sender,
      messageId: String(timestamp),
      fromSelf: this.#isSelf(envelope.sourceNumber, envelope.sourceUuid),
    };
  }

  #titleOf({ groupId, groupName }: NonNullable<DataMessage["groupInfo"]>): ChosenName | undefined {
    return chosenName(groupName ?? this.#groupNames.get(groupId));
  }

  /** By the number, which people know; who hides it is known by id. */
  #peerOf({ source, sourceNumber, sourceUuid, sourceName }: Envelope): Peer {
    const id = sourceNumber || sourceUuid || source || "unknown";
    return {
      id: accountId(id),
      name: chosenName(sourceName || undefined),
      ...(sourceUuid && sourceUuid !== id && { aliases: [provenAlias(sourceUuid)] }),
    };
  }

  #isSelf(number: string | null | undefined, uuid: string | null | undefined): boolean {
    return number === this.#self.number || (uuid !== undefined && uuid !== null && uuid === this.#self.uuid);
  }

  #quoteOf({ quote, storyContext }: DataMessage): Quote | undefined {
    if (!quote && storyContext) {
      const items = [{ kind: "withheld", what: "a story", why: "stories are not kept here" }] as const;
      return { messageId: String(storyContext.sentTimestamp ?? "story"), fromSelf: false, items, isClaimed: true };
    }
    if (!quote) return undefined;
    const senderId = quote.authorNumber ?? quote.authorUuid ?? quote.author ?? undefined;
    return {
      messageId: String(quote.id),
      fromSelf: this.#isSelf(quote.authorNumber ?? quote.author, quote.authorUuid),
      ...(quote.text && { text: quote.text }),
      ...quotedFiles(quote.attachments ?? []),
      ...(senderId && { senderId }),
      isClaimed: true,
    };
  }

  /** What was written. A mention of the account at the beginning is an address, and is left out. */
  #saidIn({ message, mentions }: DataMessage): SenderText {
    const text = typeof message === "string" ? message : "";
    const told = (mentions ?? []).filter(({ start }) => text.startsWith(PLACEHOLDER, start));
    const from = this.#endOfAddress(text, told);
    const own = withForeignNames(
      text.slice(from),
      told.map(({ start, length, name, number, uuid }) => ({
        ...{ start: start - from, length },
        said: foreignName({ sign: "@", name: name ?? undefined, id: number ?? uuid ?? undefined }),
      })),
    );
    return trimmed(own);
  }

  /** Where the text begins behind a mention of the account; 0 when it begins with something else. */
  #endOfAddress(text: string, mentions: readonly Mention[]): number {
    const address = mentions.find(
      ({ start, number, uuid }) => this.#isSelf(number, uuid) && text.slice(0, start).trim() === "",
    );
    if (!address) return 0;
    const end = address.start + address.length;
    return end + /^[\s,:]*/.exec(text.slice(end))![0].length;
  }
}

/** What every event has in common. */
type Base = Pick<Inbound, "keys" | "at" | "chat" | "sender" | "messageId" | "fromSelf">;

const around = { nobody: "it goes around what is said" };

/** What a message without words, files and items is, by the fields of signal-cli's JSON. */
const NOTHING_SAID: { readonly [Field in keyof DataMessage]-?: { readonly unread: string } | SystemTraffic } = {
  isExpirationUpdate: { unread: "Somebody changed how long messages stay in the chat." },
  pollTerminate: { unread: "Somebody ended a poll." },
  pinMessage: { unread: "Somebody pinned a message." },
  unpinMessage: { unread: "Somebody took a pin away." },
  groupInfo: { unread: "Somebody changed the group, or came into it." },
  payment: { unread: "A payment." },
  pollCreate: around,
  pollVote: around,
  adminDelete: around,
  reaction: around,
  remoteDelete: around,
  timestamp: around,
  message: around,
  expiresInSeconds: around,
  viewOnce: around,
  textStyles: around,
  previews: around,
  storyContext: around,
  quote: around,
  mentions: around,
  attachments: around,
  sticker: around,
  contacts: around,
};

function nothingIn(data: DataMessage, base: Base): Reading {
  for (const [field, rule] of Object.entries(NOTHING_SAID)) {
    const value = data[field as keyof DataMessage];
    if ("unread" in rule && value !== undefined && value !== null && value !== false)
      return { ...base, kind: "unread", what: field, why: rule.unread };
  }
  const isBare = Object.keys(data).every((field) => Object.hasOwn(NOTHING_SAID, field));
  if (isBare) return { nobody: "a message of Signal's own without any content: keys or a profile" };
  const why = "Signal sent something that this version does not know; open it on the phone.";
  return { ...base, kind: "unread", what: "unknown kind", why };
}
