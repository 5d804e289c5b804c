// Which messages of a history belong to which run, and which still wait for an answer. Pure functions.

import type { HistoryMessage } from "./history.ts";
import { endOf, type Run } from "./reply.ts";

/** How far back a message can be that still waits for its reply. */
const UNANSWERED_WITHIN = 20;
/** The gateway forgets runs after a week; a message older than this has no run to ask about, in milliseconds. */
const UNANSWERED_MS = 6 * 24 * 3_600_000;

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

/** Read once for each history. */
export function indexOf(history: readonly HistoryMessage[]): Index {
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
export function isInjected(history: readonly HistoryMessage[], { runId }: Run): boolean {
  return runId.startsWith("inject-") && history.some(({ id }) => `inject-${id.slice(0, 8)}` === runId);
}
