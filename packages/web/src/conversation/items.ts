// The lines of a conversation: messages of people, each reply behind what it answers, and summaries. Pure functions, no page.

import { type Pressed, pressedOf } from "../canvas/pressed.ts";
import { indexOf, isInjected } from "./answered.ts";
import type { HistoryMessage, ShownAttachment, Summed } from "./history.ts";
import type { Branch } from "./older-messages.ts";
import type { OutboxEntry } from "./outbox.ts";
import { type Reply, type Run, replyOfMessage, replyOfRun, replyOfTurns } from "./reply.ts";

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
  /** Set for what was pressed on the canvas; the text is what the agent was told. */
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
