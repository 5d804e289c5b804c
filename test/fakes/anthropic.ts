/** A model provider that speaks Anthropic's messages. */
import { type Encoding, ModelServer } from "./model-server.ts";

const event = (type: string, data: object = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;

const stop = (reason: string, tokens: number) =>
  event("content_block_stop", { index: 0 }) +
  event("message_delta", { delta: { stop_reason: reason, stop_sequence: null }, usage: { output_tokens: tokens } }) +
  event("message_stop");

const textBlock = event("content_block_start", { index: 0, content_block: { type: "text", text: "" } });

const text = (value: string) => event("content_block_delta", { index: 0, delta: { type: "text_delta", text: value } });

/** The message opens with an empty text block, as tokens follow in most scripts; a tool call uses the block after it. */
const encoding: Encoding = {
  start: () =>
    event("message_start", {
      message: {
        id: "msg_fake",
        type: "message",
        role: "assistant",
        model: "fake-model",
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 7, output_tokens: 1 },
      },
    }) + textBlock,
  token: text,
  toolCall: (name, args) =>
    event("content_block_stop", { index: 0 }) +
    event("content_block_start", { index: 1, content_block: { type: "tool_use", id: "toolu_1", name, input: {} } }) +
    event("content_block_delta", {
      index: 1,
      delta: { type: "input_json_delta", partial_json: JSON.stringify(args) },
    }) +
    event("content_block_stop", { index: 1 }) +
    event("message_delta", { delta: { stop_reason: "tool_use", stop_sequence: null }, usage: { output_tokens: 5 } }) +
    event("message_stop"),
  refusal: (value) => text(value) + stop("refusal", 3),
  error: (message) => event("error", { error: { type: "overloaded_error", message } }),
  end: (tokens) => stop("end_turn", tokens),
  failure: (status, message) => ({
    type: "error",
    error: { type: status === 401 ? "authentication_error" : "api_error", message },
  }),
};

/** Starts the fake; the caller disposes it. */
export async function fakeAnthropic(): Promise<ModelServer> {
  return await new ModelServer(encoding).listen();
}
