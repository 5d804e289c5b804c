// The config changes while a run is under way: what is forbidden now is forbidden to it too, and what it needs and is
// gone ends in words, never in silence.
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { configFor, say } from "../agent/support.ts";
import { stdioServer } from "../fakes/mcp-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { testGateway } from "../support/gateway.ts";
import { ask, heldTurn, patch, toldTo } from "./story.ts";

const ADMIN = { scopes: ["operator.admin"] };

test("a tool that is forbidden while a run is under way is refused to it", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await gateway.connect(ADMIN);
  const turn = heldTurn(model, { calls: [{ name: "sessions_list" }] });
  const { reply } = ask(client, "Look.", "r1");
  await turn.asked;

  await patch(client, { tools: { deny: ["sessions_*"] } });
  turn.release();

  assert.equal(await reply, "Hello from the model.");
  assert.match(toldTo(model)[0]!, /^sessions_list may not be used: the rules of tools deny it/);
});

test("a server of tools that is removed while a run is under way is not started again for it", async () => {
  await using model = await fakeOpenAI();
  const journal = join(tmpdir(), `moltbot-story-${process.pid}.txt`);
  const config = { ...JSON.parse(configFor(model)), mcp: { servers: { fake: stdioServer({ journal }) } } };
  await using gateway = await testGateway({ config: JSON.stringify(config) });
  const client = await gateway.connect(ADMIN);
  const turn = heldTurn(model, { calls: [{ name: "mcp_fake_echo", arguments: { text: "hi" } }] });
  const { reply } = ask(client, "Echo.", "r1");
  await turn.asked;

  await patch(client, { mcp: { servers: { fake: null } } });
  turn.release();

  assert.equal(await reply, "Hello from the model.");
  assert.match(toldTo(model)[0]!, /^mcp_fake_echo: /);
  assert.equal(readFileSync(journal, "utf8").trim().split("\n").length, 1);
  rmSync(journal);
});

test("a model that is removed while a run is under way answers it to the end; the next message says what is missing", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await gateway.connect(ADMIN);
  const turn = heldTurn(model, { text: "Done." });
  const { reply } = ask(client, "Go.", "r1");
  await turn.asked;

  await patch(client, { models: { providers: { fake: null } } });
  turn.release();

  assert.equal(await reply, "Done.");
  assert.match(await say(client, "And now?"), /fake/);
});

test("a budget that is lowered below what a run has taken ends it before its next question, and says so", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await gateway.connect(ADMIN);
  const turn = heldTurn(model, { text: "Let me look.", calls: [{ name: "sessions_list" }], usage: { input: 5_000 } });
  const { reply } = ask(client, "Go.", "r1");
  await turn.asked;

  await patch(client, { budgets: { daily: { tokens: 1_000 } } });
  turn.release();

  assert.match(await reply, /budget/i);
  assert.equal(model.requests.length, 1);
  const { messages } = await client.call("chat.history", { sessionKey: "main" });
  assert.deepEqual(
    messages.map(({ role, stopReason }: { role: string; stopReason?: string }) => [role, stopReason]),
    [
      ["user", undefined],
      ["assistant", "toolUse"],
      ["toolResult", undefined],
      ["assistant", "error"],
    ],
  );
  await patch(client, { budgets: null });
  assert.equal(await say(client, "And now?"), "Hello from the model.");
});

test("a recorded run is played again although the config has forbidden all of it since", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(model, { defaults: { record: "on" } }) });
  const client = await gateway.connect(ADMIN);
  const calls = [{ name: "sessions_list" }, { name: "no such tool", raw: "[1" }];
  model.script({ kind: "turn", text: "Let me look.", calls });
  const reply = await ask(client, "Go.", "r1").reply;
  const asked = model.requests.length;

  await patch(client, {
    tools: { deny: ["*"] },
    models: { providers: { fake: null } },
    budgets: { daily: { tokens: 1 } },
  });
  const { same, text, differences } = await client.call("runs.replay", { runId: "r1" });

  assert.deepEqual([same, text, differences, model.requests.length], [true, reply, [], asked]);
});
