// One session's messages: what the gateway remembers, what is on its way, what is being written. Pure functions, no page.

import type { HistoryMessage, ShownAttachment, Summed } from "./history.ts";
import type { OutboxEntry } from "./outbox.ts";
import { endOf, type Reply, type Run, replyOfMessage, replyOfRun, replyOfTurns } from "./reply.ts";

/** One line of the conversation as shown. `key` stays the same while a message moves from outbox to history. */
export type Item =
  | { readonly kind: "user"; readonly key: string; readonly message: UserMessage }
  | { readonly kind: "reply"; readonly key: string; readonly reply: Reply }
  | { readonly kind: "compaction"; readonly key: string; readonly compaction: Compaction };

/** A person's message. `entry` is there until the gateway's history has it. */
export interface UserMessage {
  readonly text: string;
  readonly attachments: readonly ShownAttachment[];
  readonly at: number;
  readonly entry: OutboxEntry | undefined;
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
    if (messages !== undefined) items.push(turnsItem(messages, run), ...summaries.behind(messages));
    else if (run !== undefined) items.push(runItem(run));
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
  /** The idempotency keys of people's messages. */
  readonly questions: ReadonlySet<string>;
}

const indexes = new WeakMap<readonly HistoryMessage[], Index>();

function indexOf(history: readonly HistoryMessage[]): Index {
  const known = indexes.get(history);
  if (known !== undefined) return known;
  const turns = new Map<string, HistoryMessage[]>();
  const questions = new Set<string>();
  for (const message of history) {
    const { role, key, runId } = message;
    if (role === "user" && key !== undefined) questions.add(key);
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
  return { kind: "user", key: key ?? id, message: { text, attachments, at, entry: undefined } };
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
const turnsItem = memo((messages: readonly HistoryMessage[], run: Run | undefined): Item | undefined => {
  const reply = replyOfTurns(messages, run);
  if (reply.parts.length === 0 && reply.outcome.kind === "done") return undefined;
  return { kind: "reply", key: `run-${messages[0]?.runId}`, reply };
});

const entryItem = memo((entry: OutboxEntry): Item => {
  const { key, text, attachments, at } = entry;
  return { kind: "user", key, message: { text, attachments, at, entry } };
});

const runItem = memo((run: Run): Item => ({ kind: "reply", key: `run-${run.runId}`, reply: replyOfRun(run) }));
