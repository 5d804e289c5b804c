/** Reads the body of POST /v1/responses. */
import { isRecord } from "../../../base/config/config.ts";
import type { Thinking } from "../../agent/models/port.ts";
import { type Conversation, conversationOf, type GivenTurn, readContent, toolTurn } from "./conversation.ts";
import { refused } from "./exchange.ts";
import { requireOwnTools, thinkingOf } from "./options.ts";

/** The body of a responses request. */
export interface ResponsesRequest {
  readonly model: string;
  readonly conversation: Conversation;
  readonly stream: boolean;
  readonly thinking: Thinking | undefined;
  readonly user: unknown;
  /** The earlier response that this one continues. */
  readonly previous: string | undefined;
  readonly metadata: unknown;
}

/** The request in a body. Throws `Refusal` with the sentence for whoever sent it. */
export function readResponsesRequest(body: Readonly<Record<string, unknown>>): ResponsesRequest {
  const { input, instructions, previous_response_id: previous, reasoning } = body;
  if (body.background === true) throw refused(400, "Answers come at once; leave `background` out.");
  requireOwnTools(body);
  const said: GivenTurn[] = [];
  const standing = typeof instructions === "string" ? [instructions] : [];
  if (typeof input === "string") said.push({ role: "user", text: input, files: [] });
  else if (Array.isArray(input)) {
    for (const [index, item] of input.entries()) readItem(item, `input[${index}]`, said, standing);
  }
  const conversation = conversationOf(said, standing);
  if (!conversation) throw refused(400, "Missing user message in `input`.");
  return {
    model: typeof body.model === "string" ? body.model : "moltbot",
    conversation,
    stream: body.stream === true,
    thinking: isRecord(reasoning) ? thinkingOf(reasoning.effort) : undefined,
    user: body.user,
    previous: typeof previous === "string" ? previous : undefined,
    metadata: isRecord(body.metadata) ? body.metadata : {},
  };
}

/** Sorts one item: a message, or an instruction. */
function readItem(item: unknown, where: string, said: GivenTurn[], standing: string[]): void {
  if (!isRecord(item)) throw refused(400, `${where} must be an object.`);
  const { type = "message", role } = item;
  if (type === "reasoning" || type === "function_call") return;
  if (type === "function_call_output") {
    const output = typeof item.output === "string" ? item.output : JSON.stringify(item.output ?? null);
    said.push(toolTurn(item.call_id, output, []));
    return;
  }
  if (type !== "message") throw refused(400, `${where} is of a type that agents do not take.`);
  const { text, files } = readContent(item.content, where);
  if (role === "system" || role === "developer") standing.push(text);
  else if (role === "user" || role === "assistant") said.push({ role, text, files });
  else throw refused(400, `${where}.role must be system, developer, user or assistant.`);
}
