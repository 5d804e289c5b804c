/**
 * Brings messages into the order that providers require: turns of alternating roles, and each tool call followed by its
 * answer.
 */
import type { ModelMessage, ToolReply } from "../../models/port.ts";

const INTERRUPTED = "This call was cut off: it has no answer, and whether it took effect is not known.";

/** Joins neighbours of one role; drops everything before a person's first message. */
export function joinNeighbours(messages: readonly ModelMessage[]): ModelMessage[] {
  const result: ModelMessage[] = [];
  for (const message of messages) {
    const last = result.at(-1);
    if (message.role === "tool") {
      if (last?.role === "tool")
        result[result.length - 1] = { role: "tool", replies: [...last.replies, ...message.replies] };
      else if (last) result.push(message);
      continue;
    }
    if (message.content.length === 0 || (!last && message.role === "assistant")) continue;
    if (last?.role === message.role && !hasCalls(last))
      result[result.length - 1] = { role: message.role, content: [...last.content, ...message.content] };
    else result.push(message);
  }
  return result;
}

/** Puts exactly one answer behind every call, wherever it was stored; providers refuse anything else. */
export function answered(messages: readonly ModelMessage[], pending: ReadonlySet<string>): ModelMessage[] {
  return messages.flatMap((message, index): ModelMessage[] => {
    if (message.role === "tool") return [];
    if (!hasCalls(message)) return [message];
    const calls = callsOf(message).filter(({ callId }) => !pending.has(callId) || replyTo(callId, messages, index));
    if (calls.length === 0) return [message];
    const replies = calls.map(
      ({ callId, name }) => replyTo(callId, messages, index) ?? { callId, name, text: INTERRUPTED, isError: true },
    );
    return [message, { role: "tool", replies }];
  });
}

/** The answer to a call. Ids may repeat in later runs, so only messages up to the next call of that id are searched. */
function replyTo(callId: string, messages: readonly ModelMessage[], index: number): ToolReply | undefined {
  for (const message of messages.slice(index + 1)) {
    if (message.role !== "tool" && callsOf(message).some((call) => call.callId === callId)) return undefined;
    const reply = message.role === "tool" && message.replies.find((each) => each.callId === callId);
    if (reply) return reply;
  }
  return undefined;
}

function callsOf(message: ModelMessage) {
  return message.role === "tool" ? [] : message.content.filter((part) => part.kind === "tool-call");
}

function hasCalls(message: ModelMessage): boolean {
  return message.role !== "tool" && message.content.some(({ kind }) => kind === "tool-call");
}
