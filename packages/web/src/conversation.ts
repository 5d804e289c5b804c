// One session's messages: what the gateway remembers, what is on its way, what is being written. Pure functions, no page.

import { isRecord } from "@moltbot/protocol";
import type { Attachment, OutboxEntry } from "./outbox.ts";

/** A message as it lies in the gateway's transcript. */
export interface HistoryMessage {
  readonly id: string;
  readonly role: "user" | "assistant" | "note";
  readonly text: string;
  readonly attachments: readonly ShownAttachment[];
  readonly at: number;
  /** The idempotency key of the request that brought a user's message; also its run's id. */
  readonly key: string | undefined;
  readonly model: string | undefined;
  readonly outcome: Outcome;
}

/** An attachment to look at; history may know only its name. */
export type ShownAttachment = Pick<Attachment, "mimeType" | "fileName"> & { readonly content: string | undefined };

/** How a reply ended, or that it has not. */
export type Outcome =
  | { readonly kind: "writing" }
  | { readonly kind: "done" }
  | { readonly kind: "stopped" }
  | { readonly kind: "failed"; readonly reason: string };

/** A reply that we watch being written. */
export interface Run {
  readonly runId: string;
  /** As the gateway spells it in this run's events; `chat.abort` wants the same spelling. */
  readonly sessionKey: string;
  readonly text: string;
  /** The tool that is running now. */
  readonly tool: string | undefined;
  readonly model: string | undefined;
  readonly outcome: Outcome;
  readonly at: number;
}

/** One line of the conversation as shown. `key` stays the same while a message moves from outbox to history. */
export type Item =
  | { readonly kind: "user"; readonly key: string; readonly message: UserMessage }
  | { readonly kind: "reply"; readonly key: string; readonly reply: Reply };

/** A person's message. `entry` is there until the gateway's history has it. */
export interface UserMessage {
  readonly text: string;
  readonly attachments: readonly ShownAttachment[];
  readonly at: number;
  readonly entry: OutboxEntry | undefined;
}

/** The agent's message, finished or growing. */
export interface Reply {
  readonly text: string;
  readonly at: number;
  readonly model: string | undefined;
  readonly tool: string | undefined;
  readonly outcome: Outcome;
  readonly isNote: boolean;
}

/** The agent that works without a model; its replies need no model's name below them. */
const BUILTIN_PROVIDER = "moltbot";

/**
 * What to show, in order: the history, each open run behind the message it answers, then what is still on its way.
 * A message that is in the history and in the outbox is shown once.
 */
export function itemsOf(
  history: readonly HistoryMessage[],
  runs: readonly Run[],
  outbox: readonly OutboxEntry[],
): Item[] {
  const open = new Map(runs.filter((run) => !isAnswered(history, run)).map((run) => [run.runId, run]));
  const items: Item[] = [];
  const addRun = (runId: string | undefined) => {
    const run = runId === undefined ? undefined : open.get(runId);
    if (run === undefined) return;
    open.delete(run.runId);
    items.push(runItem(run));
  };
  for (const message of history) {
    items.push(historyItem(message));
    if (message.role === "user") addRun(message.key);
  }
  const known = new Set(history.map((message) => message.key));
  for (const entry of outbox.filter(({ key }) => !known.has(key))) {
    items.push(entryItem(entry));
    addRun(entry.key);
  }
  for (const runId of [...open.keys()]) addRun(runId);
  return items;
}

/** True when the history already holds the end of this run, so that its live copy is no longer needed. */
export function isAnswered(history: readonly HistoryMessage[], run: Run): boolean {
  if (history.some(({ id }) => `inject-${id}` === run.runId)) return true;
  const question = history.findIndex(({ role, key }) => role === "user" && key === run.runId);
  return question >= 0 && history[question + 1] !== undefined && history[question + 1]?.role !== "user";
}

/** The last message when it is a person's and nothing has answered it: a run may be at work on it. */
export function unansweredKey(history: readonly HistoryMessage[]): string | undefined {
  const last = history.at(-1);
  return last?.role === "user" ? last.key : undefined;
}

