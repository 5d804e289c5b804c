/** Files that come with a message (protocol: agent, attachments): pictures are kept, text becomes part of the message. */

import type { Clock } from "../../base/clock.ts";
import { isRecord } from "../../base/config.ts";
import { codeOf, GatewayError, ignore, invalidRequest } from "../../base/errors.ts";
import { oneLine } from "../../kit/words.ts";
import type { Media } from "../sessions/media.ts";
import type { StoredPart } from "../sessions/transcript.ts";
import { cleanMessage } from "./text.ts";

/** A file that was accepted; of one that cannot be read, the sentence that says so. */
export type Attachment =
  | { readonly kind: "image"; readonly mimeType: string; readonly fileName?: string; readonly data: Uint8Array }
  | { readonly kind: "text"; readonly fileName: string; readonly text: string }
  | { readonly kind: "unread"; readonly fileName: string; readonly text: string };

/** Of one file, decoded (protocol: agent, attachments). */
const MAX_BYTES = 5_000_000;
const MAX_TEXT_CHARS = 200_000;

/**
 * Reads what a client sent along, whatever it calls it. Items without base64 content are left out. Throws
 * `INVALID_REQUEST` "Error: attachment NAME: …" for broken base64 and for more than 5 MB.
 */
export function readAttachments(items: readonly unknown[]): Attachment[] {
  return items.flatMap((item, index) => readAttachment(item, index) ?? []);
}

/**
 * The same items, with its text in the place of every PDF. A PDF that cannot be read stays as it is. Throws the signal's
 * reason.
 */
export async function withPdfTexts(
  items: readonly unknown[],
  options: { clock: Clock; signal: AbortSignal },
): Promise<readonly unknown[]> {
  if (!items.some(isPdfItem)) return items;
  const { readPdfApart } = await import("./tools/web/page-reader.ts");
  const read: unknown[] = [];
  for (const [index, item] of items.entries()) {
    if (!isPdfItem(item)) {
      read.push(item);
      continue;
    }
    const { name, data } = contentOf(item, index);
    const text = await readPdfApart(data, options).catch((error: unknown) => {
      options.signal.throwIfAborted();
      ignore(error, "the file is then named as one that cannot be read");
      return "";
    });
    const content = Buffer.from(text.trim() === "" ? data : text).toString("base64");
    read.push({ ...item, content, fileName: name });
  }
  return read;
}

/** Puts pictures where transcripts keep them; the parts refer to them. */
export function storeAttachments(attachments: readonly Attachment[], media: Media): StoredPart[] {
  try {
    return attachments.map((file) =>
      file.kind === "image"
        ? { type: "image", ...media.save(file.data, file) }
        : { type: "text", text: file.text, from: { kind: "file", title: file.fileName } },
    );
  } catch (error) {
    if (codeOf(error) !== "ENOSPC") throw error;
    throw new GatewayError("UNAVAILABLE", "the disk is full; free some space and try again", {
      retryable: true,
      cause: error,
    });
  }
}

/** An item that holds something. */
interface Item extends Readonly<Record<string, unknown>> {
  readonly content: string;
}

function isItem(item: unknown): item is Item {
  return isRecord(item) && typeof item.content === "string";
}

function isPdfItem(item: unknown): item is Item {
  if (!isItem(item)) return false;
  // Of whole bytes: four characters of base64 are three.
  const start = item.content.replace(/^data:[^,]{0,300},/, "").slice(0, 1_400);
  return isPdf(Buffer.from(start, "base64"));
}

function isPdf(data: Uint8Array): boolean {
  return Buffer.from(data.subarray(0, 1_024)).includes("%PDF-");
}

function contentOf(item: Item, index: number): { name: string; data: Uint8Array; declared: string } {
  const given = [item.fileName, item.name, item.type].find((name) => typeof name === "string" && name !== "");
  const name = (typeof given === "string" ? oneLine(given) : "") || `attachment-${index + 1}`;
  const dataUrl = /^data:([^;,]*)(?:;[^;,]*)*;base64,/.exec(item.content.slice(0, 300));
  const data = decode(dataUrl ? item.content.slice(dataUrl[0].length) : item.content, name);
  return { name, data, declared: typeof item.mimeType === "string" ? item.mimeType : (dataUrl?.[1] ?? "") };
}

