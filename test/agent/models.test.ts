import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createLog } from "../../packages/gateway/src/base/log.ts";
import { Secrets } from "../../packages/gateway/src/base/privacy/secrets.ts";
import { systemClock } from "../../packages/gateway/src/base/time/clock.ts";
import { ModelError } from "../../packages/gateway/src/slices/agent/models/model-error.ts";
import type { ModelStep } from "../../packages/gateway/src/slices/agent/models/port.ts";
import type { Api, Model } from "../../packages/gateway/src/slices/agent/models/providers/providers.ts";
import { SdkModels } from "../../packages/gateway/src/slices/agent/models/sdk/sdk.ts";
import { fakeAnthropic } from "../fakes/anthropic.ts";
import { fakeGoogle } from "../fakes/google.ts";
import type { ModelServer } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { fakeOpenAIResponses } from "../fakes/openai-responses.ts";

const log = createLog({ clock: systemClock, level: "error", sinks: [], secrets: new Secrets() });
/** Waits between attempts are skipped and recorded. */
const waits: number[] = [];
const clock = { ...systemClock, sleep: async (ms: number) => void waits.push(ms) };
const models = new SdkModels({ clock, log });

function modelAt(server: ModelServer, api: Api): Model {
  const provider = {
    id: "fake",
    label: "Fake",
    api,
    baseUrl: server.baseUrl,
    apiKey: "key-123456",
    headers: {},
    models: [],
    origin: "config" as const,
  };
  return { id: "fake-model", name: "Fake", ref: "fake/fake-model", provider };
}

function ask(model: Model, signal = new AbortController().signal): AsyncIterable<ModelStep> {
  return models.stream({
    model,
    system: "Be brief.",
    messages: [{ role: "user", content: [{ kind: "text", text: "Hi" }] }],
    signal,
  });
}

async function textOf(steps: AsyncIterable<ModelStep>): Promise<string> {
  let text = "";
  for await (const step of steps) if (step.kind === "text") text += step.delta;
  return text;
}

async function failureOf(steps: AsyncIterable<ModelStep>): Promise<ModelError> {
  const error: unknown = await textOf(steps).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ModelError, String(error));
  return error;
}

const PROVIDERS = [
  { name: "an OpenAI-compatible provider", api: "openai-compatible", open: fakeOpenAI },
  { name: "Anthropic", api: "anthropic", open: fakeAnthropic },
  { name: "OpenAI", api: "openai", open: fakeOpenAIResponses },
  { name: "Google", api: "google", open: fakeGoogle },
] as const;

