/** Files that come with a message (protocol: agent, attachments): pictures are kept, text becomes part of the message. */

import { isRecord } from "../../../../base/config/config.ts";
import { type GatewayError, invalidRequest } from "../../../../base/errors.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import { oneLine } from "../../../../kit/text/words.ts";
import type { Media } from "../../../core/sessions/media.ts";
import type { StoredPart } from "../../../core/sessions/transcript.ts";
import { contentIn, type FileContent, isPdf, pdfText } from "./file-content.ts";

/** An accepted file, with its readable content. */
export type Attachment = FileContent & { readonly fileName: string };

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

/** Stores pictures for transcripts; the parts refer to them. */
export function storeAttachments(attachments: readonly Attachment[], media: Media): StoredPart[] {
  return attachments.map((file) =>
    file.kind === "image"
      ? { type: "image", ...media.save(file.data, file) }
      : { type: "text", text: file.text, from: { kind: "file", title: file.fileName } },
  );
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
  // Decode whole bytes: four characters of base64 are three bytes.
  const start = item.content.replace(/^data:[^,]{0,300},/, "").slice(0, 1_400);
  return isPdf(Buffer.from(start, "base64"));
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
  return { fileName: name, ...contentIn(data, declared) };
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
