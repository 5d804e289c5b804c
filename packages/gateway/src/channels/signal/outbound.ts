/** Sends, and everything else that the account does to messages. */
import { readFile } from "node:fs/promises";
import type { Log } from "../../base/log.ts";
import { ChannelError, type ChannelState } from "../../kit/channel.ts";
import type { MediaRef, Outbound, OutboundMedia, Sent } from "../../kit/channel-message.ts";
import type { ChatRef, MessageRef } from "../../kit/party.ts";
import type { Rendered } from "../../kit/text/dialect.ts";
import { findEcho } from "./echoes.ts";
import { textStyles } from "./format.ts";
import type { Self } from "./inbound.ts";
import type { FileAddress } from "./message-items.ts";
import { type RecipientResult, type Rpc, resultError } from "./rpc.ts";

/** How far Signal's clock, which is each sender's own, may be behind ours. */
const SKEW_MS = 30_000;

interface SendResult {
  readonly timestamp: number;
  readonly results?: readonly RecipientResult[];
}

interface Parts {
  readonly rpc: Rpc;
  readonly self: Self;
  readonly state: ChannelState;
  readonly log: Log;
}

export class Sender {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async send(message: Outbound, signal: AbortSignal): Promise<Sent> {
    const { chat, text, media, replyTo } = message;
    const sent = await this.#deliver("send", chat, signal, {
      ...textOf(text),
      ...(media && { attachments: [await dataAddress(media)], voiceNote: media.kind === "voice" }),
      ...(replyTo && { quoteTimestamp: Number(replyTo.id), quoteAuthor: this.#authorOf(replyTo) }),
    });
    const timestamp = sent?.timestamp;
    if (!Number.isSafeInteger(timestamp))
      throw new ChannelError("unknown", "signal-cli took the message but did not name it.");
    return { id: String(timestamp) };
  }

  find({ chat, text, queuedAt }: Outbound): Sent | "unknown" {
    const since = queuedAt - SKEW_MS;
    const id = findEcho(this.#parts.state, { chatId: chat.id, text: text.text, since });
    return id === undefined ? "unknown" : { id };
  }

  async edit(target: MessageRef, text: Rendered, signal: AbortSignal): Promise<void> {
    await this.#deliver("send", target.chat, signal, { ...textOf(text), editTimestamp: Number(target.id) });
  }

  async unsend(target: MessageRef, signal: AbortSignal): Promise<void> {
    await this.#deliver("remoteDelete", target.chat, signal, { targetTimestamp: Number(target.id) });
  }

  async react(target: MessageRef, emoji: string, remove: boolean, signal: AbortSignal): Promise<void> {
    await this.#deliver("sendReaction", target.chat, signal, {
      emoji,
      remove,
      targetAuthor: this.#authorOf(target),
      targetTimestamp: Number(target.id),
    });
  }

  async typing(chat: ChatRef, isTyping: boolean, signal: AbortSignal): Promise<void> {
    await this.#call("sendTyping", { ...this.#to(chat), ...(!isTyping && { stop: true }) }, signal);
  }

  /** Only in direct chats: Signal has no receipts for groups. */
  async markRead(messages: readonly MessageRef[], signal: AbortSignal): Promise<void> {
    const direct = messages.filter(({ chat }) => !chat.id.startsWith("group:") && chat.id !== this.#parts.self.number);
    for (const [recipient, read] of Map.groupBy(direct, ({ chat }) => chat.id)) {
      const targetTimestamp = read.map(({ id }) => Number(id));
      await this.#call("sendReceipt", { recipient, targetTimestamp, type: "read" }, signal);
    }
  }

  async fetch(media: MediaRef, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const { id, chatId } = JSON.parse(media.ref) as FileAddress;
    const to = chatId.startsWith("group:") ? { groupId: chatId.slice("group:".length) } : { recipient: chatId };
    const { data } = await this.#call<{ data: string }>("getAttachment", { id, ...to }, signal);
    return inPieces(Buffer.from(data, "base64"));
  }

  /** Sends to a chat. Throws `ChannelError` also when the call succeeded and nobody got it. */
  async #deliver(method: string, chat: ChatRef, signal: AbortSignal, params: object): Promise<SendResult | undefined> {
    const result = await this.#call<SendResult | undefined>(method, { ...params, ...this.#to(chat) }, signal);
    const results = result?.results ?? [];
    const failed = results.filter(({ type }) => type !== "SUCCESS");
    const [first] = failed;
    if (first && failed.length === results.length) throw resultError(first);
    if (first) {
      this.#parts.log.warn("signal did not deliver to everybody in a group", {
        failed: failed.length,
        recipients: results.length,
        first: resultError(first).message,
      });
    }
    return result;
  }

  async #call<T>(method: string, params: object, signal: AbortSignal): Promise<T> {
    const { rpc, self } = this.#parts;
    return await rpc.call<T>(method, { account: self.number, ...params }, { signal });
  }

  #to(chat: ChatRef): Readonly<Record<string, unknown>> {
    if (chat.id.startsWith("group:")) return { groupId: chat.id.slice("group:".length) };
    return chat.id === this.#parts.self.number ? { noteToSelf: true } : { recipient: [chat.id] };
  }

  /** Whose message it is: a direct chat has the other person's, unless it is ours. */
  #authorOf({ chat, senderId, isOwn }: MessageRef): string {
    return isOwn ? this.#parts.self.number : (senderId ?? chat.id);
  }
}

function textOf(text: Rendered): object {
  const styles = textStyles(text);
  return { message: text.text, ...(styles.length > 0 && { textStyle: styles }) };
}

/** A file as an address that holds it: the daemon may run on another machine. */
async function dataAddress({ path, mimeType, fileName }: OutboundMedia): Promise<string> {
  const bytes = await readFile(path);
  return `data:${mimeType};filename=${encodeURIComponent(fileName)};base64,${bytes.toString("base64")}`;
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}
