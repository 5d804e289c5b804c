// A whole conversation: its lines, with what came before, earlier versions, new days and what is new. Pure functions, no page.

import type { HistoryMessage } from "./history.ts";
import { type Item, itemsOf, type SaidItem } from "./items.ts";
import { type Branch, beginningText, type Chapter, joinChapters } from "./older-messages.ts";
import type { OutboxEntry } from "./outbox.ts";
import type { Run } from "./reply.ts";

/** What a whole conversation is made of. */
export interface Whole {
  readonly chapters: readonly Chapter[];
  readonly branches: readonly Branch[];
  /** The transcript of now, with what is known beside it; undefined where only older messages are shown. */
  readonly live:
    | {
        readonly sessionId: string | undefined;
        readonly history: readonly HistoryMessage[];
        readonly runs: readonly Run[];
        readonly outbox: readonly OutboxEntry[];
      }
    | undefined;
}

/** The conversation with all that came before: where it began anew, earlier versions, and a line for each new day. */
export function wholeOf({ chapters, branches, live }: Whole): Item[] {
  const isNow = ({ sessionId }: Chapter) => live !== undefined && sessionId === live.sessionId;
  const now = chapters.find(isNow);
  const older = chapters.filter((chapter) => !isNow(chapter));
  const items = older.flatMap((chapter, index) => [
    ...(index === 0 ? [] : [beginningItem(chapter)]),
    ...withBranches(pastItems(shownMessages(chapter)), branches),
  ]);
  if (live === undefined) return withDays(items);
  const { sessionId = "", history, runs, outbox } = live;
  const known = { sessionId, beganAt: now?.beganAt, reason: now?.reason };
  const messages = now === undefined ? history : (mergedWith(now, history) ?? history);
  if (older.length > 0 && history !== NOT_YET) items.push(beginningItem({ ...known, messages }));
  items.push(...withBranches(itemsOf(shownMessages({ ...known, messages }), runs, outbox), branches));
  return withDays(items);
}

/** What can be read and no more: nothing of it can be asked again. The same array for the same messages. */
export function pastItems(messages: readonly HistoryMessage[]): readonly Item[] {
  const known = pasts.get(messages);
  if (known !== undefined) return known;
  const isSaid = (item: Item): item is SaidItem => item.kind === "user" || item.kind === "reply";
  const items = itemsOf(messages, [], []).map((item) => (isSaid(item) ? { ...item, isPast: true as const } : item));
  pasts.set(messages, items);
  return items;
}
const pasts = new WeakMap<readonly HistoryMessage[], readonly Item[]>();

/** Stands for a history that has not arrived. */
export const NOT_YET: readonly HistoryMessage[] = [];

/** The older messages of the transcript that is shown from its end; the same array for the same two. */
const merges = new WeakMap<Chapter, { history: readonly HistoryMessage[]; messages: readonly HistoryMessage[] }>();
function mergedWith(chapter: Chapter, history: readonly HistoryMessage[]): readonly HistoryMessage[] | undefined {
  if (chapter.messages.length === 0) return history;
  const known = merges.get(chapter);
  if (known?.history === history) return known.messages;
  const messages = joinChapters([chapter, { ...chapter, messages: history }])[0]?.messages;
  if (messages !== undefined) merges.set(chapter, { history, messages });
  return messages;
}

/** The gateway's own note of a beginning says what the line above it says already. */
const withoutNotes = new WeakMap<readonly HistoryMessage[], readonly HistoryMessage[]>();
function shownMessages({ sessionId, reason, messages }: Chapter): readonly HistoryMessage[] {
  const note = `reset-${sessionId}`;
  if (reason === undefined || !messages.some(({ runId }) => runId === note)) return messages;
  const known = withoutNotes.get(messages) ?? messages.filter(({ runId }) => runId !== note);
  withoutNotes.set(messages, known);
  return known;
}

function beginningItem({ sessionId, beganAt, reason, messages }: Chapter): Item {
  const at = beganAt ?? messages[0]?.at;
  return { kind: "beginning", key: `begin-${sessionId}`, at, text: beginningText(reason) };
}

/** Each earlier version stands above what is there in its place. */
function withBranches(items: readonly Item[], branches: readonly Branch[]): Item[] {
  if (branches.length === 0) return [...items];
  return items.flatMap((item) => [
    ...branches
      .filter(({ instead }) => item.kind === "user" && item.key === instead)
      .map((branch): Item => ({ kind: "branch", key: `branch-${branch.id}`, branch }))
      .reverse(),
    item,
  ]);
}

/** The conversation with a line above the first message that its reader has not seen. */
export function withNew(items: readonly Item[], messageId: string | undefined): readonly Item[] {
  const key = messageId === undefined ? undefined : itemOfMessage(items, messageId);
  const at = items.findIndex((item) => item.key === key);
  return at <= 0 ? items : [...items.slice(0, at), { kind: "new", key: "new" }, ...items.slice(at)];
}

/** The key of the item that holds a message of the transcript. */
export function itemOfMessage(items: readonly Item[], messageId: string): string | undefined {
  return items.find((item) => {
    if (item.kind === "user") return item.message.id === messageId;
    return item.kind === "reply" && item.reply.ids.includes(messageId);
  })?.key;
}

/** A line where another day begins; the first day has one too when it is not today. */
function withDays(items: readonly Item[]): Item[] {
  let day = new Date().toDateString();
  const today = day;
  let isFirst = true;
  return items.flatMap((item): Item[] => {
    const at = item.kind === "user" ? item.message.at : item.kind === "reply" ? item.reply.at : undefined;
    if (at === undefined || at === 0) return [item];
    const itsDay = new Date(at).toDateString();
    const isNew = itsDay !== day || (isFirst && itsDay !== today);
    day = itsDay;
    isFirst = false;
    return isNew ? [{ kind: "day", key: `day-${itsDay}-${item.key}`, at }, item] : [item];
  });
}
