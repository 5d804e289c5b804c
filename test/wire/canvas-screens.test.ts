// Screens of conversations: drawn as a whole or not at all, kept, shown to whoever comes, looked back at and taken back.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { LAMPS } from "../../packages/a2ui/src/samples.ts";
import { type CanvasStage, canvasStage, Listener } from "../support/canvas.ts";
import { newDeviceKey } from "../support/device-key.ts";
import type { Connected } from "../support/gateway.ts";

const stage = await canvasStage();
after(() => stage[Symbol.asyncDispose]());
const { port } = stage;
const admin = await stage.gateway.connect({ protocol: 4, scopes: ["operator.admin"] });

const CATALOG = "https://a2ui.org/specification/v0_9/catalogs/basic/catalog.json";
const nine = (message: object) => JSON.stringify({ version: "v0.9", ...message });
const create = (surfaceId: string) => nine({ createSurface: { surfaceId, catalogId: CATALOG } });
const text = (surfaceId: string, words: string) =>
  nine({ updateComponents: { surfaceId, components: [{ id: "root", component: "Text", text: words }] } });

let conversations = 0;
const conversation = () => `agent:main:screens-${++conversations}`;

async function viewer(sessionKey: string): Promise<Listener> {
  return await Listener.open(`ws://127.0.0.1:${port}/__moltbot__/a2ui/ws?session=${encodeURIComponent(sessionKey)}`);
}

/** A gateway on which nothing has been drawn yet. */
async function freshStage() {
  const fresh = await canvasStage();
  return { fresh, admin: await fresh.gateway.connect({ protocol: 4, scopes: ["operator.admin"] }) };
}

async function connectNode({ gateway }: Pick<CanvasStage, "gateway">) {
  const device = newDeviceKey();
  const node = await gateway.connect({
    ...{ device, role: "node", caps: ["canvas"] },
    spoil: (params) => ({ ...params, commands: ["canvas.a2ui.push", "canvas.a2ui.reset"] }),
    client: { id: "node-host", mode: "node", platform: "iOS 18.2", displayName: "phone" },
  });
  return { node, device };
}

/** Answers the next call of a node; returns what was asked. */
async function answerNext(node: Connected, nodeId: string, result: object = { ok: true, payloadJSON: "{}" }) {
  const { payload } = await node.nextOf("node.invoke.request");
  await node.call("node.invoke.result", { id: payload.id, nodeId, ...result });
  return { command: payload.command, params: JSON.parse(payload.paramsJSON) };
}

test("a push is drawn by those who look, and those who come later see the same", async () => {
  const sessionKey = conversation();
  using early = await viewer(sessionKey);
  const empty = await early.message(0);

  const pushed = await admin.call("canvas.push", { sessionKey, jsonl: LAMPS });
  const applied = JSON.parse(await early.message(1));
  using late = await viewer(sessionKey);
  const shown = JSON.parse(await late.message(0));
  const { messages } = await admin.call("canvas.replay", { sessionKey });

  assert.equal(empty, '{"type":"surface","messages":[]}');
  assert.deepEqual(pushed.surfaces, ["main"]);
  assert.deepEqual([applied.type, shown.type], ["apply", "surface"]);
  assert.deepEqual(shown.messages, messages);
  assert.deepEqual(await drawnBy(applied.messages), await drawnBy(shown.messages));
});

test("a bad line is named with its reason, and none of the lines before has counted", async () => {
  const sessionKey = conversation();
  using page = await viewer(sessionKey);
  const lines = [create("a"), text("a", "one"), text("b", "two"), text("a", "three")].join("\n");

  const { error } = await admin.request("canvas.push", { sessionKey, jsonl: lines });
  const { seq, messages } = await admin.call("canvas.replay", { sessionKey });
  const { entries } = await admin.call("canvas.history", { sessionKey });

  assert.equal(error?.code, "INVALID_REQUEST");
  assert.match(error?.message ?? "", /^line 3: there is no surface/);
  assert.equal(error?.details?.line, 3);
  assert.deepEqual([seq, messages, entries], [0, [], []]);
  assert.equal(page.received.length <= 1, true);
});

test("what is no JSON, no message, or nothing at all is refused with what to do", async () => {
  const said = async (params: object) => (await admin.request("canvas.push", params)).error?.message;

  assert.match((await said({ jsonl: "\nnot json" })) ?? "", /^line 2: this is not JSON/);
  assert.match((await said({ jsonl: "" })) ?? "", /no messages found/);
  assert.match((await said({})) ?? "", /give either jsonl or messages/);
  assert.match((await said({ messages: [] })) ?? "", /no messages found/);
  assert.match((await said({ messages: Array.from({ length: 501 }, () => ({})) })) ?? "", /501 messages are too many/);
});