function readAttachment(item: unknown, index: number): Attachment | undefined {
  if (!isItem(item)) return undefined;
  const { name, data, declared } = contentOf(item, index);
  const imageType = imageTypeOf(data);
  if (imageType) return { kind: "image", mimeType: imageType, fileName: name, data };
  const what = isPdf(data) ? "a PDF without text in it" : binaryOf(data);
  const text = what === undefined ? textOf(data) : undefined;
  if (text !== undefined) return { kind: "text", fileName: name, text: shortened(text) };
  const type = /^[\w.+-]{1,60}\/[\w.+-]{1,80}$/.test(declared) ? ` (it was said to be ${declared})` : "";
  const sentence = `[This file is ${what ?? "of a kind that is not known"}${type} and cannot be read. ${adviceFor(what)}]`;
  return { kind: "unread", fileName: name, text: sentence };
}

function adviceFor(what: string | undefined): string {
  if (what !== undefined && /picture/.test(what)) return "Tell the person; PNG, JPEG, GIF and WebP can be seen.";
  return "Tell the person; pictures, text files and PDFs with text can be read.";
}

function shortened(text: string): string {
  if (text.length <= MAX_TEXT_CHARS) return text;
  return `${text.slice(0, MAX_TEXT_CHARS).toWellFormed()}… (${text.length - MAX_TEXT_CHARS} more characters were left out)`;
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

/** What a picture is, by its first bytes; what a client calls it does not count. */
function imageTypeOf(data: Uint8Array): string | undefined {
  const head = Buffer.from(data.subarray(0, 16)).toString("latin1");
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return "image/png";
  if (head.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (head.startsWith("GIF87a") || head.startsWith("GIF89a")) return "image/gif";
  if (head.startsWith("RIFF") && head.slice(8, 12) === "WEBP") return "image/webp";
  return undefined;
}

/** What a file is that is no text, by its first bytes; undefined when nothing tells. */
function binaryOf(data: Uint8Array): string | undefined {
  const head = Buffer.from(data.subarray(0, 32)).toString("latin1");
  const brand = head.slice(4, 8) === "ftyp" ? head.slice(8, 12) : "";
  if (/^(?:hei[cmsx]|hev[cmx]|mif1|msf1)/.test(brand)) return "a HEIC picture";
  if (brand.startsWith("avi")) return "an AVIF picture";
  if (brand !== "") return "a recording or a video";
  if (head.startsWith("RIFF")) return head.slice(8, 12) === "WAVE" ? "a recording" : "a video";
  return SIGNS.find(([sign]) => head.startsWith(sign))?.[1];
}

const SIGNS: readonly (readonly [string, string])[] = [
  ["II*\0", "a TIFF picture"],
  ["MM\0*", "a TIFF picture"],
  ["PK\x03\x04", "an archive or an office document"],
  ["PK\x05\x06", "an archive or an office document"],
  ["\xd0\xcf\x11\xe0", "an old office document"],
  ["\x1f\x8b", "an archive"],
  ["Rar!\x1a", "an archive"],
  ["7z\xbc\xaf", "an archive"],
  ["\xfd7zXZ", "an archive"],
  ["ID3", "a recording"],
  ["OggS", "a recording"],
  ["fLaC", "a recording"],
  ["\xff\xfb", "a recording"],
  ["\x1aE\xdf\xa3", "a video"],
  ["\x7fELF", "a program"],
  ["MZ\x90", "a program"],
];

/** The text in some bytes: UTF-8, UTF-16 with its mark, or the Latin letters of old files; undefined when it is none. */
function textOf(data: Uint8Array): string | undefined {
  const mark = (data[0] ?? 0) * 256 + (data[1] ?? 0);
  const named = mark === 0xfffe ? "utf-16le" : mark === 0xfeff ? "utf-16be" : undefined;
  if (named !== undefined) return withoutNul(new TextDecoder(named).decode(data));
  try {
    return withoutNul(new TextDecoder("utf-8", { fatal: true }).decode(data));
  } catch {
    return looksLatin(data) ? withoutNul(new TextDecoder("windows-1252").decode(data)) : undefined;
  }
}

function withoutNul(text: string): string | undefined {
  return text.includes("\u0000") ? undefined : cleanMessage(text);
}

/** Text of one byte a letter has no control characters, and most of it is plain. */
function looksLatin(data: Uint8Array): boolean {
  let plain = 0;
  for (const byte of data) {
    if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13) return false;
    if (byte < 128) plain++;
  }
  return plain >= data.byteLength * 0.7;
}
