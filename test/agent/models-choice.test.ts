// Choosing models, letting others stand in for them, and connecting providers: over a whole gateway.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fakeAnthropic } from "../fakes/anthropic.ts";
import type { ModelServer } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { type TestGateway, testGateway } from "../support/gateway.ts";
import { admin, endOf, say } from "./support.ts";

const SLOW = { kind: "status", status: 429, message: "slow down", headers: { "retry-after": "90" } } as const;
const OUT_OF_CREDIT = { kind: "status", status: 402, message: "no credit" } as const;

/** A gateway over two fake providers, the second standing in for the first. */
async function gatewayOver(first: ModelServer, second: ModelServer, more: object = {}): Promise<TestGateway> {
  const provider = (server: ModelServer, contextWindow: number) => ({
    baseUrl: server.baseUrl,
    apiKey: "fake-key-123456",
    models: [{ id: "m", contextWindow }],
  });
  return await testGateway({
    config: JSON.stringify({
      agents: { defaults: { model: { primary: "one/m", fallbacks: ["two/m"] } } },
      models: {
        detectLocal: false,
        providers: { one: provider(first, 8_000), two: { ...provider(second, 32_000), api: "anthropic" } },
        ...more,
      },
    }),
  });
}

describe("a fallback", () => {
  const reasons = [
    [SLOW, "no more requests for now"],
    [{ kind: "status", status: 401, message: "bad key" }, "its API key was rejected"],
    [OUT_OF_CREDIT, "no credit left"],
    [{ kind: "status", status: 404, message: "gone" }, "no such model"],
    [{ kind: "too-long" }, "the conversation is longer than it can take"],
  ] as const;

  for (const [script, why] of reasons) {
    test(`answers when the chosen model cannot (${why}), and says so`, async () => {
      await using first = await fakeOpenAI();
      await using second = await fakeAnthropic();
      await using gateway = await gatewayOver(first, second);
      const client = await admin(gateway);
      first.script(script);

      const reply = await say(client, "Hi");

      assert.equal(reply, `_one/m did not answer (${why}); two/m answers instead._\n\nHello from the model.`);
      const { messages } = await client.call("chat.history", { sessionKey: "main" });
      assert.deepEqual([messages.at(-1).provider, messages.at(-1).model], ["two", "m"]);
    });
  }

  test("is not asked when the model refuses, when the request is wrong, or when something has been said", async () => {
    await using first = await fakeOpenAI();
    await using second = await fakeAnthropic();
    await using gateway = await gatewayOver(first, second);
    const client = await admin(gateway);
    first.script(
      { kind: "refusal", text: "No." },
      { kind: "status", status: 400, message: "bad request" },
      { kind: "error", after: "Half ", message: "Overloaded" },
    );

    const refused = await say(client, "Hi");
    const wrong = await say(client, "Hi");
    const broken = await say(client, "Hi");

    assert.deepEqual(
      [refused, wrong, broken],
      [
        "No.\n\n_one/m stopped here: it or its provider refuses to go on. Ask differently._",
        "one refused the request (HTTP 400) (“bad request”).",
        "one broke the answer off (“Overloaded”); try again.",
      ],
    );
    assert.equal(second.requests.length, 0);
  });

  test("with no larger window is not asked when the conversation is too long", async () => {
    await using first = await fakeOpenAI();
    await using second = await fakeAnthropic();
    await using gateway = await gatewayOver(first, second);
    const client = await admin(gateway);
    await client.call("models.set", { model: "two/m" });
    await client.call("models.set", { model: "one/m", fallback: true });
    second.usual = { kind: "too-long" };

    await say(client, "Hi");

    assert.equal(first.requests.length, 0);
  });

  test("goes on answering to the end of the run in which it took over, and says so once", async () => {
    await using first = await fakeOpenAI();
    await using second = await fakeAnthropic();
    await using gateway = await gatewayOver(first, second);
    const client = await admin(gateway);
    first.script(SLOW);
    second.script({ kind: "turn", text: "Let me look.", calls: [{ name: "sessions_list", arguments: {} }] });

    await client.call("chat.send", { sessionKey: "main", message: "Hi", idempotencyKey: "r1" });
    const { message } = await endOf(client, "r1");
    const next = await say(client, "Again");

    const text = message.content[0].text as string;
    assert.equal(text.match(/answers instead/g)?.length, 1);
    assert.match(text, /Hello from the model\.$/);
    assert.deepEqual([first.requests.length, second.requests.length, next], [2, 2, "Hello from the model."]);
  });

  test("that fails too leaves one error that tells of both", async () => {
    await using first = await fakeOpenAI();
    await using second = await fakeAnthropic();
    await using gateway = await gatewayOver(first, second);
    first.script(OUT_OF_CREDIT);
    second.script({ kind: "status", status: 401, message: "bad key" });

    const reply = await say(await admin(gateway), "Hi");

    assert.equal(
      reply,
      "No model answered. one/m: one says that the account has no credit left (“no credit”); top it up or use /model. " +
        "two/m: two rejected the API key; give it another with `moltbot models auth two`.",
    );
  });
});

