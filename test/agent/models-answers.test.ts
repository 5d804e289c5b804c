// Is this an answer? How the end of a model's answer is judged, whatever its server sends: the bytes are given, the
// provider's real package reads them.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createLog } from "../../packages/gateway/src/base/log.ts";
import { Secrets } from "../../packages/gateway/src/base/privacy/secrets.ts";
import { systemClock } from "../../packages/gateway/src/base/time/clock.ts";
import { ModelError } from "../../packages/gateway/src/slices/agent/models/model-error.ts";
import type { ModelMessage, ModelStep, ToolSpec } from "../../packages/gateway/src/slices/agent/models/port.ts";
import type { Api, Model } from "../../packages/gateway/src/slices/agent/models/providers/providers.ts";
import { SdkModels } from "../../packages/gateway/src/slices/agent/models/sdk/sdk.ts";
import { fakeAnthropic } from "../fakes/anthropic.ts";
import { fakeGoogle } from "../fakes/google.ts";
import type { ModelServer, Script } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { fakeOpenAIResponses } from "../fakes/openai-responses.ts";

const log = createLog({ clock: systemClock, level: "error", sinks: [], secrets: new Secrets() });
const clock = { ...systemClock, sleep: async () => {} };

const HELLO = "Hello from the model.";
const TOOLS: ToolSpec[] = [
  { name: "clock", description: "The time.", parameters: { type: "object", properties: { zone: { type: "string" } } } },
];

function modelAt(server: ModelServer, api: Api): Model {
  const { baseUrl } = server;
  const provider = { id: "fake", label: "Fake", api, baseUrl, apiKey: "key-123456", headers: {}, models: [] };
  return { id: "fake-model", name: "Fake", ref: "fake/fake-model", provider: { ...provider, origin: "config" } };
}

const HI: ModelMessage[] = [{ role: "user", content: [{ kind: "text", text: "Hi" }] }];

interface Told {
  readonly text: string;
  readonly thoughts: string;
  readonly calls: readonly (readonly [string, unknown])[];
  readonly end: string | undefined;
  readonly note: string | undefined;
  readonly error: string | undefined;
  readonly kind: string | undefined;
  /** Everything that was text at some time. */
  readonly everShown: string;
  readonly requests: number;
}

interface Asking {
  readonly api?: Api;
  readonly tools?: ToolSpec[];
  readonly messages?: ModelMessage[];
  readonly models?: SdkModels;
}

/** Asks once; the server follows the scripts. */
async function told(server: ModelServer, scripts: readonly Script[], asking: Asking = {}): Promise<Told> {
  const { api = "openai-compatible", tools = [], messages = HI, models = new SdkModels({ clock, log }) } = asking;
  const before = server.requests.length;
  server.script(...scripts);
  const steps: ModelStep[] = [];
  let error: ModelError | undefined;
  try {
    const signal = new AbortController().signal;
    for await (const step of models.stream({ model: modelAt(server, api), system: "", messages, tools, signal }))
      steps.push(step);
  } catch (thrown) {
    assert.ok(thrown instanceof ModelError, String(thrown));
    error = thrown;
  }
  const kept = steps.slice(steps.findLastIndex(({ kind }) => kind === "taken-back") + 1);
  const said = (kind: string, from: readonly ModelStep[]) =>
    from.map((step) => (step.kind === kind && "delta" in step ? step.delta : "")).join("");
  const finish = steps.find((step) => step.kind === "finish");
  return {
    text: said("text", kept),
    thoughts: said("reasoning", kept),
    calls: steps.flatMap((step) => (step.kind === "tool-call" ? [[step.name, step.args] as const] : [])),
    end: finish?.reason,
    note: finish?.note,
    error: error?.message,
    kind: error?.kind,
    everShown: said("text", steps),
    requests: server.requests.length - before,
  };
}

const data = (value: unknown) => `data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`;
const DONE = data("[DONE]");
const chat = (delta: unknown, finish_reason: unknown = null) =>
  data({
    id: "x",
    object: "chat.completion.chunk",
    created: 1,
    model: "m",
    choices: [{ index: 0, delta, finish_reason }],
  });
const bytes = (body: string | readonly string[], contentType?: string): Script => ({
  kind: "bytes",
  body,
  ...(contentType !== undefined && { contentType }),
});

const claude = (type: string, more: object = {}) => `event: ${type}\n${data({ type, ...more })}`;
const claudeStart = claude("message_start", {
  message: {
    id: "m",
    type: "message",
    role: "assistant",
    model: "c",
    content: [],
    usage: { input_tokens: 1, output_tokens: 1 },
  },
});
const claudeText = (text: string) =>
  claude("content_block_start", { index: 0, content_block: { type: "text", text: "" } }) +
  claude("content_block_delta", { index: 0, delta: { type: "text_delta", text } }) +
  claude("content_block_stop", { index: 0 });
const claudeEnd = (stop_reason: string | null) =>
  claude("message_delta", { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 3 } }) +
  claude("message_stop");
const gemini = (parts: object[], finishReason?: string) =>
  data({ candidates: [{ content: { role: "model", parts }, ...(finishReason && { finishReason }), index: 0 }] });
const reply = (type: string, more: object = {}) => data({ type, sequence_number: 1, ...more });
const replyText = (delta: string) =>
  reply("response.output_text.delta", { item_id: "i", output_index: 0, content_index: 0, delta });

