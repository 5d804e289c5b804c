/** Finds pictures that a model can be shown: complete ones that its provider has not refused. */
import { sha256Hex } from "../../../base/ids.ts";
import type { ModelMessage, ModelPart, ToolReply } from "./port.ts";

interface Picture {
  readonly mimeType: string;
  readonly data: Uint8Array;
}

/** The most pictures that are remembered; beyond that, all are tried again. */
const MAX_KNOWN = 2_000;

/** Remembers which pictures providers refused; without this, one refused picture would fail every later request. */
export class Pictures {
  readonly #refused = new Set<string>();
  readonly #taken = new Set<string>();
  readonly #keys = new WeakMap<Uint8Array, string>();

  /** The messages with a note in place of every picture that cannot be shown. */
  shown(messages: readonly ModelMessage[], provider: string): readonly ModelMessage[] {
    return withNotes(messages, (picture) => {
      const problem = problemOf(picture);
      if (problem !== undefined) return `A picture that cannot be shown: ${problem}.`;
      return this.#refused.has(this.#key(picture, provider)) ? REFUSED : undefined;
    });
  }

  /** Notes accepted pictures; a later refusal is not about them. */
  noteTaken(messages: readonly ModelMessage[], provider: string): void {
    for (const picture of picturesIn(messages)) remember(this.#taken, this.#key(picture, provider));
  }

  /** Notes a refused request: false when it held no pictures. Pictures that were never accepted are blamed first. */
  noteRefused(messages: readonly ModelMessage[], provider: string): boolean {
    const keys = this.#blamed(messages, provider);
    for (const key of keys) remember(this.#refused, key);
    return keys.length > 0;
  }

  /** Forgives pictures when the request was refused without them too. */
  forgive(messages: readonly ModelMessage[], provider: string): void {
    for (const picture of picturesIn(messages)) this.#refused.delete(this.#key(picture, provider));
  }

  /** Whether a refused request holds pictures that may be why. */
  areNew(messages: readonly ModelMessage[], provider: string): boolean {
    return picturesIn(messages).some((picture) => !this.#taken.has(this.#key(picture, provider)));
  }

  #blamed(messages: readonly ModelMessage[], provider: string): string[] {
    const keys = picturesIn(messages).map((picture) => this.#key(picture, provider));
    const untried = keys.filter((key) => !this.#taken.has(key));
    return untried.length > 0 ? untried : keys;
  }

  #key({ data }: Picture, provider: string): string {
    const hash = this.#keys.get(data) ?? sha256Hex(data);
    this.#keys.set(data, hash);
    return `${provider} ${hash}`;
  }
}

const REFUSED = "A picture that the provider of this model refused; tell the person that you cannot see it.";

function remember(known: Set<string>, key: string): void {
  if (known.size >= MAX_KNOWN) known.clear();
  known.add(key);
}

function picturesIn(messages: readonly ModelMessage[]): Picture[] {
  return messages.flatMap((message): readonly Picture[] =>
    message.role === "tool"
      ? message.replies.flatMap(({ images = [] }) => images)
      : message.content.flatMap((part) => (part.kind === "image" ? [part] : [])),
  );
}

/** Puts notes in the place of pictures. Returns the list it was given when there is nothing to replace. */
function withNotes(
  messages: readonly ModelMessage[],
  noteFor: (picture: Picture) => string | undefined,
): readonly ModelMessage[] {
  if (picturesIn(messages).every((picture) => noteFor(picture) === undefined)) return messages;
  return messages.map((message): ModelMessage => {
    if (message.role === "tool")
      return { role: "tool", replies: message.replies.map((reply) => replyWith(reply, noteFor)) };
    const content = message.content.map((part): ModelPart => {
      const note = part.kind === "image" ? noteFor(part) : undefined;
      return note === undefined ? part : { kind: "text", text: `[${note}]` };
    });
    return { role: message.role, content };
  });
}

function replyWith(reply: ToolReply, noteFor: (picture: Picture) => string | undefined): ToolReply {
  const { images = [], text } = reply;
  const notes = images.flatMap((image) => noteFor(image) ?? []);
  if (notes.length === 0) return reply;
  return {
    ...reply,
    text: [text, ...notes.map((note) => `[${note}]`)].join("\n"),
    images: images.filter((image) => noteFor(image) === undefined),
  };
}

/** The problem of a picture's bytes, as a clause; undefined when they look complete. Nothing is decoded. */
export function problemOf({ mimeType, data }: Picture): string | undefined {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const isWhole = WHOLE[mimeType]?.(bytes) ?? true;
  return isWhole ? undefined : `its ${mimeType.replace("image/", "").toUpperCase()} file is broken`;
}

const WHOLE: Readonly<Record<string, (bytes: Buffer) => boolean>> = {
  "image/png": isWholePng,
  "image/jpeg": isWholeJpeg,
  "image/gif": (bytes) => bytes.length > 13 && bytes.readUInt16LE(6) > 0 && bytes.readUInt16LE(8) > 0,
  "image/webp": (bytes) => bytes.length > 20 && bytes.readUInt32LE(4) + 8 <= bytes.length + 1,
};

/** Whether the chunks of a PNG follow each other from a header with a size to the end. */
function isWholePng(bytes: Buffer): boolean {
  let hasPixels = false;
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const type = bytes.toString("latin1", at + 4, at + 8);
    if (at === 8 && (type !== "IHDR" || bytes.readUInt32BE(16) === 0 || bytes.readUInt32BE(20) === 0)) return false;
    hasPixels ||= type === "IDAT";
    if (type === "IEND") return hasPixels;
    at += 12 + length;
  }
  return false;
}

/** Whether a JPEG has a frame with a size, and pixels behind it. */
function isWholeJpeg(bytes: Buffer): boolean {
  let hasFrame = false;
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return false;
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === 0xda) return hasFrame && bytes.length > at + 12;
    const length = bytes.readUInt16BE(at + 2);
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      if (at + 9 > bytes.length || bytes.readUInt16BE(at + 5) === 0 || bytes.readUInt16BE(at + 7) === 0) return false;
      hasFrame = true;
    }
    at += 2 + length;
  }
  return false;
}
