// One session's messages: what the gateway remembers, what is on its way, what is being written. Pure functions, no page.

import { type Pressed, pressedOf } from "../canvas/pressed.ts";
import type { HistoryMessage, ShownAttachment, Summed } from "./history.ts";
import type { OutboxEntry } from "./outbox.ts";
import { type Branch, beginningText, type Chapter, joinChapters } from "./past.ts";
import { endOf, type Reply, type Run, replyOfMessage, replyOfRun, replyOfTurns } from "./reply.ts";

/** One line of the conversation as shown. `key` stays the same while a message moves from outbox to history. */
export type Item =
  | { readonly kind: "user"; readonly key: string; readonly message: UserMessage; readonly isPast?: true }
  | { readonly kind: "reply"; readonly key: string; readonly reply: Reply; readonly isPast?: true }
  | { readonly kind: "compaction"; readonly key: string; readonly compaction: Compaction }
  | { readonly kind: "new"; readonly key: string }
  | { readonly kind: "day"; readonly key: string; readonly at: number }
  | { readonly kind: "beginning"; readonly key: string; readonly at: number | undefined; readonly text: string }
  | { readonly kind: "branch"; readonly key: string; readonly branch: Branch };

/** An item that somebody has said. */
export type SaidItem = Extract<Item, { kind: "user" | "reply" }>;

/** A person's message. `entry` is there until the gateway's history has it. */
export interface UserMessage {
  /** In the transcript; none while it is on its way. */
  readonly id: string | undefined;
  readonly text: string;
  readonly attachments: readonly ShownAttachment[];
  readonly at: number;
  readonly entry: OutboxEntry | undefined;
  /** It was pressed on the canvas; the text is what the agent was told. */
  readonly pressed?: Pressed | undefined;
}

/** Where everything before became a summary for the model. */
export interface Compaction {
  readonly text: string;
  readonly at: number;
  readonly summed: Summed | undefined;
  /** The newest one can be undone. */
  readonly isNewest: boolean;
}

/** How far back a message can be that still waits for its reply. */
const UNANSWERED_WITHIN = 20;
/** The gateway forgets runs after a week; a message older than this has no run to ask about, in milliseconds. */
const UNANSWERED_MS = 6 * 24 * 3_600_000;

/**
 * What to show, in order: the history, each reply behind the message it answers, then what is still on its way.
 * A message that is in the history and in the outbox is shown once; so is a reply that we watched.
 */
