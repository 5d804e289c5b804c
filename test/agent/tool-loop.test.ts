import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { unframed } from "../support/frames.ts";
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
  assert.match(unframed(messages.at(-1)?.content ?? ""), /^agent:main:main, 0 min, What is there\?$/);
  const { messages: history } = await client.call("chat.history", { sessionKey: "main" });
  assert.deepEqual(
    history.map(({ role }: { role: string }) => role),
    ["user", "assistant", "toolResult", "assistant"],
  );
  assert.equal(await say(client, "And now?"), "Hello from the model.");
});

const TOOL_TURN = { kind: "tool-call", name: "sessions_list", arguments: {} } as const;

test("clients of protocol 3 see tools when the session is verbose, others when they ask for it", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(server) });
  const plain3 = await gateway.connect({ scopes: ["operator.admin"] });
  const plain4 = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });
  const asks4 = await gateway.connect({ protocol: 4, scopes: ["operator.admin"], caps: ["tool-events"] });
  const toolsSeenBy = (client: typeof plain3, runId: string) =>
    saidOf(client, "agent", runId).filter(({ stream }) => stream === "tool").length;
  const run = async (idempotencyKey: string) => {
    server.script(TOOL_TURN, { kind: "text", text: "One." });
    await plain3.call("chat.send", { sessionKey: "main", message: "?", idempotencyKey });
    for (const client of [plain3, plain4, asks4]) await endOf(client, idempotencyKey);
  };

  await run("quiet");
  await plain3.call("sessions.patch", { key: "main", verboseLevel: "on" });
  await run("verbose");

  assert.deepEqual(
    [plain3, plain4, asks4].map((client) => [toolsSeenBy(client, "quiet"), toolsSeenBy(client, "verbose")]),
    [
      [0, 2],
      [0, 0],
      [2, 2],
    ],
  );
  const quiet = saidOf(plain3, "agent", "quiet").map(({ seq }) => seq);
  assert.deepEqual(quiet, [1, 4, 5], "what is not shown is counted all the same");
});

test("a run of several turns is one reply to whoever watches, and turn by turn in the history", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(server) });
  const client = await gateway.connect({ scopes: ["operator.admin"] });
  server.script({ kind: "turn", text: "Let me look.", calls: [{ name: "sessions_list", arguments: {} }] });
  server.script({ kind: "text", text: "There is one." });

  const reply = await say(client, "What is there?");

  assert.equal(reply, "Let me look.\n\nThere is one.");
  const { messages } = await client.call("chat.history", { sessionKey: "main" });
  assert.deepEqual(
    messages.map(({ content }: { content: { type: string; text?: string }[] }) =>
      content.map((part) => part.text ?? part.type),
    ),
    [["What is there?"], ["Let me look.", "toolCall"], ["agent:main:main, 0 min, What is there?"], ["There is one."]],
  );
});

test("a tool that is under way when the reply is stopped does not hold up the next message", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(server) });
  const client = await gateway.connect({ scopes: ["operator.admin"] });
  server.script(TOOL_TURN, { kind: "hang" });
  await client.call("chat.send", { sessionKey: "main", message: "Look.", idempotencyKey: "stopped" });
  await server.next();
  await server.next();

  await client.call("chat.abort", { sessionKey: "main", runId: "stopped" });

  assert.equal((await endOf(client, "stopped")).state, "aborted");
  assert.equal(await say(client, "And now?"), "Hello from the model.");
});

test("a call of a tool that does not exist, and arguments that are wrong, are told to the model", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(server) });
  const client = await gateway.connect({ scopes: ["operator.admin"] });
  server.script({ kind: "tool-call", name: "rm", arguments: {} });
  server.script({ kind: "tool-call", name: "sessions_list", arguments: { limit: "many", deep: true } });

  assert.equal(await say(client, "Try."), "Hello from the model.");
  const answers = server.requests
    .slice(1)
    .map(({ body }) => unframed((body.messages as { content: string }[]).at(-1)?.content ?? ""));
  assert.match(answers[0]!, /^There is no tool "rm" here; there are .*sessions_list/);
  assert.match(answers[1]!, /^The arguments of sessions_list are not right: .*limit: must be integer/);
});