const PROVIDERS = [
  {
    api: "openai-compatible",
    open: fakeOpenAI,
    text: (text: string) => chat({ content: text }),
    empty: chat({}, "stop") + DONE,
  },
  {
    api: "anthropic",
    open: fakeAnthropic,
    text: (text: string) => claudeStart + claudeText(text),
    empty: claudeStart + claudeEnd("end_turn"),
  },
  { api: "google", open: fakeGoogle, text: (text: string) => gemini([{ text }]), empty: gemini([], "STOP") },
  {
    api: "openai",
    open: fakeOpenAIResponses,
    text: replyText,
    empty: reply("response.completed", { response: { usage: null } }),
  },
] as const;

for (const { api, open, text, empty } of PROVIDERS) {
  describe(`an answer of ${api}`, () => {
    const emptyEnds = {
      "without text": bytes(empty),
      "of blanks": bytes(text(" \n\n ") + (api === "anthropic" ? claudeEnd("end_turn") : empty)),
      "of thoughts between marks": bytes(
        text("<think>Hm.</think>\n") + (api === "anthropic" ? claudeEnd("end_turn") : empty),
      ),
      "of thoughts": { kind: "turn", reasoning: "Let me see." },
    } as const satisfies Record<string, Script>;
    for (const [what, script] of Object.entries(emptyEnds)) {
      test(`that ends ${what} is asked for once more`, async () => {
        await using server = await open();

        const { text: said, requests } = await told(server, [script], { api });

        assert.deepEqual([said, requests], [HELLO, 2]);
      });

      test(`that ends ${what} again is an error`, async () => {
        await using server = await open();

        const { error, kind, requests } = await told(server, [script, script], { api });

        assert.equal(error, "fake/fake-model ended without an answer; ask again, or choose another with /model.");
        assert.deepEqual([kind, requests], ["empty", 2]);
      });
    }

    const troubles = {
      "an error in its stream with a number": bytes(data({ error: { code: 502, message: "bad upstream" } })),
      "an error in its stream with a number as text": bytes(
        data({ error: { status: "503", message: "bad upstream" } }),
      ),
      "an error in its stream that is a text": bytes(data({ error: "bad upstream" }) + DONE),
      "an error in its stream with a word": bytes(
        data({ type: "error", error: { type: "overloaded_error", message: "bad upstream" } }),
      ),
      "an error as a JSON body": bytes('{"error":{"message":"bad upstream","code":500}}', "application/json"),
      "an error as a list": bytes(
        '[{"error":{"message":"bad upstream","code":503,"status":"UNAVAILABLE"}}]',
        "application/json",
      ),
      "an error as a body that says it is a stream": bytes('\n{"error":{"message":"bad upstream"}}'),
      "an error without a wrapping": bytes('{"message":"bad upstream"}', "application/json"),
      "a web page": bytes("<!DOCTYPE html><html><title>bad upstream</title></html>", "text/html"),
      "a line of text": bytes("bad upstream", "text/plain"),
    };
    for (const [what, script] of Object.entries(troubles)) {
      test(`that is ${what} is asked for again, and then told in the provider's words`, async () => {
        await using server = await open();

        const again = await told(server, [script], { api });
        const { error, kind, requests } = await told(server, [script, script, script], { api });

        assert.deepEqual([again.text, again.requests], [HELLO, 2]);
        assert.match(error ?? "", /^Fake .*\(“bad upstream”\); try again/);
        assert.deepEqual([kind, requests], ["temporary", 3]);
      });
    }

    for (const [what, script] of Object.entries({
      "an empty body": bytes(""),
      blanks: bytes("\n\n", "application/json"),
      "signs of life only": bytes(": alive\n\n: alive\n\n"),
      "nothing but its end": bytes(DONE),
    })) {
      test(`that is ${what} is asked for again`, async () => {
        await using server = await open();

        const again = await told(server, [script], { api });
        const { error } = await told(server, [script, script, script], { api });

        assert.deepEqual([again.text, again.requests], [HELLO, 2]);
        assert.equal(error, "Fake sent an empty answer; try again.");
      });
    }

    test("that is an error which a wrong key would be says what to do, and is not asked for again", async () => {
      await using server = await open();
      const script = bytes(data({ error: { code: 401, message: "No such user: key-123456" } }));

      const { error, requests } = await told(server, [script], { api });

      assert.deepEqual(
        [error, requests],
        ["Fake rejected the API key; give it another with `moltbot models auth fake`.", 1],
      );
    });

    test("that breaks in the middle of an event tells nothing of it", async () => {
      await using server = await open();

      const script = bytes(`${text("Half ")}data: {"secret":"x\n\n`);
      const { text: said, error } = await told(server, [script], { api });

      assert.deepEqual([said, error], ["Half ", "Fake sent something that cannot be read; try again."]);
    });

    test("that ends without a reason, but with the end mark, is whole", async () => {
      await using server = await open();

      const { text: said, end, requests, error } = await told(server, [bytes(text("All of it.") + DONE)], { api });

      assert.deepEqual([said, end, requests, error], ["All of it.", "stop", 1, undefined]);
    });

    test("that ends without a reason and without the end mark was cut off", async () => {
      await using server = await open();

      const { text: said, error } = await told(server, [bytes(text("Half "))], { api });

      assert.deepEqual([said, error], ["Half ", "Fake cut its answer off; try again."]);
    });

    test("is read with any line ends, comments, a byte order mark and no blank after the colon", async () => {
      await using server = await open();
      const end = api === "anthropic" ? claudeEnd("end_turn") : empty;
      const stream = `\uFEFF: hello\n\n${text("Grüße ")}${text("Дом")}${end}`.replaceAll("data: ", "data:");
      const packets = [...stream.replaceAll("\n", "\r\n").matchAll(/[\s\S]{1,7}/g)].map(([piece]) => piece);

      const { text: said, end: reason, error } = await told(server, [bytes(packets)], { api });

      assert.deepEqual([said, reason, error], ["Grüße Дом", "stop", undefined]);
    });

    test("with thoughts between marks in its text is shown without them, wherever it is cut", async () => {
      await using server = await open();
      const stream = [..."<think>\nThey greet me.\n</think>\n\nHello!"].map((char) => text(char)).join("");

      const script = bytes(stream + (api === "anthropic" ? claudeEnd("end_turn") : empty));
      const { text: said, thoughts, everShown } = await told(server, [script], { api });

      assert.deepEqual([said, thoughts, everShown], ["Hello!", "\nThey greet me.\n", "Hello!"]);
    });

    test("with a call written as text makes the call, and shows none of it", async () => {
      await using server = await open();
      const call = 'I look.\n<tool_call>\n{"name": "clock", "arguments": {"zone": "UTC"}}\n</tool_call>';
      const stream = [...call.matchAll(/[\s\S]{1,9}/g)].map(([piece]) => text(piece)).join("");

      const script = bytes(stream + (api === "anthropic" ? claudeEnd("end_turn") : empty));
      const { everShown, calls, end } = await told(server, [script], { api, tools: TOOLS });

      assert.deepEqual([everShown.trim(), calls, end], ["I look.", [["clock", { zone: "UTC" }]], "tool-calls"]);
    });
  });
}

