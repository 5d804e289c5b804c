/**
 * The long poll. It requests updates and commits them in one transaction. Only then it requests with an offset behind
 * them, which tells Telegram to forget them. After a crash at any line Telegram sends them again.
 */

import type { Update } from "grammy/types";
import type { Api } from "grammy/web";
import { detailOf, ignore } from "../../base/errors.ts";
import { type ChannelContext, ChannelError, type StateChanges } from "../../kit/channel.ts";
import type { Inbound } from "../../kit/channel-message.ts";
import { inboundIn, type Reading } from "../../kit/rules.ts";
import { linkError } from "./errors.ts";
import { inboundOf, topicIn, UPDATE_KINDS, unreadableOf } from "./inbound.ts";
import type { Reader } from "./parties.ts";
import { forApi } from "./transport.ts";

/** What the poll works with. */
export interface PollLink {
  readonly api: Api;
  readonly context: Pick<ChannelContext, "clock" | "log" | "receive" | "state">;
  readonly reader: Omit<Reader, "now">;
  readonly pollSeconds: number;
  readonly signal: AbortSignal;
  /** Called with what was committed. */
  committed(updates: readonly Update[]): void;
}

/** A poll that takes longer than its time plus this means a dead link, ms. */
const GRACE_MS = 15_000;
/** The pause before the one quick retry. */
const RETRY_MS = 250;
/** The pause after an empty answer that came at once. */
const PAUSE_MS = 1000;

/** Takes in updates until the link fails or `signal` aborts; resolves with the reason, never rejects. */
export async function poll(link: PollLink): Promise<ChannelError> {
  let failures = 0;
  let offset = 0;
  while (!link.signal.aborted) {
    try {
      offset = await pollOnce(link, offset);
      failures = 0;
    } catch (error) {
      if (link.signal.aborted) break;
      const failure = linkError(error);
      const isBlip = failure.kind === "network" && ++failures === 1;
      if (!isBlip && failure.kind !== "rate-limited") return failure;
      link.context.log.debug("telegram poll interrupted", { why: failure.message });
      const waited = link.context.clock.sleep(failure.retryAfterMs ?? RETRY_MS, link.signal);
      await waited.catch((error: unknown) => ignore(error, "the link ends; the loop sees it"));
    }
  }
  return new ChannelError("network", "The connection to Telegram was closed.");
}

/**
 * Asks once; returns the offset to ask with next. It only tells Telegram what has been committed. Without one Telegram
 * begins with the earliest update that it was not told of, so that ids which start anew lower hide nothing: after a week
 * without updates the next id is random (Bot API: Update), and another Bot API server counts for itself.
 */
async function pollOnce(link: PollLink, offset: number): Promise<number> {
  const { api, context, reader, pollSeconds, signal, committed } = link;
  const { clock, state } = context;
  const askedAt = clock.monotonic();
  const tooLong = new AbortController();
  using _limit = clock.after(pollSeconds * 1000 + GRACE_MS, () => tooLong.abort());
  const answer = await api.getUpdates(
    {
      offset,
      timeout: pollSeconds,
      limit: 100,
      allowed_updates: UPDATE_KINDS,
    },
    forApi(AbortSignal.any([signal, tooLong.signal])),
  );
  signal.throwIfAborted();
  const updates = answer.filter((update) => Number.isSafeInteger(update?.update_id));
  if (updates.length === 0) {
    // A server that does not hold polls must not be asked in a tight loop.
    if (clock.monotonic() - askedAt < PAUSE_MS / 2) await clock.sleep(PAUSE_MS, signal);
    return 0;
  }
  const topics: Record<string, string> = {};
  const topicTitle = (chatId: string, threadId: string) => {
    const key = topicStateKey(chatId, threadId);
    return topics[key] ?? state.get(key);
  };
  const readings = updates.map((update) => {
    const topic = topicIn(update);
    if (topic) topics[topicStateKey(topic.chatId, topic.threadId)] = topic.title;
    return read(update, { ...reader, now: clock.now(), topicTitle }, context);
  });
  const changes = { ...topics, ...moves(readings.flatMap(inboundIn)) };
  await commit(context, readings, changes);
  committed(updates);
  return Math.max(...updates.map(({ update_id }) => update_id)) + 1;
}

/** An update that cannot be read takes none of the others with it. */
function read(update: Update, reader: Reader, { log }: Pick<ChannelContext, "log">): Reading {
  try {
    return inboundOf(update, reader);
  } catch (error) {
    const unreadable = unreadableOf(update, reader);
    if (!unreadable)
      log.warn("telegram sent an update that cannot be read", { update: update.update_id, why: detailOf(error) });
    return unreadable ?? { nobody: "an update that names neither a message nor a chat" };
  }
}

/** The next poll tells Telegram what has come. */
async function commit(
  context: Pick<ChannelContext, "receive">,
  readings: readonly Reading[],
  changes: StateChanges,
): Promise<void> {
  try {
    await context.receive(readings, changes);
  } catch (cause) {
    const why = "The gateway cannot write to its disk; Telegram keeps the messages until it can (24 hours at most).";
    throw new ChannelError("unavailable", why, { cause });
  }
}

function moves(inbound: readonly Inbound[]): StateChanges {
  return Object.fromEntries(
    inbound.flatMap((each) => (each.kind === "moved" ? [[movedStateKey(each.chat.id), each.toChatId]] : [])),
  );
}

/** Where the new id of a chat is kept that became a supergroup. */
export function movedStateKey(chatId: string): string {
  return `moved:${chatId}`;
}

/** Where the title of a topic is kept. */
function topicStateKey(chatId: string, threadId: string): string {
  return `topic:${chatId}:${threadId}`;
}
