import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { TOKEN, testGateway } from "../support/gateway.ts";
import { WireClient } from "../support/wire-client.ts";
import { admin, configFor, endOf, gatewayWithoutModel, saidOf } from "./support.ts";

/** Sends the request and returns its two answers. */
async function runTwice(client: Awaited<ReturnType<typeof admin>>, params: object) {
  const id = crypto.randomUUID();
  client.send({ type: "req", id, method: "agent", params });
  return { accepted: await client.answerTo(id), final: await client.answerTo(id) };
}

test("a run is answered twice under the same id: accepted, then over", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);

  const { accepted, final } = await runTwice(client, { message: "Hi", sessionKey: "main", idempotencyKey: "r1" });

  const { acceptedAt } = accepted.payload;
  assert.deepEqual(accepted.payload, { runId: "r1", status: "accepted", acceptedAt });
  const { sessionId } = final.payload.result.meta.agentMeta;
  const { durationMs } = final.payload.result.meta;
  assert.deepEqual(final.payload, {
    runId: "r1",
    status: "ok",
    summary: "completed",
    result: {
      payloads: [{ text: "Hello from the model.", mediaUrl: null }],
      meta: {
        durationMs,
        agentMeta: {
          sessionId,
          provider: "fake",
          model: "fake-model",
          usage: { input: 7, output: 4, totalTokens: 11 },
        },
        aborted: false,
        stopReason: "stop",
      },
    },
  });
});

test("agent events of a run count from 1 without gaps and repeat the caller's spelling of the key", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);

  await runTwice(client, { message: "Hi", sessionKey: "MAIN", idempotencyKey: "r1" });

  const events = saidOf(client, "agent", "r1");
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
  );
  assert.deepEqual([...new Set(events.map(({ sessionKey }) => sessionKey))], ["MAIN"]);
  assert.deepEqual([events[0].data.phase, events.at(-1).data.phase], ["start", "end"]);
  assert.equal(events.at(-2).data.text, "Hello from the model.");
  assert.equal(
    events
      .slice(1, -1)
      .map(({ data }) => data.delta)
      .join(""),
    "Hello from the model.",
  );
});

test("chat events of a run carry the whole text so far, what is new, and end with the message", async () => {
  await using model = await fakeOpenAI();
  model.script({ kind: "text", text: ["One ", "two ", "three."], gapMs: 170 });
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);

  await runTwice(client, { message: "Hi", sessionKey: "main", idempotencyKey: "r1" });

  const events = saidOf(client, "chat", "r1");
  const deltas = events.slice(0, -1);
  assert.deepEqual(
    deltas.map(({ message }) => message.content[0].text),
    ["One ", "One two ", "One two three."],
  );
  assert.deepEqual(
    deltas.map(({ deltaText }) => deltaText),
    ["One ", "two ", "three."],
  );
  const { id, timestamp } = events.at(-1).message;
  assert.deepEqual(events.at(-1), {
    runId: "r1",
    sessionKey: "main",
    seq: saidOf(client, "agent", "r1").at(-1).seq,
    state: "final",
    message: {
      id,
      role: "assistant",
      content: [{ type: "text", text: "One two three." }],
      timestamp,
      runId: "r1",
      provider: "fake",
      model: "fake-model",
      usage: { input: 7, output: 3, totalTokens: 10 },
      stopReason: "stop",
    },
    usage: { input: 7, output: 3, totalTokens: 10 },
  });
});

test("a concurrent duplicate joins the first run and gets both answers, with the same time of acceptance", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);
  const params = { message: "Hi", sessionKey: "main", idempotencyKey: "r1" };

  const [first, second] = await Promise.all([
    runTwice(client, params),
    runTwice(client, { ...params, message: "Other" }),
  ]);

  assert.deepEqual(second.accepted.payload, first.accepted.payload);
  assert.deepEqual(second.final.payload, first.final.payload);
  assert.equal(model.requests.length, 1);
});

