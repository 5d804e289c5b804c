/**
 * Catches up after an absence. Slack repeats an event three times within about five minutes; later it is only in the
 * history. So the histories of known conversations and threads are read from the last known message.
 */
import type { WebClient } from "@slack/web-api";
import { detailOf, ignore } from "../../base/errors.ts";
import type { ChannelContext } from "../../kit/channel.ts";
import type { Inbound } from "../../kit/channel-message.ts";
import type { Chat } from "../../kit/party.ts";
import { inboundIn } from "../../kit/rules.ts";
import { sendError } from "./errors.ts";
import { stringField } from "./events.ts";
import { historyInbound } from "./inbound.ts";
import type { Intake } from "./intake.ts";
import { lastAliveChange, readPositionChanges, readThreads, readUpTo } from "./read-positions.ts";

/** Conversations and threads that are looked at, newest first. */
const MOST_PLACES = 50;
/** Pages of 200 messages of one conversation. */
const MOST_PAGES = 5;

interface Away {
  readonly api: WebClient;
  readonly context: ChannelContext;
  readonly intake: Intake;
  readonly signal: AbortSignal;
}

type Page = { readonly messages?: readonly unknown[]; readonly response_metadata?: { readonly next_cursor?: string } };
type Read = (cursor: string | undefined) => Promise<Page>;

/** Takes in what was missed; resolves when all of it is on disk, or could not be read. */
export async function catchUp(away: Away): Promise<void> {
  const { context, api, intake, signal } = away;
  for (const chat of await places(away)) {
    const oldest = readUpTo(chat.id, context);
    if (oldest === undefined) continue;
    const common = { channel: chat.id, oldest, limit: 200 };
    await takeIn(away, chat, oldest, (cursor) => api.conversations.history({ ...common, ...(cursor && { cursor }) }));
  }
  for (const { channelId, threadTs, seen } of readThreads(MOST_PLACES, context)) {
    const chat: Chat = { id: channelId, kind: channelId.startsWith("D") ? "direct" : "channel" };
    const common = { channel: channelId, ts: threadTs, oldest: seen, limit: 200 };
    await takeIn(away, chat, seen, (cursor) => api.conversations.replies({ ...common, ...(cursor && { cursor }) }));
  }
  if (signal.aborted) return;
  intake.isCaughtUp = true;
  await intake.commit([], lastAliveChange(context));
}

/** Known conversations, and direct ones that people may have opened meanwhile. */
async function places({ context, api, signal }: Away): Promise<readonly Chat[]> {
  const known = context.knownChats(MOST_PLACES).filter(({ id }) => /^[CGD]/.test(id));
  const direct = await patiently(() => api.conversations.list({ types: "im", limit: 200 }), context, signal);
  const opened = listIn(direct?.channels).flatMap((channel): Chat[] => {
    const id = stringField(channel, "id");
    return id ? [{ id, kind: "direct" }] : [];
  });
  const all = new Map([...opened, ...known].map((chat) => [chat.id, chat]));
  return [...known, ...opened]
    .map(({ id }) => all.get(id)!)
    .filter((chat, index, list) => list.indexOf(chat) === index)
    .slice(0, MOST_PLACES);
}

async function takeIn({ context, intake, signal }: Away, chat: Chat, oldest: string, read: Read): Promise<void> {
  const found: unknown[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES && !signal.aborted; page++) {
    const answer = await patiently(() => read(cursor), context, signal);
    found.push(...listIn(answer?.messages));
    cursor = answer?.response_metadata?.next_cursor || undefined;
    if (cursor === undefined) break;
  }
  if (signal.aborted) return;
  const inbound: Inbound[] = [];
  for (const message of found) {
    // The first message of a thread comes along however old it is.
    if (Number(stringField(message, "ts")) <= Number(oldest)) continue;
    await intake.learnOf(message, chat.id);
    try {
      inbound.push(...inboundIn(historyInbound(message, chat, intake.reader)));
    } catch (error) {
      context.log.warn("slack's history holds a message that cannot be read", { chat: chat.id, why: detailOf(error) });
    }
  }
  // Histories come newest first, threads oldest first.
  inbound.sort((one, other) => Number(one.messageId) - Number(other.messageId));
  if (inbound.length > 0) await intake.commit(inbound, readPositionChanges(inbound, context));
}

/** A list of an answer; one that is no list holds nothing, and keeps no other conversation from being read. */
function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Obeys Slack's waiting times; undefined when the answer is another refusal. */
async function patiently<T>(
  call: () => Promise<T>,
  context: ChannelContext,
  signal: AbortSignal,
): Promise<T | undefined> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      return await call();
    } catch (error) {
      const { kind, message, retryAfterMs } = sendError(error, "");
      if (kind !== "rate-limited" || attempt > 5) {
        context.log.debug("slack history not read", { why: message });
        return undefined;
      }
      await context.clock
        .sleep(retryAfterMs ?? 1000, signal)
        .catch((error: unknown) => ignore(error, "the connection ends; the loop sees it"));
    }
  }
  return undefined;
}