describe("ends in providers' own words", () => {
  const limits: [Api, () => Promise<ModelServer>, string][] = [
    ...["length", "max_tokens", "MAX_TOKENS", "max_output_tokens", "model_length"].map(
      (word): [Api, () => Promise<ModelServer>, string] => [
        "openai-compatible",
        fakeOpenAI,
        chat({ content: "Half" }) + chat({}, word) + DONE,
      ],
    ),
    ...["max_tokens", "model_context_window_exceeded"].map((word): [Api, () => Promise<ModelServer>, string] => [
      "anthropic",
      fakeAnthropic,
      claudeStart + claudeText("Half") + claudeEnd(word),
    ]),
    ["google", fakeGoogle, gemini([{ text: "Half" }], "MAX_TOKENS")],
    [
      "openai",
      fakeOpenAIResponses,
      replyText("Half") +
        reply("response.incomplete", { response: { incomplete_details: { reason: "max_output_tokens" } } }),
    ],
  ];
  for (const [api, open, body] of limits) {
    test(`a limit of ${api} says how to go on (${body.length})`, async () => {
      await using server = await open();

      const { text, end, note, requests } = await told(server, [bytes(body)], { api });

      assert.deepEqual([text, end, requests], ["Half", "length", 1]);
      assert.equal(note, "The answer is cut off here: fake/fake-model reached its limit. Say “go on” for the rest.");
    });
  }

  for (const reason of ["error", "abort", "insufficient_system_resource", "timeout"])
    test(`an answer that ends with “${reason}” was cut off, and is asked for again where nothing was said yet`, async () => {
      await using server = await fakeOpenAI();

      const late = await told(server, [bytes(chat({ content: "Half " }) + chat({}, reason) + DONE)]);
      const early = await told(server, [
        bytes(chat({ role: "assistant" }) + chat({}, reason) + DONE),
        bytes(chat({ content: "Whole." }) + chat({}, "stop") + DONE),
      ]);

      assert.deepEqual([late.text, late.error], ["Half ", "Fake cut its answer off; try again."]);
      assert.deepEqual([early.text, early.error, early.requests], ["Whole.", undefined, 2]);
    });

  for (const word of [
    ...["ERROR_LIMIT", "max_context", "repetition_truncation", "time_limit", "incomplete", "quota", "maxOutputTokens"],
  ])
    test(`“${word}” is a limit`, async () => {
      await using server = await fakeOpenAI();

      const { text, end, note } = await told(server, [bytes(chat({ content: "Half" }) + chat({}, word) + DONE)]);

      assert.deepEqual([text, end], ["Half", "length"]);
      assert.match(note!, /^The answer is cut off here/);
    });

  test("a turn that Anthropic pauses is a limit", async () => {
    await using server = await fakeAnthropic();
    const body = claudeStart + claudeText("Half") + claudeEnd("pause_turn");

    const { text, end } = await told(server, [bytes(body)], { api: "anthropic" });

    assert.deepEqual([text, end], ["Half", "length"]);
  });

  const unknown: [Api, () => Promise<ModelServer>, string, string][] = [
    ["openai-compatible", fakeOpenAI, chat({ content: "Half" }) + chat({}, "solar_flare") + DONE, "solar_flare"],
    ["openai-compatible", fakeOpenAI, chat({ content: "Half" }) + chat({}, "x key-123456 y") + DONE, "x [key] y"],
    ["google", fakeGoogle, gemini([{ text: "Half" }], "OTHER"), "OTHER"],
    ["google", fakeGoogle, gemini([{ text: "Half" }], "TOO_MANY_TOOL_CALLS"), "TOO_MANY_TOOL_CALLS"],
  ];
  for (const [api, open, body, word] of unknown)
    test(`a word of ${api} that nobody knows is told: ${word}`, async () => {
      await using server = await open();

      const { text, end, note } = await told(server, [bytes(body)], { api });

      assert.deepEqual([text, end], ["Half", "other"]);
      assert.equal(
        note,
        `fake/fake-model ended its answer here for a reason that is not known (“${word}”). Say “go on” if something is missing.`,
      );
    });

  for (const word of [
    "stop",
    "end_turn",
    "eos",
    "stop_sequence",
    "complete",
    "COMPLETE",
    "FINISH_REASON_STOP",
    "endTurn",
  ])
    test(`“${word}” is the end of a whole answer`, async () => {
      await using server = await fakeOpenAI();

      const { text, end, note } = await told(server, [bytes(chat({ content: "Whole." }) + chat({}, word) + DONE)]);

      assert.deepEqual([text, end, note], ["Whole.", "stop", undefined]);
    });

  test("a response that was cancelled, and says that it is completed, was cut off", async () => {
    await using server = await fakeOpenAIResponses();
    const body = replyText("Half") + reply("response.completed", { response: { status: "cancelled" } });

    const { text, error } = await told(server, [bytes(body)], { api: "openai" });

    assert.deepEqual([text, error], ["Half", "Fake cut its answer off; try again."]);
  });

  for (const [said, kind] of [
    ["model 'x' not found, try pulling it first", "no-model"],
    ["unauthorized", "logged-out"],
    ["the model is at capacity", "temporary"],
  ])
    test(`an error in place of an answer is what its status would have been: ${said}`, async () => {
      await using server = await fakeOpenAI();

      const { kind: is } = await told(
        server,
        Array(4).fill(bytes(JSON.stringify({ error: said }), "application/json")),
      );

      assert.equal(is, kind);
    });

  const filters: [Api, () => Promise<ModelServer>, string][] = [
    ["openai-compatible", fakeOpenAI, chat({ content: "Half" }) + chat({}, "content_filter") + DONE],
    ["openai-compatible", fakeOpenAI, chat({ content: "Half" }) + chat({}, "sensitive") + DONE],
    ["openai-compatible", fakeOpenAI, chat({ refusal: "Half" }) + chat({}, "stop") + DONE],
    ["anthropic", fakeAnthropic, claudeStart + claudeText("Half") + claudeEnd("refusal")],
    ...["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE"].map(
      (word): [Api, () => Promise<ModelServer>, string] => ["google", fakeGoogle, gemini([{ text: "Half" }], word)],
    ),
    [
      "openai",
      fakeOpenAIResponses,
      reply("response.refusal.delta", { item_id: "i", delta: "Half" }) + reply("response.completed", { response: {} }),
    ],
    [
      "openai",
      fakeOpenAIResponses,
      replyText("Half") +
        reply("response.incomplete", { response: { incomplete_details: { reason: "content_filter" } } }),
    ],
  ];
  for (const [index, [api, open, body]] of filters.entries()) {
    test(`a refusal of ${api} says how to go on (${index})`, async () => {
      await using server = await open();

      const { text, end, note, requests } = await told(server, [bytes(body)], { api });

      assert.deepEqual([text, end, requests], ["Half", "refusal", 1]);
      assert.equal(note, "fake/fake-model stopped here: it or its provider refuses to go on. Ask differently.");
    });
  }

  test("a refusal without a word is an error that says so, not asked for again", async () => {
    await using server = await fakeGoogle();
    const script = bytes(data({ promptFeedback: { blockReason: "SAFETY" }, usageMetadata: { promptTokenCount: 3 } }));

    const { error, requests } = await told(server, [script], { api: "google" });

    assert.deepEqual([error, requests], ["fake/fake-model refused to answer; ask differently.", 1]);
  });

  for (const word of ["error", "abort", "insufficient_system_resource", "cancelled", "USER_CANCEL"]) {
    test(`"${word}" is an outage`, async () => {
      await using server = await fakeOpenAI();

      const { text, requests } = await told(server, [bytes(chat({}, word) + DONE)]);

      assert.deepEqual([text, requests], [HELLO, 2]);
    });
  }
});

