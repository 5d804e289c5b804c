// A reply as a reader sees it: one, however many turns it took, and whether the transcript has it, or we watch it grow.

import { type By, type HistoryMessage, type Outcome, textOf } from "./history.ts";
import { callsOf, endState, type Part, partsOf, type Step, type ToolCall, textOfParts } from "./parts.ts";

/** A reply that we watch. */
export interface Run {
  readonly runId: string;
  /** As the gateway spells it in this run's events; `chat.abort` wants the same spelling. */
  readonly sessionKey: string;
  /** Of all turns so far; a blank line is between them. */
  readonly text: string;
  readonly steps: readonly Step[];
  readonly by: By | undefined;
  readonly outcome: Outcome;
  /** What the gateway does before it goes on, in a word. */
  readonly busyWith: "compaction" | undefined;
  readonly at: number;
}

/** The agent's message, finished or growing. */
export interface Reply {
  readonly parts: readonly Part[];
  readonly text: string;
  readonly at: number;
  readonly by: By | undefined;
  readonly outcome: Outcome;
  readonly busyWith: Run["busyWith"];
  /** The run to stop while it waits for its turn. */
  readonly runId: string | undefined;
  /** The id of the message that it answers, if that is a person's in the transcript of now. */
  readonly question: string | undefined;
  /** The ids of its messages in the transcript. */
  readonly ids: readonly string[];
  /** The model was cut off. */
  readonly isCut: boolean;
  readonly isNote: boolean;
}

/** True until the reply has ended in one way or another. */
export function isOpen({ kind }: Outcome): boolean {
  return kind === "writing" || kind === "waiting";
}

/** The reply that only we know of. */
export function replyOfRun({ text, steps, at, by, outcome, busyWith, runId }: Run, question?: string): Reply {
  const parts = partsOf(text, steps).map((part) => (isOpen(outcome) ? part : withOpenCall(part)));
  const rest = { question, ids: [], isCut: false, isNote: false };
  return { parts, text: textOfParts(parts), at, by, outcome, busyWith, runId, ...rest };
}

/** The message of a transcript that is of no run: injected, or a note. */
export function replyOfMessage(message: HistoryMessage): Reply {
  const { id, text, at, by, outcome, role, isCut } = message;
  const parts: Part[] = text === "" ? [] : [{ kind: "text", text }];
  const rest = { question: undefined, ids: [id], isCut, isNote: role === "note" };
  return { parts, text, at, by, outcome, busyWith: undefined, runId: undefined, ...rest };
}

/** The reply of a run from what the transcript has of it, and what we have watched beside that. */
export function replyOfTurns(messages: readonly HistoryMessage[], run: Run | undefined, question?: string): Reply {
  const end = endOf(messages);
  const live = end === undefined ? run : undefined;
  const outcome = end?.outcome ?? live?.outcome ?? { kind: "done" };
  const told = foldTurns(messages, run);
  const all = live === undefined ? withAside(told, end) : [...told, ...newParts(told, live)];
  const parts = isOpen(outcome) ? all : all.map(withOpenCall);
  const last = messages.findLast(({ role }) => role === "assistant");
  return {
    parts,
    text: textOfParts(parts),
    at: last?.at ?? 0,
    by: last?.by ?? run?.by,
    outcome,
    busyWith: live?.busyWith,
    runId: run?.runId,
    question,
    ids: messages.map(({ id }) => id),
    isCut: end?.isCut ?? false,
    isNote: false,
  };
}

/** The message that ended a run, if it has ended. */
export function endOf(messages: readonly HistoryMessage[]): HistoryMessage | undefined {
  return messages.find(({ role, isTurn }) => role === "assistant" && !isTurn);
}

/** What people were told beside the model's words, as they saw it while the reply grew. */
function withAside(parts: readonly Part[], end: HistoryMessage | undefined): readonly Part[] {
  const { notes = [], footer } = end?.aside ?? {};
  const text = textOfParts(parts);
  const unsaid = notes.filter((note) => !text.includes(note));
  return [
    ...unsaid.map((note): Part => ({ kind: "text", text: `_${note}_` })),
    ...parts,
    ...(footer === undefined ? [] : [{ kind: "text" as const, text: footer }]),
  ];
}

/** The turns one behind the other, each call with its answer. */
function foldTurns(messages: readonly HistoryMessage[], run: Run | undefined): Part[] {
  const answers = new Map(messages.flatMap((message) => (message.answer ? [[message.answer.callId, message]] : [])));
  const watched = new Map(callsOf(run?.steps.map(({ part }) => part) ?? []).map((call) => [call.id, call]));
  return messages.flatMap(({ parts }) =>
    parts.map((part) => {
      if (part.kind !== "call") return part.kind === "text" ? { ...part, text: part.text.trim() } : part;
      const { id } = part.call;
      const seen = watched.get(id);
      return { ...part, call: withAnswer({ ...seen, ...part.call, state: seen?.state ?? "running" }, answers.get(id)) };
    }),
  );
}

function withAnswer(call: ToolCall, message: HistoryMessage | undefined): ToolCall {
  if (message?.answer === undefined) return call;
  const { isError, meta = call.meta, durationMs = call.durationMs } = message.answer;
  const images = message.attachments.flatMap(({ mimeType, content }) =>
    content === undefined ? [] : [`data:${mimeType};base64,${content}`],
  );
  return { ...call, state: endState(isError, meta), result: textOf(message.text), images, meta, durationMs };
}

/** What we have watched since the turns that the transcript has. */
function newParts(told: readonly Part[], { text, steps }: Run): Part[] {
  let from = 0;
  for (const part of told) {
    const at = part.kind === "text" ? text.indexOf(part.text, from) : -1;
    if (part.kind === "text" && at >= 0) from = at + part.text.length;
  }
  const known = new Set(callsOf(told).map(({ id }) => id));
  const thoughts = told.flatMap((part) => (part.kind === "thinking" ? [part.text] : []));
  const isTold = ({ part }: Step) =>
    part.kind === "call" ? known.has(part.call.id) : thoughts.some((each) => each.includes(part.text.trim()));
  const fresh = steps.slice(steps.findLastIndex(isTold) + 1);
  return partsOf(
    text.slice(from),
    fresh.map(({ at, part }) => ({ at: Math.max(0, at - from), part })),
  );
}

/** The run is over: what has no answer gets none. */
function withOpenCall(part: Part): Part {
  if (part.kind !== "call" || part.call.state !== "running") return part;
  return { ...part, call: { ...part.call, state: "open" } };
}
