// The gateway's transcript as the page reads it: messages of people, of the agent, of tools. Pure functions.

import { isRecord } from "@moltbot/protocol";
import { t } from "../words/t.ts";
import type { Attachment } from "./outbox.ts";
import type { Part } from "./parts.ts";

/** A message as the gateway's transcript has it. */
export interface HistoryMessage {
  readonly id: string;
  readonly role: "user" | "assistant" | "tool" | "note" | "compaction";
  readonly text: string;
  /** What the agent's message is made of; calls are without their answers, which are messages of their own. */
  readonly parts: readonly Part[];
  readonly attachments: readonly ShownAttachment[];
  readonly at: number;
  /** The idempotency key of the request that brought a user's message; also its run's id. */
  readonly key: string | undefined;
  /** The run that it belongs to; none for what was injected. */
  readonly runId: string | undefined;
  readonly by: By | undefined;
  readonly outcome: Outcome;
  /** The agent's turn goes on with tools; another message follows. */
  readonly isTurn: boolean;
  /** Of a message with role "tool". */
  readonly answer: ToolAnswer | undefined;
  /** What people are told beside the model's words: before them, and behind. */
  readonly aside: { readonly notes: readonly string[]; readonly footer: string | undefined };
  /** Of a message with role "compaction". */
  readonly summed: Summed | undefined;
  /** The model was cut off: its answer was as long as it may be. */
  readonly isCut: boolean;
}

/** What a summary stands for. */
export interface Summed {
  /** The id of the last message it stands for. */
  readonly to: string | undefined;
  readonly messages: number | undefined;
  readonly tokensBefore: number | undefined;
  readonly tokensAfter: number | undefined;
}

/** What a tool answered to a call. */
export interface ToolAnswer {
  readonly callId: string;
  readonly isError: boolean;
  readonly meta: Readonly<Record<string, unknown>> | undefined;
  readonly durationMs: number | undefined;
}

/** Which model wrote a reply. */
export interface By {
  readonly provider: string | undefined;
  readonly model: string;
}

/** An attachment to look at; history may know only its name. */
export type ShownAttachment = Pick<Attachment, "mimeType" | "fileName"> & { readonly content: string | undefined };

/** How a reply ended, or that it has not. `waiting`: another reply comes first. */
export type Outcome =
  | { readonly kind: "waiting" }
  | { readonly kind: "writing" }
  | { readonly kind: "done" }
  | { readonly kind: "stopped" }
  | { readonly kind: "failed"; readonly reason: string };

/** The agent that works without a model; its replies need no model's name below them. */
const BUILTIN_PROVIDER = "moltbot";

const ROLES: Readonly<Record<string, HistoryMessage["role"]>> = {
  user: "user",
  assistant: "assistant",
  toolResult: "tool",
  system: "note",
};

/** Reads what `chat.history` returns. Messages with nothing to show are left out. */
export function readHistory(messages: readonly unknown[]): HistoryMessage[] {
  return messages.flatMap((message, index) => readMessage(message, index) ?? []);
}

/**
 * The history with its newest messages fetched anew. Undefined when the two do not meet: then something in between is
 * missing. `isAll` says that nothing is older than those that were fetched.
 */
export function withNewest(
  history: readonly HistoryMessage[],
  newest: readonly HistoryMessage[],
  isAll: boolean,
): readonly HistoryMessage[] | undefined {
  if (isAll) return newest;
  const at = history.findIndex(({ id }) => id === newest[0]?.id);
  return at === -1 ? undefined : [...history.slice(0, at), ...newest];
}

/** The text of a message's content: a string, or the text parts of a list. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  const texts = content.map((part) => (isRecord(part) && part.type === "text" ? String(part.text ?? "") : ""));
  return texts.filter((text) => text !== "").join("\n\n");
}

/** The model that wrote a message; the built-in agent's replies name none. */
export function byOf({ provider, model }: Record<string, unknown>): By | undefined {
  const name = asText(model);
  if (name === undefined || provider === BUILTIN_PROVIDER) return undefined;
  return { provider: asText(provider), model: name };
}

