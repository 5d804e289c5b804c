// Several agents: which one answers where, and what is known of it afterwards.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeTelegram } from "@moltbot/fakes";
import { ChannelBench } from "../channels/bench.ts";
import { Home } from "../cli/harness.ts";
import type { ModelServer } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { LIMIT_MS } from "../support/time-limit.ts";
import { configFor } from "./support.ts";

const AGENTS = { list: [{ id: "main" }, { id: "work", model: "fake/work-model" }] };

async function bound(model: ModelServer, bindings: readonly object[], queue: object = {}): Promise<ChannelBench> {
  const { models, agents } = JSON.parse(configFor(model, { agents: AGENTS }));
  return await ChannelBench.start(fakeTelegram, { config: { models, agents, bindings, messages: { queue } } });
}

test("a binding has another agent answer, in a conversation and with a model of its own; why names the binding", async () => {
  await using model = await fakeOpenAI();
  await using bench = await bound(model, [
    { agentId: "main", match: { channel: "telegram", accountId: "*" } },
    { agentId: "work", match: { channel: "telegram", accountId: "*", peer: { kind: "dm", id: "5000001" } } },
  ]);

  const { id } = await bench.fake.says("good morning", { from: "alice" });
  await bench.fake.says("good night", { from: "bob" });
  const [alice, bob] = [await bench.decided("good morning"), await bench.decided("good night")];

  assert.deepEqual([alice.sessionKey, alice.binding], ["agent:work:main", "bindings.1"]);
  assert.deepEqual([bob.sessionKey, bob.binding], ["agent:main:main", "bindings.0"]);
  assert.deepEqual(model.requests.map(({ body }) => body.model).sort(), ["fake-model", "work-model"]);
  const { binding } = await bench.operator.call("inbox.why", { message: id });
  assert.deepEqual(binding, { path: "bindings.1", line: 1 });
});

test("a binding to an agent that does not exist leaves it to the default agent, and says so in the log", async () => {
  await using model = await fakeOpenAI();
  await using bench = await bound(model, [{ agentId: "nobody", match: { channel: "telegram", accountId: "*" } }]);

  await bench.fake.says("good morning");
  const entry = await bench.decided("good morning");

  assert.deepEqual([entry.sessionKey, entry.binding], ["agent:main:main", undefined]);
  assert.ok(bench.gateway.log.some(({ sentence }) => sentence.startsWith("a binding names an agent")));
});

test("messages of a channel that came while a reply was under way have one answer; why says that it is theirs", async () => {
  await using model = await fakeOpenAI();
  const { promise: hold, resolve: release } = Promise.withResolvers<void>();
  model.script({ kind: "text", text: ["One ", "moment."], hold });
  await using bench = await bound(model, [], { debounceMs: 0 });
  const asked = model.next();
  await bench.fake.says("first");
  await asked;
  await bench.fake.says("second");
  await bench.fake.says("third");
  const limit = AbortSignal.timeout(LIMIT_MS);
  for (;;) {
    const { entries } = await bench.operator.call("inbox.list", {});
    if (entries.filter(({ state }: { state: string }) => state === "running").length === 3) break;
    limit.throwIfAborted();
  }

  release();
  const [second, third] = [await bench.decided("second"), await bench.decided("third")];

  assert.deepEqual([second.outcome, third.outcome, second.runId], ["replied", "replied", third.runId]);
  assert.match(second.detail, /answered together with what came beside it/);
  assert.equal(third.detail, undefined);
  assert.equal(bench.times("Hello from the model."), 1);
});

test("agents are added, bound, listed and removed on the command line; doctor sees a binding to nobody", async () => {
  using home = new Home();
  await using _gateway = await home.gateway();

  const added = await home.run(["agents", "add", "work", "--name", "Archie"]);
  const bound_ = await home.run(["agents", "bind", "work", "telegram", "--peer", "group:-1001"]);
  const listed = await home.run(["agents", "list"]);
  const unknown = await home.run(["agents", "bind", "wrok", "telegram"]);
  await home.run(["config", "set", "bindings", '[{ agentId: "gone", match: { channel: "telegram" } }]']);
  const doctor = await home.run(["doctor"]);
  const removed = await home.run(["agents", "remove", "work"]);

  assert.match(added.stdout, /^The agent work is added\./);
  assert.equal(bound_.stdout, "work answers on telegram (group -1001) from now on.\n");
  assert.match(listed.stdout, /● +main +everywhere else\n +work +Archie +on telegram \(group -1001\)/);
  assert.deepEqual(
    [unknown.code, unknown.stderr],
    [1, "There is no agent wrok; add it with `moltbot agents add wrok`.\n"],
  );
  assert.match(doctor.stdout, /warn +config +bindings\.0 names the agent "gone", which does not exist/);
  assert.equal(removed.stdout, "work is removed.\n");
});
