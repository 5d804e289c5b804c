/** Reads a file's content: a picture for models, its text, or why it cannot be read. */

import { ignore } from "../../../../base/errors.ts";
import { isTransient } from "../../../../base/process/machine.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import { cleanMessage } from "./text.ts";

/** For an unreadable file, `text` is the sentence that says so. */
export type FileContent =
  | { readonly kind: "image"; readonly mimeType: string; readonly data: Uint8Array }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "unread"; readonly text: string };

interface Reading {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const MAX_TEXT_CHARS = 200_000;

/**
 * Reads a file by its content, not by its name; `declared` is the type that was given, "" when none was. Throws the
 * signal's reason, and passing trouble of the machine.
 */
export async function readContent(data: Uint8Array, declared: string, reading: Reading): Promise<FileContent> {
  const text = isPdf(data) ? await pdfText(data, reading) : undefined;
  return text === undefined ? contentIn(data, declared) : { kind: "text", text: shown(text) };
}

/** Like `readContent` but synchronous; a PDF counts as one without text. */
export function contentIn(data: Uint8Array, declared: string): FileContent {
  const mimeType = imageTypeOf(data);
  if (mimeType) return { kind: "image", mimeType, data };
  const what = isPdf(data) ? "a PDF without text in it" : binaryOf(data);
  const text = what === undefined ? textOf(data) : undefined;
  if (text !== undefined) return { kind: "text", text: shown(text) };
  const isUsable = /^[\w.+-]{1,60}\/[\w.+-]{1,80}$/.test(declared) && declared !== "application/octet-stream";
  const type = isUsable ? ` (it was said to be ${declared})` : "";
  const sentence = `[This file is ${what ?? "of a kind that is not known"}${type} and cannot be read. ${adviceFor(what)}]`;
  return { kind: "unread", text: sentence };
}

/**
 * The text of a PDF; undefined when none can be read. Throws the signal's reason, and passing trouble of the machine.
 */
export async function pdfText(data: Uint8Array, { clock, signal }: Reading): Promise<string | undefined> {
  const { readPdfInSubprocess } = await import("../tools/web/page-reader.ts");
  try {
    const text = (await readPdfInSubprocess(data, { clock, signal })).replaceAll("\u0000", "").trim();
    return text === "" ? undefined : text;
  } catch (error) {
    signal.throwIfAborted();
    if (isTransient(error)) throw error;
    ignore(error, "the file is then named as one that cannot be read");
    return undefined;
  }
}

export function isPdf(data: Uint8Array): boolean {
  return Buffer.from(data.subarray(0, 1_024)).includes("%PDF-");
}

/** Whether bytes are a recording. Some containers hold sound or a film; there the type that was given decides. */
export function isRecording(data: Uint8Array, declared: string): boolean {
  const what = binaryOf(data);
  return what === "a recording" || (declared.startsWith("audio/") && /recording|video/.test(what ?? ""));
}

function adviceFor(what: string | undefined): string {
  if (what !== undefined && /picture/.test(what)) return "Tell the person; PNG, JPEG, GIF and WebP can be seen.";
  return "Tell the person; pictures, text files and PDFs with text can be read.";
}

/** The text for a model. It is cut before it is cleaned, so that cleaning takes a bounded time. */
function shown(text: string): string {
  const clean = cleanMessage(text.slice(0, MAX_TEXT_CHARS));
  const left = text.length - MAX_TEXT_CHARS;
  return left <= 0 ? clean : `${clean}… (${left} more characters were left out)`;
}

/** The type of a picture by its first bytes; the client's type does not count. */
function imageTypeOf(data: Uint8Array): string | undefined {
  const head = Buffer.from(data.subarray(0, 16)).toString("latin1");
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return "image/png";
  if (head.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (head.startsWith("GIF87a") || head.startsWith("GIF89a")) return "image/gif";
  if (head.startsWith("RIFF") && head.slice(8, 12) === "WEBP") return "image/webp";
  return undefined;
}

/** The type of a binary file by its first bytes; undefined when it is unknown. */
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
  ["\xff\xf3", "a recording"],
  ["\xff\xf2", "a recording"],
  ["\xff\xf1", "a recording"],
  ["\xff\xf9", "a recording"],
  ["#!AMR", "a recording"],
  ["\x1aE\xdf\xa3", "a video"],
  ["\x7fELF", "a program"],
  ["MZ\x90", "a program"],
];

/** Decodes bytes as UTF-8, as UTF-16 with a byte order mark, or as Latin-1; undefined when they are no text. */
function textOf(data: Uint8Array): string | undefined {
  const mark = (data[0] ?? 0) * 256 + (data[1] ?? 0);
  const named = mark === 0xfffe ? "utf-16le" : mark === 0xfeff ? "utf-16be" : undefined;
  if (named !== undefined) return withoutNul(new TextDecoder(named).decode(data));
  try {
    return withoutNul(new TextDecoder("utf-8", { fatal: true }).decode(data));
  } catch (error) {
    ignore(error, "not UTF-8");
    return looksLatin(data) ? withoutNul(new TextDecoder("windows-1252").decode(data)) : undefined;
  }
}

function withoutNul(text: string): string | undefined {
  return text.includes("\u0000") ? undefined : text;
}

/** Whether bytes look like Latin-1 text: no control characters, and mostly plain letters. */
function looksLatin(data: Uint8Array): boolean {
  let plain = 0;
  for (const byte of data) {
    if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13) return false;
    if (byte < 128) plain++;
  }
  return plain >= data.byteLength * 0.7;
}
