/** Sends, edits, deletes and reacts to messages. */
import { readFile } from "node:fs/promises";
import type { API, APIMessage, CreateMessageOptions } from "@discordjs/core/http-only";
import { ChannelError } from "../../kit/channel.ts";
import type { Outbound, Poll, Sent } from "../../kit/channel-message.ts";
import type { ChatRef, MessageRef } from "../../kit/party.ts";
import type { Rendered } from "../../kit/text/dialect.ts";
import { type Interactions, isGone } from "./interactions.ts";
import { idAt } from "./snowflake.ts";

/** An agent's text never notifies anybody. */
const NO_MENTIONS = { parse: [], replied_user: false };
const SILENT = 1 << 12;
const LOADING = 1 << 7;
/** No embeds: a preview would have Discord fetch whatever address the model wrote. */
const NO_EMBEDS = 1 << 2;
const PAGE = 100;
/** How far Discord's clock may be behind ours. */
const SKEW_MS = 30_000;
/** Documentation: Poll Create Request. */
const POLL = { answers: 10, hours: { default: 24, max: 768 } };
const BUTTON = { row: 1, button: 2, secondary: 2 } as const;

interface Parts {
  readonly api: API;
  readonly selfId: string;
  readonly interactions: Interactions;
  readonly unsent: Set<string>;
  readonly linkPreviews: boolean;
}

type Signal = { readonly signal: AbortSignal };

export class Sender {
  readonly #parts: Parts;
  /** Direct chats by person, for targets like "user:123". */
  readonly #directs = new Map<string, string>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get #flags(): number {
    return this.#parts.linkPreviews ? 0 : NO_EMBEDS;
  }

  async send(message: Outbound, options: Signal): Promise<Sent> {
    const content = { ...(await contentOf(message)), flags: this.#flags };
    if (message.via !== undefined) {
      const sent = await this.#reply(message.via, content, options);
      if (sent) return { id: sent.id };
    }
    const channelId = await this.#channelOf(message.chat, options);
    const { replyTo } = message;
    const sent = await this.#parts.api.channels.createMessage(
      channelId,
      {
        ...content,
        ...identified(message.clientId),
        ...(message.silent && { flags: this.#flags | SILENT }),
        ...(replyTo && { message_reference: { message_id: replyTo.id, fail_if_not_exists: false } }),
      },
      options,
    );
    return sentTo(message.chat, channelId, sent);
  }

  async poll(poll: Poll, options: Signal): Promise<Sent> {
    const { api } = this.#parts;
    if (poll.options.length > POLL.answers)
      throw new ChannelError("rejected", `Discord takes at most ${POLL.answers} answers in a poll.`);
    const channelId = await this.#channelOf(poll.chat, options);
    const duration = Math.min(Math.max(1, Math.round(poll.durationHours ?? POLL.hours.default)), POLL.hours.max);
    const body: CreateMessageOptions = {
      ...identified(poll.clientId),
      poll: {
        question: { text: poll.question },
        answers: poll.options.map((text) => ({ poll_media: { text } })),
        duration,
        allow_multiselect: poll.maxSelections > 1,
      },
    };
    const sent = await api.channels.createMessage(channelId, body, options);
    return { ...sentTo(poll.chat, channelId, sent), pollId: sent.id };
  }

  /** Reads what was written since the message was queued. */
  async find(message: Outbound, options: Signal): Promise<Sent | "absent" | "unknown"> {
    const { api, selfId } = this.#parts;
    const channelId = await this.#channelOf(message.chat, options);
    const fileName = message.media?.fileName;
    let after: string | undefined = idAt(message.queuedAt - SKEW_MS);
    while (after !== undefined) {
      const page: APIMessage[] = await api.channels.getMessages(channelId, { after, limit: PAGE }, options);
      const found = page.find((each) => {
        if (each.author.id !== selfId || ((each.flags ?? 0) & LOADING) !== 0) return false;
        if (each.nonce !== undefined) return String(each.nonce) === message.clientId;
        const isSameFile = fileName === undefined || each.attachments.length > 0;
        return isSameFile && each.content === message.text.text.trim();
      });
      if (found) return sentTo(message.chat, channelId, found);
      after = page.length < PAGE ? undefined : page[0]?.id;
    }
    return "absent";
  }

  async edit(target: MessageRef, text: Rendered, options: Signal): Promise<void> {
    const channelId = await this.#channelOf(target.chat, options);
    const body = { content: text.text, allowed_mentions: NO_MENTIONS, flags: this.#flags };
    await this.#parts.api.channels.editMessage(channelId, target.id, body as never, options);
  }

  async unsend(target: MessageRef, options: Signal): Promise<void> {
    const channelId = await this.#channelOf(target.chat, options);
    this.#parts.unsent.add(target.id);
    await this.#parts.api.channels.deleteMessage(channelId, target.id, options);
  }

  async react(target: MessageRef, emoji: string, remove: boolean, options: Signal): Promise<void> {
    const { channels } = this.#parts.api;
    const channelId = await this.#channelOf(target.chat, options);
    if (remove) await channels.deleteOwnMessageReaction(channelId, target.id, emoji, options);
    else await channels.addMessageReaction(channelId, target.id, emoji, options);
  }

  async typing(chat: ChatRef, options: Signal): Promise<void> {
    await this.#parts.api.channels.showTyping(await this.#channelOf(chat, options), options);
  }

  /** Puts the answer in the place of "thinking"; undefined when that is no longer there. A repeat changes nothing. */
  async #reply(via: string, content: Content, options: Signal): Promise<APIMessage | undefined> {
    const { api, interactions } = this.#parts;
    const { applicationId, token } = await interactions.address(via);
    try {
      return await api.interactions.editReply(applicationId, token, content as never, "@original", options);
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  /** The channel that a message goes to: a thread is one of its own. */
  async #channelOf(chat: ChatRef, options: Signal): Promise<string> {
    if (chat.threadId !== undefined) return chat.threadId;
    const [, person] = /^user:(\d+)$/.exec(chat.id) ?? [];
    if (person === undefined) return chat.id;
    const known = this.#directs.get(person);
    if (known !== undefined) return known;
    const direct = await this.#parts.api.users.createDM(person, options);
    this.#directs.set(person, direct.id);
    return direct.id;
  }
}

/** What makes a repeat harmless for some minutes. */
function identified(clientId: string) {
  return { nonce: clientId, enforce_nonce: true, allowed_mentions: NO_MENTIONS as never };
}

type Content = Pick<CreateMessageOptions, "content" | "allowed_mentions" | "components" | "files">;

async function contentOf({ text, media, buttons }: Outbound): Promise<Content> {
  return {
    content: text.text,
    allowed_mentions: NO_MENTIONS as never,
    ...(buttons && buttons.length > 0 && { components: buttons.map(rowOf) as never }),
    ...(media && {
      files: [{ name: media.fileName, data: await readFile(media.path), contentType: media.mimeType }],
    }),
  };
}

function rowOf(row: NonNullable<Outbound["buttons"]>[number]) {
  return {
    type: BUTTON.row,
    components: row.map(({ label, data }) => ({
      type: BUTTON.button,
      style: BUTTON.secondary,
      label: label.slice(0, 80),
      custom_id: data,
    })),
  };
}

function sentTo(chat: ChatRef, channelId: string, message: APIMessage): Sent {
  const isElsewhere = chat.threadId === undefined && chat.id !== channelId;
  return { id: message.id, ...(isElsewhere && { chatId: channelId }) };
}