for (const { name, api, open } of PROVIDERS) {
  describe(name, () => {
    test("streams text, then usage, then why it ended", async () => {
      await using server = await open();

      const steps = await Array.fromAsync(ask(modelAt(server, api)));

      assert.equal(steps.map((step) => (step.kind === "text" ? step.delta : "")).join(""), "Hello from the model.");
      assert.deepEqual(steps.slice(-2), [
        { kind: "usage", usage: { input: 7, output: 4, totalTokens: 11 } },
        { kind: "finish", reason: "stop" },
      ]);
    });

    test("is sent the system prompt, the messages and the key", async () => {
      await using server = await open();

      await textOf(ask(modelAt(server, api)));

      const [request] = server.requests;
      assert.match(JSON.stringify(request?.body), /Be brief\..*Hi|Hi.*Be brief\./s);
      const { authorization, "x-api-key": anthropic, "x-goog-api-key": google } = request!.headers;
      assert.equal(authorization ?? anthropic ?? google, authorization ? "Bearer key-123456" : "key-123456");
    });

    test("a stream of 1,000 tokens arrives whole and in order, in far fewer steps", async () => {
      await using server = await open();
      server.script({ kind: "tokens", count: 1000 });

      const steps = await Array.fromAsync(ask(modelAt(server, api)));

      const text = steps.map((step) => (step.kind === "text" ? step.delta : "")).join("");
      assert.equal(text, Array.from({ length: 1000 }, (_, index) => `token${index} `).join(""));
      assert.ok(steps.length < 100, `${steps.length} steps`);
    });

    test("aborting closes the HTTP request", async () => {
      await using server = await open();
      server.script({ kind: "hang", after: "Wait " });
      const abort = new AbortController();
      const asked = server.next();
      const steps = ask(modelAt(server, api), abort.signal)[Symbol.asyncIterator]();

      const first = await steps.next();
      const pending = steps.next();
      abort.abort(new Error("stopped by the test"));

      assert.deepEqual(first.value, { kind: "text", delta: "Wait " });
      await assert.rejects(pending, /stopped by the test/);
      assert.equal(await (await asked).left, true);
    });

    test("a reader that stops early closes the HTTP request too", async () => {
      await using server = await open();
      server.script({ kind: "hang", after: "Wait " });
      const asked = server.next();

      for await (const _step of ask(modelAt(server, api))) break;

      assert.equal(await (await asked).left, true);
    });

    test("a rejected key says which setting to change, and is not tried again", async () => {
      await using server = await open();
      server.script({ kind: "status", status: 401, message: "Incorrect API key provided: key-123456" });

      const error = await failureOf(ask(modelAt(server, api)));

      assert.equal(error.kind, "logged-out");
      assert.equal(error.message, "Fake rejected the API key; give it another with `moltbot models auth fake`.");
      assert.equal(server.requests.length, 1);
    });

    test("a 429 is tried again after the time it names", async () => {
      await using server = await open();
      waits.length = 0;
      server.script({ kind: "status", status: 429, message: "slow down", headers: { "retry-after": "2" } });

      const text = await textOf(ask(modelAt(server, api)));

      assert.equal(text, "Hello from the model.");
      assert.deepEqual(waits, [2000]);
    });

    test("a 429 that asks for more than 20 s is not waited for", async () => {
      await using server = await open();
      server.script({ kind: "status", status: 429, message: "slow down", headers: { "retry-after": "90" } });

      const error = await failureOf(ask(modelAt(server, api)));

      assert.equal(error.kind, "rate-limited");
      assert.equal(error.retryAfterMs, 90_000);
      assert.equal(error.message, "Fake accepts no more requests for now (“slow down”); try again in 90 s.");
    });

    test("an outage is tried three times in all", async () => {
      await using server = await open();
      const outage = { kind: "status", status: 503, message: "overloaded" } as const;
      server.script(outage, outage, outage);

      const error = await failureOf(ask(modelAt(server, api)));

      assert.equal(error.kind, "temporary");
      assert.equal(error.message, "Fake is out of order (HTTP 503) (“overloaded”); try again in a moment.");
      assert.equal(server.requests.length, 3);
    });

    test("an error in mid-stream keeps what was said and is not tried again", async () => {
      await using server = await open();
      server.script({ kind: "error", after: "Half ", message: "Overloaded" });
      const said: string[] = [];

      const failing = (async () => {
        for await (const step of ask(modelAt(server, api))) if (step.kind === "text") said.push(step.delta);
      })();

      await assert.rejects(failing, /Fake broke the answer off \(“Overloaded”\); try again\./);
      assert.deepEqual(said, ["Half "]);
      assert.equal(server.requests.length, 1);
    });

    test("a connection that is cut in mid-stream is an error, not an end", async () => {
      await using server = await open();
      server.script({ kind: "cut", after: "Half " });

      const error = await failureOf(ask(modelAt(server, api)));

      assert.equal(error.kind, "temporary");
      assert.match(error.message, /^The connection to Fake broke off/);
    });

    test("a refusal is a reason to end, and says how to go on", async () => {
      await using server = await open();
      server.script({ kind: "refusal", text: "I cannot help with that." });

      const steps = await Array.fromAsync(ask(modelAt(server, api)));

      const note = "fake/fake-model stopped here: it or its provider refuses to go on. Ask differently.";
      assert.deepEqual(steps.at(-1), { kind: "finish", reason: "refusal", note });
    });

    test("a tool call that nobody offered ends the answer", async () => {
      await using server = await open();
      server.script({ kind: "tool-call", name: "clock", arguments: { zone: "UTC" } });

      const steps = await Array.fromAsync(ask(modelAt(server, api)));

      assert.deepEqual(steps.at(-1), { kind: "finish", reason: "tool-calls" });
    });

    test("an unknown model says so", async () => {
      await using server = await open();
      server.script({ kind: "status", status: 404, message: "model not found" });

      const error = await failureOf(ask(modelAt(server, api)));

      assert.equal(error.kind, "no-model");
      assert.match(error.message, /^Fake has no model "fake-model" \(“model not found”\); choose another with \/model/);
    });
  });
}

test("a provider that does not run says where it was looked for", async () => {
  const server = await fakeOpenAI();
  const model = modelAt(server, "openai-compatible");
  await server[Symbol.asyncDispose]();

  const error = await failureOf(ask(model));

  assert.equal(error.kind, "temporary");
  assert.equal(
    error.message,
    `Fake does not answer at ${model.provider.baseUrl} (ECONNREFUSED); check that it runs and that the network is up.`,
  );
});

test("a provider that sends nothing for two minutes is given up", async () => {
  await using server = await fakeOpenAI();
  server.usual = { kind: "hang", after: "Well " };
  const stalls: (() => void)[] = [];
  const patient = {
    ...clock,
    after: (ms: number, fn: () => void) => {
      if (ms === 120_000) stalls.push(fn);
      return systemClock.after(ms, fn);
    },
  };
  const steps = new SdkModels({ clock: patient, log }).stream({
    model: modelAt(server, "openai-compatible"),
    system: "",
    messages: [{ role: "user", content: [{ kind: "text", text: "Hi" }] }],
    signal: new AbortController().signal,
  });

  const reader = steps[Symbol.asyncIterator]();
  await reader.next();
  const pending = reader.next();
  stalls.at(-1)?.();

  await assert.rejects(pending, /Fake has sent nothing for 120 s; try again\./);
});
