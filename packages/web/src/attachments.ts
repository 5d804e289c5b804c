// Turns files that a person pastes, drops or picks into attachments, or says why one cannot go.

import type { Attachment } from "./outbox.ts";

/** The largest image a model may be given, in bytes. */
export const MAX_IMAGE_BYTES = 5_000_000;

/** What of the gateway's frame limit is kept free for everything that is not an attachment, in bytes. */
const FRAME_RESERVE = 65_536;

/** Files that can be sent, and one sentence for each that cannot. */
export interface ReadFiles {
  readonly attachments: Attachment[];
  readonly problems: string[];
}

/** Reads files, checking sizes before content. `maxPayload` is the gateway's limit for one message; `already` counts too. */
export async function readFiles(
  files: Iterable<File>,
  { maxPayload, already }: { maxPayload: number; already: readonly Attachment[] },
): Promise<ReadFiles> {
  const attachments: Attachment[] = [];
  const problems: string[] = [];
  let room = maxPayload - FRAME_RESERVE - already.reduce((sum, { content }) => sum + content.length, 0);
  for (const file of files) {
    const problem = whyNot(file, room);
    if (problem !== undefined) {
      problems.push(problem);
      continue;
    }
    const content = await base64(file);
    room -= content.length;
    const mimeType = file.type || "application/octet-stream";
    const type = mimeType.startsWith("image/") ? "image" : "file";
    attachments.push({ type, mimeType, fileName: file.name || `pasted.${mimeType.split("/")[1]}`, content });
  }
  return { attachments, problems };
}

/** A size as people write it. */
export function readableBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} KB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** The data URL to show an image by. */
export function dataUrl({ mimeType, content }: Pick<Attachment, "mimeType" | "content">): string {
  return `data:${mimeType};base64,${content}`;
}

function whyNot(file: File, room: number): string | undefined {
  if (file.size === 0) return `“${file.name}” is empty. Choose another file.`;
  if (file.type.startsWith("image/") && file.size > MAX_IMAGE_BYTES) {
    return `“${file.name}” is ${readableBytes(file.size)}; images can have ${readableBytes(MAX_IMAGE_BYTES)}. Make it smaller and try again.`;
  }
  if (Math.ceil(file.size / 3) * 4 > room) {
    const left = readableBytes(Math.max(0, Math.floor(room * 0.75)));
    return `“${file.name}” is ${readableBytes(file.size)}, and this message has room for ${left}. Send a smaller file.`;
  }
  return undefined;
}

async function base64(file: File): Promise<string> {
  const url = await new Promise<string>((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
  return url.slice(url.indexOf(",") + 1);
}
