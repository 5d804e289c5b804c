// What goes to each provider and comes back in a turn with tools: over all four wire formats.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createLog } from "../../packages/gateway/src/base/log.ts";
import { Secrets } from "../../packages/gateway/src/base/privacy/secrets.ts";
import { systemClock } from "../../packages/gateway/src/base/time/clock.ts";
import { ModelError } from "../../packages/gateway/src/slices/agent/models/model-error.ts";
import type {
  ModelMessage,
  ModelPart,
  ModelRequest,
  ModelStep,
} from "../../packages/gateway/src/slices/agent/models/port.ts";
import type { Api, Model } from "../../packages/gateway/src/slices/agent/models/providers/providers.ts";
import { SdkModels } from "../../packages/gateway/src/slices/agent/models/sdk/sdk.ts";
import { fakeAnthropic } from "../fakes/anthropic.ts";
import { fakeGoogle } from "../fakes/google.ts";
import type { ModelServer } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { fakeOpenAIResponses } from "../fakes/openai-responses.ts";

const log = createLog({ clock: systemClock, level: "error", sinks: [], secrets: new Secrets() });
const clock = { ...systemClock, sleep: async () => {} };
const models = new SdkModels({ clock, log });
const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const TOOLS = [
  { name: "clock", description: "The time.", parameters: { type: "object", properties: { zone: { type: "string" } } } },
  { name: "read", description: "A file.", parameters: { type: "object", properties: { path: { type: "string" } } } },
];

function modelAt(server: ModelServer, api: Api, more: Partial<Model> = {}): Model {
  const provider = { id: "fake", label: "Fake", api, baseUrl: server.baseUrl, headers: {}, models: [] };
  const keyed = { ...provider, apiKey: "key-123456", origin: "config" as const };
  return { id: "fake-model", name: "Fake", ref: "fake/fake-model", provider: keyed, ...more };
}

const hi: ModelMessage = { role: "user", content: [{ kind: "text", text: "Hi" }] };

async function ask(model: Model, more: Partial<ModelRequest> = {}): Promise<ModelStep[]> {
  const signal = new AbortController().signal;
  return await Array.fromAsync(
    models.stream({ model, system: "Be brief.", messages: [hi], tools: TOOLS, signal, ...more }),
  );
}

async function failure(model: Model, more: Partial<ModelRequest> = {}): Promise<ModelError> {
  const error: unknown = await ask(model, more).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ModelError, String(error));
  return error;
}

/** The assistant's message as the loop keeps it: deltas joined, what the provider wants to see again beside them. */
function replyOf(steps: readonly ModelStep[]): ModelMessage {
  const content: ModelPart[] = [];
  for (const step of steps) {
    const last = content.at(-1);
    if (step.kind === "tool-call") {
      const { callId, name, args, providerData } = step;
      content.push({ kind: "tool-call", callId, name, args: args ?? {}, providerData });
    } else if (step.kind === "text" || step.kind === "reasoning") {
      const { kind, delta: text } = step;
      const providerData = kind === "reasoning" ? step.providerData : undefined;
      const isSame = last?.kind === kind && !(last.kind === "reasoning" && last.providerData);
      if (isSame) content.pop();
      content.push({ kind, text: (isSame ? last.text : "") + text, providerData } as ModelPart);
    }
  }
  return { role: "assistant", content };
}

function answersTo(reply: ModelMessage, more: object = {}): ModelMessage {
  const calls = reply.role === "tool" ? [] : reply.content.filter((part) => part.kind === "tool-call");
  const replies = calls.map(({ callId, name }) => ({ callId, name, text: `done ${name}`, isError: false, ...more }));
  return { role: "tool", replies };
}

const PROVIDERS = [
  { name: "an OpenAI-compatible provider", api: "openai-compatible", open: fakeOpenAI },
  { name: "Anthropic", api: "anthropic", open: fakeAnthropic },
  { name: "OpenAI", api: "openai", open: fakeOpenAIResponses },
  { name: "Google", api: "google", open: fakeGoogle },
] as const;

