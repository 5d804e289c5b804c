/** Sends and reads files: Slack takes them in three steps, and gives them to holders of the token. */

import { openAsBlob } from "node:fs";
import type { WebClient } from "@slack/web-api";
import { defined } from "../../base/defined.ts";
import { codeOf, ignore } from "../../base/errors.ts";
import { type ChannelContext, ChannelError } from "../../kit/channel.ts";
import type { OutboundMedia, Sent } from "../../kit/channel-message.ts";
import { sendError } from "./errors.ts";

/** Where a file goes. */
interface Destination {
  readonly channelId: string;
  readonly threadTs: string | undefined;
  readonly comment: string;
}

/** Slack shows a file in the conversation a moment after it has taken it. */
const SHARE_WAITS_MS = [0, 150, 300, 600, 1200, 2400];

/** Brings a file to Slack, without showing it to anyone; resolves with its id. Nothing was sent when it throws. */
export async function upload(api: WebClient, media: OutboundMedia, signal: AbortSignal): Promise<string> {
  const body = await bytesOf(media);
  const { upload_url, file_id } = await api.files
    .getUploadURLExternal({ filename: media.fileName, length: media.sizeBytes })
    .catch((error: unknown) => {
      throw certain(sendError(error, ""));
    });
  if (!upload_url || !file_id) throw new ChannelError("not-sent", "Slack gave no place for the file; try again.");
  const answer = await fetch(upload_url, { method: "POST", body, signal }).catch((error: unknown) => {
    throw certain(sendError(error, ""));
  });
  await answer.body?.cancel().catch((error: unknown) => ignore(error, "only the status counts"));
  if (!answer.ok) throw new ChannelError("not-sent", `Slack took no file (${answer.status}); try again.`);
  return file_id;
}

async function bytesOf({ path, mimeType }: OutboundMedia): Promise<Blob> {
  try {
    return await openAsBlob(path, { type: mimeType });
  } catch (cause) {
    throw new ChannelError("rejected", "The file to send cannot be read any more.", { cause });
  }
}

/** The parameters that the functions on files share. */
interface Calling {
  readonly api: WebClient;
  readonly clock: ChannelContext["clock"];
  readonly signal: AbortSignal;
}

/** Shows a file that was brought to Slack; resolves with the message that it is in. */
export async function share(
  fileId: string,
  { channelId, threadTs, comment }: Destination,
  calling: Calling,
): Promise<Sent> {
  await calling.api.files.completeUploadExternal({
    files: [{ id: fileId }],
    channel_id: channelId,
    ...(comment !== "" && { initial_comment: comment }),
    ...defined({ thread_ts: threadTs }),
  } as Parameters<WebClient["files"]["completeUploadExternal"]>[0]);
  const ts = await sharedAt(fileId, channelId, calling);
  return { id: ts ?? `file:${fileId}` };
}

/** The ts of the message that shows a file in a conversation; undefined when there is none, even after a while. */
export async function sharedAt(
  fileId: string,
  channelId: string,
  { api, clock, signal }: Calling,
): Promise<string | undefined> {
  for (const wait of SHARE_WAITS_MS) {
    await clock.sleep(wait, signal);
    const info = await api.files.info({ file: fileId }).catch((error: unknown) => {
      ignore(error, "the file is shown; only the message's id is missing");
      return undefined;
    });
    const shares = { ...info?.file?.shares?.public, ...info?.file?.shares?.private } as Record<
      string,
      { ts?: string }[]
    >;
    const ts = shares[channelId]?.[0]?.ts;
    if (ts !== undefined) return ts;
  }
  return undefined;
}

/** Opens a file of a message. The token goes to Slack's own hosts only. Throws `ChannelError`. */
export async function openFile(
  api: WebClient,
  fileId: string,
  credentials: { readonly token: string; readonly apiUrl: string },
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const { file } = await api.files.info({ file: fileId }).catch((error: unknown) => {
    const problem = sendError(error, "");
    throw problem.message.includes("file_not_found") || problem.message.includes("file_deleted")
      ? new ChannelError("rejected", "Slack no longer has this file; ask for it to be sent again.")
      : certain(problem);
  });
  const address = file?.url_private_download ?? file?.url_private;
  if (!address || !isSlacks(new URL(address), credentials.apiUrl))
    throw new ChannelError("rejected", "The file is not kept by Slack itself; ask for it to be uploaded to Slack.");
  const headers = { authorization: `Bearer ${credentials.token}` };
  const answer = await fetch(address, { headers, signal, redirect: "manual" }).catch((error: unknown) => {
    const code = codeOf((error as Error).cause);
    throw new ChannelError(
      "not-sent",
      `Slack's file server cannot be reached${code ? ` (${code})` : ""}; try again later.`,
    );
  });
  const isLogin = answer.status >= 300 && answer.status < 400;
  const isPage = answer.headers.get("content-type")?.startsWith("text/html") && file?.mimetype !== "text/html";
  if (answer.ok && !isPage && answer.body) return answer.body;
  await answer.body?.cancel().catch((error: unknown) => ignore(error, "the answer is of no use"));
  if (isLogin || isPage || answer.status === 403)
    throw new ChannelError(
      "rejected",
      "Slack gave its login page instead of the file; give the app the scope files:read.",
    );
  throw new ChannelError("not-sent", `Slack's file server answered ${answer.status}; try again later.`);
}

function isSlacks(address: URL, apiUrl: string): boolean {
  const isHost = address.protocol === "https:" && /(^|\.)slack(-files)?\.com$/.test(address.hostname);
  return isHost || address.origin === new URL(apiUrl).origin;
}

/** Before a file is shown nobody has seen anything: what is doubtful for a message is certain for it. */
function certain(error: ChannelError): ChannelError {
  return error.kind === "unknown" ? new ChannelError("not-sent", error.message) : error;
}
