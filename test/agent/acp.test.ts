// Agents that are programs of their own and speak the Agent Client Protocol.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fakeTelegram, until } from "@moltbot/fakes";
import { ChannelBench } from "../channels/bench.ts";
import { acpBackend } from "../fakes/acp-agent.ts";
import { type Connected, type TestGateway, testGateway } from "../support/gateway.ts";
import { withoutCoverage } from "../support/program.ts";
import { admin, endOf, saidOf, say } from "./support.ts";

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** A gateway whose only agent is the fake one. */
async function gatewayWith(backend: object = acpBackend(), more: object = {}): Promise<TestGateway> {
  return await testGateway({ config: configOf(backend, more) });
}

function configOf(backend: object, more: object = {}): string {
  const { defaults, ...sections } = more as { defaults?: object };
  return JSON.stringify({
    models: { detectLocal: false },
    agents: { ...(defaults && { defaults }), list: [{ id: "main", backend }] },
    ...sections,
  });
}

/** Sends a message and waits until the agent has begun to answer. */
async function begin(client: Connected, message: string, idempotencyKey: string, more: object = {}): Promise<void> {
  await client.call("chat.send", { sessionKey: "main", message, idempotencyKey, ...more });
  while ((await client.nextOf("chat")).payload.state !== "delta");
}

test("the program answers in place of a model, in one session for each conversation", async () => {
  await using gateway = await gatewayWith();
  const client = await admin(gateway);

  assert.equal(await say(client, "hello"), 'You said "hello" with 0 pictures.');
  assert.equal(await say(client, "again"), 'You said "again" with 0 pictures.');
  assert.equal(await say(client, "/whoami").then((text) => text.includes("You said")), false);
});

test("its tool calls are shown to those who watch, and stand in the transcript with their answers", async () => {
  await using gateway = await gatewayWith();
  const client = await gateway.connect({ scopes: ["operator.admin"], caps: ["tool-events"] });

  await client.call("chat.send", { sessionKey: "main", message: "tool", idempotencyKey: "k1" });
  const { message } = await endOf(client, "k1");

  assert.equal(message.content[0].text, "Let me look.\n\nThere is a.txt.");
  const tools = saidOf(client, "agent", "k1").filter(({ stream }) => stream === "tool");
  assert.deepEqual(
    tools.map(({ data: { phase, name, args, result } }) => [phase, name, args ?? result]),
    [
      ["start", "read", { title: "List files", path: "." }],
      ["result", "read", "a.txt"],
    ],
  );
  const { messages } = await client.call("chat.history", { sessionKey: "main" });
  assert.deepEqual(
    messages.map(({ role }: { role: string }) => role),
    ["user", "assistant", "toolResult", "assistant"],
  );
});

test("its thoughts are no part of the answer", async () => {
  await using gateway = await gatewayWith();
  const client = await admin(gateway);

  assert.equal(await say(client, "think"), "Thought.");
});

test("pictures reach an agent that can see them", async () => {
  await using gateway = await gatewayWith();
  const client = await admin(gateway);
  const attachments = [{ content: PNG, fileName: "a.png" }];

  await client.call("chat.send", { sessionKey: "main", message: "look", attachments, idempotencyKey: "k1" });

  assert.equal((await endOf(client, "k1")).message.content[0].text, 'You said "look" with 1 pictures.');
});

describe("permission", () => {
  const CASES: readonly [permissions: string, chosen: string][] = [
    ["deny", "chosen no"],
    ["allow", "chosen yes"],
  ];
  for (const [permissions, chosen] of CASES) {
    test(`"${permissions}" answers for the owner: ${chosen}`, async () => {
      await using gateway = await gatewayWith(acpBackend({ permissions }));
      const client = await admin(gateway);

      assert.equal(await say(client, "permission"), chosen);
    });
  }
});

describe("permission, asked for", () => {
  const CASES: readonly [decision: string, chosen: string][] = [
    ["allow-once", "chosen yes"],
    ["deny", "chosen no"],
  ];
  for (const [decision, chosen] of CASES) {
    test(`is an approval: ${decision} is ${chosen}`, async () => {
      await using gateway = await gatewayWith();
      const client = await admin(gateway);

      const reply = say(client, "permission");
      const { payload } = await client.nextOf("exec.approval.requested");
      await client.call("exec.approval.resolve", { id: payload.id, decision });

      assert.match(payload.request.command, /^rm -rf \/ /);
      assert.equal(await reply, chosen);
    });
  }

  test("is withdrawn when the run is stopped", async () => {
    await using gateway = await gatewayWith();
    const client = await admin(gateway);
    await client.call("chat.send", { sessionKey: "main", message: "permission", idempotencyKey: "k1" });
    await client.nextOf("exec.approval.requested");

    await client.call("chat.abort", { sessionKey: "main" });

    const { payload } = await client.nextOf("exec.approval.resolved");
    assert.notEqual(payload.decision, "allow-once");
  });
});