for (const { name, api, open } of PROVIDERS) {
  describe(name, () => {
    test("says something and calls two tools at once", async () => {
      await using server = await open();
      const calls = [
        { id: "call_a", name: "clock", arguments: { zone: "UTC" } },
        { id: "call_b", name: "read", arguments: { path: "a.md" } },
      ];
      server.script({ kind: "turn", text: "One moment.", calls });

      const steps = await ask(modelAt(server, api));

      const said = steps.flatMap((step) => (step.kind === "text" ? [step.delta] : [])).join("");
      const called = steps.flatMap((step) => (step.kind === "tool-call" ? [[step.name, step.args]] : []));
      assert.equal(said, "One moment.");
      assert.deepEqual(called, [
        ["clock", { zone: "UTC" }],
        ["read", { path: "a.md" }],
      ]);
      assert.equal(new Set(steps.flatMap((step) => (step.kind === "tool-call" ? [step.callId] : []))).size, 2);
      assert.deepEqual(steps.at(-1), { kind: "finish", reason: "tool-calls" });
    });

    test("is offered the tools, and sees calls and answers again, each with its own", async () => {
      await using server = await open();
      server.script({ kind: "turn", calls: [{ name: "clock" }, { name: "read", arguments: { path: "a.md" } }] });
      const model = modelAt(server, api);
      const reply = replyOf(await ask(model));

      await ask(model, { messages: [hi, reply, answersTo(reply)] });

      const body = JSON.stringify(server.requests[1]?.body);
      assert.match(JSON.stringify(server.requests[0]?.body), /The time\..*A file\./s);
      assert.match(body, /done clock.*done read/s);
      assert.match(body, /a\.md/);
    });

    test("a failed call and a picture reach the model", async () => {
      await using server = await open();
      const model = modelAt(server, api);
      const reply: ModelMessage = {
        role: "assistant",
        content: [
          { kind: "tool-call", callId: "c1", name: "clock", args: {} },
          { kind: "tool-call", callId: "c2", name: "read", args: {} },
        ],
      };
      const replies = [
        { callId: "c1", name: "clock", text: "No such zone.", isError: true },
        { callId: "c2", name: "read", text: "Here.", isError: false, images: [{ mimeType: "image/png", data: PIXEL }] },
      ];

      await ask(model, { messages: [hi, reply, { role: "tool", replies }] });

      const body = JSON.stringify(server.requests[0]?.body);
      assert.match(body, /No such zone\./);
      assert.match(body, /Here\./);
      assert.ok(body.includes(Buffer.from(PIXEL).toString("base64")), body);
    });

    test("a model that takes no pictures is told that there was one", async () => {
      await using server = await open();
      const picture: ModelPart = { kind: "image", mimeType: "image/png", data: PIXEL };

      await ask(modelAt(server, api, { input: ["text"] }), { messages: [{ role: "user", content: [picture] }] });

      const body = JSON.stringify(server.requests[0]?.body);
      assert.match(body, /A picture, which this model cannot see/);
      assert.ok(!body.includes(Buffer.from(PIXEL).toString("base64")));
    });

    test("a model that cannot call tools is sent none", async () => {
      await using server = await open();

      await ask(modelAt(server, api, { tools: false }));

      assert.equal(server.requests[0]?.body.tools, undefined);
    });

    test("without tools, calls of the past are told as text", async () => {
      await using server = await open();
      const call: ModelPart = { kind: "tool-call", callId: "c1", name: "clock", args: { zone: "UTC" } };
      const reply: ModelMessage = { role: "assistant", content: [call] };

      await ask(modelAt(server, api), { tools: [], messages: [hi, reply, answersTo(reply), hi] });

      const body = JSON.stringify(server.requests[0]?.body);
      assert.match(body, /I called clock with .*UTC.*clock answered: done clock/s);
      assert.doesNotMatch(body, /tool_call|tool_use|tool_result|function_call|functionCall|functionResponse/);
    });

    test("usage tells what the cache saved", async () => {
      await using server = await open();
      server.script({ kind: "turn", text: "Yes.", usage: { input: 100, output: 3, cacheRead: 80 } });

      const steps = await ask(modelAt(server, api));

      const usage = steps.find((step) => step.kind === "usage")?.usage;
      assert.deepEqual(usage, { input: 100, output: 3, cacheRead: 80, totalTokens: 103 });
    });

    test("a conversation longer than the window is said to be, and is not tried again", async () => {
      await using server = await open();
      server.script({ kind: "too-long" });

      const error = await failure(modelAt(server, api));

      assert.equal(error.kind, "too-long");
      assert.match(
        error.message,
        /^The conversation is longer than fake-model of Fake can take .*\/compact shortens it/,
      );
      assert.equal(server.requests.length, 1);
    });

    test("a model that thinks shows it, and sees its signed thoughts again", async () => {
      await using server = await open();
      const turn = {
        kind: "turn",
        reasoning: "Let me see.",
        signature: "c2lnLTE=",
        calls: [{ name: "clock" }],
      } as const;
      server.script(turn);
      const model = modelAt(server, api, { reasoning: true });
      const steps = await ask(model, { thinking: "high" });
      const reply = replyOf(steps);

      await ask(model, { thinking: "high", messages: [hi, reply, answersTo(reply)] });

      const thought = steps.flatMap((step) => (step.kind === "reasoning" ? [step.delta] : [])).join("");
      const seenAgain = JSON.stringify(server.requests[1]?.body).includes("c2lnLTE=");
      assert.equal(thought, "Let me see.");
      assert.equal(seenAgain, api !== "openai-compatible");
    });

    test("another model never sees the signed thoughts", async () => {
      await using server = await open();
      const turn = { kind: "turn", reasoning: "Secret.", signature: "c2lnLTE=", calls: [{ name: "clock" }] } as const;
      server.script(turn);
      const model = modelAt(server, api, { reasoning: true });
      const reply = replyOf(await ask(model, { thinking: "high" }));

      await ask({ ...model, id: "other", ref: "fake/other" }, { messages: [hi, reply, answersTo(reply)] });

      assert.doesNotMatch(JSON.stringify(server.requests[1]?.body), /Secret\.|c2lnLTE=/);
    });
  });
}

