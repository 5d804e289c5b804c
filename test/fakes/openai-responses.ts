/** A model provider that speaks OpenAI's responses. */
import { type Encoding, ModelServer } from "./model-server.ts";

let sequence = 0;
const event = (type: string, data: object = {}) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...data })}\n\n`;

const message = { type: "message", id: "msg_fake", role: "assistant" };
const usage = (tokens: number) => ({
  input_tokens: 7,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: tokens,
  output_tokens_details: { reasoning_tokens: 0 },
});

const done = (tokens: number) => event("response.completed", { response: { usage: usage(tokens) } });

const encoding: Encoding = {
  start: () =>
    event("response.created", { response: { id: "resp_fake", created_at: 1_760_000_000, model: "fake-model" } }) +
    event("response.output_item.added", { output_index: 0, item: { ...message, status: "in_progress", content: [] } }),
  token: (delta) =>
    event("response.output_text.delta", {
      item_id: message.id,
      output_index: 0,
      content_index: 0,
      delta,
      logprobs: [],
    }),
  toolCall(name, args) {
    const call = {
      type: "function_call",
      id: "fc_1",
      call_id: "call_1",
      name,
      arguments: JSON.stringify(args),
      status: "completed",
    };
    return (
      event("response.output_item.added", {
        output_index: 1,
        item: { ...call, arguments: "", status: "in_progress" },
      }) +
      event("response.output_item.done", { output_index: 1, item: call }) +
      done(5)
    );
  },
  refusal: () =>
    event("response.incomplete", { response: { incomplete_details: { reason: "content_filter" }, usage: usage(3) } }),
  error: (text) =>
    event("error", { error: { type: "server_error", code: "server_error", message: text, param: null } }),
  end: (tokens) =>
    event("response.output_item.done", { output_index: 0, item: { ...message, status: "completed", content: [] } }) +
    done(tokens),
  failure: (_status, text) => ({ error: { message: text, type: "error", code: null } }),
};

/** Starts the fake; the caller disposes it. */
export async function fakeOpenAIResponses(): Promise<ModelServer> {
  return await new ModelServer(encoding).listen();
}
