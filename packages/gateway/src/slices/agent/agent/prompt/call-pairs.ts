/** The order that providers insist on: turns of alternating roles, and each tool call with its answer right behind it. */
import type { ModelMessage, ToolReply } from "../../models/port.ts";

const INTERRUPTED = "This call was cut off: it has no answer, and whether it took effect is not known.";

/** Neighbours of one role become one message; nothing stands before the first thing that a person said. */
export function joined(messages: readonly ModelMessage[]): ModelMessage[] {
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

/** Every call with exactly one answer behind it, wherever it was kept: providers refuse anything else. */
export function answered(messages: readonly ModelMessage[], pending: ReadonlySet<string>): ModelMessage[] {
  return messages.flatMap((message, index): ModelMessage[] => {
    if (message.role === "tool") return [];
    const calls = callsOf(message).filter(({ callId }) => !pending.has(callId) || replyTo(callId, messages, index));
    if (calls.length === 0) return [message];
    const replies = calls.map(
      ({ callId, name }) => replyTo(callId, messages, index) ?? { callId, name, text: INTERRUPTED, isError: true },
    );
    return [message, { role: "tool", replies }];
  });
}

/** The answer to a call; ids may come back in later runs, so it is looked for up to the next call of the same id. */
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
  return callsOf(message).length > 0;
}