describe("chat completions of servers that are nearly compatible", () => {
  const call = (tool: object) => chat({ tool_calls: [tool] });
  const end = chat({}, "tool_calls") + DONE;
  const fn = (args: unknown) => ({ name: "clock", arguments: args });
  const UTC = { zone: "UTC" };
  const calls: Record<string, string> = {
    "arguments as an object": call({ index: 0, id: "c", type: "function", function: fn(UTC) }) + end,
    "a number as id": call({ index: 0, id: 17, type: "function", function: fn(JSON.stringify(UTC)) }) + end,
    "an index as text":
      call({ index: "0", id: "c", function: fn('{"zone":') }) +
      call({ index: "0", function: { arguments: '"UTC"}' } }) +
      end,
    "no index": call({ id: "c", function: fn('{"zone":') }) + call({ function: { arguments: '"UTC"}' } }) + end,
    "an empty id in what follows":
      call({ index: 0, id: "c", function: fn('{"zone":') }) +
      call({ index: 0, id: "", function: { name: "", arguments: '"UTC"}' } }) +
      end,
    "its name after its arguments":
      call({ index: 0, id: "c", function: { arguments: '{"zone":' } }) +
      call({ index: 0, function: fn('"UTC"}') }) +
      end,
    "no function around it": call({ index: 0, id: "c", name: "clock", arguments: UTC }) + end,
    "one call in place of a list": chat({ tool_calls: { index: 0, id: "c", function: fn(UTC) } }) + end,
    "the old function_call": chat({ function_call: fn(JSON.stringify(UTC)) }) + chat({}, "function_call") + DONE,
    "a plain stop": call({ index: 0, id: "c", function: fn(JSON.stringify(UTC)) }) + chat({}, "stop") + DONE,
    "no reason for the end": call({ index: 0, id: "c", function: fn(JSON.stringify(UTC)) }) + DONE,
  };
  for (const [what, body] of Object.entries(calls)) {
    test(`a call with ${what} is made`, async () => {
      await using server = await fakeOpenAI();

      const { calls: made, end: reason, error } = await told(server, [bytes(body)], { tools: TOOLS });

      assert.deepEqual([made, reason, error], [[["clock", UTC]], "tool-calls", undefined]);
    });
  }

  test("calls side by side that all claim the same place stay apart", async () => {
    await using server = await fakeOpenAI();
    const body = ["a", "b"].map((id) => call({ index: 0, id, function: fn({ zone: id }) })).join("") + end;

    const { calls: made } = await told(server, [bytes(body)], { tools: TOOLS });

    assert.deepEqual(made, [
      ["clock", { zone: "a" }],
      ["clock", { zone: "b" }],
    ]);
  });

  const texts: Record<string, string> = {
    "a chunk without choices": data({ id: "x", object: "info" }) + chat({ content: "Yes." }) + chat({}, "stop") + DONE,
    "null in place of choices": data({ choices: null }) + chat({ content: "Yes." }) + chat({}, "stop") + DONE,
    "null in place of a delta": chat(null) + chat({ content: "Yes." }) + chat(null, "stop") + DONE,
    "a number as its id":
      data({ id: 5, created: "now", model: 7, choices: [{ delta: { content: "Yes." } }] }) + chat({}, "stop") + DONE,
    "another role": chat({ role: "model", content: "Yes." }) + chat({}, "stop") + DONE,
    "an empty reason on the way": chat({ content: "Yes." }, "") + chat({}, "stop") + DONE,
    "unknown events": `event: weather\n${data({ sunny: true })}${chat({ content: "Yes." })}${chat({}, "stop")}${DONE}`,
    "data that is no JSON": data("ping") + chat({ content: "Yes." }) + chat({}, "stop") + DONE,
    "no blank lines": `${[{ content: "Ye" }, { content: "s." }].map((delta) => chat(delta).trim()).join("\n")}\n${chat({}, "stop")}${DONE}`,
    "its text in parts": chat({ content: [{ type: "text", text: "Yes." }] }) + chat({}, "stop") + DONE,
    "counts as text":
      chat({ content: "Yes." }) +
      data({ choices: [], usage: { prompt_tokens: "7", completion_tokens: null } }) +
      chat({}, "stop") +
      DONE,
    "the whole message again at its end":
      chat({ content: "Yes." }) +
      data({ choices: [{ message: { role: "assistant", content: "Yes." }, finish_reason: "stop" }] }) +
      DONE,
    "its end without a line end": chat({ content: "Yes." }) + chat({}, "stop").trimEnd(),
    "the whole answer in one piece": JSON.stringify({
      object: "chat.completion",
      choices: [{ index: 0, message: { role: "assistant", content: "Yes." }, finish_reason: "stop" }],
    }),
  };
  for (const [what, body] of Object.entries(texts)) {
    test(`an answer with ${what} is read`, async () => {
      await using server = await fakeOpenAI();

      const { text, end: reason, requests, error } = await told(server, [bytes(body)]);

      assert.deepEqual([text, reason, requests, error], ["Yes.", "stop", 1, undefined]);
    });
  }

  test("a connection that stays open after the end mark holds nobody up", async () => {
    await using server = await fakeOpenAI();
    const { promise: hold, resolve } = Promise.withResolvers<void>();

    const { text } = await told(server, [
      { kind: "bytes", body: chat({ content: "Yes." }) + chat({}, "stop") + DONE, hold },
    ]);
    resolve();

    assert.equal(text, "Yes.");
  });
});

