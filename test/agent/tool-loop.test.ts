import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { testGateway } from "../support/gateway.ts";
import { configFor, endOf, saidOf, say } from "./support.ts";

test("a model's tool call is run, its answer goes back to the model, and both stay in the transcript", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(server) });
  const client = await gateway.connect({ scopes: ["operator.admin"], caps: ["tool-events"] });
  server.script({ kind: "tool-call", name: "sessions_list", arguments: {} }, { kind: "text", text: "There is one." });

  await client.call("chat.send", { sessionKey: "main", message: "What is there?", idempotencyKey: "k1" });
  const { message } = await endOf(client, "k1");

  assert.equal(message.content[0].text, "There is one.");
  const tools = saidOf(client, "agent", "k1").filter(({ stream }) => stream === "tool");
  assert.deepEqual(
    tools.map(({ data }) => data.phase),
    ["start", "result"],
  );
  const [, second] = server.requests;
  const messages = second?.body.messages as { role: string; content: string }[];
  assert.match(messages.at(-1)?.content ?? "", /^agent:main:main, 0 min, What is there\?$/);
  const { messages: history } = await client.call("chat.history", { sessionKey: "main" });
  assert.deepEqual(
    history.map(({ role }: { role: string }) => role),
    ["user", "assistant", "toolResult", "assistant"],
  );
  assert.equal(await say(client, "And now?"), "Hello from the model.");
});
