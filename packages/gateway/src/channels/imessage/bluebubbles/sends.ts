/** Sending by BlueBubbles: texts, files, and first messages to somebody. */
import { openAsBlob } from "node:fs";
import { ChannelError } from "../../../kit/channel.ts";
import type { Outbound } from "../../../kit/channel-message.ts";
import { partsOf } from "../addresses.ts";
import { type BlueBubblesApi, NotFoundError } from "./api.ts";

export interface SendOptions {
  readonly chatGuid: string;
  /** Whether the helper that makes more than plain sends possible is there. */
  readonly hasHelper: boolean;
  readonly signal: AbortSignal;
}

/**
 * Makes sure that the server is there, before a message is handed to it: a connection that was kept may be dead, and
 * then nobody could tell whether the message went through it. Throws `ChannelError` "not-sent".
 */
export async function pingServer(api: BlueBubblesApi, signal: AbortSignal): Promise<void> {
  try {
    await api.call("/ping", { signal });
  } catch (error) {
    if (!(error instanceof ChannelError) || error.kind !== "unknown") throw error;
    throw new ChannelError("not-sent", "BlueBubbles does not answer; check that the Mac is awake.", { cause: error });
  }
}

/** Sends a message; resolves with what the server says of it. Throws `ChannelError`. */
export async function sendMessage(api: BlueBubblesApi, message: Outbound, options: SendOptions): Promise<unknown> {
  if (message.media) return await sendFile(api, message, options);
  const { chatGuid, signal } = options;
  const json = { chatGuid, tempGuid: message.clientId, message: message.text.text, ...manner(message, options) };
  try {
    return await api.call("/message/text", { method: "POST", json, signal });
  } catch (error) {
    const handle = partsOf(chatGuid);
    if (!(error instanceof NotFoundError) || handle?.isGroup !== false) throw error;
    // There is no conversation with this person yet.
    const first = {
      addresses: [handle.rest],
      message: message.text.text,
      tempGuid: message.clientId,
      service: handle.service,
    };
    return await api.call("/chat/new", { method: "POST", json: first, signal });
  }
}

async function sendFile(api: BlueBubblesApi, message: Outbound, options: SendOptions): Promise<unknown> {
  const { media, clientId, text } = message;
  if (!media) return undefined;
  const form = new FormData();
  form.set("chatGuid", options.chatGuid);
  form.set("tempGuid", clientId);
  form.set("name", media.fileName);
  for (const [key, value] of Object.entries(manner(message, options))) form.set(key, String(value));
  if (media.kind === "voice" && options.hasHelper) form.set("isAudioMessage", "true");
  form.set("attachment", await openAsBlob(media.path, { type: media.mimeType }), media.fileName);
  const sent = await api.call("/message/attachment", { method: "POST", form, signal: options.signal });
  if (text.text !== "")
    await sendMessage(api, { ...message, clientId: `${clientId}-text`, media: undefined, replyTo: undefined }, options);
  return sent;
}

/** How the Mac is to send it: by the helper, which can answer a certain message, or by a script. */
function manner({ replyTo }: Outbound, { hasHelper }: SendOptions): Readonly<Record<string, string | number>> {
  if (!hasHelper) return { method: "apple-script" };
  return { method: "private-api", ...(replyTo && { selectedMessageGuid: replyTo.id, partIndex: 0 }) };
}