test("a duplicate after the end, and after a restart, gets both answers without a second run", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(model) });
  const params = { message: "Hi", sessionKey: "main", idempotencyKey: "r1" };
  const first = await runTwice(await admin(gateway), params);

  const second = await runTwice(await admin(gateway), params);
  await gateway.stop();
  await gateway.start();
  const third = await runTwice(await admin(gateway), params);

  assert.deepEqual([second.accepted.payload, third.accepted.payload], [first.accepted.payload, first.accepted.payload]);
  assert.deepEqual([second.final.payload, third.final.payload], [first.final.payload, first.final.payload]);
  assert.equal(model.requests.length, 1);
});

test("a retry that knocks while the gateway still starts finds the interrupted run", async () => {
  await using model = await fakeOpenAI();
  model.usual = { kind: "hang" };
  await using gateway = await testGateway({ config: configFor(model), overrides: { port: await freePort() } });
  const { url } = gateway.running;
  const params = { message: "Hi", sessionKey: "main", idempotencyKey: "r1" };
  await (await admin(gateway)).call("chat.send", params);
  await gateway.stop();

  const starting = gateway.start();
  using client = await knock(url);
  const retry = await client.request("chat.send", params);
  await starting;

  assert.deepEqual([retry.error, retry.payload], [undefined, { runId: "r1", status: "in_flight" }]);
});

test("another caller's key, and another method's, is refused", async () => {
  await using gateway = await gatewayWithoutModel();
  const client = await admin(gateway);
  const other = await gateway.connect({ scopes: ["operator.admin"], device: newDeviceKey() });
  await runTwice(client, { message: "help", sessionKey: "main", idempotencyKey: "r1" });

  const theirs = await other.request("agent", { message: "help", sessionKey: "main", idempotencyKey: "r1" });
  const chat = await client.request("chat.send", { message: "help", sessionKey: "main", idempotencyKey: "r1" });

  assert.deepEqual(theirs.error, {
    code: "INVALID_REQUEST",
    message: "idempotencyKey is already used by another caller; choose another",
  });
  assert.deepEqual(chat.error, {
    code: "INVALID_REQUEST",
    message: "idempotencyKey is already used by agent; choose another",
  });
});

const REFUSALS = [
  { name: "no message", params: {}, message: "invalid agent params: must have required property 'message'" },
  { name: "NUL", params: { message: "a\u0000b" }, message: "message must not contain NUL characters" },
  { name: "nothing but control characters", params: { message: "\u0007 " }, message: "message or attachment required" },
  {
    name: "broken base64",
    params: { message: "x", attachments: [{ fileName: "a.png", content: "%%%" }] },
    message: "Error: attachment a.png: invalid base64 content",
  },
  {
    name: "too large a file",
    params: { message: "x", attachments: [{ fileName: "a.png", content: "A".repeat(6_666_672) }] },
    message: "Error: attachment a.png: exceeds size limit (5000004 > 5000000 bytes)",
  },
  {
    name: "an unknown channel",
    params: { message: "x", channel: "pigeon" },
    message: "invalid agent params: unknown channel: pigeon",
  },
  {
    name: "an unknown reply channel",
    params: { message: "x", replyChannel: "owl" },
    message: "invalid agent params: unknown channel: owl",
  },
  {
    name: "an unknown agent",
    params: { message: "x", agentId: "ghost" },
    message: 'invalid agent params: unknown agent id "ghost"',
  },
  {
    name: "an agent that is not the key's",
    params: { message: "x", agentId: "main", sessionKey: "agent:ops:main" },
    message: 'invalid agent params: agent "main" does not match session key agent "ops"',
  },
  {
    name: "an unknown thinking level",
    params: { message: "x", sessionKey: "main", thinking: "galactic" },
    message: "invalid agent params: unknown thinking level (use off|minimal|low|medium|high|xhigh)",
  },
  {
    name: "a session key with control characters",
    params: { message: "x", sessionKey: "a\u0001" },
    message: "session key must not contain control characters",
  },
];

for (const { name, params, message } of REFUSALS) {
  test(`${name} is refused before anything is accepted`, async () => {
    await using gateway = await gatewayWithoutModel();
    const client = await gateway.connect({ scopes: ["operator.admin"], protocol: 4, device: newDeviceKey() });

    const answer = await client.request("agent", { idempotencyKey: "r1", ...params });

    assert.deepEqual([answer.ok, answer.error?.code, answer.error?.message], [false, "INVALID_REQUEST", message]);
    assert.deepEqual((await client.call("agent.wait", { runId: "r1", timeoutMs: 0 })).status, "timeout");
  });
}

