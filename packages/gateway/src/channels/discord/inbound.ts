/** From Discord's events to what the inbox takes. An event that lacks what it must have is not mapped here. */
import type { APIMessage, APIUser, GatewayMessageCreateDispatchData } from "@discordjs/core/http-only";
import {
  accountId,
  type Chat,
  chosenName,
  type Forwarded,
  type Inbound,
  type InboundMessage,
  ownAndForwarded,
  type Peer,
  type Quote,
} from "../../kit/channel.ts";
import { type Said, shown } from "../../kit/text/said.ts";
import { mediaOf } from "./media.ts";
import type { Places } from "./places.ts";
import { nameOf, type Readable, readableText } from "./readable.ts";
import { isId, timeOf } from "./snowflake.ts";

/** A message with where it was said: the gateway says it, the REST API does not. */
export type ReceivedMessage = APIMessage &
  Partial<Pick<GatewayMessageCreateDispatchData, "guild_id" | "member">> & { readonly channel_type?: number };

/** Types of messages that somebody wrote: plain, reply, and the account's own answer to a command. */
const WRITTEN = new Set([0, 19, 20]);

/** Whether an event has what every message has. */
export function isMessage(data: unknown): data is ReceivedMessage {
  const { id, channel_id, author, content } = (data ?? {}) as Partial<ReceivedMessage>;
  return isId(id) && isId(channel_id) && isId(author?.id) && typeof content === "string";
}

export class Mapper {
  readonly #places: Places;
  readonly #selfId: string;

  constructor(places: Places, selfId: string) {
    this.#places = places;
    this.#selfId = selfId;
  }

  /** Somebody wrote something; undefined for what Discord itself says (joins, pins, boosts). */
  async message(message: ReceivedMessage): Promise<Inbound | undefined> {
    if (!WRITTEN.has(message.type)) return undefined;
    const replyTo = this.#quoteOf(message);
    return {
      kind: "message",
      ...(await this.#base(message)),
      keys: [`message:${message.id}`],
      ...this.#wordsOf(message),
      media: mediaOf(message),
      replyTo,
      mentionsSelf: replyTo?.fromSelf === true || (await this.#isMentioned(message)),
    };
  }

  /** The author changed the text; undefined when Discord only added a preview or a pin. */
  async edit(message: ReceivedMessage): Promise<Inbound | undefined> {
    if (!message.edited_timestamp || !WRITTEN.has(message.type)) return undefined;
    return {
      kind: "edit",
      ...(await this.#base(message)),
      keys: [`edit:${message.id}:${message.edited_timestamp}`],
      at: Date.parse(message.edited_timestamp),
      ...this.#saidIn(message),
    };
  }

  /** A message that has an id and a channel and cannot be read. */
  async unreadable(id: string, channelId: string, guildId: string | undefined): Promise<Inbound> {
    return {
      kind: "unreadable",
      keys: [`message:${id}`],
      at: timeOf(id),
      chat: await this.#places.chat(channelId, { guildId }),
      sender: { id: accountId("unknown") },
      messageId: id,
      fromSelf: false,
      why: "Discord sent a message without an author or text.",
    };
  }

  chat(channelId: string, hint: { type?: number | undefined; guildId?: string | undefined }): Promise<Chat> {
    return this.#places.chat(channelId, hint);
  }

  async #base(message: ReceivedMessage) {
    return {
      at: Date.parse(message.timestamp) || timeOf(message.id),
      chat: await this.#places.chat(message.channel_id, { type: message.channel_type, guildId: message.guild_id }),
      sender: peerOf(message.author, {
        nick: message.member?.nick ?? undefined,
        isWebhook: message.webhook_id !== undefined,
      }),
      messageId: message.id,
      fromSelf: message.author.id === this.#selfId,
    };
  }

  /** What its author wrote: pages that people's messages show a preview of are not theirs. */
  #saidIn(message: APIMessage): Said {
    const isPersons = message.author.bot !== true && message.webhook_id === undefined;
    return readableText(isPersons ? { ...message, embeds: [] } : message, this.#readable);
  }

  /** A forwarded message has no words and files of its own, and its copies have no author. */
  #wordsOf(message: APIMessage): Said & Pick<InboundMessage, "forwardedFrom" | "forwarded"> {
    const snapshots = message.message_snapshots ?? [];
    if (snapshots.length === 0) return ownAndForwarded(this.#saidIn(message), this.#pagesIn(message));
    const texts = snapshots.map(({ message: content }) => this.#shown(content as Readable));
    return { text: texts.filter((text) => text !== "").join("\n\n"), forwardedFrom: this.#originOf(message) };
  }

  #pagesIn(message: APIMessage): Forwarded[] {
    const isPersons = message.author.bot !== true && message.webhook_id === undefined;
    const pages = isPersons
      ? (message.embeds ?? []).map((embed) => ({
          text: this.#shown({ content: "", embeds: [embed] }),
          origin: `a page${embed.url ? ` (${embed.url})` : ""}`,
        }))
      : [];
    return pages.filter(({ text }) => text !== "");
  }

  /** Discord does not say who wrote a forwarded message, only where it stands. */
  #originOf({ message_reference: of }: APIMessage): string {
    if (!of) return "";
    const name = this.#places.nameOf(of.channel_id);
    return name === undefined ? `channel ${of.channel_id}` : `#${name} (${of.channel_id})`;
  }

  /** Words of others, as they are read. */
  #shown(content: Readable): string {
    return shown(readableText(content, this.#readable), "discord");
  }

  get #readable() {
    return { selfId: this.#selfId, channelName: (id: string) => this.#places.nameOf(id) };
  }

  #quoteOf(message: APIMessage): Quote | undefined {
    const messageId = message.message_reference?.message_id;
    if (message.type !== 19 || messageId === undefined) return undefined;
    const answered = message.referenced_message;
    return {
      messageId,
      fromSelf: answered?.author.id === this.#selfId,
      ...(answered && {
        text: shown(this.#saidIn(answered), "discord"),
        senderId: answered.author.id,
        senderName: chosenName(nameOf(answered.author)),
      }),
    };
  }

  async #isMentioned(message: ReceivedMessage): Promise<boolean> {
    if (message.mentions?.some(({ id }) => id === this.#selfId)) return true;
    const { guild_id: guildId, mention_roles: roles = [] } = message;
    return guildId !== undefined && roles.length > 0 && (await this.#places.hasRole(guildId, roles));
  }
}

/** A person or bot. Allowlists name them by id: a user name can be any text, a number too. */
export function peerOf(user: APIUser, more: { nick?: string | undefined; isWebhook?: boolean } = {}): Peer {
  const isBot = user.bot === true || more.isWebhook === true;
  return {
    id: accountId(user.id),
    name: chosenName(more.nick ?? nameOf(user)),
    username: chosenName(user.username),
    ...(isBot && { isBot }),
  };
}