for (const { name, api, open } of PROVIDERS.filter((each) => each.api !== "google")) {
  test(`${name}: arguments that are not JSON arrive as they were written`, async () => {
    await using server = await open();
    server.script({ kind: "turn", calls: [{ name: "read", raw: '{"path": "a.md' }] });

    const steps = await ask(modelAt(server, api));

    const call = steps.find((step) => step.kind === "tool-call");
    assert.deepEqual([call?.args, call?.raw], [undefined, '{"path": "a.md']);
  });
}

test("Google: a call that cannot be read is asked for again", async () => {
  await using server = await fakeGoogle();
  server.script({ kind: "turn", calls: [{ name: "read", raw: '{"path": "a.md' }] });

  const steps = await ask(modelAt(server, "google"));

  assert.equal(server.requests.length, 2);
  assert.deepEqual(steps.at(-1), { kind: "finish", reason: "stop" });
});

test("Anthropic: tools, system prompt and the last two questions are marked for the cache", async () => {
  await using server = await fakeAnthropic();
  const said: ModelMessage = { role: "assistant", content: [{ kind: "text", text: "Yes?" }] };

  await ask(modelAt(server, "anthropic"), { messages: [hi, said, hi, said, hi] });

  const { tools, system, messages } = server.requests[0]!.body as Record<string, { cache_control?: object }[]>;
  const marked = messages!.map((message) => JSON.stringify(message).includes("cache_control"));
  assert.deepEqual(
    tools!.map(({ cache_control }) => cache_control),
    [undefined, { type: "ephemeral" }],
  );
  assert.deepEqual(system!.at(-1)?.cache_control, { type: "ephemeral" });
  assert.deepEqual(marked, [false, false, true, false, true]);
});

test("OpenAI: nothing is stored, and an organisation that may not see summaries is asked again without", async () => {
  await using server = await fakeOpenAIResponses();
  const message = "Your organization must be verified to generate reasoning summaries.";
  server.script({ kind: "status", status: 400, message });

  await ask(modelAt(server, "openai", { reasoning: true }), { thinking: "low" });

  const [first, second] = server.requests.map(({ body }) => body as { store: boolean; reasoning: object });
  assert.equal(first?.store, false);
  assert.deepEqual([first?.reasoning, second?.reasoning], [{ effort: "low", summary: "auto" }, { effort: "low" }]);
});

test("a server that cannot call tools is told apart, with what to do", async () => {
  await using server = await fakeOpenAI();
  const message = "registry.ollama.ai/library/gemma3:latest does not support tools";
  server.script({ kind: "status", status: 400, message });

  const error = await failure(modelAt(server, "openai-compatible"));

  assert.deepEqual(
    [error.kind, error.message],
    [
      "permanent",
      "fake-model of Fake cannot call tools (“registry.ollama.ai/library/gemma3:latest does not support tools”); choose " +
        "another with /model, or list it under models.providers.fake.models with tools: false to talk to it without them.",
    ],
  );
});

