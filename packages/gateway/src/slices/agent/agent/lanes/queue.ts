/**
 * The rules for messages that arrive during a reply of their conversation. `lanes.ts` knows who waits where, `runs.ts`
 * what is written.
 */
import { oneLine, type Source, type Words } from "../../../../kit/text/framing.ts";
import type { StoredPart } from "../../../core/sessions/messages/stored-message.ts";
import type { RunRecord, RunRequest } from "../run/run-store.ts";
import { audienceIn, rankIn } from "../toolbox/tool-policy.ts";

/**
 * `collect` answers all waiting messages in one turn; `followup` answers each in a turn of its own; `steer` passes them
 * to the reply under way; `steer-backlog` does both; `interrupt` ends the reply under way for the newest message.
 */
export type QueueMode = (typeof QUEUE_MODES)[number];
export const QUEUE_MODES = ["collect", "followup", "steer", "steer-backlog", "interrupt"] as const;

/** How the messages of a conversation wait. */
export interface QueueRules {
  readonly mode: QueueMode;
  /** The pause after the last message before the next turn begins, ms. */
  readonly debounceMs: number;
  /** How many may wait. */
  readonly cap: number;
  /**
   * Which message is left out when more arrive (`messageToDrop`): the oldest, with or without a line in its place, or the
   * newest.
   */
  readonly drop: "summarize" | "old" | "new";
}

/** The default rules. */
export const IN_ORDER: QueueRules = { mode: "followup", debounceMs: 0, cap: 20, drop: "summarize" };

const MAX_OMITTED = 20;
const OMITTED_CHARS = 160;

/** Whether a run answers a person's message; runs of the `agent` method keep their own turn and answer. */
export function isFromPerson({ source }: Pick<RunRecord, "source">): boolean {
  return source === "chat.send" || source === "channel";
}

/** Whether messages wait to be answered together. */
export function collects({ mode }: QueueRules): boolean {
  return mode === "collect" || mode === "steer-backlog";
}

/**
 * Whether two messages may share a turn: of one conversation, answered in one place, and with equal rights.
 * `hasOwnRules` tells whether some tools are allowed or denied to one sender by id.
 */
export function mayShareTurn(a: RunRecord, b: RunRecord, hasOwnRules: (record: RunRecord) => boolean): boolean {
  const isSameSender = a.principal === b.principal || !(hasOwnRules(a) || hasOwnRules(b));
  return a.sessionId === b.sessionId && isSameSender && traitsOf(a.request) === traitsOf(b.request);
}

/** The parts of a request, beside its message, that the model's turn depends on. */
function traitsOf({
  message: _message,
  timeoutMs: _timeoutMs,
  omitted: _omitted,
  mark: _mark,
  starter,
  ...rest
}: RunRequest): string {
  return JSON.stringify([rest, [...starter.scopes].sort()]);
}

/** The waiting runs that begin next: the first, and those behind it that are answered together with it. */
export function nextBatch<T>(
  waiting: readonly T[],
  { collects, together }: { collects: (head: T) => boolean; together: (head: T, other: T) => boolean },
): T[] {
  const [head] = waiting;
  if (head === undefined) return [];
  if (!collects(head)) return [head];
  const end = waiting.findIndex((each) => !together(head, each));
  return waiting.slice(0, end === -1 ? waiting.length : end);
}

/** The parts of a run that decide which message makes room. */
type Sent = Pick<RunRecord, "principal" | "request">;

/**
 * Chooses the message to leave out when there are too many, so that nobody crowds out anybody else: one of the senders
 * with the fewest rights; among them, of the sender with the most messages. `messages` are in order of arrival, the new
 * one last.
 */
export function messageToDrop<T extends Sent>(messages: readonly T[], drop: QueueRules["drop"]): T | undefined {
  const lowest = Math.min(...messages.map(rankIn));
  const low = messages.filter((each) => rankIn(each) === lowest);
  const bySender = Map.groupBy(low, ({ principal }) => principal);
  const most = Math.max(...[...bySender.values()].map(({ length }) => length));
  const surplus = low.filter(({ principal }) => bySender.get(principal)!.length === most);
  return drop === "new" ? surplus.at(-1) : surplus[0];
}

/**
 * Whether the next turn is told of a left-out message. Messages of strangers are not, because they could fill the turn.
 */
export function isToldOf(record: Sent, { drop }: Pick<QueueRules, "drop">): boolean {
  return drop === "summarize" && audienceIn(record) !== "anyone";
}

/** The note of a left-out message: its beginning on one line, after the notes that it carried itself. */
export function leftOut(record: Sent): (string | Words)[] {
  const { principal, request } = record;
  const { message, omitted = [], starter } = request;
  const from: Source = {
    kind: "omitted",
    id: principal.replace(/^channel:/, ""),
    ...(principal.startsWith("channel:") && { name: oneLine(starter.name) }),
    standing: audienceIn(record),
  };
  return [...omitted, { text: oneLine(message, OMITTED_CHARS), from }].slice(-MAX_OMITTED);
}

/** The text about left-out messages for the model. */
export function omittedNote(omitted: readonly (string | Words)[]): StoredPart[] {
  const many = omitted.length === 1 ? "An earlier message was" : `${omitted.length} earlier messages were`;
  const text = `${many} left out because too many waited. What they began with:`;
  return [
    { type: "text", text, from: { kind: "gateway" } },
    ...omitted.map((each): StoredPart => {
      // Stored by a version that did not keep the author.
      const words = typeof each === "string" ? { text: each, from: { kind: "omitted" as const } } : each;
      return { type: "text", ...words };
    }),
  ];
}
