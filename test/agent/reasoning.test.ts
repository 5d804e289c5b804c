// How a model comes to its answer: kept, and shown where the conversation asks for it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeSignal, until } from "@moltbot/fakes";
import { ChannelBench } from "../channels/bench.ts";
import { fakeAnthropic } from "../fakes/anthropic.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { testGateway } from "../support/gateway.ts";
import { admin, configFor, endOf, saidOf, say } from "./support.ts";

const THINKS = { kind: "turn", reasoning: "They greet. I greet back.", text: "Hello!" } as const;

async function thinkingInHistory(client: Awaited<ReturnType<typeof admin>>): Promise<string[]> {
  const { messages } = await client.call("chat.history", { sessionKey: "main" });
  const parts = messages.flatMap(({ content }: { content: { thinking?: string }[] }) => content);
  return parts.flatMap(({ thinking }: { thinking?: string }) => (thinking === undefined ? [] : [thinking]));
}

test("reasoning is kept, and the history shows it only while the conversation does", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(server) });
  const client = await admin(gateway);
  server.script(THINKS);

  const reply = await say(client, "Hi");
  const hidden = await thinkingInHistory(client);
  await client.call("sessions.patch", { key: "main", reasoningLevel: "on" });
  const shown = await thinkingInHistory(client);

  assert.equal(reply, "Hello!");
  assert.deepEqual([hidden, shown], [[], ["They greet. I greet back."]]);
});

test("while it streams, those see it who name it or want everything; nobody else does", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(server) });
  const scopes = ["operator.admin"];
  const watchers = [
    await gateway.connect({ scopes }),
    await gateway.connect({ scopes, caps: ["reasoning-events"] }),
    await gateway.connect({ scopes, caps: ["tool-events"] }),
    await gateway.connect({ scopes, protocol: 4, caps: ["tool-events"] }),
  ];
  const client = watchers[0]!;
  await client.call("sessions.patch", { key: "main", reasoningLevel: "stream" });
  server.script(THINKS);

  await client.call("chat.send", { sessionKey: "main", message: "Hi", idempotencyKey: "k1" });
  for (const watcher of watchers) await endOf(watcher, "k1");

  const seen = watchers.map((watcher) => saidOf(watcher, "agent", "k1").filter(({ stream }) => stream === "reasoning"));
  assert.deepEqual(
    seen.map((events) => events.map(({ data }) => data.delta).join("")),
    ["", "They greet. I greet back.", "", "They greet. I greet back."],
  );
  assert.equal(seen[1]?.at(-1)?.data.text, "They greet. I greet back.");
});

test("it is not told at all where the conversation does not stream it", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(server) });
  const client = await gateway.connect({ scopes: ["operator.admin"], caps: ["reasoning-events"] });
  await client.call("sessions.patch", { key: "main", reasoningLevel: "on" });
  server.script(THINKS);

  await client.call("chat.send", { sessionKey: "main", message: "Hi", idempotencyKey: "k1" });
  await endOf(client, "k1");

  assert.deepEqual(
    new Set(saidOf(client, "agent", "k1").map(({ stream }) => stream)),
    new Set(["lifecycle", "assistant"]),
  );
});

test("the reasoning of an answer is past with it: the model is not shown it again", async () => {
  await using server = await fakeAnthropic();
  await using gateway = await testGateway({ config: configFor(server, { api: "anthropic" }) });
  const client = await admin(gateway);
  server.script({ ...THINKS, signature: "sig" });

  await say(client, "Hi");
  await say(client, "And now?");

  assert.doesNotMatch(JSON.stringify(server.requests.at(-1)?.body), /They greet/);
});

test("how hard a model thinks is set for a run, else the conversation, else the agent, else all", async () => {
  await using server = await fakeOpenAI();
  const agents = {
    list: [
      { id: "main", default: true },
      { id: "sage", thinkingDefault: "high" },
    ],
  };
  await using gateway = await testGateway({
    config: configFor(server, { defaults: { thinkingDefault: "low" }, agents }),
  });
  const client = await admin(gateway);

  await say(client, "a", "agent:main:main");
  await say(client, "b", "agent:sage:main");
  await client.call("sessions.patch", { key: "agent:sage:main", thinkingLevel: "medium" });
  await say(client, "c", "agent:sage:main");
  await say(client, "/think high d", "agent:sage:main");

  assert.deepEqual(
    server.requests.map(({ body }) => body.reasoning_effort),
    ["low", "high", "medium", "high"],
  );
});

test("on a channel it stands as a quotation above the reply, where the conversation has it on", async () => {
  await using model = await fakeOpenAI();
  const { models, agents } = JSON.parse(configFor(model));
  await using bench = await ChannelBench.start(fakeSignal, { config: { models, agents } });
  await bench.operator.call("sessions.patch", { key: "main", reasoningLevel: "on" });
  model.script(THINKS);

  await bench.fake.says("Hi", { from: "alice" });
  const reply = await until(bench.fake, "the reply", () =>
    bench.fake.delivered.find(({ text }) => text.includes("Hello!")),
  );

  assert.match(reply.text, /They greet\. I greet back\.\n+Hello!$/);
});
