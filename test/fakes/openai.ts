/** A model provider that speaks OpenAI's chat completions. Run as a program, it streams 1,000 tokens to whoever asks. */
import { type Encoding, ModelServer } from "./model-server.ts";

const event = (data: unknown) => `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;

const chunk = (delta: unknown, finishReason: string | null = null, extra: object = {}) =>
  event({
    id: "chatcmpl-fake",
    object: "chat.completion.chunk",
    created: 1_760_000_000,
    model: "fake-model",
    choices: [{ index: 0, delta, finish_reason: finishReason }],
    ...extra,
  });

const usage = (tokens: number) => ({
  usage: { prompt_tokens: 7, completion_tokens: tokens, total_tokens: tokens + 7 },
});

const encoding: Encoding = {
  start: () => chunk({ role: "assistant", content: "" }),
  token: (text) => chunk({ content: text }),
  toolCall: (name, args) =>
    chunk({
      tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name, arguments: JSON.stringify(args) } }],
    }) +
    chunk({}, "tool_calls", usage(5)) +
    event("[DONE]"),
  refusal: (text) => chunk({ refusal: text }) + chunk({}, "content_filter", usage(3)) + event("[DONE]"),
  error: (message) => event({ error: { message, type: "server_error", code: null } }),
  end: (tokens) => chunk({}, "stop", usage(tokens)) + event("[DONE]"),
  failure: (status, message) => ({
    error: { message, type: status === 401 ? "invalid_request_error" : "error", code: null },
  }),
};

/** Starts the fake; the caller disposes it. */
export async function fakeOpenAI(options: { port?: number } = {}): Promise<ModelServer> {
  return await new ModelServer(encoding).listen(options.port);
}

if (import.meta.main) {
  const server = await fakeOpenAI();
  server.usual = { kind: "tokens", count: Number(process.argv[2] ?? 1000) };
  process.stdout.write(`${server.baseUrl}\n`);
}
