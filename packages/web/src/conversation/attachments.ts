// Turns files that a person pastes, drops or picks into attachments, or says why one cannot go. The gateway reads what is in
// them as it reads those of channels: pictures, text, PDFs and recordings; of others it tells the agent what they are.

import { t } from "../words/t.ts";
import type { Attachment } from "./outbox.ts";

/** The largest picture a model may be given, in bytes. */
const MAX_IMAGE_BYTES = 5_000_000;

/** The largest file that the gateway takes, in bytes. */
const MAX_FILE_BYTES = 5_000_000;

/** Pictures that models understand. */
const IMAGE_TYPES = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/** What of the gateway's frame limit is kept free for everything that is not an attachment, in bytes. */
const FRAME_RESERVE = 65_536;

/** Files that can be sent, and one sentence for each that cannot. */
export interface ReadFiles {
  readonly attachments: Attachment[];
  readonly problems: string[];
}

/** Reads files, sizes before content. `maxPayload` is the gateway's limit for one message, to which `already` counts. */
export async function readFiles(
  files: Iterable<File>,
  { maxPayload, already }: { maxPayload: number; already: readonly Attachment[] },
): Promise<ReadFiles> {
  const attachments: Attachment[] = [];
  const problems: string[] = [];
  let room = maxPayload - FRAME_RESERVE - already.reduce((sum, { content }) => sum + content.length, 0);
  for (const file of files) {
    const read = whyNot(file, room) ?? (await readFile(file));
    if (typeof read === "string") problems.push(read);
    else {
      room -= read.content.length;
      attachments.push(read);
    }
  }
  return { attachments, problems };
}

/** The data URL to show an image by. */
export function dataUrl({ mimeType, content }: Pick<Attachment, "mimeType" | "content">): string {
  return `data:${mimeType};base64,${content}`;
}

/** What the size and the name of a file already rule out. */
function whyNot(file: File, room: number): string | undefined {
  const name = `“${file.name}”`;
  if (file.size === 0) return t("{0} is empty. Choose another file.", name);
  const isImage = IMAGE_TYPES.includes(file.type);
  if (file.type.startsWith("image/") && !isImage && file.type !== "image/svg+xml") {
    return t("{0} is a picture of a kind that models cannot see. Save it as PNG or JPEG first.", name);
  }
  if (isImage && file.size > MAX_IMAGE_BYTES) {
    return t(
      "{0} has {1}; pictures can have {2}. Make it smaller and try again.",
      name,
      megabytes(file.size),
      megabytes(MAX_IMAGE_BYTES),
    );
  }
  if (!isImage && file.size > MAX_FILE_BYTES) {
    return t(
      "{0} has {1}; files can have {2}. Send the part that matters.",
      name,
      megabytes(file.size),
      megabytes(MAX_FILE_BYTES),
    );
  }
  if (Math.ceil(file.size / 3) * 4 > room)
    return t("{0} does not fit into this message any more. Send it in the next one.", name);
  return undefined;
}

async function readFile(file: File): Promise<Attachment | string> {
  const { name, type } = file;
  if (IMAGE_TYPES.includes(type)) {
    return { type: "image", mimeType: type, fileName: name || "picture", content: await base64(file) };
  }
  return {
    type: "file",
    mimeType: type || "application/octet-stream",
    fileName: name || "file",
    content: await base64(file),
  };
}

/** The content of a file as attachments carry it. */
export async function base64(file: Blob): Promise<string> {
  const url = await new Promise<string>((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
  return url.slice(url.lastIndexOf(",") + 1); // a type may hold commas too
}

function megabytes(bytes: number): string {
  return t("{0} MB", Number((bytes / 1_000_000).toFixed(1)));
}
