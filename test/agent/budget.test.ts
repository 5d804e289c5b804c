// Budgets: nothing is asked of a model once one is used up, and the refusal says what to do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../fakes/clock.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { testGateway } from "../support/gateway.ts";
import { admin, endOf, say } from "./support.ts";
import { pricedConfig } from "./usage-support.ts";

const turn = (text: string, tokens: number) => ({ kind: "turn", text, usage: { input: tokens, output: 0 } }) as const;
/** The fake clock starts at 05:20 UTC; most of the day is over before a client that answers pings is there. */
const BEFORE_START_MS = 17 * 3_600_000;
const DAY_MS = 24 * 3_600_000;

/** How long it is until the next day begins in UTC, ms. */
function toMidnight(clock: FakeClock): number {
  return DAY_MS - (clock.now() % DAY_MS);
}

test("a daily budget that is used up refuses the next call, says which and how much, and opens at midnight", async () => {
  await using server = await fakeOpenAI();
  const clock = new FakeClock();
  clock.advance(BEFORE_START_MS);
  await using gateway = await testGateway({
    config: pricedConfig(server, { budgets: { daily: { tokens: 1_000 } } }),
    clock,
  });
  const client = await admin(gateway);
  server.script(turn("First.", 1_200));
  await say(client, "one");

  const refused = await say(client, "two");
  const asked = server.requests.length;
  await gateway.pass(toMidnight(clock));
  const later = await say(client, "three");

  assert.equal(
    refused,
    "Today's budget is used up: 1,200 of 1,000 tokens (budgets.daily.tokens). It begins anew at 00:00 (UTC), " +
      "in 1 h 40 min; raise budgets.daily.tokens to go on now.",
  );
  assert.equal(asked, 1, "the model was not asked");
  assert.equal(later, "Hello from the model.");
});

test("a run with tools stops at the call that its own budget forbids, and keeps what it said", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: pricedConfig(server, { budgets: { perRun: { tokens: 500 } } }) });
  const client = await admin(gateway);
  server.script({
    kind: "turn",
    text: "Let me look.",
    calls: [{ name: "sessions_list" }],
    usage: { input: 600, output: 0 },
  });

  await client.call("chat.send", { sessionKey: "main", message: "?", idempotencyKey: "k1" });
  const { state, errorMessage } = await endOf(client, "k1");
  const next = await say(client, "go on");

  assert.equal(state, "error");
  assert.equal(
    errorMessage,
    "This request's budget is used up: 600 of 500 tokens (budgets.perRun.tokens). " +
      "Say “go on” to continue in a new one, or raise budgets.perRun.tokens.",
  );
  assert.equal(next, "Hello from the model.");
});

test("a conversation's budget begins anew with the conversation", async () => {
  await using server = await fakeOpenAI();
  const config = pricedConfig(server, { budgets: { perSession: { tokens: 100 } } });
  await using gateway = await testGateway({ config });
  const client = await admin(gateway);
  server.script(turn("First.", 150));
  await say(client, "one");

  const refused = await say(client, "two");
  const elsewhere = await say(client, "two", "other");
  await client.call("sessions.reset", { key: "main" });
  const anew = await say(client, "three");

  assert.match(refused, /^This conversation's budget is used up: 150 of 100 tokens .*\/new/);
  assert.deepEqual([elsewhere, anew], ["Hello from the model.", "Hello from the model."]);
});

test("an agent's budget holds for this agent alone", async () => {
  await using server = await fakeOpenAI();
  const config = JSON.parse(pricedConfig(server, { budgets: { perAgent: { Work: { tokens: 100 } } } }));
  config.agents.list = [{ id: "main", default: true }, { id: "work" }];
  await using gateway = await testGateway({ config: JSON.stringify(config) });
  const client = await admin(gateway);
  server.script(turn("First.", 150));
  await say(client, "one", "agent:work:main");

  const refused = await say(client, "two", "agent:work:main");
  const other = await say(client, "two", "agent:main:main");

  assert.match(refused, /budgets\.perAgent\.Work\.tokens/);
  assert.equal(other, "Hello from the model.");
});

test("a budget in dollars is kept where the price is known", async () => {
  await using server = await fakeOpenAI();
  const price = { input: 100, output: 100 };
  await using gateway = await testGateway({
    config: pricedConfig(server, { price, budgets: { daily: { cost: 0.05 } } }),
  });
  const client = await admin(gateway);
  server.script(turn("First.", 600));
  await say(client, "one");

  const refused = await say(client, "two");

  assert.match(refused, /^Today's budget is used up: \$0\.0600 of \$0\.0500 \(budgets\.daily\.cost\)\./);
});

test("a budget in dollars refuses a model without a price, unless the settings say that it may pass", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: pricedConfig(server, { budgets: { daily: { cost: 1 } } }) });
  const client = await admin(gateway);

  const refused = await say(client, "one");
  const { hash } = await client.call("config.get", {});
  await client.call("config.patch", { raw: '{ budgets: { unknownPrices: "ignore" } }', baseHash: hash });
  const passed = await say(client, "two");

  assert.match(refused, /^Nobody knows what fake\/fake-model costs, so budgets\.daily\.cost cannot be kept\./);
  assert.equal(passed, "Hello from the model.");
});

