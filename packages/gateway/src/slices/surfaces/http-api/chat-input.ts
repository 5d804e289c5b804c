/** Reads the body of POST /v1/chat/completions. */
import { isRecord } from "../../../base/config/config.ts";
import type { Thinking } from "../../agent/models/port.ts";
import { type Conversation, conversationOf, type GivenTurn, readContent, toolTurn } from "./conversation.ts";
import { refused } from "./exchange.ts";
import { requireOwnTools, thinkingOf } from "./options.ts";

/** The body of a chat completion request. */
export interface ChatRequest {
  readonly model: string;
  readonly conversation: Conversation;
  readonly stream: boolean;
  /** Whether a last chunk reports the tokens. */
  readonly includeUsage: boolean;
  readonly thinking: Thinking | undefined;
  readonly user: unknown;
}

/** The request in a body. Throws `Refusal` with the sentence for whoever sent it. */
export function readChatRequest(body: Readonly<Record<string, unknown>>): ChatRequest {
  const { messages, stream_options: streamOptions } = body;
  if (!Array.isArray(messages)) throw refused(400, "Missing user message in `messages`.");
  if (typeof body.n === "number" && body.n > 1) throw refused(400, "An agent gives one answer; leave `n` out.");
  requireOwnTools(body);
  const turns: GivenTurn[] = [];
  const instructions: string[] = [];
  for (const [index, message] of messages.entries()) {
    const where = `messages[${index}]`;
    if (!isRecord(message)) throw refused(400, `${where} must be an object with role and content.`);
    const { text, files } = readContent(message.content, where);
    switch (message.role) {
      case "system":
      case "developer":
        instructions.push(text);
        break;
      case "user":
      case "assistant":
        turns.push({ role: message.role, text, files });
        break;
      case "tool":
      case "function":
        turns.push(toolTurn(message.name, text, files));
        break;
      default:
        throw refused(400, `${where}.role must be system, developer, user, assistant or tool.`);
    }
  }
  const conversation = conversationOf(turns, instructions);
  if (!conversation) throw refused(400, "Missing user message in `messages`.");
  return {
    model: typeof body.model === "string" ? body.model : "moltbot",
    conversation,
    stream: body.stream === true,
    includeUsage: isRecord(streamOptions) && streamOptions.include_usage === true,
    thinking: thinkingOf(body.reasoning_effort),
    user: body.user,
  };
}