describe("several keys", () => {
  const keys = { apiKeys: ["key-one-111111", "key-two-222222"] };

  async function gatewayWithKeys(server: ModelServer): Promise<TestGateway> {
    const fake = { baseUrl: server.baseUrl, ...keys, models: [{ id: "m" }] };
    return await testGateway({
      config: JSON.stringify({ models: { detectLocal: false, providers: { fake } } }),
      verbose: true,
    });
  }

  test("the next key is used at once, and the refused one rests", async () => {
    await using server = await fakeOpenAI();
    await using gateway = await gatewayWithKeys(server);
    const client = await admin(gateway);
    server.script(SLOW);

    const replies = [await say(client, "Hi"), await say(client, "Hi again")];

    const used = server.requests.map(({ headers }) => headers.authorization);
    const { providers } = await client.call("models.status");
    assert.deepEqual(replies, ["Hello from the model.", "Hello from the model."]);
    assert.deepEqual(used, ["Bearer key-one-111111", "Bearer key-two-222222", "Bearer key-two-222222"]);
    assert.deepEqual(
      providers[0].keys.map(({ number, state }: { number: number; state: string }) => [number, state]),
      [
        [1, "rate-limited"],
        [2, "ready"],
      ],
    );
    assert.doesNotMatch(JSON.stringify([providers, gateway.log]), /key-(one|two)-/);
  });

  test("stand in one variable with commas, or in numbered ones", async () => {
    await using server = await fakeOpenAI();
    const env = { OPENAI_API_KEY: "sk-a, sk-b", OPENAI_API_KEY_3: "sk-c", OPENAI_BASE_URL: server.baseUrl };
    await using gateway = await testGateway({ config: "{ models: { detectLocal: false } }", env });
    const refused = { kind: "status", status: 401, message: "bad key" } as const;
    server.script(refused, refused);

    await say(await admin(gateway), "Hi");

    const used = server.requests.map(({ headers }) => headers.authorization);
    assert.deepEqual(used, ["Bearer sk-a", "Bearer sk-b", "Bearer sk-c"]);
  });
});

describe("names", () => {
  test("short names and capitals are understood wherever a model is named", async () => {
    await using first = await fakeOpenAI();
    await using second = await fakeAnthropic();
    await using gateway = await gatewayOver(first, second, { aliases: { fast: "two/m" } });
    const client = await admin(gateway);

    const chosen = await say(client, "/model FAST");
    await say(client, "Hi");
    const { model, aliases } = await client.call("models.status", { sessionKey: "main" });
    const reset = await say(client, "/model reset");

    assert.equal(chosen, "two/m answers in this conversation from now on; `/model reset` takes that back.");
    assert.equal(second.requests.length, 1);
    assert.deepEqual([model, aliases], ["two/m", { fast: "two/m" }]);
    assert.equal(reset, "one/m answers here again, as everywhere.");
  });

  test("models.set gives and takes a short name, and keeps the comments of the file", async () => {
    await using server = await fakeOpenAI();
    const fake = { baseUrl: server.baseUrl, apiKey: "fake-key-123456", models: [{ id: "m" }] };
    const models = JSON.stringify({ detectLocal: false, providers: { fake } });
    await using gateway = await testGateway({ config: `{\n  // mine\n  "models": ${models}\n}\n` });
    const client = await admin(gateway);

    const given = await client.call("models.set", { model: "fake/m", alias: "mine" });
    const taken = await client.call("models.set", { model: null, alias: "mine" });

    assert.deepEqual([given.aliases, taken.aliases], [{ mine: "fake/m" }, {}]);
    assert.match(readFileSync(gateway.configPath, "utf8"), /\/\/ mine/);
  });

  test("a short name in the config is shown as what it means", async () => {
    await using server = await fakeOpenAI();
    const fake = { baseUrl: server.baseUrl, apiKey: "fake-key-123456", models: [{ id: "m" }] };
    const config = {
      agents: { defaults: { model: "mine", models: { "fake/m": { alias: "mine" } } } },
      models: { detectLocal: false, providers: { fake } },
    };
    await using gateway = await testGateway({ config: JSON.stringify(config) });
    const client = await admin(gateway);

    const { model } = await client.call("models.status");
    const reply = await say(client, "Hi");

    assert.deepEqual([model, reply], ["fake/m", "Hello from the model."]);
  });

  test("choosing another model keeps the fallbacks", async () => {
    await using first = await fakeOpenAI();
    await using second = await fakeAnthropic();
    await using gateway = await gatewayOver(first, second);

    const { model, fallbacks } = await (await admin(gateway)).call("models.set", { model: "one/other" });

    assert.deepEqual([model, fallbacks], ["one/other", ["two/m"]]);
  });
});