describe("other wire formats, nearly compatible", () => {
  const wholes: [Api, () => Promise<ModelServer>, unknown][] = [
    [
      "anthropic",
      fakeAnthropic,
      {
        type: "message",
        role: "assistant",
        content: [{ type: "text", text: "Yes." }],
        stop_reason: "end_turn",
        usage: { input_tokens: 1, output_tokens: 1 },
      },
    ],
    ["google", fakeGoogle, [{ candidates: [{ content: { parts: [{ text: "Yes." }] }, finishReason: "STOP" }] }]],
    [
      "openai",
      fakeOpenAIResponses,
      {
        object: "response",
        status: "completed",
        error: null,
        output: [
          {
            type: "message",
            id: "m",
            role: "assistant",
            content: [{ type: "output_text", text: "Yes.", annotations: [] }],
          },
        ],
      },
    ],
  ];
  for (const [api, open, body] of wholes) {
    test(`a whole answer of ${api} in one piece is read`, async () => {
      await using server = await open();

      const { text, error } = await told(server, [bytes(JSON.stringify(body), "application/json")], { api });

      assert.deepEqual([text, error], ["Yes.", undefined]);
    });
  }

  test("Anthropic's stream with unknown events, unknown blocks and without its start is read", async () => {
    await using server = await fakeAnthropic();
    const body =
      claude("weather", { sunny: true }) +
      claude("content_block_start", { index: 0, content_block: { type: "hologram" } }) +
      claude("content_block_delta", { index: 0, delta: { type: "hologram_delta", x: 1 } }) +
      claude("content_block_stop", { index: 0 }) +
      claude("content_block_delta", { index: 1, delta: { type: "text_delta", text: "Yes." } }) +
      claude("content_block_start", { index: "2", content_block: { type: "tool_use", id: 9, name: "clock" } }) +
      claude("content_block_delta", {
        index: "2",
        delta: { type: "input_json_delta", partial_json: { zone: "UTC" } },
      }) +
      claude("message_delta", { delta: { stop_reason: "tool_use" } }) +
      claude("message_stop");

    const { text, calls, error } = await told(server, [bytes(body)], { api: "anthropic", tools: TOOLS });

    assert.deepEqual([text, calls, error], ["Yes.", [["clock", { zone: "UTC" }]], undefined]);
  });

  test("Google's stream with parts that nobody knows and arguments as text is read", async () => {
    await using server = await fakeGoogle();
    const body =
      gemini([{ hologram: {} }, { text: "Yes." }]) +
      data({ candidates: null, usageMetadata: { promptTokenCount: "4" } }) +
      gemini([{ functionCall: { id: 4, name: "clock", args: '{"zone":"UTC"}' } }], "STOP");

    const { text, calls, error } = await told(server, [bytes(body)], { api: "google", tools: TOOLS });

    assert.deepEqual([text, calls, error], ["Yes.", [["clock", { zone: "UTC" }]], undefined]);
  });

  test("OpenAI's responses with arguments as an object and numbers as ids are read", async () => {
    await using server = await fakeOpenAIResponses();
    const item = { type: "function_call", id: 3, call_id: 4, name: "clock", arguments: { zone: "UTC" } };
    const body =
      reply("response.weather", { sunny: true }) +
      reply("response.output_item.added", { output_index: 0, item: { ...item, arguments: "" } }) +
      reply("response.output_item.done", { output_index: 0, item }) +
      reply("response.completed", { response: { usage: null } });

    const { calls, error } = await told(server, [bytes(body)], { api: "openai", tools: TOOLS });

    assert.deepEqual([calls, error], [[["clock", { zone: "UTC" }]], undefined]);
  });
});

