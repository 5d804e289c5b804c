// A gateway stops in the middle of a run, and what the run rests on is gone when it starts again: the run ends once, in
// words, and the next message is answered.
import assert from "node:assert/strict";
import { test } from "node:test";
import { configFor, endOf, say } from "../agent/support.ts";
import type { ModelServer } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { site } from "../fakes/site.ts";
import { type TestGateway, testGateway } from "../support/gateway.ts";
import type { WireClient } from "../support/wire-client.ts";
import { brokenRules } from "./provider-rules.ts";

const ADMIN = { scopes: ["operator.admin"] };

interface Config {
  agents: Record<string, unknown>;
  models: Record<string, unknown>;
  [section: string]: unknown;
}

function usual(model: ModelServer, more: object = {}): Config {
  return { ...JSON.parse(configFor(model)), ...more };
}

/** Stops the gateway, gives it another config, starts it and waits for the run's end. */
async function restarted(gateway: TestGateway, config: Config, runId: string) {
  await gateway.stop();
  gateway.writeConfig(JSON.stringify(config));
  await gateway.start();
  const client = await gateway.connect(ADMIN);
  const ended = await client.call("agent.wait", { runId, timeoutMs: 9_000 });
  return { client, ended };
}

/** A run that has called a tool and waits for its model. */
async function underWay(model: ModelServer, client: WireClient, sessionKey = "main"): Promise<void> {
  model.script({ kind: "turn", text: "Let me look.", calls: [{ name: "sessions_list" }] }, { kind: "hang" });
  const asked = [model.next(), model.next()];
  await client.call("chat.send", { sessionKey, message: "Look.", idempotencyKey: "r1" });
  await Promise.all(asked);
}

test("its model is gone: it says which, and the next model goes on with what is there", async () => {
  await using model = await fakeOpenAI();
  const config = usual(model);
  await using gateway = await testGateway({ config: JSON.stringify(config) });
  await underWay(model, await gateway.connect(ADMIN));

  const without = { ...config, models: { detectLocal: false } };
  const { ended } = await restarted(gateway, without, "r1");
  const { client } = await restarted(gateway, config, "r1");

  assert.equal(ended.status, "error");
  assert.match(ended.error, /fake/);
  assert.equal(await say(client, "And now?"), "Hello from the model.");
  assert.deepEqual(brokenRules(model.requests), []);
});

test("its tool is forbidden now: the call that was under way is not made again", async () => {
  await using model = await fakeOpenAI();
  const { promise: fetched, resolve } = Promise.withResolvers<void>();
  await using home = await site(() => resolve());
  const web = { allowPrivateHosts: [home.host] };
  const config = usual(model, { tools: { web } });
  await using gateway = await testGateway({ config: JSON.stringify(config) });
  const before = await gateway.connect(ADMIN);
  model.script({ kind: "turn", calls: [{ name: "web_fetch", arguments: { url: home.url } }] });
  await before.call("chat.send", { sessionKey: "main", message: "Fetch.", idempotencyKey: "r1" });
  await fetched;

  const { client, ended } = await restarted(gateway, { ...config, tools: { web, deny: ["web_*"] } }, "r1");

  assert.equal(ended.status, "ok");
  assert.equal(home.asked.length, 1);
  const { messages } = await client.call("chat.history", { sessionKey: "main" });
  assert.match(messages[2].content[0].text, /^There is no tool "web_fetch" here/);
  assert.deepEqual(brokenRules(model.requests), []);
});

test("its agent is gone: it ends once, and the others answer", async () => {
  await using model = await fakeOpenAI();
  const config = usual(model);
  const list = [{ id: "main", default: true }, { id: "work" }];
  const two = { ...config, agents: { ...config.agents, list } };
  await using gateway = await testGateway({ config: JSON.stringify(two) });
  await underWay(model, await gateway.connect(ADMIN), "agent:work:main");

  const { client, ended } = await restarted(gateway, config, "r1");

  assert.deepEqual([ended.status, ended.error], ["error", 'there is no agent "work"; there are main']);
  assert.equal(await say(client, "And now?"), "Hello from the model.");
});

test("its conversation began anew before the stop: it answers nobody in the new one", async () => {
  await using model = await fakeOpenAI();
  const config = usual(model);
  await using gateway = await testGateway({ config: JSON.stringify(config) });
  const before = await gateway.connect(ADMIN);
  await underWay(model, before);
  await before.call("chat.send", { sessionKey: "main", message: "/new", idempotencyKey: "r2" });
  await endOf(before, "r2");

  const { client } = await restarted(gateway, config, "r1");
  const reply = await say(client, "Who am I?");

  assert.equal(reply, "Hello from the model.");
  assert.ok(!JSON.stringify(model.requests.at(-1)!.body).includes("Look."));
  assert.deepEqual(brokenRules(model.requests), []);
});
