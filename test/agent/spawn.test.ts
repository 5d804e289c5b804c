import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Script } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { unframed } from "../support/frames.ts";
import { KillableGateway } from "./killable-gateway.ts";
import { configFor, endOf, say, transcriptOf } from "./support.ts";
import { toolStage } from "./tool-stage.ts";

function spawning(args: object): Script {
  return { kind: "tool-call", name: "spawn", arguments: { task: "Count the spoons.", ...args } };
}

describe("spawn", () => {
  test("gives a task to a conversation of its own and returns the result when it waits", async () => {
    await using stage = await toolStage();
    stage.model.script(spawning({ wait: true, label: "spoons" }));
    stage.model.script({ kind: "text", text: "There are 12." }, { kind: "text", text: "Twelve spoons." });

    assert.equal(await say(stage.client, "How many spoons?"), "Twelve spoons.");

    assert.equal(stage.lastTold(), "There are 12.");
    const { sessions } = await stage.client.call("sessions.list", { spawnedBy: "agent:main:main" });
    assert.equal(sessions.length, 1);
    assert.match(sessions[0].key, /^agent:main:subagent:[0-9a-f]{32}$/);
    assert.equal(sessions[0].label, "spoons");
    assert.deepEqual(await transcriptOf(stage.client, sessions[0].key), [
      "user: Count the spoons.",
      "assistant: There are 12.",
    ]);
  });

  test("a sub-agent has neither spawn, message, sessions_send nor cron, and only the tools of its task", async () => {
    await using stage = await toolStage();
    stage.model.script(spawning({ wait: true }), spawning({}), { kind: "text", text: "No." });
    await say(stage.client, "Go.");
    const offered = (at: number) =>
      (stage.model.requests[at]!.body as { tools: { function: { name: string } }[] }).tools.map((t) => t.function.name);

    assert.ok(offered(0).includes("spawn") && offered(0).includes("sessions_list"));
    assert.ok(offered(1).includes("sessions_list"));
    for (const name of ["spawn", "message", "sessions_send", "cron"]) assert.ok(!offered(1).includes(name), name);
    assert.match(JSON.stringify(stage.model.requests[2]!.body), /There is no tool \\"spawn\\" here/);

    stage.model.script(spawning({ wait: true, tools: ["sessions_list", "message"] }));
    await say(stage.client, "Again.");
    assert.deepEqual(offered(5), ["sessions_list"]);
  });

  test("settings allow sub-agents of sub-agents, and tools that they have not by themselves", async () => {
    const subagents = { maxDepth: 2, tools: { allow: ["message"], deny: ["sessions_history"] } };
    await using stage = await toolStage({ agents: { defaults: { subagents } } });
    stage.model.script(spawning({ wait: true }), spawning({ wait: true }));
    await say(stage.client, "Go.");
    const offered = (at: number) =>
      (stage.model.requests[at]!.body as { tools: { function: { name: string } }[] }).tools.map((t) => t.function.name);

    assert.ok(offered(1).includes("spawn") && offered(1).includes("message"));
    assert.ok(!offered(2).includes("spawn") && offered(2).includes("message"));
    assert.ok(!offered(1).includes("sessions_history"));
  });

  test("several at once work side by side, no more than one run may start", async () => {
    await using stage = await toolStage({ agents: { defaults: { subagents: { maxPerRun: 2 } } } });
    const calls = [1, 2, 3].map((n) => ({ name: "spawn", arguments: { task: `Task ${n}.`, wait: true } }));
    stage.model.script({ kind: "turn", calls });

    await say(stage.client, "Go.");

    const { messages } = stage.model.requests.at(-1)!.body as { messages: { role: string; content: string }[] };
    const told = messages.filter(({ role }) => role === "tool").map(({ content }) => content);
    assert.equal(told.filter((text) => text.includes("Hello from the model.")).length, 2);
    assert.equal(
      told.filter(
        (text) =>
          unframed(text) === "spawn: one run starts 2 sub-agents at the most (agents.defaults.subagents.maxPerRun)",
      ).length,
      1,
    );
  });

  test("without waiting, the result is told to the conversation, which tells the person", async () => {
    await using stage = await toolStage();
    const { promise: hold, resolve: letGo } = Promise.withResolvers<void>();
    stage.model.script(spawning({ label: "spoons" }));
    // The two that come next are asked at the same time.
    stage.model.usual = { kind: "text", text: ["There ", "are 12."], hold };
    await stage.client.call("chat.send", { sessionKey: "main", message: "Count.", idempotencyKey: "r1" });
    for (let n = 0; n < 3; n++) await stage.model.next();
    letGo();
    await endOf(stage.client, "r1");

    for (;;) {
      const lines = await transcriptOf(stage.client);
      if (lines.length === 6) {
        assert.match(
          lines[4]!,
          /^user: \[The sub-agent “spoons” has finished\. Tell the person .*\]\n\nThere are 12\.$/s,
        );
        return;
      }
      await stage.client.nextOf("chat");
    }
  });

  test("another agent is asked only where the owner allows it", async () => {
    const list = [{ id: "main", default: true }, { id: "work" }];
    await using stage = await toolStage({ agents: { list } });
    await using open = await toolStage({ agents: { list, defaults: { subagents: { allowAgents: ["work"] } } } });

    assert.equal(
      await stage.use("spawn", { task: "x", agentId: "work" }),
      'spawn: sub-agents of "work" are not allowed (agents.defaults.subagents.allowAgents)',
    );
    assert.equal(await stage.use("spawn", { task: "x", agentId: "nobody" }), 'spawn: there is no agent "nobody"');
    assert.equal(await open.use("spawn", { task: "x", agentId: "work", wait: true }), "Hello from the model.");
  });

  test("a sub-agent that takes too long is stopped, and that is told", async () => {
    await using stage = await toolStage();
    stage.model.script(spawning({ wait: true, timeoutSeconds: 1 }), { kind: "hang", after: "I am at spoon 3" });

    await say(stage.client, "Count.");

    assert.equal(stage.lastTold(), "It failed: the run reached its time limit and was stopped\n\nI am at spoon 3");
  });

  test("a model that does not exist is refused before anything begins", async () => {
    await using stage = await toolStage();

    assert.match(
      await stage.use("spawn", { task: "x", model: "none/none" }),
      /^spawn: No model provider is called "none"/,
    );
    const { sessions } = await stage.client.call("sessions.list", {});
    assert.equal(sessions.length, 1);
  });
});

