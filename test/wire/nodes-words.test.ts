// What nodes say: words and speech for an agent, presses on surfaces, and the conversations that they follow.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { LAMPS } from "../../packages/a2ui/src/samples.ts";
import { toolStage } from "../agent/tool-stage.ts";
import { newDeviceKey } from "../support/device-key.ts";
import type { Connected } from "../support/gateway.ts";
import type { Frame } from "../support/wire-client.ts";

const stage = await toolStage({ canvasHost: { port: 0 } });
after(() => stage[Symbol.asyncDispose]());
const { gateway, client, model } = stage;

/** A phone that draws all that it is told, and everything that it was told. */
async function phone(name: string, { protocol = 3 as 3 | 4, device = newDeviceKey() } = {}) {
  const node = await gateway.connect({
    ...{ device, role: "node", protocol, caps: ["canvas"] },
    spoil: (params) => ({ ...params, commands: ["canvas.a2ui.push", "canvas.a2ui.reset", "canvas.present"] }),
    client: { id: "clawdbot-ios", mode: "node", platform: "iOS 18.2", displayName: name },
  });
  const heard: Frame[] = [];
  node.socket.on("message", (data) => {
    const frame = JSON.parse(String(data)) as Frame;
    const { event, payload } = frame;
    heard.push(frame);
    if (event !== "node.invoke.request") return;
    const params = { id: payload.id, nodeId: device.id, ok: true, payloadJSON: "{}" };
    node.send({ type: "req", id: `of ${payload.id}`, method: "node.invoke.result", params });
  });
  const tell = (event: string, payload: object) =>
    node.request("node.event", { event, payloadJSON: JSON.stringify(payload) });
  return { node, device, heard, tell };
}

/** The line by which apps tell of a press. */
const line = (surface: string, { action = "apply", ctx = '{"scene":"Dinner for two"}' } = {}) =>
  `CANVAS_A2UI action=${action} session=main surface=${surface} component=go host=Anna_s_phone instance=i-1 ctx=${ctx} default=update_canvas`;

/** The end of the next run of a conversation, as chat windows see it. */
async function replied(sessionKey: string, watcher: Connected = client): Promise<Frame["payload"]> {
  for (;;) {
    const { payload } = await watcher.nextOf("chat");
    if (payload.sessionKey === sessionKey && payload.state !== "delta") return payload;
  }
}

async function historyOf(sessionKey: string): Promise<string> {
  return JSON.stringify((await client.call("chat.history", { sessionKey })).messages);
}

const asked = () => JSON.stringify(model.requests.at(-1)!.body);
const lamps = (surfaceId: string) => LAMPS.replaceAll('"main"', JSON.stringify(surfaceId));

test("a press on a node reaches the conversation that drew the surface, as the word of a page", async () => {
  const { tell } = await phone("wall");
  const one = "agent:main:one";
  const other = "agent:main:other";
  await client.call("canvas.push", { sessionKey: one, node: "wall", jsonl: lamps("first") });
  await client.call("canvas.push", { sessionKey: other, node: "wall", jsonl: lamps("second") });
  model.script({ kind: "text", text: "Set." });

  const answer = await tell("agent.request", { message: line("first"), sessionKey: other, key: "a1", deliver: false });
  const { sessionKey } = await replied(one);
  const said = await historyOf(one);
  const shown = asked();

  assert.equal(answer.ok, true);
  assert.equal(sessionKey, one);
  assert.match(said, /Dinner for two/);
  assert.match(shown, /news from a page on the canvas\]\\n\| \{[^\n]*Dinner for two/);
  assert.equal(await historyOf(other), "[]");
});

test("a surface that a client draws by a plain call is the conversation's that the call names, if the node shows it", async () => {
  const { tell, node } = await phone("plain");
  const sessionKey = "agent:main:plain";
  const messages = lamps("by-hand")
    .split("\n")
    .filter(Boolean)
    .map((text) => JSON.parse(text));
  const today = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });
  let keys = 0;
  const draw = (command: string, params: object, key: string) =>
    today.request("node.invoke", { nodeId: "plain", command, params, sessionKey: key, idempotencyKey: `p${++keys}` });
  model.script({ kind: "text", text: "Set." });

  const drawn = await draw("canvas.a2ui.push", { messages }, sessionKey);
  const refused = await draw("canvas.a2ui.pushJSONL", { jsonl: lamps("by-hand") }, "agent:main:thief");
  const noName = await draw("canvas.a2ui.push", { messages }, " ");
  await tell("agent.request", { message: line("by-hand"), key: "plain-1", deliver: false });
  const { sessionKey: pressed } = await replied(sessionKey);

  assert.equal(drawn.ok, true);
  assert.equal(refused.error?.details?.reason, "command not declared by node");
  assert.equal(noName.ok, false);
  assert.equal(pressed, sessionKey);
  assert.equal(await historyOf("agent:main:thief"), "[]");
  node.socket.close();
});

test("a press that comes twice is one; a surface that the canvas did not draw is the main conversation's", async () => {
  const { tell, device } = await phone("twice", { protocol: 4 });
  await client.call("node.pair.approve", { requestId: device.id });
  model.script({ kind: "text", text: "Once." });

  const first = await tell("agent.request", { message: line("nobodys"), key: "same" });
  await replied("agent:main:main");
  const count = model.requests.length;
  const second = await tell("agent.request", { message: line("nobodys"), key: "same" });
  await client.flushed();

  assert.deepEqual(first.payload, { ok: true, event: "agent.request", handled: true });
  assert.deepEqual(second.payload, first.payload);
  assert.equal(model.requests.length, count);
});