export function itemsOf(
  history: readonly HistoryMessage[],
  runs: readonly Run[],
  outbox: readonly OutboxEntry[],
): Item[] {
  const { turns, questions } = indexOf(history);
  const watched = new Map(runs.filter((run) => !isInjected(history, run)).map((run) => [run.runId, run]));
  const placed = new Set<string>();
  const items: (Item | undefined)[] = [];
  const summaries = new Summaries(history);
  const addReply = (runId: string) => {
    if (placed.has(runId)) return;
    placed.add(runId);
    const messages = turns.get(runId);
    const run = watched.get(runId);
    const question = questions.get(runId);
    if (messages !== undefined) items.push(turnsItem(messages, run, question), ...summaries.behind(messages));
    else if (run !== undefined) items.push(runItem(run, question));
  };
  for (const message of history) {
    const { role, key, runId } = message;
    if (role === "compaction") items.push(...summaries.unplaced(message));
    else if (role === "user") items.push(userItem(message));
    else if (runId === undefined && role !== "tool") items.push(messageItem(message));
    if (role === "user" || runId === undefined) items.push(...summaries.behind([message]));
    if (role === "user" && key !== undefined) addReply(key);
    else if (role !== "user" && runId !== undefined && !questions.has(runId)) addReply(runId);
  }
  for (const entry of outbox.filter(({ key }) => !questions.has(key))) {
    items.push(entryItem(entry));
    addReply(entry.key);
  }
  for (const runId of watched.keys()) addReply(runId);
  return items.filter((item) => item !== undefined);
}

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
    ...withBranches(pastItems(told(chapter)), branches),
  ]);
  if (live === undefined) return withDays(items);
  const { sessionId = "", history, runs, outbox } = live;
  const known = { sessionId, beganAt: now?.beganAt, reason: now?.reason };
  const messages = now === undefined ? history : (mergedWith(now, history) ?? history);
  if (older.length > 0 && history !== NOT_YET) items.push(beginningItem({ ...known, messages }));
  items.push(...withBranches(itemsOf(told({ ...known, messages }), runs, outbox), branches));
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
const tolds = new WeakMap<readonly HistoryMessage[], readonly HistoryMessage[]>();
function told({ sessionId, reason, messages }: Chapter): readonly HistoryMessage[] {
  const note = `reset-${sessionId}`;
  if (reason === undefined || !messages.some(({ runId }) => runId === note)) return messages;
  const known = tolds.get(messages) ?? messages.filter(({ runId }) => runId !== note);
  tolds.set(messages, known);
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

/** True when the history already holds the end of this run, so that its live copy is no longer needed. */
export function isAnswered(history: readonly HistoryMessage[], run: Run): boolean {
  return isInjected(history, run) || endOf(indexOf(history).turns.get(run.runId) ?? []) !== undefined;
}

/** Messages of people, oldest first, that nothing has answered to the end: runs may be at work on them. */
export function unansweredKeys(history: readonly HistoryMessage[], now = Date.now()): string[] {
  const { turns } = indexOf(history);
  return history.slice(-UNANSWERED_WITHIN).flatMap(({ role, key, at }) => {
    if (role !== "user" || key === undefined || now - at > UNANSWERED_MS) return [];
    return endOf(turns.get(key) ?? []) === undefined ? [key] : [];
  });
}

interface Index {
  /** The messages of each run but the one that asked for it. */
  readonly turns: ReadonlyMap<string, readonly HistoryMessage[]>;
  /** The ids of people's messages by their idempotency keys. */
  readonly questions: ReadonlyMap<string, string>;
}

const indexes = new WeakMap<readonly HistoryMessage[], Index>();

function indexOf(history: readonly HistoryMessage[]): Index {
  const known = indexes.get(history);
  if (known !== undefined) return known;
  const turns = new Map<string, HistoryMessage[]>();
  const questions = new Map<string, string>();
  for (const message of history) {
    const { id, role, key, runId } = message;
    if (role === "user" && key !== undefined) questions.set(key, id);
    if (runId === undefined || (role !== "assistant" && role !== "tool")) continue;
    turns.set(runId, [...(turns.get(runId) ?? []), message]);
  }
  const index = { turns, questions };
  indexes.set(history, index);
  return index;
}

/** A note that was injected is told of as a run, named by the beginning of its message's id. */
function isInjected(history: readonly HistoryMessage[], { runId }: Run): boolean {
  return runId.startsWith("inject-") && history.some(({ id }) => `inject-${id.slice(0, 8)}` === runId);
}

/** Remembers the item of each message, so that a growing reply renders itself and nothing else. */
function memo<T extends object, Rest extends readonly unknown[]>(
  itemFor: (source: T, ...rest: Rest) => Item | undefined,
): (source: T, ...rest: Rest) => Item | undefined {
  const known = new WeakMap<T, { rest: Rest; item: Item | undefined }>();
  return (source, ...rest) => {
    const old = known.get(source);
    if (old?.rest.every((each, index) => each === rest[index])) return old.item;
    const item = itemFor(source, ...rest);
    known.set(source, { rest, item });
    return item;
  };
}

const userItem = memo(({ id, key, text, attachments, at }: HistoryMessage): Item => {
  return {
    kind: "user",
    key: key ?? id,
    message: { id, text, attachments, at, entry: undefined, pressed: pressedOf(key, text) },
  };
});

const messageItem = memo((message: HistoryMessage): Item => {
  return { kind: "reply", key: message.id, reply: replyOfMessage(message) };
});

const compactionItem = memo((message: HistoryMessage, isNewest: boolean): Item => {
  const { id, text, at, summed } = message;
  return { kind: "compaction", key: id, compaction: { text, at, summed, isNewest } };
});

/** Where the lines of summaries go: behind the last message that each stands for, else where they were made. */
class Summaries {
  readonly #byEnd: ReadonlyMap<string, HistoryMessage>;
  readonly #newest: HistoryMessage | undefined;

  constructor(history: readonly HistoryMessage[]) {
    const all = history.filter(({ role }) => role === "compaction");
    const known = new Set(all.length === 0 ? [] : history.map(({ id }) => id));
    const isPlaced = ({ summed }: HistoryMessage) => summed?.to !== undefined && known.has(summed.to);
    this.#newest = all.at(-1);
    this.#byEnd = new Map(all.filter(isPlaced).map((message) => [message.summed?.to ?? "", message]));
  }

  behind(messages: readonly HistoryMessage[]): (Item | undefined)[] {
    if (this.#byEnd.size === 0) return [];
    return messages.flatMap(({ id }) => {
      const summary = this.#byEnd.get(id);
      return summary === undefined ? [] : [compactionItem(summary, summary === this.#newest)];
    });
  }

  unplaced(message: HistoryMessage): (Item | undefined)[] {
    const isPlaced = this.#byEnd.get(message.summed?.to ?? "") === message;
    return isPlaced ? [] : [compactionItem(message, message === this.#newest)];
  }
}

/** A run whose last message is empty has nothing to show. */
const turnsItem = memo(
  (messages: readonly HistoryMessage[], run: Run | undefined, question: string | undefined): Item | undefined => {
    const reply = replyOfTurns(messages, run, question);
    if (reply.parts.length === 0 && reply.outcome.kind === "done") return undefined;
    return { kind: "reply", key: `run-${messages[0]?.runId}`, reply };
  },
);

const entryItem = memo((entry: OutboxEntry): Item => {
  const { key, text, attachments, at } = entry;
  return { kind: "user", key, message: { id: undefined, text, attachments, at, entry } };
});

const runItem = memo(
  (run: Run, question: string | undefined): Item => ({
    kind: "reply",
    key: `run-${run.runId}`,
    reply: replyOfRun(run, question),
  }),
);