describe("files", () => {
  test("of the workspace are read and written, others refused", async () => {
    await using gateway = await gatewayWith();
    const client = await admin(gateway);
    const folder = join(gateway.stateDir, "workspace");
    await say(client, "hello");
    writeFileSync(join(folder, "note.txt"), "inside");
    const outside = join(tmpdir(), `outside-${process.pid}.txt`);

    assert.equal(await say(client, `read ${join(folder, "note.txt")}`), "inside");
    assert.equal(await say(client, `write ${join(folder, "new.txt")}`), "ok");
    assert.match(await say(client, `read ${gateway.configPath}`), /^refused: /);
    assert.match(await say(client, `write ${outside}`), /^refused: /);
    assert.deepEqual([readFileSync(join(folder, "new.txt"), "utf8"), existsSync(outside)], ["written", false]);
  });

  test("are left alone when the agent's policy forbids those tools", async () => {
    await using gateway = await gatewayWith(acpBackend(), { tools: { deny: ["write"] } });
    const client = await admin(gateway);
    await say(client, "hello");

    const reply = await say(client, `write ${join(gateway.stateDir, "workspace", "new.txt")}`);

    assert.match(reply, /^refused: /);
  });
});

describe("the program", () => {
  test("gets none of the gateway's secrets", async () => {
    const config = configOf(acpBackend({ env: { GIVEN: "1" } }));
    await using gateway = await testGateway({ config, env: { PATH: process.env.PATH ?? "", OPENAI_API_KEY: "sk-no" } });
    const client = await admin(gateway);

    const names = (await say(client, "env")).split(" ");
    assert.deepEqual(withoutCoverage(names), ["GIVEN", "PATH"]);
  });

  test("that crashes ends the run in one clear error, and the next message starts it again", async () => {
    await using gateway = await gatewayWith();
    const client = await admin(gateway);

    const problem = await say(client, "crash");

    assert.match(problem, /cannot answer: it ended with code 11$/);
    assert.match(await say(client, "hello"), /"hello|hello"/);
    const { messages } = await client.call("chat.history", { sessionKey: "main" });
    assert.match(JSON.stringify(messages), /whether it took effect is not known/);
  });

  test("that is not there is named with what is wrong", async () => {
    await using gateway = await gatewayWith({ kind: "acp", command: "/no/such/agent" });
    const client = await admin(gateway);

    assert.match(await say(client, "hello"), /^agent cannot answer: there is no program \/no\/such\/agent/);
  });

  test("is told to stop when the run is stopped, and goes on with the next message", async () => {
    await using gateway = await gatewayWith();
    const client = await admin(gateway);
    await begin(client, "pause", "k1");

    await client.call("chat.abort", { sessionKey: "main" });

    assert.equal((await endOf(client, "k1")).state, "aborted");
    assert.equal(await say(client, "hello"), 'You said "hello" with 0 pictures.');
  });

  test("that hangs is bounded by the run's time, and another one answers the next message", async () => {
    const journal = join(tmpdir(), `acp-${process.pid}.log`);
    writeFileSync(journal, "");
    await using gateway = await gatewayWith(acpBackend({ journal }));
    const client = await admin(gateway);
    await say(client, "hello");
    await begin(client, "hang", "k1", { timeoutMs: 2_500 });

    const { state, stopReason } = await endOf(client, "k1");
    const next = await say(client, "hello");

    assert.deepEqual([state, stopReason], ["aborted", "timeout"]);
    assert.match(next, /hello" with 0 pictures\.$/);
    assert.equal(readFileSync(journal, "utf8").match(/^start/gm)?.length, 2);
  });

  test("is ended with the gateway; after a restart the session it had is loaded where it can be", async () => {
    const journal = join(tmpdir(), `acp-load-${process.pid}.log`);
    writeFileSync(journal, "");
    await using gateway = await gatewayWith(acpBackend({ journal, loads: true }));
    await say(await admin(gateway), "hello");
    await gateway.stop();
    const [started = "", created = ""] = readFileSync(journal, "utf8").split("\n");
    assert.throws(() => process.kill(Number(started.split(" ")[1]), 0), { code: "ESRCH" });

    await gateway.start();
    const reply = await say(await admin(gateway), "again");

    assert.equal(reply, 'You said "again" with 0 pictures.');
    assert.match(readFileSync(journal, "utf8"), new RegExp(`load ${created.split(" ")[1]}\n$`));
  });

  test("is told when the gateway stopped in the middle of its work", async () => {
    await using gateway = await gatewayWith();
    const client = await admin(gateway);
    await begin(client, "tool-and-pause", "k1");
    await gateway.stop();

    await gateway.start();
    const again = await admin(gateway);
    const { status } = await again.call("agent.wait", { runId: "k1", timeoutMs: 20_000 });

    assert.equal(status, "ok");
    const { messages } = await again.call("chat.history", { sessionKey: "main" });
    assert.match(JSON.stringify(messages.at(-1)), /The gateway stopped while you worked on this/);
  });

  test("that cannot load a session is told what was said before", async () => {
    await using gateway = await gatewayWith();
    await say(await admin(gateway), "my name is Ada");
    await gateway.stop();
    await gateway.start();

    const reply = await say(await admin(gateway), "again");

    assert.match(
      reply,
      /What was said before .*\(your owner\)\]\\n\| my name is Ada\\n\\n\[\w{16} what you answered\]\\n\| You said .*And now:\\n\\nagain"/,
    );
  });
});

test("whoever was let in on a channel is not answered by it unless the config says so", async () => {
  const settings = { agents: { list: [{ id: "main", backend: acpBackend() }] } };
  await using bench = await ChannelBench.start(fakeTelegram, { config: settings });

  await bench.fake.says("hello", { from: "friend" });

  const { text } = await until(bench.fake, "a reply", () => bench.fake.delivered[0]);
  assert.match(text, /this agent works for the owner of the gateway only/);
});
