/** Files that come with a message (protocol: agent, attachments): pictures are kept, text becomes part of the message. */

import { isRecord } from "../../base/config.ts";
import { codeOf, GatewayError, invalidRequest } from "../../base/errors.ts";
import { oneLine } from "../../kit/words.ts";
import type { Media } from "../sessions/media.ts";
import type { StoredPart } from "../sessions/transcript.ts";
import { cleanMessage } from "./text.ts";

/** A file that was accepted. */
export type Attachment =
  | { readonly kind: "image"; readonly mimeType: string; readonly fileName?: string; readonly data: Uint8Array }
  | { readonly kind: "text"; readonly fileName: string; readonly text: string };

/** Of one file, decoded (protocol: agent, attachments). */
const MAX_BYTES = 5_000_000;
const MAX_TEXT_BYTES = 200_000;

/**
 * Reads what a client sent along. Items without base64 content and files that are neither pictures nor text are left
 * out. Throws `INVALID_REQUEST` "Error: attachment NAME: …" for broken base64 and for more than 5 MB.
 */
export function readAttachments(items: readonly unknown[]): Attachment[] {
  return items.flatMap((item, index) => readAttachment(item, index) ?? []);
}

/** Puts pictures where transcripts keep them; the parts refer to them. */
export function storeAttachments(attachments: readonly Attachment[], media: Media): StoredPart[] {
  try {
    return attachments.map((file) =>
      file.kind === "text"
        ? { type: "text", text: file.text, from: { kind: "file", title: file.fileName } }
        : { type: "image", ...media.save(file.data, file) },
    );
  } catch (error) {
    if (codeOf(error) !== "ENOSPC") throw error;
    throw new GatewayError("UNAVAILABLE", "the disk is full; free some space and try again", {
      retryable: true,
      cause: error,
    });
  }
}

function readAttachment(item: unknown, index: number): Attachment | undefined {
  if (!isRecord(item) || typeof item.content !== "string") return undefined;
  const given = [item.fileName, item.name, item.type].find((name) => typeof name === "string" && name !== "");
  const name = (typeof given === "string" ? oneLine(given) : "") || `attachment-${index + 1}`;
  const dataUrl = /^data:([^;,]*)(?:;[^;,]*)*;base64,/.exec(item.content.slice(0, 300));
  const data = decode(dataUrl ? item.content.slice(dataUrl[0].length) : item.content, name);
  const imageType = imageTypeOf(data);
  if (imageType) return { kind: "image", mimeType: imageType, fileName: name, data };
  const declared = typeof item.mimeType === "string" ? item.mimeType : (dataUrl?.[1] ?? "");
  const text = isTextType(declared) && data.byteLength <= MAX_TEXT_BYTES ? textOf(data) : undefined;
  return text === undefined ? undefined : { kind: "text", fileName: name, text };
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

function isTextType(mimeType: string): boolean {
  return /^text\/|^application\/(?:json|xml|yaml|toml|javascript|typescript|x-sh)\b|\+(?:json|xml)\b/i.test(mimeType);
}

function textOf(data: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(data);
    return text.includes("\u0000") ? undefined : cleanMessage(text);
  } catch {
    return undefined;
  }
}