test("of many presses in a second five are taken, and the sixth is told so", async () => {
  const { tell } = await phone("drum");

  const answers = await Promise.all(
    [1, 2, 3, 4, 5, 6].map(() => tell("agent.request", { message: line("s"), key: "k" })),
  );

  assert.deepEqual(
    answers.map(({ ok, error }) => (ok ? "ok" : error?.message)),
    [...Array<string>(5).fill("ok"), "too many presses at once; wait a second and press again"],
  );
});

for (const [what, message] of [
  ["no action", "CANVAS_A2UI session=main"],
  ["a context that is no object", line("s", { ctx: "[1]" })],
  ["a context that is no JSON", line("s", { ctx: "{oops" })],
  ["an action without a name", line("s", { action: "" })],
] as const)
  test(`a press with ${what} is no press, and no words either`, async () => {
    const { tell } = await phone("bad", { protocol: 4 });
    const count = model.requests.length;

    const { payload } = await tell("agent.request", { message });
    await client.flushed();

    assert.deepEqual(payload, { ok: true, event: "agent.request", handled: false, reason: "invalid_payload" });
    assert.equal(model.requests.length, count);
  });

test("words of a node start a run in its own conversation, whose programs ask a person each time", async () => {
  const { tell, device } = await phone("hall");
  model.script({ kind: "tool-call", name: "exec", arguments: { command: "touch /tmp/never" } });

  await tell("agent.request", { message: "Tidy up", key: "w1", thinking: "low" });
  const { payload } = await client.nextOf("exec.approval.requested");
  model.script({ kind: "text", text: "Not done." });
  await client.call("exec.approval.resolve", { id: payload.id, decision: "deny" });
  const { sessionKey } = await replied(`node-${device.id}`);

  assert.equal(payload.request.ask, "always");
  assert.equal(sessionKey, `node-${device.id}`);
});

test("what is said at a node is answered in the main conversation, in a run of its own name", async () => {
  const { tell } = await phone("kitchen");
  model.script({ kind: "text", text: "Half past nine." });

  await tell("voice.transcript", { text: "What is the time?" });
  const { runId, message } = await replied("agent:main:main");
  const wrong = await tell("voice.transcript", { text: "x".repeat(20_001) });

  assert.match(runId, /^voice-[\w-]{36}$/);
  assert.match(JSON.stringify(message), /Half past nine/);
  assert.deepEqual(wrong.payload, { ok: true });
});

test("a node sees the conversation that it follows and no other, until it follows it no more", async () => {
  const { node, heard, tell } = await phone("screen");
  const followed = "agent:main:followed";
  const ask = async (sessionKey: string, text: string) => {
    model.script({ kind: "text", text });
    await client.call("chat.send", { sessionKey, message: "Hello", idempotencyKey: text });
    await replied(sessionKey);
  };
  const finals = () =>
    heard
      .filter(({ event, payload }) => event === "chat" && payload.state === "final")
      .map(({ payload }) => payload.sessionKey);

  await ask(followed, "before");
  await tell("chat.subscribe", { sessionKey: followed });
  await ask("agent:main:secret", "elsewhere");
  await ask(followed, "meanwhile");
  await replied(followed, node);
  await tell("chat.unsubscribe", { sessionKey: followed });
  await ask(followed, "afterwards");
  await node.request("node.event", { event: "nothing" });

  assert.deepEqual(finals(), [followed]);
  assert.deepEqual([...new Set(heard.map(({ event }) => event).filter((event) => event === "agent"))], ["agent"]);
});

for (const text of ["/new", "/approve 12345 allow-always"])
  test(`${text} at a node is words for the model, and no command`, async () => {
    const { tell, device } = await phone("commands");
    const sessionKey = `node-${device.id}`;
    model.script({ kind: "text", text: "No." });

    await tell("agent.request", { message: text, sessionKey });
    const { message } = await replied(sessionKey);

    assert.match(JSON.stringify(message), /No\./);
    assert.ok(asked().includes(text));
  });

const WRONG: readonly [what: string, event: string, payload: object][] = [
  ["a conversation with too long a name", "voice.transcript", { text: "hi", sessionKey: "x".repeat(513) }],
  ["a conversation that is no text", "agent.request", { message: "hi", sessionKey: 7 }],
  ["a channel that is no text", "agent.request", { message: "hi", deliver: true, channel: {}, to: "1" }],
  ["no time", "agent.request", { message: "hi", timeoutSeconds: -1 }],
  ["nothing", "agent.request", { message: " " }],
];
for (const [what, event, payload] of WRONG)
  test(`words for ${what} are said nowhere`, async () => {
    const { tell } = await phone("wrong", { protocol: 4 });
    const count = model.requests.length;

    const answer = await tell(event, payload);
    await client.flushed();

    assert.deepEqual(answer.payload, { ok: true, event, handled: false, reason: "invalid_payload" });
    assert.equal(model.requests.length, count);
  });

test("a node follows so many conversations and no more, and says which next step there is", async () => {
  const { tell } = await phone("greedy");
  for (let n = 0; n < 64; n++) await tell("chat.subscribe", { sessionKey: `agent:main:g${n}` });

  const tooMany = await tell("chat.subscribe", { sessionKey: "agent:main:one-more" });
  await tell("chat.unsubscribe", { sessionKey: "agent:main:g0" });
  const again = await tell("chat.subscribe", { sessionKey: "agent:main:one-more" });

  assert.match(tooMany.error?.message ?? "", /at most 64 conversations; send chat\.unsubscribe/);
  assert.equal(again.ok, true);
});