describe("thoughts in the text", () => {
  const say = (text: string, cut = 4) =>
    bytes([
      ...[...text.matchAll(/[\s\S]{1,4}/g)].map(([piece]) => chat({ content: piece.slice(0, cut) })),
      chat({}, "stop") + DONE,
    ]);
  for (const [open, close] of [
    ["<think>", "</think>"],
    ["<thinking>", "</thinking>"],
    ["<reasoning>", "</reasoning>"],
    ["<thought>", "</thought>"],
    ["<THINK>", "</THINK>"],
    ["[THINK]", "[/THINK]"],
    ["<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"],
  ] as const) {
    test(`between ${open} and its end are never shown`, async () => {
      await using server = await fakeOpenAI();

      const { text, thoughts, everShown } = await told(server, [say(`${open}Secret plan.${close}\nHello!`)]);

      assert.deepEqual([text.trim(), thoughts, everShown.trim()], ["Hello!", "Secret plan.", "Hello!"]);
    });
  }

  test("whose beginning is not marked are no answer; from then on they wait for their end", async () => {
    await using server = await fakeOpenAI();
    const models = new SdkModels({ clock, log });

    const first = await told(server, [say("Secret plan.\n</think>\n\nHello!")], { models });
    const second = await told(server, [say("Another plan.</think>Hello again!")], { models });
    const third = await told(server, [say("Without a thought.")], { models });

    assert.deepEqual([first.text, first.thoughts.trim()], ["Hello!", "Secret plan."]);
    assert.deepEqual([second.text, second.everShown], ["Hello again!", "Hello again!"]);
    assert.equal(third.text, "Without a thought.");
  });

  test("that are spoken of, in code, are shown", async () => {
    await using server = await fakeOpenAI();
    const said =
      "Write `<think>` and `</think>`:\n```\n<think>\nplan\n</think>\n<tool_call>{}</tool_call>\n```\nDone. 1 < 2 [x]";

    const { text, calls } = await told(server, [say(said)], { tools: TOOLS });

    assert.deepEqual([text, calls], [said, []]);
  });

  for (const said of [
    "End it with </think> please.",
    'It is called "</think>".',
    "Put it before </think>\nThen go on.",
  ])
    test(`that are spoken of in a sentence are shown: ${JSON.stringify(said)}`, async () => {
      await using server = await fakeOpenAI();
      const models = new SdkModels({ clock, log });

      const { text } = await told(server, [say(said)], { models });
      const next = await told(server, [say("One.\n\nTwo.")], { models });

      assert.deepEqual([text, next.text], [said, "One.\n\nTwo."]);
    });

  for (const said of [
    "Plan.</think>Hello!",
    "Plan.</think>\n\nHello!",
    "Plan. </think>\n\nHello!",
    "Plan. </think>\r\n\r\nHello!",
    "Plan.\n</think>Hello!",
    "Plan\n\n</think>\n\nHello!",
  ])
    test(`end as models end them: ${JSON.stringify(said)}`, async () => {
      await using server = await fakeOpenAI();

      const { text, thoughts } = await told(server, [say(said)]);

      assert.deepEqual([text, thoughts.trim().replace(".", "")], ["Hello!", "Plan"]);
    });

  test("that never end are no answer", async () => {
    await using server = await fakeOpenAI();

    const { text, everShown, requests } = await told(server, [say("<think>I go on and on")]);

    assert.deepEqual([text, everShown, requests], [HELLO, HELLO, 2]);
  });
});