test("a budget warns once when it is nearly used up, and once when it is", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: pricedConfig(server, { budgets: { daily: { tokens: 1_000 } } }) });
  const client = await admin(gateway);
  server.script(turn("1", 700), turn("2", 150), turn("3", 50), turn("4", 200));

  for (const message of ["one", "two", "three", "four"]) await say(client, message);

  const told = client.frames.filter(({ event }) => event === "usage.budget").map(({ payload }) => payload);
  assert.deepEqual(
    told.map(({ level, budget }) => [level, budget.used]),
    [
      ["warning", 850],
      ["reached", 1_100],
    ],
  );
  const warned = gateway.sentences.filter((sentence) => sentence.startsWith("a budget is"));
  assert.deepEqual(warned, ["a budget is nearly used up", "a budget is used up"]);
});

test("concurrent runs step over a budget by at most one call each", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: pricedConfig(server, { budgets: { daily: { tokens: 100 } } }) });
  const client = await admin(gateway);
  server.usual = turn("Done.", 100);

  const runs = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => ({ sessionKey: `s${n}`, idempotencyKey: `k${n}` }));
  await Promise.all(runs.map((run) => client.call("chat.send", { ...run, message: "go" })));
  const ends = await Promise.all(
    runs.map(({ idempotencyKey: runId }) => client.call("agent.wait", { runId, timeoutMs: 9_000 })),
  );

  const answered = ends.filter(({ status }) => status === "ok").length;
  const refusals = ends.flatMap(({ error }) => (error === undefined ? [] : [error]));
  assert.ok(answered >= 1 && answered <= 4, `${answered} of 8 were answered, 4 run at once`);
  assert.ok(refusals.every((text) => text.startsWith("Today's budget is used up")));
});

test("the status tells how much of each budget is used, in the shape that old clients read too", async () => {
  await using server = await fakeOpenAI();
  const clock = new FakeClock();
  await using gateway = await testGateway({
    config: pricedConfig(server, { budgets: { daily: { tokens: 1_000 } } }),
    clock,
  });
  const client = await admin(gateway);
  server.script(turn("First.", 250));
  await say(client, "one");

  const { providers, budgets, today } = await client.call("usage.status", {});

  const resetAt = clock.now() + toMidnight(clock);
  assert.deepEqual(providers, [
    {
      provider: "moltbot",
      displayName: "Daily budget",
      windows: [{ label: "Tokens today", usedPercent: 25, resetAt }],
    },
  ]);
  assert.deepEqual(budgets, [
    { setting: "budgets.daily.tokens", unit: "tokens", used: 250, limit: 1_000, usedPercent: 25, resetAt },
  ]);
  assert.equal(today.totalTokens, 250);
});