describe("stopping", () => {
  for (const [what, stop] of [
    ["/stop", { method: "chat.send", params: { sessionKey: "main", message: "/stop", idempotencyKey: "stop-1" } }],
    ["chat.abort", { method: "chat.abort", params: { sessionKey: "main" } }],
  ] as const) {
    test(`${what} stops sub-agents too, waited for or not, and nothing is told of them`, async () => {
      await using stage = await toolStage();
      stage.model.usual = { kind: "hang" };
      const calls = [true, false].map((wait) => ({ name: "spawn", arguments: { task: `Wait: ${wait}.`, wait } }));
      stage.model.script({ kind: "turn", calls });
      await stage.client.call("chat.send", { sessionKey: "main", message: "Go.", idempotencyKey: "r1" });
      const asked = [await stage.model.next(), await stage.model.next(), await stage.model.next()];

      await stage.client.call(stop.method, stop.params);

      assert.equal((await endOf(stage.client, "r1")).state, "aborted");
      assert.deepEqual(await Promise.all(asked.slice(1).map(({ left }) => left)), [true, true]);
      stage.model.usual = { kind: "text", text: "Hello." };
      assert.equal(await say(stage.client, "And now?"), "Hello.");
      assert.ok(!(await transcriptOf(stage.client)).some((line) => line.includes("has finished")));
    });
  }
});

describe("after kill -9", () => {
  test("a run that waits for a sub-agent finds the one it has started", async () => {
    await using model = await fakeOpenAI();
    await using gateway = new KillableGateway(configFor(model));
    const before = await gateway.start();
    model.script(spawning({ wait: true }), { kind: "hang" });
    await before.call("chat.send", { sessionKey: "main", message: "Count.", idempotencyKey: "r1" });
    await model.next();
    await model.next();

    await gateway.kill();
    const after = await gateway.start();
    await after.call("agent.wait", { runId: "r1", timeoutMs: 9_000 });

    const { sessions } = await after.call("sessions.list", { spawnedBy: "agent:main:main" });
    assert.equal(sessions.length, 1);
    assert.deepEqual(await transcriptOf(after, sessions[0].key), [
      "user: Count the spoons.",
      "assistant: Hello from the model.",
    ]);
    assert.equal((await transcriptOf(after)).at(-1), "assistant: Hello from the model.");
  });

  test("a result that nobody waited for is told once", async () => {
    await using model = await fakeOpenAI();
    await using gateway = new KillableGateway(configFor(model));
    const before = await gateway.start();
    model.script(spawning({ label: "spoons" }));
    model.usual = { kind: "hang" };
    await before.call("chat.send", { sessionKey: "main", message: "Count.", idempotencyKey: "r1" });
    for (let n = 0; n < 3; n++) await model.next();

    await gateway.kill();
    model.usual = { kind: "text", text: "Hello." };
    const after = await gateway.start();
    const told = async () => (await transcriptOf(after)).filter((line) => line.includes("“spoons” has finished"));
    while ((await told()).length === 0) await after.nextOf("chat");
    await gateway.kill();
    const again = await gateway.start();
    await say(again, "And now?");

    const lines = await transcriptOf(again);
    assert.equal(lines.filter((line) => line.includes("“spoons” has finished")).length, 1);
  });
});
