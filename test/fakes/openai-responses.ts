/** A model provider that speaks OpenAI's responses. */
import { type Encoding, halves, ModelServer, type Turn } from "./model-server.ts";

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

const created = () =>
  event("response.created", { response: { id: "resp_fake", created_at: 1_760_000_000, model: "fake-model" } });

const added = (output_index: number, item: object) => event("response.output_item.added", { output_index, item });
const itemDone = (output_index: number, item: object) => event("response.output_item.done", { output_index, item });

function reasoningItem(at: number, text: string, signature: string): string {
  const item = { type: "reasoning", id: "rs_fake", summary: [] as object[], encrypted_content: signature };
  return (
    added(at, { ...item, encrypted_content: "" }) +
    event("response.reasoning_summary_part.added", { item_id: item.id, output_index: at, summary_index: 0 }) +
    halves(text)
      .map((delta) =>
        event("response.reasoning_summary_text.delta", { item_id: item.id, output_index: at, summary_index: 0, delta }),
      )
      .join("") +
    event("response.reasoning_summary_part.done", { item_id: item.id, output_index: at, summary_index: 0 }) +
    itemDone(at, { ...item, summary: [{ type: "summary_text", text }] })
  );
}

function messageItem(at: number, text: string): string {
  const content = [{ type: "output_text", text, annotations: [] }];
  return (
    added(at, { ...message, status: "in_progress", content: [] }) +
    event("response.output_text.delta", {
      item_id: message.id,
      output_index: at,
      content_index: 0,
      delta: text,
      logprobs: [],
    }) +
    itemDone(at, { ...message, status: "completed", content })
  );
}

function callItem(at: number, { id, name, raw }: Turn["calls"][number]): string {
  const call = { type: "function_call", id: `fc_${id}`, call_id: id, name, arguments: raw, status: "completed" };
  return (
    added(at, { ...call, arguments: "", status: "in_progress" }) +
    halves(raw)
      .map((delta) => event("response.function_call_arguments.delta", { item_id: call.id, output_index: at, delta }))
      .join("") +
    event("response.function_call_arguments.done", { item_id: call.id, output_index: at, arguments: raw }) +
    itemDone(at, call)
  );
}

const encoding: Encoding = {
  start: () =>
    created() +
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
  turn({ reasoning, signature = "enc-fake", text, calls, usage: { input, output, cacheRead } }) {
    const items = [
      ...(reasoning === "" ? [] : [(at: number) => reasoningItem(at, reasoning, signature)]),
      ...(text === "" ? [] : [(at: number) => messageItem(at, text)]),
      ...calls.map((call) => (at: number) => callItem(at, call)),
    ];
    return (
      created() +
      items.map((item, at) => item(at)).join("") +
      event("response.completed", {
        response: {
          usage: { ...usage(output), input_tokens: input, input_tokens_details: { cached_tokens: cacheRead } },
        },
      })
    );
  },
  refusal: (delta) =>
    event("response.refusal.delta", { item_id: message.id, output_index: 0, content_index: 0, delta }) +
    event("response.incomplete", { response: { incomplete_details: { reason: "content_filter" }, usage: usage(3) } }),
  error: (text) =>
    event("error", { error: { type: "server_error", code: "server_error", message: text, param: null } }),
  end: (tokens) =>
    event("response.output_item.done", { output_index: 0, item: { ...message, status: "completed", content: [] } }) +
    done(tokens),
  failure: (_status, text) => ({ error: { message: text, type: "error", code: null } }),
  tooLong: () => ({
    status: 400,
    body: {
      error: {
        message: "Your input exceeds the context window of this model. Please adjust your input and try again.",
        type: "invalid_request_error",
        param: "input",
        code: "context_length_exceeded",
      },
    },
  }),
};

/** Starts the fake; the caller disposes it. */
export async function fakeOpenAIResponses(): Promise<ModelServer> {
  return await new ModelServer(encoding).listen();
}