describe("models.auth", () => {
  const KEY = "sk-good-0123456789";
  const nothing = () => testGateway({ config: `{\n  // mine\n  "models": { "detectLocal": false }\n}\n` });

  test("saves a key after one real answer, and chooses its model when none was chosen", async () => {
    await using server = await fakeAnthropic();
    await using gateway = await nothing();
    const client = await admin(gateway);
    const params = { provider: "mine", key: KEY, baseUrl: server.baseUrl, api: "anthropic", model: "m" };

    const saved = await client.call("models.auth.set", params);
    const reply = await say(client, "Hi");

    assert.deepEqual([saved.model, saved.isChosen, saved.reply], ["mine/m", true, "Hello from the model."]);
    assert.equal(reply, "Hello from the model.");
    assert.match(readFileSync(gateway.configPath, "utf8"), /\/\/ mine[\s\S]*sk-good-0123456789/);
    assert.equal(server.requests[0]?.headers["x-api-key"], KEY);
    assert.doesNotMatch(JSON.stringify(gateway.log), /sk-good/);
  });

  const refusals = [
    [
      { kind: "status", status: 401, message: "bad key" },
      "mine rejected this key, so it was not saved. Check that it was copied whole.",
    ],
    [
      { kind: "status", status: 402, message: "pay" },
      "The key was not saved, for mine/m did not answer with it. mine says that the account has no credit left (“pay”); " +
        "top it up or use /model.",
    ],
  ] as const;

  for (const [script, message] of refusals) {
    test(`saves nothing when the answer is ${script.status}`, async () => {
      await using server = await fakeAnthropic();
      await using gateway = await nothing();
      const before = readFileSync(gateway.configPath, "utf8");
      server.script(script);
      const params = { provider: "mine", key: KEY, baseUrl: server.baseUrl, api: "anthropic", model: "m" };

      const { error } = await (await admin(gateway)).request("models.auth.set", params);

      assert.equal(error?.message, message);
      assert.equal(readFileSync(gateway.configPath, "utf8"), before);
    });
  }

  test("a second key is kept beside the first, and both can be removed", async () => {
    await using server = await fakeOpenAI();
    await using gateway = await nothing();
    const client = await admin(gateway);
    const params = { provider: "mine", key: KEY, baseUrl: server.baseUrl, model: "m" };
    await client.call("models.auth.set", params);

    await client.call("models.auth.set", { provider: "mine", key: "sk-second-0123456789", add: true });
    const { providers } = await client.call("models.status");
    const removed = await client.call("models.auth.remove", { provider: "mine" });

    assert.equal(providers[0].keys.length, 2);
    assert.deepEqual(removed, { provider: "mine", removed: 2, stillConnected: false });
    assert.doesNotMatch(readFileSync(gateway.configPath, "utf8"), /sk-/);
  });
});

describe("models.test", () => {
  test("tells how long a model took, whether it calls a tool and sees a picture", async () => {
    await using first = await fakeOpenAI();
    await using second = await fakeAnthropic();
    await using gateway = await gatewayOver(first, second);
    first.script(
      { kind: "text", text: "ready" },
      { kind: "turn", calls: [{ name: "report_word", arguments: { word: "ready" } }] },
      { kind: "text", text: "Blue." },
    );

    const result = await (await admin(gateway)).call("models.test", { tools: true, image: true });

    const { latencyMs, firstTokenMs, ...said } = result;
    assert.deepEqual(said, { model: "one/m", reply: "ready", callsTools: true, seesImages: false });
    assert.ok(latencyMs >= firstTokenMs);
    assert.match(JSON.stringify(first.requests[2]?.body), /data:image\/png;base64/);
  });

  test("says what is wrong, and asks no other model", async () => {
    await using first = await fakeOpenAI();
    await using second = await fakeAnthropic();
    await using gateway = await gatewayOver(first, second);
    first.script(OUT_OF_CREDIT);

    const { error } = await (await admin(gateway)).request("models.test");

    assert.match(error?.message ?? "", /^one says that the account has no credit left/);
    assert.equal(second.requests.length, 0);
  });
});