/** Reads what `chat.history` returns. Messages with nothing to show are left out. */
export function readHistory(messages: readonly unknown[]): HistoryMessage[] {
  return messages.flatMap((message, index) => readMessage(message, index) ?? []);
}

/** The text of a message's content: a string, or the text parts of a list. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  const texts = content.map((part) => (isRecord(part) && part.type === "text" ? String(part.text ?? "") : ""));
  return texts.filter((text) => text !== "").join("\n\n");
}

/** The model that wrote a message; the built-in agent's replies name none. */
export function modelOf({ provider, model }: Record<string, unknown>): string | undefined {
  return provider === BUILTIN_PROVIDER ? undefined : asText(model);
}

function readMessage(value: unknown, index: number): HistoryMessage | undefined {
  if (!isRecord(value)) return undefined;
  const { role } = value;
  if (role !== "user" && role !== "assistant" && role !== "system") return undefined;
  const { content, files } = role === "user" ? takeFiles(value.content) : { content: value.content, files: [] };
  const text = textOf(content);
  const attachments = [...files, ...attachmentsOf(value)];
  const outcome = outcomeOf(value);
  if (text === "" && attachments.length === 0 && outcome.kind === "done") return undefined;
  return {
    id: asText(value.id) ?? `at-${index}`,
    role: role === "system" ? "note" : role,
    text,
    attachments,
    at: typeof value.timestamp === "number" ? value.timestamp : 0,
    key: asText(value.idempotencyKey),
    model: modelOf(value),
    outcome,
  };
}

function outcomeOf({ stopReason, errorMessage }: Record<string, unknown>): Outcome {
  if (stopReason === "error") return { kind: "failed", reason: asText(errorMessage) ?? "The reply failed." };
  if (stopReason === "aborted") return { kind: "stopped" };
  return { kind: "done" };
}

/** A text file that was sent along lies in the transcript as a text part with its name in the first line. */
function takeFiles(content: unknown): { content: unknown; files: ShownAttachment[] } {
  if (!Array.isArray(content)) return { content, files: [] };
  const fileName = (part: unknown) => {
    const text = isRecord(part) && part.type === "text" ? String(part.text) : "";
    return /^\[file ([^\n]+)\]\n/.exec(text)?.[1];
  };
  return {
    content: content.filter((part) => fileName(part) === undefined),
    files: content.flatMap((part) => {
      const name = fileName(part);
      return name === undefined ? [] : [{ mimeType: "text/plain", fileName: name, content: undefined }];
    }),
  };
}

function attachmentsOf({ content, attachments }: Record<string, unknown>): ShownAttachment[] {
  const parts = [...(Array.isArray(content) ? content : []), ...(Array.isArray(attachments) ? attachments : [])];
  return parts.flatMap((part) => {
    if (!isRecord(part) || (part.type !== "image" && part.type !== "file")) return [];
    const mimeType = asText(part.mimeType) ?? asText(part.mediaType) ?? "application/octet-stream";
    return [
      { mimeType, fileName: asText(part.fileName) ?? part.type, content: asText(part.content) ?? asText(part.data) },
    ];
  });
}

/** The same message gives the same item, so that a growing reply renders itself and nothing else. */
function memo<T extends object>(itemFor: (source: T) => Item): (source: T) => Item {
  const known = new WeakMap<T, Item>();
  return (source) => {
    const item = known.get(source) ?? itemFor(source);
    known.set(source, item);
    return item;
  };
}

const historyItem = memo((message: HistoryMessage): Item => {
  const { text, attachments, at, model, outcome } = message;
  if (message.role === "user") {
    return { kind: "user", key: message.key ?? message.id, message: { text, attachments, at, entry: undefined } };
  }
  const isNote = message.role === "note";
  return { kind: "reply", key: message.id, reply: { text, at, model, tool: undefined, outcome, isNote } };
});

const entryItem = memo((entry: OutboxEntry): Item => {
  const { key, text, attachments, at } = entry;
  return { kind: "user", key, message: { text, attachments, at, entry } };
});

const runItem = memo(({ runId, text, at, model, tool, outcome }: Run): Item => {
  return { kind: "reply", key: `run-${runId}`, reply: { text, at, model, tool, outcome, isNote: false } };
});

function asText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
