/** Files: which method sends which, and how one is fetched. */

import type { Message } from "grammy/types";
import type { Api, InputFile } from "grammy/web";
import { codeOf, ignore } from "../../base/errors.ts";
import { ChannelError } from "../../kit/channel.ts";
import type { OutboundMedia } from "../../kit/channel-message.ts";
import { refusalOf, sendError } from "./errors.ts";
import { forApi } from "./transport.ts";

/** Telegram makes larger photos smaller only up to here (Bot API: sendPhoto). */
const PHOTO_BYTES = 10 * 1024 * 1024;

type FileMethod =
  | "sendPhoto"
  | "sendAnimation"
  | "sendVideo"
  | "sendAudio"
  | "sendVoice"
  | "sendSticker"
  | "sendDocument";

/** The method that shows a file best; what Telegram does not play or show goes as a document. */
export function methodFor(
  media: Pick<OutboundMedia, "kind" | "mimeType" | "sizeBytes">,
  hasCaption: boolean,
): FileMethod {
  const type = media.mimeType.split(";")[0]!.trim().toLowerCase();
  if (media.kind === "sticker" && !hasCaption && /^(image\/webp|video\/webm|application\/x-tgsticker)$/.test(type))
    return "sendSticker";
  if (media.kind === "voice" && /^audio\/(ogg|opus|mpeg|mp3|mp4|x-m4a|m4a)$/.test(type)) return "sendVoice";
  if (type === "image/gif" && media.kind !== "document") return "sendAnimation";
  if ((media.kind === "image" || media.kind === "sticker") && /^image\/(jpeg|png|webp)$/.test(type))
    return media.sizeBytes <= PHOTO_BYTES ? "sendPhoto" : "sendDocument";
  if (media.kind === "video" && type === "video/mp4") return "sendVideo";
  if ((media.kind === "audio" || media.kind === "voice") && /^audio\/(mpeg|mp3|mp4|x-m4a|m4a)$/.test(type))
    return "sendAudio";
  return "sendDocument";
}

/** Options that all methods of files share. */
type FileOptions = NonNullable<Parameters<Api["sendDocument"]>[2]>;

/** A file on its way to a chat. */
interface FileToSend {
  readonly chatId: string;
  readonly method: FileMethod;
  /** Opens the file; called once for each try. */
  readonly file: () => InputFile;
  readonly options: FileOptions;
}

/** Sends a file; one that Telegram cannot show, or a voice note that the person does not take, goes as a document. */
export async function sendFile(api: Api, sending: FileToSend, signal: AbortSignal): Promise<Message> {
  try {
    return await callFile(api, sending, signal);
  } catch (error) {
    const refused = refusalOf(error);
    const isAboutTheFile = /PHOTO_|IMAGE_PROCESS|VOICE_MESSAGES_FORBIDDEN|STICKER_|wrong (file )?type|unsupported/i;
    if (sending.method === "sendDocument" || refused?.error_code !== 400 || !isAboutTheFile.test(refused.description))
      throw error;
    return await callFile(api, { ...sending, method: "sendDocument" }, signal);
  }
}

async function callFile(
  api: Api,
  { chatId, method, file, options }: FileToSend,
  signal: AbortSignal,
): Promise<Message> {
  if (method !== "sendSticker") return await api[method](chatId, file(), options, forApi(signal));
  const { caption: _, parse_mode: __, ...rest } = options;
  return await api.sendSticker(chatId, file(), rest, forApi(signal));
}

/** Opens a file of a message. Throws `ChannelError`. */
export async function openFile(
  api: Api,
  fileId: string,
  address: (path: string) => string,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const path = await pathOf(api, fileId, signal);
  const response = await fetch(address(path), { signal, redirect: "error" }).catch((error: unknown) => {
    // The address holds the token, so the error itself goes no further.
    const code = codeOf((error as Error).cause);
    throw new ChannelError(
      "not-sent",
      `Telegram's file server cannot be reached${code ? ` (${code})` : ""}; try again later.`,
    );
  });
  if (response.ok && response.body) return response.body;
  await response.body?.cancel().catch((error: unknown) => ignore(error, "the answer is of no use"));
  if (response.status === 404)
    throw new ChannelError("rejected", "Telegram no longer has this file; ask for it to be sent again.");
  throw new ChannelError("not-sent", `Telegram's file server answered ${response.status}; try again later.`);
}

async function pathOf(api: Api, fileId: string, signal: AbortSignal): Promise<string> {
  const { file_path: path } = await api.getFile(fileId, forApi(signal)).catch((error: unknown) => {
    const description = refusalOf(error)?.description ?? "";
    if (/too big/i.test(description))
      throw new ChannelError("rejected", "Telegram gives bots no files over 20 MB; ask for a smaller one or a link.");
    if (/file_id|file reference|not found|temporarily unavailable/i.test(description))
      throw new ChannelError("rejected", "Telegram no longer has this file; ask for it to be sent again.");
    throw sendError(error, "");
  });
  if (path && !path.startsWith("/")) return path;
  throw new ChannelError("rejected", "The Bot API server keeps its files to itself; start it without --local.");
}
