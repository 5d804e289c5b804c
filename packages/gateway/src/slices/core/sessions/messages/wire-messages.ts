/** Messages as the wire says them: without what is for models alone, with as many pictures as fit. */
import { defined } from "../../../../base/defined.ts";
import { asPeopleRead } from "../../../../kit/text/framing.ts";
import type { Media, MediaRef } from "../media.ts";
import type { Message } from "../schema.ts";
import type { StoredMessage } from "./stored-message.ts";

/** The most bytes of pictures in a history answer; the newest are sent. */
const MAX_IMAGE_BYTES = 3 * 1024 * 1024;
/** The most characters of a history answer as JSON (protocol: chat.history). */
const MAX_HISTORY_CHARS = 6 * 1024 * 1024;

export class WireMessages {
  readonly #media: Media;

  constructor(media: Media) {
    this.#media = media;
  }

  /** The newest of some messages as the wire says them, as many as 6 MiB of JSON hold; the newest one always. */
  within(messages: readonly StoredMessage[]): Message[] {
    let chars = 0;
    let imageBytes = 0;
    const fits = ({ sizeBytes }: MediaRef) => {
      imageBytes += sizeBytes;
      return imageBytes <= MAX_IMAGE_BYTES;
    };
    const kept: Message[] = [];
    for (const stored of messages.toReversed()) {
      const message = this.of(stored, fits);
      chars += JSON.stringify(message).length + 1;
      if (chars > MAX_HISTORY_CHARS && kept.length > 0) break;
      kept.push(message);
    }
    return kept.reverse();
  }

  /** A message in the wire's form, with the pictures that `wants` accepts. */
  of(stored: StoredMessage, wants: (part: MediaRef) => boolean = () => false): Message {
    const { id, at, role, content, ...rest } = stored;
    return {
      id,
      role,
      content: content.map((part) => {
        if (part.type === "thinking") return { type: part.type, thinking: part.thinking };
        if (part.type === "toolCall") return { ...part, providerData: undefined };
        if (part.type === "text") return { type: part.type, text: asPeopleRead(part.text, part.from) };
        const { mimeType, sizeBytes, fileName, sha256 } = part;
        const data = wants(part) ? this.#media.read(sha256) : undefined;
        return {
          type: "image" as const,
          mimeType,
          sizeBytes,
          ...defined({ fileName }),
          ...(data && { data: Buffer.from(data).toString("base64") }),
        };
      }),
      timestamp: at,
      ...rest,
    } as Message;
  }

  /** The bytes of a picture in a message. */
  image(part: MediaRef): Uint8Array | undefined {
    return this.#media.read(part.sha256);
  }
}
