/** Files of messages: named in a reference that outlives the connection, downloaded and decrypted as a stream. */
import { createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { proto } from "@whiskeysockets/baileys";
import { ChannelError } from "../../kit/channel.ts";
import type { MediaKind, MediaRef } from "../../kit/channel-message.ts";

/** What is needed to open a file later: its address, its key, and what the key is derived for. */
const Reference = Type.Object({
  path: Type.String({ pattern: "^/" }),
  key: Type.String({ minLength: 1 }),
  use: Type.Union([Type.Literal("Image"), Type.Literal("Video"), Type.Literal("Audio"), Type.Literal("Document")]),
});

interface FileFields {
  readonly directPath?: string | null;
  readonly mediaKey?: Uint8Array | null;
  readonly mimetype?: string | null;
  readonly fileLength?: unknown;
  readonly fileName?: string | null;
}

type Use = "Image" | "Video" | "Audio" | "Document";

/** What holds a file: a message, a template, the header of a card. */
type Holder = Pick<
  proto.IMessage,
  "imageMessage" | "videoMessage" | "audioMessage" | "documentMessage" | "stickerMessage" | "ptvMessage"
>;

/** The file of a message; none when it has none, or none that could be fetched. */
export function mediaOf(holder: Holder): MediaRef[] {
  const { imageMessage, videoMessage, audioMessage, documentMessage, stickerMessage, ptvMessage } = holder;
  const refs = [
    imageMessage && refOf(imageMessage, "Image", "image"),
    videoMessage && refOf(videoMessage, "Video", "video"),
    ptvMessage && refOf(ptvMessage, "Video", "video"),
    audioMessage && refOf(audioMessage, "Audio", audioMessage.ptt ? "voice" : "audio"),
    documentMessage &&
      refOf(
        { ...documentMessage, fileName: documentMessage.fileName || documentMessage.title || null },
        "Document",
        "document",
      ),
    stickerMessage && refOf(stickerMessage, "Image", "sticker"),
  ];
  return refs.filter((ref) => ref !== undefined && ref !== null);
}

function refOf(fields: FileFields, use: Use, kind: MediaKind): MediaRef | undefined {
  const { directPath, mediaKey, mimetype, fileName } = fields;
  if (!directPath?.startsWith("/") || !mediaKey?.length) return undefined;
  const sizeBytes = Number(fields.fileLength);
  const ref = JSON.stringify({ path: directPath, key: Buffer.from(mediaKey).toString("base64"), use });
  return {
    ref,
    kind,
    ...(mimetype && { mimeType: mimetype }),
    ...(fileName && { fileName }),
    ...(sizeBytes > 0 && { sizeBytes }),
  };
}

/**
 * Opens a file on WhatsApp's media host. Senders choose the path and never the host, so that a message cannot make the
 * gateway call anybody else. Throws `ChannelError`; reading throws one when the file turns out to be damaged.
 */
export async function openMedia(
  media: MediaRef,
  host: string,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const reference: unknown = parsed(media.ref);
  if (!Value.Check(Reference, reference)) throw new ChannelError("rejected", "The file's reference cannot be read.");
  const url = new URL(`https://${host}${reference.path}`);
  if (url.host !== host) throw new ChannelError("rejected", "The file lies outside of WhatsApp's media host.");
  let response: Response;
  try {
    response = await fetch(url, { signal, headers: { origin: "https://web.whatsapp.com" } });
  } catch (error) {
    throw new ChannelError("network", "WhatsApp's media host could not be reached; the file is tried again.", {
      cause: error,
    });
  }
  if (response.ok && response.body)
    return decrypted(response.body, Buffer.from(reference.key, "base64"), reference.use);
  await response.body?.cancel();
  if (response.status === 404 || response.status === 410) {
    throw new ChannelError("rejected", "WhatsApp no longer has the file; ask for it to be sent again.");
  }
  throw new ChannelError("network", `WhatsApp's media host answered ${response.status}; the file is tried again.`);
}

const MAC_BYTES = 10;

/** AES-CBC with an HMAC over it, of which ten bytes are at the end. */
async function* decrypted(body: AsyncIterable<Uint8Array>, mediaKey: Buffer, use: Use): AsyncGenerator<Uint8Array> {
  const keys = Buffer.from(hkdfSync("sha256", mediaKey, "", `WhatsApp ${use} Keys`, 112));
  const iv = keys.subarray(0, 16);
  const decipher = createDecipheriv("aes-256-cbc", keys.subarray(16, 48), iv);
  const mac = createHmac("sha256", keys.subarray(48, 80)).update(iv);
  let held: Buffer = Buffer.alloc(0);
  for await (const part of chunks(body)) {
    const all = Buffer.concat([held, part]);
    const sealed = all.subarray(0, Math.max(0, all.length - MAC_BYTES));
    held = all.subarray(sealed.length);
    mac.update(sealed);
    const plain = decipher.update(sealed);
    if (plain.length > 0) yield plain;
  }
  const expected = mac.digest().subarray(0, MAC_BYTES);
  if (held.length !== MAC_BYTES || !timingSafeEqual(held, expected)) throw damaged();
  yield last(decipher);
}

async function* chunks(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw new ChannelError("network", "The download from WhatsApp broke off; the file is tried again.", {
      cause: error,
    });
  }
}

function last(decipher: ReturnType<typeof createDecipheriv>): Buffer {
  try {
    return decipher.final();
  } catch (error) {
    throw damaged(error);
  }
}

function damaged(cause?: unknown): ChannelError {
  return new ChannelError("rejected", "The file on WhatsApp's media host is damaged; ask for it to be sent again.", {
    cause,
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