test("a run without a conversation is accepted and fails, with the payload beside the error", async () => {
  await using gateway = await gatewayWithoutModel();
  const client = await admin(gateway);

  const { accepted, final } = await runTwice(client, { message: "help", idempotencyKey: "r1" });

  const message = "Error: Pass --to <E.164>, --session-id, or --agent to choose a session";
  assert.equal(accepted.payload.status, "accepted");
  assert.equal(final.ok, false);
  assert.deepEqual(final.payload, { runId: "r1", status: "error", summary: message });
  assert.deepEqual(final.error, { code: "UNAVAILABLE", message });
  const [{ stream, data, sessionKey }] = saidOf(client, "agent", "r1");
  assert.deepEqual(
    { stream, data, sessionKey },
    {
      stream: "lifecycle",
      data: { phase: "error", startedAt: data.endedAt, endedAt: data.endedAt, error: message },
      sessionKey: undefined,
    },
  );
  // Clients decode a chat event by its conversation, and here is none.
  assert.deepEqual(saidOf(client, "chat", "r1"), []);
});

test("an agent's id alone means its main conversation", async () => {
  await using gateway = await gatewayWithoutModel({
    config: JSON.stringify({
      models: { detectLocal: false },
      agents: { list: [{ id: "main", default: true }, { id: "ops" }] },
    }),
  });
  const client = await admin(gateway);

  await runTwice(client, { message: "version", agentId: "Ops", idempotencyKey: "r1" });

  const { sessions } = await client.call("sessions.list");
  assert.deepEqual(
    sessions.map(({ key }: { key: string }) => key),
    ["agent:ops:main"],
  );
  assert.equal("sessionKey" in saidOf(client, "agent", "r1")[0], false);
});

test("a session whose policy is deny takes no messages", async () => {
  await using gateway = await gatewayWithoutModel();
  const client = await admin(gateway);
  await client.call("sessions.patch", { key: "quiet", sendPolicy: "deny" });

  const run = await client.request("agent", { message: "x", sessionKey: "quiet", idempotencyKey: "r1" });
  const chat = await client.request("chat.send", { message: "x", sessionKey: "quiet", idempotencyKey: "r2" });

  assert.equal(run.error?.message, "send blocked by session policy");
  assert.equal(chat.error?.message, "send blocked by session policy");
});

test("agent.wait finds runs that work, runs that have ended, and runs that come later", async () => {
  await using model = await fakeOpenAI();
  const hold = Promise.withResolvers<void>();
  model.script({ kind: "text", text: ["a", "b"], hold: hold.promise });
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);
  const early = client.request("agent.wait", { runId: "r1" });

  await client.call("agent", { message: "Hi", sessionKey: "main", idempotencyKey: "r1" });
  const polled = await client.call("agent.wait", { runId: "r1", timeoutMs: 0 });
  hold.resolve();
  const waited = (await early).payload;
  const again = await client.call("agent.wait", { runId: "r1", timeoutMs: 0 });

  assert.deepEqual(polled, { runId: "r1", status: "timeout" });
  assert.deepEqual(waited, { runId: "r1", status: "ok", startedAt: waited.startedAt, endedAt: waited.endedAt });
  assert.deepEqual(again, waited);
});

test("runs of one session go one after the other, in the order in which they came; other sessions do not wait", async () => {
  await using model = await fakeOpenAI();
  const hold = Promise.withResolvers<void>();
  model.script({ kind: "text", text: ["first", "."], hold: hold.promise });
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);
  const asked = model.next();

  await client.call("chat.send", { message: "one", sessionKey: "main", idempotencyKey: "r1" });
  await asked;
  await client.call("chat.send", { message: "two", sessionKey: "agent:main:main", idempotencyKey: "r2" });
  await client.call("chat.send", { message: "three", sessionKey: "other", idempotencyKey: "r3" });
  await endOf(client, "r3");
  const askedBefore = model.requests.length;
  hold.resolve();
  await endOf(client, "r2");

  assert.equal(askedBefore, 2);
  const messages = model.requests.map(({ body }) =>
    (body.messages as { role: string; content: string }[]).slice(1).map(({ role, content }) => `${role}: ${content}`),
  );
  assert.deepEqual(messages, [["user: one"], ["user: three"], ["user: one", "assistant: first.", "user: two"]]);
});

