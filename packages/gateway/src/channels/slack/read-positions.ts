/** The read position of each conversation and thread: stored with the messages, and used after an absence. */
import type { ChannelContext, StateChanges } from "../../kit/channel.ts";
import type { Inbound } from "../../kit/channel-message.ts";

const CHANNEL = "seen:";
const THREAD = "thread:";
/** When we last took anything in; for direct conversations that are new to us. */
const ALIVE = "alive";
/** Threads in which nothing was said for this long are not looked at any more. */
const THREAD_MS = 7 * 24 * 60 * 60 * 1000;
/** Our clock and Slack's differ; what is read twice is known by its key. */
const SKEW_MS = 60_000;

type Kept = Pick<ChannelContext, "state" | "clock">;

/** The changes of state that go with what is taken in. */
export function readPositionChanges(inbound: readonly Inbound[], { state }: Pick<Kept, "state">): StateChanges {
  const changes: Record<string, string> = {};
  for (const { kind, chat, messageId } of inbound) {
    if (kind !== "message" || !/^\d+\.\d+$/.test(messageId)) continue;
    const key = keyOf(chat.id, chat.threadId);
    const before = changes[key] ?? state.get(key);
    if (before === undefined || Number(messageId) > Number(before)) changes[key] = messageId;
  }
  return changes;
}

/** Nothing up to now is missing any more. */
export function lastAliveChange({ clock }: Pick<Kept, "clock">): StateChanges {
  return { [ALIVE]: tsOf(clock.now() - SKEW_MS) };
}

/** From the first start on, what is said while we are away is looked for. */
export function initReadPositions({ state, clock }: Kept): void {
  if (state.get(ALIVE) === undefined) state.write(lastAliveChange({ clock }));
}

/** Remembers a conversation or thread that we have written in, so that answers in it are found. */
export function rememberPlace(chat: { id: string; threadId?: string | undefined }, ts: string, { state }: Kept): void {
  const key = keyOf(chat.id, chat.threadId);
  if (state.get(key) === undefined) state.write({ [key]: ts });
}

/** The ts up to which a conversation was read. */
export function readUpTo(channelId: string, { state }: Kept): string | undefined {
  return state.get(`${CHANNEL}${channelId}`) ?? state.get(ALIVE);
}

/** Threads that were read, newest first, at most `limit`; those in which nothing was said for a week are forgotten. */
export function readThreads(limit: number, { state, clock }: Kept) {
  const threads = state.entries(THREAD).map(([key, seen]) => {
    const [, channelId = "", threadTs = ""] = key.split(":");
    return { key, channelId, threadTs, seen };
  });
  const oldest = (clock.now() - THREAD_MS) / 1000;
  const stale = threads.filter(({ seen }) => Number(seen) < oldest).map(({ key }) => [key, undefined]);
  if (stale.length > 0) state.write(Object.fromEntries(stale));
  return threads
    .filter(({ seen }) => Number(seen) >= oldest)
    .sort((one, other) => Number(other.seen) - Number(one.seen))
    .slice(0, limit);
}

function keyOf(channelId: string, threadTs: string | undefined): string {
  return threadTs === undefined ? `${CHANNEL}${channelId}` : `${THREAD}${channelId}:${threadTs}`;
}

function tsOf(ms: number): string {
  return `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, "0")}000`;
}