function readMessage(value: unknown, index: number): HistoryMessage | undefined {
  if (!isRecord(value)) return undefined;
  const role = isCompaction(value) ? "compaction" : ROLES[String(value.role)];
  if (role === undefined) return undefined;
  const { content, files } = role === "user" ? takeFiles(value.content) : { content: value.content, files: [] };
  const text = textOf(content);
  const parts = role === "assistant" ? readParts(content) : [];
  const attachments = [...files, ...attachmentsOf(value)];
  const outcome = outcomeOf(value);
  const runId = asText(value.runId);
  const answer = role === "tool" ? readAnswer(value) : undefined;
  if (role === "tool" && answer === undefined) return undefined;
  const summed = role === "compaction" ? readSummed(value) : undefined;
  // The last message of a run counts even when nothing was left to say: it ends the run.
  const isEmpty = text === "" && parts.length === 0 && attachments.length === 0 && outcome.kind === "done";
  if (isEmpty && role !== "tool" && role !== "compaction" && runId === undefined) return undefined;
  return {
    id: asText(value.id) ?? `at-${index}`,
    ...{ role, text, parts, attachments, runId, outcome, answer, summed, aside: readAside(value) },
    at: typeof value.timestamp === "number" ? value.timestamp : 0,
    key: asText(value.idempotencyKey),
    by: byOf(value),
    isTurn: value.stopReason === "toolUse",
    isCut: value.stopReason === "length",
  };
}

function isCompaction({ role, details }: Record<string, unknown>): boolean {
  return role === "system" && isRecord(details) && details.kind === "compaction";
}

function readParts(content: unknown): Part[] {
  if (typeof content === "string") return content === "" ? [] : [{ kind: "text", text: content }];
  if (!Array.isArray(content)) return [];
  return content.flatMap((part): Part[] => {
    if (!isRecord(part)) return [];
    if (part.type === "text" && String(part.text ?? "") !== "") return [{ kind: "text", text: String(part.text) }];
    if (part.type === "thinking" && String(part.thinking ?? "").trim() !== "")
      return [{ kind: "thinking", text: String(part.thinking).trim() }];
    if (part.type !== "toolCall") return [];
    const { id, name, arguments: args } = part;
    return [{ kind: "call", call: { id: String(id), name: String(name), args, state: "running" } }];
  });
}

function readAnswer({ toolCallId, isError, details }: Record<string, unknown>): ToolAnswer | undefined {
  const callId = asText(toolCallId);
  if (callId === undefined) return undefined;
  const { meta, durationMs } = isRecord(details) ? details : {};
  return {
    callId,
    isError: isError === true,
    meta: isRecord(meta) ? meta : undefined,
    durationMs: typeof durationMs === "number" ? durationMs : undefined,
  };
}

function readSummed({ details }: Record<string, unknown>): Summed {
  const { to, messages, tokensBefore, tokensAfter } = isRecord(details) ? details : {};
  const asCount = (value: unknown) => (typeof value === "number" ? value : undefined);
  return {
    to: asText(to),
    messages: asCount(messages),
    tokensBefore: asCount(tokensBefore),
    tokensAfter: asCount(tokensAfter),
  };
}

function readAside({ details }: Record<string, unknown>): HistoryMessage["aside"] {
  const { notes, footer } = isRecord(details) ? details : {};
  return { notes: Array.isArray(notes) ? notes.map(String) : [], footer: asText(footer) };
}

function outcomeOf({ stopReason, errorMessage }: Record<string, unknown>): Outcome {
  if (stopReason === "error") return { kind: "failed", reason: asText(errorMessage) ?? t("The reply failed.") };
  if (stopReason === "aborted") return { kind: "stopped" };
  return { kind: "done" };
}

/** A text file that was sent along is in the transcript as a text part with its name in the first line. */
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

function asText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
