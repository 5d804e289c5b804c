/** Files of messages: how they are named in the inbox, and fetched. */
import type { API, APIAttachment, APIMessage } from "@discordjs/core/http-only";
import { ChannelError } from "../../kit/channel.ts";
import type { MediaKind, MediaRef } from "../../kit/channel-message.ts";
import { requestError } from "./errors.ts";

const VOICE_MESSAGE = 1 << 13;

/** What `MediaRef.ref` holds: the address, and how to get a new one when it has expired. */
interface FileAddress {
  readonly channelId: string;
  readonly messageId: string;
  readonly id: string;
  readonly url: string;
}

/** The files of a message and of what it forwards. */
export function mediaOf(message: APIMessage): MediaRef[] {
  const isVoice = ((message.flags ?? 0) & VOICE_MESSAGE) !== 0;
  return attachmentsOf(message).map((attachment) => {
    const address: FileAddress = {
      channelId: message.channel_id,
      messageId: message.id,
      id: attachment.id,
      url: attachment.url,
    };
    return {
      ref: JSON.stringify(address),
      kind: isVoice ? "voice" : kindOf(attachment.content_type ?? ""),
      mimeType: attachment.content_type,
      fileName: attachment.filename,
      sizeBytes: attachment.size,
    };
  });
}

/** Opens a file; one whose address has expired is looked up again in its message. */
export async function fetchFile(api: API, media: MediaRef, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const address = JSON.parse(media.ref) as FileAddress;
  const first = await get(address.url, signal);
  if (first) return first;
  const message = await api.channels.getMessage(address.channelId, address.messageId, { signal }).catch((error) => {
    throw requestError(error);
  });
  const fresh = attachmentsOf(message).find(({ id }) => id === address.id);
  const second = fresh && (await get(fresh.url, signal));
  if (second) return second;
  throw new ChannelError("rejected", "Discord no longer has the file.");
}

function attachmentsOf(message: APIMessage): APIAttachment[] {
  const forwarded = (message.message_snapshots ?? []).flatMap((each) => each.message.attachments ?? []);
  return [...(message.attachments ?? []), ...forwarded];
}

/** The content behind an address, or undefined when it is not valid any more. */
async function get(url: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array> | undefined> {
  const response = await fetch(url, { signal }).catch((error) => {
    throw new ChannelError("not-sent", "Discord's files cannot be reached; check the network.", { cause: error });
  });
  if (response.ok && response.body) return response.body;
  await response.body?.cancel();
  if (response.status < 500) return undefined;
  throw new ChannelError("unknown", `Discord's files answered ${response.status}.`);
}

function kindOf(mimeType: string): MediaKind {
  const [type] = mimeType.split("/");
  return type === "image" || type === "video" || type === "audio" ? type : "document";
}