describe("calls written as text", () => {
  const say = (text: string) => bytes([chat({ content: text }), chat({}, "stop") + DONE]);
  const letters = (text: string) =>
    bytes([...[...text].map((letter) => chat({ content: letter })), chat({}, "stop") + DONE]);
  const made = [["clock", { zone: "UTC" }]];
  const forms = {
    "Qwen and Hermes": '<tool_call>{"name": "clock", "arguments": {"zone": "UTC"}}</tool_call>',
    "Hermes without an end": '<tool_call>\n{"name": "clock", "arguments": {"zone": "UTC"}}',
    "arguments as text": '<tool_call>{"name": "clock", "arguments": "{\\"zone\\": \\"UTC\\"}"}</tool_call>',
    "Qwen coder": "<tool_call>\n<function=clock>\n<parameter=zone>\nUTC\n</parameter>\n</function>\n</tool_call>",
    GLM: "<tool_call>clock\n<arg_key>zone</arg_key>\n<arg_value>UTC</arg_value>\n</tool_call>",
    Mistral: '[TOOL_CALLS][{"name": "clock", "arguments": {"zone": "UTC"}}]',
    "Mistral's newer form": '[TOOL_CALLS]clock[ARGS]{"zone": "UTC"}',
    Llama: '<|python_tag|>{"name": "clock", "parameters": {"zone": "UTC"}}',
    "Llama's functions": '<function=clock>{"zone": "UTC"}</function>',
    "a code block": '```json\n{"name": "clock", "arguments": {"zone": "UTC"}}\n```',
    "bare JSON": '{"name": "clock", "parameters": {"zone": "UTC"}}',
    "gpt-oss": '<|channel|>commentary to=functions.clock <|constrain|>json<|message|>{"zone": "UTC"}<|call|>',
    "gpt-oss after its thoughts":
      '<|channel|>analysis<|message|>I look.<|end|><|start|>assistant<|channel|>commentary to=functions.clock <|constrain|>json<|message|>{"zone": "UTC"}<|call|>',
    "gpt-oss, with the recipient first":
      '<|start|>assistant to=functions.clock<|channel|>commentary json<|message|>{"zone": "UTC"}',
    DeepSeek:
      '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>clock\n```json\n{"zone": "UTC"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    "DeepSeek 3.1":
      '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>clock<｜tool▁sep｜>{"zone": "UTC"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    "DeepSeek 3.2":
      '<｜DSML｜function_calls>\n<｜DSML｜invoke name="clock">\n<｜DSML｜parameter name="zone" string="true">UTC</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>',
    Kimi: '<|tool_calls_section_begin|><|tool_call_begin|>functions.clock:0<|tool_call_argument_begin|>{"zone": "UTC"}<|tool_call_end|><|tool_calls_section_end|>',
    "Kimi without a section":
      '<|tool_call_begin|>functions.clock:0<|tool_call_argument_begin|>{"zone": "UTC"}<|tool_call_end|>',
    MiniMax:
      '<minimax:tool_call>\n<invoke name="clock">\n<parameter name="zone">UTC</parameter>\n</invoke>\n</minimax:tool_call>',
    Claude:
      '<function_calls>\n<invoke name="clock">\n<parameter name="zone">UTC</parameter>\n</invoke>\n</function_calls>',
    "Claude, unwrapped": '<invoke name="clock"><parameter name="zone">UTC</parameter></invoke>',
    Gemma: '```tool_code\nclock(zone="UTC")\n```',
    "Gemma, printing": '```tool_code\nprint(clock(zone="UTC"))\n```',
    "Gemma, without a name": "```tool_code\nclock('UTC')\n```",
    LFM: '<|tool_call_start|>[clock(zone="UTC")]<|tool_call_end|>',
    Granite: '<|tool_call|>[{"name": "clock", "arguments": {"zone": "UTC"}}]',
    Command:
      '<|START_ACTION|>[{"tool_call_id": "0", "tool_name": "clock", "parameters": {"zone": "UTC"}}]<|END_ACTION|>',
    "OpenAI's shape": '{"type": "function", "function": {"name": "clock", "arguments": {"zone": "UTC"}}}',
  };
  for (const [what, text] of Object.entries(forms)) {
    test(`in the way of ${what} are made and not shown`, async () => {
      await using server = await fakeOpenAI();

      const { calls, everShown, end } = await told(server, [say(text)], { tools: TOOLS });
      const slow = await told(server, [letters(text)], { tools: TOOLS });

      assert.deepEqual([calls, everShown, end], [made, "", "tool-calls"]);
      assert.deepEqual([slow.calls, slow.everShown], [made, ""]);
    });
  }

  test("without tools to call are shown to nobody", async () => {
    await using server = await fakeOpenAI();
    const bodies = Object.entries(forms).filter(([what]) => !/block|JSON|shape/.test(what));

    for (const [what, text] of bodies) {
      const { everShown, calls } = await told(server, [say(`So.\n${text}`)]);

      assert.deepEqual([everShown.trim(), calls], ["So.", []], what);
    }
  });

  test("that are Python and no calls are shown as the code that they are", async () => {
    await using server = await fakeOpenAI();
    const said = "So:\n```tool_code\nfor each in range(3):\n  print(each)\n```\nThat is all.";

    const { text, calls } = await told(server, [letters(said)], { tools: TOOLS });

    assert.deepEqual([text, calls], [said, []]);
  });

  test("several are made in order", async () => {
    await using server = await fakeOpenAI();
    const one = (zone: string) => `<tool_call>{"name": "clock", "arguments": {"zone": "${zone}"}}</tool_call>\n`;

    const { calls } = await told(server, [say(one("A") + one("B"))], { tools: TOOLS });

    assert.deepEqual(calls, [
      ["clock", { zone: "A" }],
      ["clock", { zone: "B" }],
    ]);
  });

  test("beside a call of the model's own are neither made nor shown", async () => {
    await using server = await fakeOpenAI();
    const body =
      chat({ content: `So.\n${forms["Qwen and Hermes"]}` }) +
      chat({ tool_calls: [{ index: 0, id: "c", function: { name: "clock", arguments: '{"zone":"Z"}' } }] }) +
      chat({}, "tool_calls") +
      DONE;

    const { calls, everShown } = await told(server, [bytes(body)], { tools: TOOLS });

    assert.deepEqual([calls, everShown.trim()], [[["clock", { zone: "Z" }]], "So."]);
  });

  const quoting: [string, string][] = [
    ["a tool answered", forms["Qwen and Hermes"]],
    ["a tool answered, over several lines", forms["Qwen coder"]],
    ["a tool answered, as JSON", forms["bare JSON"]],
  ];
  for (const [what, text] of quoting) {
    test(`that ${what} are not made when the model quotes them`, async () => {
      await using server = await fakeOpenAI();
      const messages: ModelMessage[] = [
        ...HI,
        { role: "assistant", content: [{ kind: "tool-call", callId: "c1", name: "clock", args: {} }] },
        {
          role: "tool",
          replies: [{ callId: "c1", name: "clock", text: `page:\n| ${text.replaceAll("\n", "\n| ")}`, isError: false }],
        },
      ];

      const { calls } = await told(server, [say(`The page says: ${text}`), say(text), say(text)], {
        tools: TOOLS,
        messages,
      });
      const alone = await told(server, [say(text)], { tools: TOOLS, messages });

      assert.deepEqual([calls, alone.calls], [[], []]);
    });
  }

  test("of a tool that there is not, bare or in a code block, are an answer", async () => {
    await using server = await fakeOpenAI();
    const text = '```json\n{"name": "Ada", "age": 36}\n```';

    const { text: said, calls } = await told(server, [say(text)], { tools: TOOLS });

    assert.deepEqual([said, calls], [text, []]);
  });

  test("where no tool was offered are shown to nobody", async () => {
    await using server = await fakeOpenAI();

    const { everShown, requests } = await told(server, [say(forms["Qwen and Hermes"])]);

    assert.deepEqual([everShown, requests], [HELLO, 2]);
  });
});

