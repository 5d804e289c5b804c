/** Files that come with a message (protocol: agent, attachments): pictures are kept, text becomes part of the message. */

import { isRecord } from "../../../../base/config/config.ts";
import { type GatewayError, invalidRequest } from "../../../../base/errors.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import { oneLine } from "../../../../kit/text/framing.ts";
import type { Media } from "../../../core/sessions/media.ts";
import type { StoredPart } from "../../../core/sessions/messages/stored-message.ts";
import { contentIn, type FileContent, isPdf, isRecording, pdfText } from "./file-content.ts";

/** An accepted file, with its readable content. `isOwnWords`: a voice message, whose text is what its sender said. */
export type Attachment = FileContent & { readonly fileName: string; readonly isOwnWords: boolean };

/** Keeps recordings and writes them down. Filled by messaging, which does so for channels. */
export interface Recordings {
  /**
   * What a transcript holds of a recording: where it is kept and what is said in it. Undefined when nobody takes
   * recordings. Throws the signal's reason, and passing trouble of the machine.
   */
  take(recording: Recording, signal: AbortSignal): Promise<readonly StoredPart[] | undefined>;
}

/** A recording as it came. `isVoice`: its sender speaks in it, so that its words are a message and not a file's. */
export interface Recording {
  readonly data: Uint8Array;
  readonly fileName: string;
  /** The type that was given, "" when none was. */
  readonly mimeType: string;
  readonly isVoice: boolean;
}

/** The `type` of an item that is a voice message. */
const VOICE = "voice";

/** The most bytes of one decoded file (protocol: agent, attachments). */
const MAX_BYTES = 5_000_000;

/**
 * Reads the attachments of a client, whatever their names. Items without base64 content are left out. Throws
 * `INVALID_REQUEST` "Error: attachment NAME: …" for broken base64 and for more than 5 MB.
 */
export function readAttachments(items: readonly unknown[]): Attachment[] {
  return items.flatMap((item, index) => readAttachment(item, index) ?? []);
}

/**
 * Puts the text of every PDF in its place. A PDF that cannot be read stays as it is. Throws the signal's
 * reason.
 */
export async function withPdfTexts(
  items: readonly unknown[],
  options: { clock: Clock; signal: AbortSignal },
): Promise<readonly unknown[]> {
  if (!items.some(isPdfItem)) return items;
  const read: unknown[] = [];
  for (const [index, item] of items.entries()) {
    if (!isPdfItem(item)) {
      read.push(item);
      continue;
    }
    const { name, data } = contentOf(item, index);
    const content = Buffer.from((await pdfText(data, options)) ?? data).toString("base64");
    read.push({ ...item, content, fileName: name });
  }
  return read;
}

/**
 * Puts the texts of every recording in its place: where it is kept, and the words in it. Throws the signal's reason.
 */
export async function withTranscripts(
  items: readonly unknown[],
  { recordings, signal }: { recordings: Recordings; signal: AbortSignal },
): Promise<readonly unknown[]> {
  const read: unknown[] = [];
  for (const [index, item] of items.entries()) {
    const recording = isItem(item) ? recordingIn(item, index) : undefined;
    const parts = recording && (await recordings.take(recording, signal));
    read.push(...(parts === undefined ? [item] : itemsOf(recording!.fileName, parts)));
  }
  return read;
}

/** Stores pictures for transcripts; the parts refer to them. */
export function storeAttachments(attachments: readonly Attachment[], media: Media): StoredPart[] {
  return attachments.map((file) => {
    if (file.kind === "image") return { type: "image", ...media.save(file.data, file) };
    const isMessage = file.isOwnWords && file.kind === "text";
    return { type: "text", text: file.text, ...(!isMessage && { from: { kind: "file", title: file.fileName } }) };
  });
}

function recordingIn(item: Item, index: number): Recording | undefined {
  const isVoice = item.type === VOICE;
  const { head, declared } = headOf(item);
  if (!isRecording(head, isVoice ? "audio/" : declared)) return undefined;
  const { name, data } = contentOf(item, index);
  return { data, fileName: name, mimeType: declared, isVoice };
}

/** The items that stand for a recording: the words of its sender, and the file with all that is known of it. */
function itemsOf(fileName: string, parts: readonly StoredPart[]): Item[] {
  const isOwn = (part: StoredPart) => part.type === "text" && part.from?.kind === "message";
  const item = (texts: readonly StoredPart[], type: string): Item[] => {
    const text = texts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n\n");
    return text === "" ? [] : [{ type, fileName, content: Buffer.from(text).toString("base64") }];
  };
  const others = parts.filter((part) => !isOwn(part));
  return [...item(parts.filter(isOwn), VOICE), ...item(others, "file")];
}

/** An item that holds something. */
interface Item extends Readonly<Record<string, unknown>> {
  readonly content: string;
}

function isItem(item: unknown): item is Item {
  return isRecord(item) && typeof item.content === "string";
}

function isPdfItem(item: unknown): item is Item {
  return isItem(item) && isPdf(headOf(item).head);
}

/** The first bytes of a file, and the type that was given for it. */
function headOf(item: Item): { head: Uint8Array; declared: string } {
  const dataUrl = /^data:([^;,]{0,300})[^,]{0,300},/.exec(item.content.slice(0, 700));
  // Decode whole bytes: four characters of base64 are three bytes.
  const start = item.content.slice(dataUrl?.[0].length ?? 0).slice(0, 1_400);
  return { head: Buffer.from(start, "base64"), declared: declaredType(item, dataUrl?.[1]) };
}

function declaredType({ mimeType }: Item, ofDataUrl = ""): string {
  return typeof mimeType === "string" ? mimeType : ofDataUrl;
}

function contentOf(item: Item, index: number): { name: string; data: Uint8Array; declared: string } {
  const given = [item.fileName, item.name, item.type].find((name) => typeof name === "string" && name !== "");
  const name = (typeof given === "string" ? oneLine(given) : "") || `attachment-${index + 1}`;
  const dataUrl = /^data:([^;,]*)(?:;[^;,]*)*;base64,/.exec(item.content.slice(0, 300));
  const data = decode(dataUrl ? item.content.slice(dataUrl[0].length) : item.content, name);
  return { name, data, declared: declaredType(item, dataUrl?.[1]) };
}

function readAttachment(item: unknown, index: number): Attachment | undefined {
  if (!isItem(item)) return undefined;
  const { name, data, declared } = contentOf(item, index);
  return { fileName: name, isOwnWords: item.type === VOICE, ...contentIn(data, declared) };
}

function decode(base64: string, name: string): Uint8Array {
  const text = base64.replace(/[\r\n]/g, "");
  const bytes = Math.floor((text.length * 3) / 4);
  if (bytes > MAX_BYTES + 2) throw problem(name, `exceeds size limit (${bytes} > ${MAX_BYTES} bytes)`);
  if (text === "" || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text))
    throw problem(name, "invalid base64 content");
  const data = Buffer.from(text, "base64");
  if (data.byteLength > MAX_BYTES) throw problem(name, `exceeds size limit (${data.byteLength} > ${MAX_BYTES} bytes)`);
  return data;
}

function problem(name: string, what: string): GatewayError {
  return invalidRequest(`Error: attachment ${name}: ${what}`);
}