describe("an error's words", () => {
  const cases: readonly [said: string, status: number, body: object, kind: string][] = [
    [
      "llama.cpp",
      400,
      {
        error: {
          code: 400,
          type: "exceed_context_size_error",
          message: "the request exceeds the available context size",
        },
      },
      "too-long",
    ],
    ["Ollama", 400, { error: { message: "the input length exceeds the context length" } }, "too-long"],
    [
      "vLLM",
      400,
      { object: "error", message: "The decoder prompt (length 5000) is longer than the maximum model length of 4096." },
      "too-long",
    ],
    [
      "xAI",
      400,
      { error: "This model's maximum prompt length is 131072 but the request contains 537812 tokens." },
      "too-long",
    ],
    [
      "Anthropic's limit of bytes",
      413,
      { error: { type: "request_too_large", message: "Request exceeds the maximum size" } },
      "too-long",
    ],
    [
      "OpenAI without money",
      429,
      { error: { code: "insufficient_quota", message: "You exceeded your current quota" } },
      "no-credit",
    ],
    [
      "Anthropic without money",
      400,
      { error: { message: "Your credit balance is too low to access the Anthropic API." } },
      "no-credit",
    ],
    [
      "Google's wrong key",
      400,
      { error: { message: "API key not valid. Please pass a valid API key.", status: "INVALID_ARGUMENT" } },
      "logged-out",
    ],
    ["DeepSeek's unknown model", 400, { error: { message: "Model Not Exist" } }, "no-model"],
    [
      "a moderated question",
      403,
      { error: { message: "Your chosen model requires moderation and your input was flagged" } },
      "permanent",
    ],
    ["a wrong request", 400, { error: { message: "messages: at least one message is required" } }, "permanent"],
  ];

  for (const [said, status, body, kind] of cases) {
    test(`of ${said} mean ${kind}`, async () => {
      await using server = await fakeOpenAI();
      server.usual = { kind: "status", status, message: "", body };

      const error = await failure(modelAt(server, "openai-compatible"));

      assert.equal(error.kind, kind);
      assert.equal(server.requests.length, 1);
    });
  }
});

test("a provider that does not even begin to answer is given up after two minutes, and not asked again", async () => {
  await using server = await fakeOpenAI();
  server.usual = { kind: "hang" };
  const limits: (() => void)[] = [];
  const patient = {
    ...clock,
    after: (ms: number, fn: () => void) => {
      if (ms === 120_000) limits.push(fn);
      return systemClock.after(ms, fn);
    },
  };
  const asked = server.next();
  const { signal } = new AbortController();
  const model = modelAt(server, "openai-compatible");
  const asking = Array.fromAsync(
    new SdkModels({ clock: patient, log }).stream({ model, system: "", messages: [hi], signal }),
  );

  const seen = await asked;
  limits.at(-1)?.();

  await assert.rejects(asking, /^ModelError: Fake has sent nothing for 120 s; try again\.$/);
  assert.deepEqual([await seen.left, server.requests.length], [true, 1]);
});

test("Google's own waiting time is kept", async () => {
  await using server = await fakeGoogle();
  const details = [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "34s" }];
  const body = { error: { code: 429, message: "Quota exceeded", status: "RESOURCE_EXHAUSTED", details } };
  server.usual = { kind: "status", status: 429, message: "", body };

  const error = await failure(modelAt(server, "google"));

  assert.deepEqual([error.kind, error.retryAfterMs], ["rate-limited", 34_000]);
});

test("the run's name goes to whoever keeps traffic, and not over the wire", async () => {
  await using server = await fakeOpenAI();
  const seen: string[] = [];
  const keeper = {
    fetchFor: (runId: string, send: typeof fetch) => {
      seen.push(runId);
      return send;
    },
  };
  const kept = new SdkModels({ clock, log, traffic: () => keeper });
  const { signal } = new AbortController();

  await Array.fromAsync(
    kept.stream({ model: modelAt(server, "openai-compatible"), system: "", messages: [hi], signal, runId: "räume/1" }),
  );

  assert.deepEqual(seen, ["räume/1"]);
  assert.equal(server.requests[0]?.headers["x-moltbot-run"], undefined);
});