test("signs of life do not count as an answer: a provider that only sends them is given up", async () => {
  await using server = await fakeOpenAI();
  const { promise: hold, resolve } = Promise.withResolvers<void>();
  let now = 0;
  const stall: { ms: number; fire: () => void }[] = [];
  const patient = {
    ...clock,
    monotonic: () => now,
    after: (ms: number, fire: () => void) => {
      if (ms > 1_000) stall.push({ ms, fire });
      now += 1_000;
      return systemClock.after(ms, fire);
    },
  };
  const alive = [
    ": alive\n\n",
    ": alive\n\n",
    chat({ role: "assistant", content: "" }),
    ": alive\n\n",
    chat({ content: "One " }),
  ];
  server.script({ kind: "bytes", body: alive, hold });
  const steps = new SdkModels({ clock: patient, log }).stream({
    model: modelAt(server, "openai-compatible"),
    ...{ system: "", messages: HI, signal: new AbortController().signal },
  });

  const reader = steps[Symbol.asyncIterator]();
  await reader.next();
  const pending = reader.next();
  const waited = stall.map(({ ms }) => ms);
  stall.at(-1)?.fire();

  await assert.rejects(pending, /Fake has sent nothing for 120 s; try again\./);
  resolve();
  assert.ok(Math.min(...waited) <= 117_000, `signs of life renewed it: ${waited.join(", ")}`);
  assert.equal(waited.at(-1), 120_000, "a word renews it");
});

test("an end without words is an answer where everything has been said with a tool", async () => {
  await using server = await fakeOpenAI();
  server.script(bytes(chat({}, "stop") + DONE));
  const steps = new SdkModels({ clock, log }).stream({
    ...{ model: modelAt(server, "openai-compatible"), system: "", messages: HI, hasSpoken: true },
    signal: new AbortController().signal,
  });

  assert.deepEqual((await Array.fromAsync(steps)).at(-1), { kind: "finish", reason: "stop" });
  assert.equal(server.requests.length, 1);
});
