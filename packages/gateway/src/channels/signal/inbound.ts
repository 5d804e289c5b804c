/** From signal-cli's events to what the inbox takes. */
import {
  accountId,
  type Chat,
  type ChosenName,
  chosenName,
  type Inbound,
  type MediaKind,
  type MediaRef,
  type Peer,
  provenAlias,
  type Quote,
} from "../../kit/channel.ts";
import { label, lines, other, type Said, trimmed, typed, withOthers } from "../../kit/text/said.ts";
import type { Attachment, DataMessage, Envelope, Mention, Received, SentMessage } from "./envelope.ts";

/** The account, under both of its names. */
export interface Self {
  readonly number: string;
  readonly uuid: string | undefined;
}

/** What stands in a text where somebody is mentioned. */
const PLACEHOLDER = "\uFFFC";

export class Mapper {
  readonly #self: Self;
  readonly #groupNames: ReadonlyMap<string, string>;

  constructor(self: Self, groupNames: ReadonlyMap<string, string>) {
    this.#self = self;
    this.#groupNames = groupNames;
  }

  /** Undefined for what nobody said: receipts, typing, calls, changes of settings. */
  inbound({ envelope, exception }: Received): Inbound | undefined {
    if (exception) return this.#unreadable(envelope, exception.type ?? "unknown reason");
    if (envelope.syncMessage?.sentMessage) return this.#sentElsewhere(envelope, envelope.syncMessage.sentMessage);
    if (envelope.editMessage) {
      const { targetSentTimestamp, dataMessage } = envelope.editMessage;
      const base = this.#base(envelope, dataMessage);
      return { ...base, kind: "edit", messageId: String(targetSentTimestamp), ...this.#saidIn(dataMessage) };
    }
    const { dataMessage } = envelope;
    if (!dataMessage) return undefined;
    return this.#content(this.#base(envelope, dataMessage), dataMessage);
  }

  #content(base: Base, data: DataMessage): Inbound | undefined {
    if (data.reaction) {
      const { emoji, targetSentTimestamp, isRemove } = data.reaction;
      return {
        ...base,
        kind: "reaction",
        messageId: String(targetSentTimestamp),
        emoji,
        isRemoved: isRemove === true,
      };
    }
    if (data.remoteDelete) return { ...base, kind: "unsend", messageId: String(data.remoteDelete.timestamp) };
    const said = this.#saidIn(data);
    const media = (data.attachments ?? []).flatMap((attachment) => mediaOf(attachment, base.chat.id));
    if (said.text === "" && media.length === 0) return undefined;
    const replyTo = this.#quoteOf(data);
    const mentionsSelf = (data.mentions ?? []).some(({ number, uuid }) => this.#isSelf(number, uuid));
    return {
      ...base,
      kind: "message",
      ...said,
      media,
      replyTo,
      mentionsSelf: mentionsSelf || replyTo?.fromSelf === true,
    };
  }

  /** The owner wrote on another device; to themselves, that is a note. */
  #sentElsewhere(envelope: Envelope, sent: SentMessage): Inbound | undefined {
    // Only the account's own devices tell what it has sent.
    if (!this.#isSelf(envelope.sourceNumber, envelope.sourceUuid)) return undefined;
    const base = this.#base(envelope, sent);
    if (sent.groupInfo) return this.#content(base, sent);
    const { destinationNumber, destinationUuid } = sent;
    const id = destinationNumber ?? destinationUuid;
    if (!id) return undefined;
    const isSelf = this.#isSelf(destinationNumber, destinationUuid);
    const chat: Chat = isSelf ? { id: this.#self.number, kind: "direct", isSelf } : { id, kind: "direct" };
    return this.#content({ ...base, chat }, sent);
  }

  #unreadable(envelope: Envelope, reason: string): Inbound | undefined {
    // Copies of one's own messages cannot be decrypted, nor need they be.
    if (reason === "SelfSendException") return undefined;
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
    const id = sourceNumber ?? sourceUuid ?? source ?? "unknown";
    return {
      id: accountId(id),
      name: chosenName(sourceName || undefined),
      ...(sourceUuid && sourceUuid !== id && { aliases: [provenAlias(sourceUuid)] }),
    };
  }

  #isSelf(number: string | null | undefined, uuid: string | null | undefined): boolean {
    return number === this.#self.number || (uuid !== undefined && uuid !== null && uuid === this.#self.uuid);
  }

  #quoteOf({ quote }: DataMessage): Quote | undefined {
    if (!quote) return undefined;
    const senderId = quote.authorNumber ?? quote.authorUuid ?? quote.author ?? undefined;
    return {
      messageId: String(quote.id),
      fromSelf: this.#isSelf(quote.authorNumber ?? quote.author, quote.authorUuid),
      ...(quote.text && { text: quote.text }),
      ...(senderId && { senderId }),
      isClaimed: true,
    };
  }

  /** What was written. A mention of the account at the beginning is an address, and is left out. */
  #saidIn({ message, mentions, sticker, contacts }: DataMessage): Said {
    const text = typeof message === "string" ? message : "";
    const told = (mentions ?? []).filter(({ start }) => text.startsWith(PLACEHOLDER, start));
    const from = this.#endOfAddress(text, told);
    const own = withOthers(
      text.slice(from),
      told.map(({ start, length, name, number, uuid }) => ({
        ...{ start: start - from, length },
        said: other({ sign: "@", name: name ?? undefined, id: number ?? uuid ?? undefined }),
      })),
    );
    const cards = (contacts ?? []).map(({ name }) => label("[contact: ", { name: name?.display ?? undefined }, "]"));
    return lines([trimmed(own), ...(sticker ? [typed("[sticker]")] : []), ...cards]);
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

/** What `MediaRef.ref` holds. */
export interface FileAddress {
  readonly id: string;
  readonly chatId: string;
}

function mediaOf(attachment: Attachment, chatId: string): MediaRef[] {
  const { id, contentType, filename, size } = attachment;
  if (!id) return [];
  const address: FileAddress = { id, chatId };
  return [
    {
      ref: JSON.stringify(address),
      kind: kindOf(attachment),
      mimeType: contentType ?? undefined,
      fileName: filename ?? undefined,
      sizeBytes: size ?? undefined,
    },
  ];
}

/** Only what Signal marks as a voice note was recorded by its sender. */
function kindOf({ contentType, voiceNote }: Attachment): MediaKind {
  const [type] = (contentType ?? "").split("/");
  if (type === "audio") return voiceNote === true ? "voice" : "audio";
  return type === "image" || type === "video" ? type : "document";
}
