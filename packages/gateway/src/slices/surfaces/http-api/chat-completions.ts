/** POST /v1/chat/completions: an agent answers like a model of OpenAI's chat API. */
import { newId } from "../../../base/ids.ts";
import { answerJson } from "../../../kit/http.ts";
import { errorOf } from "../../agent/agent/agent.ts";
import type { RunResult } from "../../agent/agent/run/run.ts";
import type { Call } from "./call.ts";
import { readChatRequest } from "./chat-input.ts";
import { EventStream, refused } from "./exchange.ts";
import { requireForms } from "./options.ts";
import { run } from "./runs.ts";
import { namedAgent, sessionKeyOf } from "./target.ts";

/** Answers one request. Throws `Refusal` or `GatewayError` as long as nothing has been sent. */
export async function chatCompletions({ gateway, headers, body, response, caller, signal }: Call): Promise<void> {
  const { agents, clock, sessions } = gateway;
  requireForms(body);
  const { model, conversation, stream, includeUsage, thinking, user } = readChatRequest(body);
  const agentId = namedAgent(headers, model, agents);
  const target = { agentId: agentId ?? agents.defaultId, kind: "openai", user } as const;
  const runId = newId();
  gateway.agent.tracing.join(runId, headers.traceparent);
  const wanted = { runId, agentId, sessionKey: sessionKeyOf(headers, target, sessions), conversation, thinking };
  const facts = { id: `chatcmpl-${runId}`, created: Math.floor(clock.now() / 1000), model };
  if (!stream) {
    const result = await run(gateway, wanted, { caller, signal });
    const problem = errorOf(result);
    if (problem !== undefined) throw failed(problem);
    const message = { role: "assistant", content: result.outcome.text, refusal: null };
    return answerJson(response, 200, {
      ...{ ...facts, object: "chat.completion" },
      choices: [{ index: 0, message, logprobs: null, finish_reason: finishOf(result) }],
      usage: usageOf(result),
    });
  }
  using events = new EventStream(response, clock);
  let hasRole = false;
  const send = (choices: readonly object[], usage: object | null) =>
    events.send({ ...facts, object: "chat.completion.chunk", choices, ...(includeUsage && { usage }) });
  const say = (delta: object, finish: string | null = null) => {
    if (!hasRole) send([{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }], null);
    hasRole = true;
    send([{ index: 0, delta, finish_reason: finish }], null);
  };
  const result = await run(gateway, wanted, { caller, signal, onText: (content) => say({ content }) });
  const problem = errorOf(result);
  if (problem !== undefined && !events.hasBegun) throw failed(problem);
  if (problem !== undefined) events.send(failed(problem).body);
  else {
    say({}, finishOf(result));
    if (includeUsage) send([], usageOf(result));
  }
  events.done();
}

/** The refusal for a failed run. Official clients must not retry it, because its tools may have had effects. */
export function failed(problem: string) {
  return refused(500, problem, { headers: { "X-Should-Retry": "false" } });
}

function finishOf({ outcome }: RunResult): string {
  if (outcome.kind !== "ok") return "stop";
  if (outcome.stopReason === "length") return "length";
  return outcome.stopReason === "refusal" ? "content_filter" : "stop";
}

function usageOf({ outcome: { usage } }: RunResult) {
  return {
    prompt_tokens: usage?.input ?? 0,
    completion_tokens: usage?.output ?? 0,
    total_tokens: usage?.totalTokens ?? 0,
    prompt_tokens_details: { cached_tokens: usage?.cacheRead ?? 0 },
  };
}
