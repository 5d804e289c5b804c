/** POST /v1/responses: an agent answers in OpenAI's Responses API. */
import { newId } from "../../../base/ids.ts";
import { answerJson } from "../../../kit/http.ts";
import { errorOf } from "../../agent/agent/agent.ts";
import type { RunResult } from "../../agent/agent/run/run.ts";
import type { Call, HttpServices } from "./call.ts";
import { failed } from "./chat-completions.ts";
import { EventStream, refused } from "./exchange.ts";
import { requireForms } from "./options.ts";
import { type ResponsesRequest, readResponsesRequest } from "./responses-input.ts";
import { run } from "./runs.ts";
import { namedAgent, sessionKeyOf } from "./target.ts";

/** Answers one request. Throws `Refusal` or `GatewayError` as long as nothing has been sent. */
export async function responses({ gateway, headers, body, response, caller, signal }: Call): Promise<void> {
  const { agents, clock, sessions } = gateway;
  requireForms(body);
  const request = readResponsesRequest(body);
  const { conversation, thinking, user } = request;
  const runId = newId();
  gateway.agent.tracing.join(runId, headers.traceparent);
  const agentId = namedAgent(headers, request.model, agents);
  const target = { agentId: agentId ?? agents.defaultId, kind: "openresponses", user } as const;
  const sessionKey = continued(gateway, request) ?? sessionKeyOf(headers, target, sessions);
  const wanted = { runId, agentId, sessionKey, conversation, thinking };
  const resource = new Resource(runId, request, Math.floor(clock.now() / 1000));
  if (!request.stream) {
    const result = await run(gateway, wanted, { caller, signal });
    const problem = errorOf(result);
    if (problem !== undefined) throw failed(problem);
    return answerJson(response, 200, resource.completed(result));
  }
  using events = new EventStream(response, clock);
  let sequence = 0;
  const send = (type: string, data: object) => events.send({ type, sequence_number: sequence++, ...data }, type);
  const place = { item_id: resource.itemId, output_index: 0, content_index: 0 };
  const begin = () => {
    if (sequence > 0) return;
    send("response.created", { response: resource.inProgress() });
    send("response.in_progress", { response: resource.inProgress() });
    send("response.output_item.added", { output_index: 0, item: resource.item("in_progress") });
    send("response.content_part.added", { ...place, part: textPart("") });
  };
  const onText = (delta: string) => {
    begin();
    send("response.output_text.delta", { ...place, delta, logprobs: [] });
  };
  const result = await run(gateway, wanted, { caller, signal, onText });
  const problem = errorOf(result);
  if (problem !== undefined && !events.hasBegun) throw failed(problem);
  begin();
  const { text } = result.outcome;
  send("response.output_text.done", { ...place, text, logprobs: [] });
  send("response.content_part.done", { ...place, part: textPart(text) });
  const status = problem === undefined ? "completed" : "incomplete";
  send("response.output_item.done", { output_index: 0, item: resource.item(status, text) });
  if (problem === undefined) send("response.completed", { response: resource.completed(result) });
  else send("response.failed", { response: resource.failed(result, problem) });
  events.done();
}

/** The conversation of an earlier answer. Throws a 404 when it is not known any more. */
function continued({ agent, sessions }: HttpServices, { previous }: ResponsesRequest): string | undefined {
  if (previous === undefined) return undefined;
  const known = agent.runs.known(previous.replace(/^resp_/, ""));
  const sessionId = known?.kind === "ended" ? known.result.sessionId : known?.run.record.sessionId;
  const session = sessionId === undefined ? undefined : sessions.byId(sessionId);
  if (session) return session.key;
  throw refused(404, "There is no answer of that id any more; leave `previous_response_id` out.", {
    param: "previous_response_id",
    code: "previous_response_not_found",
  });
}

/** One answer as the API shows it, at each point of its life. */
class Resource {
  readonly itemId: string;
  readonly #base: object;

  constructor(runId: string, { model, metadata, previous, conversation }: ResponsesRequest, createdAt: number) {
    this.itemId = `msg_${runId}`;
    this.#base = {
      id: `resp_${runId}`,
      object: "response",
      created_at: createdAt,
      model,
      instructions: conversation.instructions === "" ? null : conversation.instructions,
      previous_response_id: previous ?? null,
      incomplete_details: null,
      parallel_tool_calls: true,
      tools: [],
      tool_choice: "auto",
      metadata,
    };
  }

  inProgress() {
    return { ...this.#base, status: "in_progress", error: null, output: [], usage: null };
  }

  completed(result: RunResult) {
    const output = [this.item("completed", result.outcome.text)];
    const isCut = result.outcome.kind === "ok" && result.outcome.stopReason === "length";
    return {
      ...this.#base,
      status: isCut ? "incomplete" : "completed",
      ...(isCut && { incomplete_details: { reason: "max_output_tokens" } }),
      error: null,
      output,
      usage: usageOf(result),
    };
  }

  failed(result: RunResult, message: string) {
    const output = [this.item("incomplete", result.outcome.text)];
    return {
      ...this.#base,
      status: "failed",
      error: { code: "server_error", message },
      output,
      usage: usageOf(result),
    };
  }

  /** The one message of the answer. */
  item(status: "in_progress" | "completed" | "incomplete", text?: string) {
    const content = text === undefined ? [] : [textPart(text)];
    return { id: this.itemId, type: "message", role: "assistant", status, content };
  }
}

function textPart(text: string) {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

function usageOf({ outcome: { usage } }: RunResult) {
  return {
    input_tokens: usage?.input ?? 0,
    input_tokens_details: { cached_tokens: usage?.cacheRead ?? 0 },
    output_tokens: usage?.output ?? 0,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: usage?.totalTokens ?? 0,
  };
}