describe("looking back", () => {
  test("shows the screen after each entry, and taking back shows the one before", async () => {
    const sessionKey = conversation();
    const first = await admin.call("canvas.push", { sessionKey, jsonl: [create("a"), text("a", "one")].join("\n") });
    const second = await admin.call("canvas.push", { sessionKey, jsonl: text("a", "two") });
    const third = await admin.call("canvas.reset", { sessionKey });
    using page = await viewer(sessionKey);
    await page.message(0);
    const at = async (seq?: number) => {
      const { messages } = await admin.call("canvas.replay", { sessionKey, ...(seq !== undefined && { at: seq }) });
      return JSON.stringify(messages).match(/"text":"(\w+)"/)?.[1];
    };
    const before = [await at(first.seq), await at(second.seq), await at(third.seq), await at()];

    const undone = await admin.call("canvas.undo", { sessionKey });
    const afterOne = [await at(), await at(third.seq)];
    await admin.call("canvas.undo", { sessionKey });
    const afterTwo = await at();
    const shown = JSON.parse(await page.message(1));

    assert.deepEqual(before, ["one", "two", undefined, undefined]);
    assert.deepEqual([undone.undone.seq, undone.undone.kind], [third.seq, "reset"]);
    assert.deepEqual(afterOne, ["two", undefined]);
    assert.equal(afterTwo, "one");
    assert.equal(shown.type, "surface");
    const { entries } = await admin.call("canvas.history", { sessionKey });
    assert.deepEqual(
      entries.map(({ kind }: { kind: string }) => kind),
      ["push", "push", "reset", "undo", "undo"],
    );
  });

  test("what was drawn on is there after a restart, and can be drawn on", async () => {
    const sessionKey = conversation();
    const { fresh: other, admin: client } = await freshStage();
    await using _other = other;
    await client.call("canvas.push", { sessionKey, jsonl: [create("a"), text("a", "kept")].join("\n") });

    await other.gateway.stop();
    await other.gateway.start();
    const again = await other.gateway.connect({ protocol: 4, scopes: ["operator.admin"] });
    const { messages } = await again.call("canvas.replay", { sessionKey });
    const { surfaces } = await again.call("canvas.push", { sessionKey, jsonl: create("b") });

    assert.match(JSON.stringify(messages), /"kept"/);
    assert.deepEqual(surfaces, ["a", "b"]);
  });

  test("nothing to take back is said", async () => {
    const { error } = await admin.request("canvas.undo", { sessionKey: conversation() });

    assert.equal(error?.message, "there is nothing to take back on this canvas");
  });

  test("older entries are folded into one, and the screen stays the same", async () => {
    const sessionKey = conversation();
    const long = "x".repeat(60_000);
    await admin.call("canvas.push", { sessionKey, jsonl: [create("a"), create("b"), text("b", "first")].join("\n") });
    for (let index = 0; index < 300; index++)
      await admin.call("canvas.push", { sessionKey, jsonl: text("a", `${index}${long}`) });

    const { entries } = await admin.call("canvas.history", { sessionKey, limit: 500 });
    const { messages } = await admin.call("canvas.replay", { sessionKey });

    assert.equal(entries[0].kind, "base");
    assert.ok(entries.length < 300);
    assert.match(JSON.stringify(messages), /"first"/);
    assert.match(JSON.stringify(messages), /"299x/);
  });
});

describe("nodes", () => {
  test("draw what is pushed as it was written, and are emptied", async () => {
    const { fresh, admin } = await freshStage();
    await using _fresh = fresh;
    const { node, device } = await connectNode(fresh);

    const pushed = admin.call("canvas.push", { jsonl: LAMPS });
    const asked = await answerNext(node, device.id);
    const emptied = admin.call("canvas.reset");
    const { command } = await answerNext(node, device.id);

    assert.equal(asked.command, "canvas.a2ui.push");
    assert.deepEqual(
      asked.params.messages.map((message: object) => Object.keys(message)[0]),
      ["surfaceUpdate", "dataModelUpdate", "beginRendering"],
    );
    assert.deepEqual((await pushed).nodes, [{ nodeId: device.id, ok: true }]);
    assert.equal(command, "canvas.a2ui.reset");
    assert.deepEqual((await emptied).nodes, [{ nodeId: device.id, ok: true }]);
  });

  test("say when they cannot, and what was pushed is kept all the same", async () => {
    const { fresh, admin } = await freshStage();
    await using _fresh = fresh;
    const { node, device } = await connectNode(fresh);

    const pushed = admin.call("canvas.push", { jsonl: LAMPS, node: "phone" });
    const error = { code: "UNAVAILABLE", message: "A2UI_HOST_UNAVAILABLE" };
    await answerNext(node, device.id, { ok: false, error });
    const { nodes, surfaces } = await pushed;

    assert.deepEqual(nodes, [{ nodeId: device.id, ok: false, error: "A2UI_HOST_UNAVAILABLE" }]);
    assert.deepEqual(surfaces, ["main"]);
  });

  test("what was pushed while there was none is shown to the next, once", async () => {
    const { fresh, admin } = await freshStage();
    await using _fresh = fresh;
    const { nodes } = await admin.call("canvas.push", { jsonl: LAMPS });

    const first = await connectNode(fresh);
    const asked = await answerNext(first.node, first.device.id);
    await first.node.flushed();
    const second = await connectNode(fresh);
    await second.node.call("node.event", { event: "made.up" });

    assert.deepEqual(nodes, []);
    assert.equal(asked.params.messages.length, 3);
    assert.equal(
      second.node.frames.some(({ event }) => event === "node.invoke.request"),
      false,
    );
  });
});

async function drawnBy(messages: readonly unknown[]): Promise<unknown> {
  const { SurfaceModel } = await import("@moltbot/a2ui");
  const model = new SurfaceModel();
  for (const message of messages) model.apply(message as never);
  return model.snapshot();
}