test("no more than four runs work at once; the others wait and are counted", async () => {
  await using model = await fakeOpenAI();
  model.usual = { kind: "hang", after: "Wait" };
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);
  const asked = [model.next(), model.next(), model.next(), model.next()];

  for (const n of [1, 2, 3, 4, 5, 6]) {
    await client.call("chat.send", { message: "Hi", sessionKey: `s${n}`, idempotencyKey: `r${n}` });
  }
  await Promise.all(asked);
  await client.call("chat.send", { message: "/status", sessionKey: "main", idempotencyKey: "status" });
  const { message } = await endOf(client, "status");
  await client.call("chat.abort", { sessionKey: "s6" });
  const waiting = await endOf(client, "r6");

  assert.match(message.content[0].text, /\*\*Runs\*\* 4 at work, 2 waiting/);
  assert.deepEqual([waiting.state, waiting.stopReason], ["aborted", "rpc"]);
  assert.equal(model.requests.length, 4);
});

test("one run at once is what maxConcurrent 1 means", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(model, { defaults: { maxConcurrent: 1 } }) });
  const client = await admin(gateway);

  for (const n of [1, 2, 3])
    await client.call("chat.send", { message: `Hi ${n}`, sessionKey: `s${n}`, idempotencyKey: `r${n}` });
  await endOf(client, "r3");

  const phases = client.frames
    .filter(({ event, payload }) => event === "agent" && payload.stream === "lifecycle")
    .map(({ payload }) => `${payload.runId} ${payload.data.phase}`);
  assert.deepEqual(phases, ["r1 start", "r1 end", "r2 start", "r2 end", "r3 start", "r3 end"]);
});

test("nodes are told of no conversation", async () => {
  await using gateway = await gatewayWithoutModel();
  const client = await admin(gateway);
  const node = await gateway.connect({
    role: "node",
    device: newDeviceKey(),
    client: { id: "node-host", mode: "node" },
  });

  await runTwice(client, { message: "help", sessionKey: "main", idempotencyKey: "r1" });
  await node.request("skills.bins");

  assert.deepEqual(
    node.frames.filter(({ event }) => event === "agent" || event === "chat"),
    [],
  );
});

test("agents and their identities are as configured", async () => {
  const agents = {
    list: [
      { id: "main", identity: { name: "Ada", emoji: "🦉" } },
      { id: "ops", name: "Operations" },
    ],
  };
  await using gateway = await testGateway({ config: JSON.stringify({ agents, models: { detectLocal: false } }) });
  const client = await admin(gateway);

  assert.deepEqual(await client.call("agents.list"), {
    defaultId: "main",
    mainKey: "main",
    scope: "per-sender",
    agents: [
      { id: "main", identity: { name: "Ada", emoji: "🦉" } },
      { id: "ops", name: "Operations" },
    ],
  });
  assert.deepEqual(await client.call("agent.identity.get"), { agentId: "main", name: "Ada", avatar: "🦉" });
  assert.deepEqual(await client.call("agent.identity.get", { sessionKey: "agent:ops:x" }), {
    agentId: "ops",
    name: "Operations",
    avatar: "A",
  });
  const mismatch = await client.request("agent.identity.get", { agentId: "main", sessionKey: "agent:ops:x" });
  assert.equal(
    mismatch.error?.message,
    'invalid agent.identity.get params: agent "main" does not match session key agent "ops"',
  );
});

/** A port that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Shakes hands as soon as the door opens. */
async function knock(url: string): Promise<WireClient> {
  for (;;) {
    const client = new WireClient(url, { token: TOKEN });
    try {
      await client.opened();
      await client.shakeHands({ scopes: ["operator.admin"] });
      return client;
    } catch {
      client[Symbol.dispose]();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
