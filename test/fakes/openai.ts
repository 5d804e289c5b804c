/** A model provider that speaks OpenAI's chat completions. Run as a program, it streams 1,000 tokens to whoever asks. */
import { type Encoding, type FakeUsage, halves, ModelServer } from "./model-server.ts";

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

const fullUsage = ({ input, output, cacheRead }: FakeUsage) => ({
  usage: {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cacheRead },
  },
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
  turn({ reasoning, text, calls, usage, isCutOff }) {
    const finish = calls.length > 0 ? "tool_calls" : "stop";
    const call = (more: object) => chunk({ tool_calls: [more] });
    return [
      chunk({ role: "assistant", content: "" }),
      ...(reasoning === "" ? [] : halves(reasoning).map((part) => chunk({ reasoning_content: part }))),
      ...(text === "" ? [] : [chunk({ content: text })]),
      ...calls.flatMap(({ id, name, raw }, index) => {
        const [first, second] = halves(raw);
        return [
          call({ index, id, type: "function", function: { name, arguments: first } }),
          call({ index, function: { arguments: second } }),
        ];
      }),
      chunk({}, isCutOff ? "length" : finish, fullUsage(usage)),
      event("[DONE]"),
    ].join("");
  },
  refusal: (text) => chunk({ refusal: text }) + chunk({}, "content_filter", usage(3)) + event("[DONE]"),
  error: (message) => event({ error: { message, type: "server_error", code: null } }),
  end: (tokens) => chunk({}, "stop", usage(tokens)) + event("[DONE]"),
  failure: (status, message) => ({
    error: { message, type: status === 401 ? "invalid_request_error" : "error", code: null },
  }),
  tooLong: () => ({
    status: 400,
    body: {
      error: {
        message:
          "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens. " +
          "Please reduce the length of the messages.",
        type: "invalid_request_error",
        param: "messages",
        code: "context_length_exceeded",
      },
    },
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
