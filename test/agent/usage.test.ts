// What models took: counted call by call from the provider's own usage.
import "../support/replayed.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../fakes/clock.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { testGateway } from "../support/gateway.ts";
import { admin, endOf, say } from "./support.ts";
import { pricedConfig } from "./usage-support.ts";

const PRICE = { input: 2, output: 10, cacheRead: 0.5, cacheWrite: 3 };
const USAGE = { input: 1_000, output: 100, cacheRead: 600, cacheWrite: 100 };

test("every call of a run is counted, with what the cache had a part in, and priced", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: pricedConfig(server, { price: PRICE }), clock: new FakeClock() });
  const client = await admin(gateway);
  server.script(
    { kind: "turn", calls: [{ name: "sessions_list" }], usage: { ...USAGE, cacheWrite: 0 } },
    { kind: "turn", text: "One.", usage: { ...USAGE, cacheWrite: 0 } },
  );

  await say(client, "What is there?");
  const { daily, totals, days } = await client.call("usage.cost", { days: "7" });

  const expected = {
    ...{ input: 800, output: 200, cacheRead: 1_200, cacheWrite: 0, totalTokens: 2_200 },
    totalCost: (800 * 2 + 200 * 10 + 1_200 * 0.5) / 1e6,
    missingCostEntries: 0,
  };
  assert.equal(days, 7);
  assert.deepEqual(totals, expected);
  assert.deepEqual(daily, [{ date: daily[0].date, ...expected }]);
});

test("a model whose price nobody knows is counted and said to be without a price", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: pricedConfig(server) });
  const client = await admin(gateway);

  await say(client, "Hello");
  const { totals } = await client.call("usage.cost", {});

  assert.equal(totals.missingCostEntries, 1);
  assert.equal(totals.totalCost, 0);
  assert.ok(totals.totalTokens > 0);
});

test("an answer that breaks off is counted by its length and marked as an estimate", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: pricedConfig(server) });
  const client = await admin(gateway);
  server.script({ kind: "hang", after: "x".repeat(400) });
  await client.call("chat.send", { sessionKey: "main", message: "Hello", idempotencyKey: "k1" });
  await client.nextOf("chat");

  await client.call("chat.abort", { sessionKey: "main" });
  await endOf(client, "k1");
  await say(client, "Are you there?");
  const { rows } = await client.call("usage.breakdown", { by: "run" });

  const broken = rows.find(({ name }: { name: string }) => name === "k1");
  assert.equal(broken.estimatedCalls, 1);
  assert.equal(broken.output, 100);
  assert.ok(broken.input > 0);
});

test("a question that the provider refuses costs nothing", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: pricedConfig(server) });
  const client = await admin(gateway);
  server.script({ kind: "status", status: 401, message: "no" });

  await say(client, "Hello");

  assert.equal((await client.call("usage.cost", {})).totals.totalTokens, 0);
});

test("what is asked outside any conversation is counted too", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: pricedConfig(server) });
  const client = await admin(gateway);

  await say(client, "/model test");
  const { rows } = await client.call("usage.breakdown", { by: "session" });

  assert.deepEqual(
    rows.map(({ name, calls }: { name: string; calls: number }) => [name, calls]),
    [["", 1]],
  );
});

test("use is put together by model, agent and conversation; the largest first", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: pricedConfig(server) });
  const client = await admin(gateway);
  server.script({ kind: "turn", text: "a", usage: { input: 10, output: 1 } });
  server.script({ kind: "turn", text: "b", usage: { input: 500, output: 1 } });
  await say(client, "Hello", "main");
  await say(client, "Hello", "other");

  const [byModel, bySession] = await Promise.all(
    ["model", "session"].map(async (by) => (await client.call("usage.breakdown", { by })).rows),
  );

  const shape = ({ name, calls, totalTokens }: { name: string; calls: number; totalTokens: number }) => [
    name,
    calls,
    totalTokens,
  ];
  assert.deepEqual(byModel.map(shape), [["fake/fake-model", 2, 512]]);
  assert.deepEqual(bySession.map(shape), [
    ["agent:main:other", 1, 501],
    ["agent:main:main", 1, 11],
  ]);
});

test("a cost report is at most 30 seconds old", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: pricedConfig(server), clock: new FakeClock() });
  const client = await admin(gateway);
  const total = async () => (await client.call("usage.cost", { days: 30 })).totals.totalTokens;
  assert.equal(await total(), 0);
  await say(client, "Hello");

  const kept = await total();
  await gateway.pass(30_000);

  assert.equal(kept, 0);
  assert.ok((await total()) > 0);
});

test("/usage shows this conversation, today and the budget", async () => {
  await using server = await fakeOpenAI();
  const config = pricedConfig(server, { price: PRICE, budgets: { daily: { tokens: 10_000 } } });
  await using gateway = await testGateway({ config });
  const client = await admin(gateway);
  server.script({ kind: "turn", text: "a", usage: { input: 2_000, output: 500 } });
  await say(client, "Hello", "other");
  server.script({ kind: "turn", text: "a", usage: { input: 1_000, output: 100 } });
  await say(client, "Hello");

  const reply = await say(client, "/usage");

  assert.deepEqual(reply.split("  \n"), [
    "**This conversation** 1k tokens in, 100 out, $0.0030",
    "**Today, everything** 3k tokens in, 600 out, $0.0120",
    "**Budget** 3,600 of 10,000 tokens, 36 % (`budgets.daily.tokens`)",
    "**Under each reply** nothing; `/usage tokens` or `/usage full` shows it",
  ]);
});

test("replies end with a line of usage where the conversation asks for it; the model never sees it", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: pricedConfig(server, { price: PRICE }) });
  const client = await admin(gateway);
  server.usual = { kind: "turn", text: "Hi.", usage: { input: 1_234, output: 100, cacheRead: 200 } };
  await say(client, "/usage tokens");

  const tokens = await say(client, "Hello");
  await say(client, "/usage full");
  const full = await say(client, "Hello");
  await say(client, "/usage off");
  const off = await say(client, "Hello");

  assert.deepEqual(
    [tokens, full, off],
    ["Hi.\n\n_1.2k in, 100 out_", "Hi.\n\n_1.2k in (200 cached), 100 out · $0.0032 · fake/fake-model_", "Hi."],
  );
  assert.doesNotMatch(JSON.stringify(server.requests.at(-1)?.body), /1\.2k in/);
});
