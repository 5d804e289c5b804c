/** A model provider that speaks Anthropic's messages. */
import { type Encoding, type FakeUsage, halves, ModelServer } from "./model-server.ts";

const event = (type: string, data: object = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;

const stop = (reason: string, tokens: number) =>
  event("content_block_stop", { index: 0 }) +
  event("message_delta", { delta: { stop_reason: reason, stop_sequence: null }, usage: { output_tokens: tokens } }) +
  event("message_stop");

const textBlock = event("content_block_start", { index: 0, content_block: { type: "text", text: "" } });

const text = (value: string) => event("content_block_delta", { index: 0, delta: { type: "text_delta", text: value } });

const message = (usage: object) =>
  event("message_start", {
    message: {
      id: "msg_fake",
      type: "message",
      role: "assistant",
      model: "fake-model",
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { output_tokens: 1, ...usage },
    },
  });

const inputUsage = ({ input, cacheRead, cacheWrite }: FakeUsage) => ({
  input_tokens: input - cacheRead - cacheWrite,
  cache_read_input_tokens: cacheRead,
  cache_creation_input_tokens: cacheWrite,
});

const block = (index: number, content: object, deltas: readonly object[]) =>
  event("content_block_start", { index, content_block: content }) +
  deltas.map((delta) => event("content_block_delta", { index, delta })).join("") +
  event("content_block_stop", { index });

/** The message opens with an empty text block, as tokens follow in most scripts; a tool call uses the block after it. */
const encoding: Encoding = {
  start: () => message({ input_tokens: 7 }) + textBlock,
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
  turn({ reasoning, signature = "sig-fake", text: said, calls, usage }) {
    const blocks = [
      ...(reasoning === ""
        ? []
        : [
            {
              content: { type: "thinking", thinking: "", signature: "" },
              deltas: [
                ...halves(reasoning).map((thinking) => ({ type: "thinking_delta", thinking })),
                { type: "signature_delta", signature },
              ],
            },
          ]),
      ...(said === "" ? [] : [{ content: { type: "text", text: "" }, deltas: [{ type: "text_delta", text: said }] }]),
      ...calls.map(({ id, name, raw }) => ({
        content: { type: "tool_use", id, name, input: {} },
        deltas: halves(raw).map((partial_json) => ({ type: "input_json_delta", partial_json })),
      })),
    ];
    return (
      message(inputUsage(usage)) +
      blocks.map(({ content, deltas }, index) => block(index, content, deltas)).join("") +
      event("message_delta", {
        delta: { stop_reason: calls.length > 0 ? "tool_use" : "end_turn", stop_sequence: null },
        usage: { output_tokens: usage.output },
      }) +
      event("message_stop")
    );
  },
  refusal: (value) => text(value) + stop("refusal", 3),
  error: (text) => event("error", { error: { type: "overloaded_error", message: text } }),
  end: (tokens) => stop("end_turn", tokens),
  failure: (status, text) => ({
    type: "error",
    error: { type: status === 401 ? "authentication_error" : "api_error", message: text },
  }),
  tooLong: () => ({
    status: 400,
    body: {
      type: "error",
      error: { type: "invalid_request_error", message: "prompt is too long: 210000 tokens > 200000 maximum" },
    },
  }),
};

/** Starts the fake; the caller disposes it. */
export async function fakeAnthropic(): Promise<ModelServer> {
  return await new ModelServer(encoding).listen();
}
