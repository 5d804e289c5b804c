// Runs that are kept and replayed offline.
import "../support/replayed.ts";
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fakeAnthropic } from "../fakes/anthropic.ts";
import { fakeGoogle } from "../fakes/google.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { fakeOpenAIResponses } from "../fakes/openai-responses.ts";
import { testGateway } from "../support/gateway.ts";
import { admin, configFor, endOf, say, transcriptOf } from "./support.ts";

const RECORD = { defaults: { record: "on" } };

test("a run with a tool replays to the same events without its provider, its tools and its session", async () => {
  const server = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(server, RECORD) });
  const client = await admin(gateway);
  server.script({ kind: "tool-call", name: "sessions_list", arguments: {} }, { kind: "text", text: "There is one." });
  await client.call("chat.send", { sessionKey: "main", message: "What is there?", idempotencyKey: "k1" });
  await endOf(client, "k1");
  await server[Symbol.asyncDispose]();
  const before = await client.call("sessions.list", {});

  const replay = await client.call("runs.replay", { runId: "k1" });

  assert.deepEqual(replay.differences, []);
  assert.deepEqual([replay.same, replay.text, replay.requests], [true, "There is one.", 2]);
  const { events } = await client.call("runs.events", { runId: "k1" });
  assert.deepEqual(shapeOf(replay.events), shapeOf(events));
  assert.deepEqual(shapeOf(events), ["lifecycle start", "tool start", "tool result", "assistant", "lifecycle end"]);
  const after = await client.call("sessions.list", {});
  assert.deepEqual(
    after.sessions.map(({ key }: { key: string }) => key),
    before.sessions.map(({ key }: { key: string }) => key),
  );
  assert.equal((await transcriptOf(client)).length, 4);
});

const PROVIDERS = [
  ["openai-compatible", fakeOpenAI],
  ["openai", fakeOpenAIResponses],
  ["anthropic", fakeAnthropic],
  ["google", fakeGoogle],
] as const;
for (const [api, start] of PROVIDERS) {
  test(`a run with calls side by side replays to the same events over the API of ${api}`, async () => {
    await using server = await start();
    await using gateway = await testGateway({ config: configFor(server, { api, ...RECORD }) });
    const client = await admin(gateway);
    const calls = [{ name: "sessions_list" }, { name: "nothing" }, { name: "sessions_list", arguments: { limit: 0 } }];
    server.script({ kind: "turn", reasoning: "Hm.", text: "Let me look.", calls }, { kind: "text", text: "Done." });
    await client.call("chat.send", { sessionKey: "main", message: "Look twice", idempotencyKey: "k1" });
    await endOf(client, "k1");

    const replay = await client.call("runs.replay", { runId: "k1" });

    assert.deepEqual(replay.differences, []);
    assert.equal(replay.text, "Let me look.\n\nDone.");
    assert.equal(replay.events.filter(({ stream }: { stream: string }) => stream === "tool").length, 6);
    assert.equal(server.requests.length, 2);
  });
}

const shapeOf = (events: { stream: string; data: { phase?: string } }[]) =>
  events.map(({ stream, data }) => (data.phase ? `${stream} ${data.phase}` : stream));

const FAILURES = [
  ["fails in the middle of its answer", { kind: "error", after: "Well, ", message: "overloaded" }],
  ["is cut off", { kind: "cut", after: "Well, " }],
  ["refuses the key", { kind: "status", status: 401, message: "no such key" }],
] as const;
for (const [what, script] of FAILURES) {
  test(`a run whose provider ${what} replays to the same failure`, async () => {
    await using server = await fakeAnthropic();
    await using gateway = await testGateway({ config: configFor(server, { api: "anthropic", ...RECORD }) });
    const client = await admin(gateway);
    server.script(script);
    await client.call("chat.send", { sessionKey: "main", message: "Hi", idempotencyKey: "k1" });
    await endOf(client, "k1");

    const replay = await client.call("runs.replay", { runId: "k1" });

    assert.deepEqual(replay.differences, []);
  });
}

test("a run that was stopped replays up to where it was stopped", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(server, RECORD) });
  const client = await admin(gateway);
  server.script({ kind: "hang", after: "Well, " });
  await client.call("chat.send", { sessionKey: "main", message: "Hi", idempotencyKey: "k1" });
  while ((await client.nextOf("chat")).payload.state !== "delta");
  await client.call("chat.abort", { sessionKey: "main" });
  await endOf(client, "k1");

  const replay = await client.call("runs.replay", { runId: "k1" });

  assert.deepEqual([replay.text, replay.differences], ["Well,", []]);
  assert.deepEqual(replay.events.at(-1).data.aborted, true);
});

describe("a recording", () => {
  test("holds no key, stands in a private file, and is gone when it is switched off", async () => {
    await using server = await fakeOpenAI();
    await using gateway = await testGateway({ config: configFor(server, RECORD) });
    const client = await admin(gateway);

    await say(client, "My key is fake-key-123456 and sk-abcdefghijklmnopqrstuvwxyz, and yours?");
    await client.call("runs.get", { runId: (await client.call("runs.list", {})).runs[0].runId });

    const folder = join(gateway.stateDir, "recordings");
    const [name = "", ...others] = readdirSync(folder);
    const text = readFileSync(join(folder, name), "utf8");
    assert.deepEqual([others, statSync(join(folder, name)).mode & 0o777], [[], 0o600]);
    assert.match(text, /My key is \[redacted\] and \[redacted\], and yours\?/);
    assert.doesNotMatch(text, /fake-key|sk-abc|authorization|Bearer/i);
    assert.equal(server.requests[0]?.headers.authorization, "Bearer fake-key-123456");
  });

  test("can be replayed on another gateway", async () => {
    await using server = await fakeOpenAI();
    await using first = await testGateway({ config: configFor(server, RECORD) });
    const client = await admin(first);
    await say(client, "Hi");
    const { runs } = await client.call("runs.list", {});
    const { recording } = await client.call("runs.export", { runId: runs[0].runId });

    await using second = await testGateway();
    const other = await admin(second);
    const replay = await other.call("runs.replay", { recording });

    assert.deepEqual([replay.same, replay.text], [true, "Hello from the model."]);
    assert.deepEqual((await other.call("runs.list", {})).runs, []);
  });

  test("that was changed shows where the replay differs", async () => {
    await using server = await fakeOpenAI();
    await using gateway = await testGateway({ config: configFor(server, RECORD) });
    const client = await admin(gateway);
    await say(client, "Hi");
    const { runs } = await client.call("runs.list", {});
    const { recording } = await client.call("runs.export", { runId: runs[0].runId });
    recording.exchanges[0].responseBody = recording.exchanges[0].responseBody.replace("Hello ", "Hullo ");
    recording.question.system = "Be somebody else.";

    const replay = await client.call("runs.replay", { recording });

    assert.equal(replay.same, false);
    assert.deepEqual(
      replay.differences.map(({ at }: { at: string }) => at),
      ["request 1.messages[0].content", "event 3.text"],
    );
  });

  test("is made only while the setting says so, and /record changes it", async () => {
    await using server = await fakeOpenAI();
    await using gateway = await testGateway({ config: configFor(server) });
    const client = await admin(gateway);

    await say(client, "one");
    const reply = await say(client, "/record on");
    await say(client, "two");

    assert.match(reply, /^Runs are recorded from now on/);
    const { recording, runs } = await client.call("runs.list", {});
    assert.deepEqual(
      [recording, runs.map(({ recorded }: { recorded: boolean }) => recorded)],
      [true, [true, false, false]],
    );
    const refused = await client.request("runs.events", { runId: runs[2].runId });
    assert.match(refused.error?.message ?? "", /was not recorded; runs are kept while agents.defaults.record is "on"$/);
  });

  test("shows its requests and tools without their texts, to admins alone", async () => {
    await using server = await fakeOpenAI();
    await using gateway = await testGateway({ config: configFor(server, RECORD) });
    const client = await admin(gateway);
    server.script({ kind: "tool-call", name: "nothing", arguments: {} });
    await say(client, "Hi");
    const reader = await gateway.connect({ scopes: ["operator.read"] });

    const { runs } = await reader.call("runs.list", {});
    const { exchanges, tools, text } = await client.call("runs.get", { runId: runs[0].runId });

    assert.equal(text, "Hello from the model.");
    assert.deepEqual(
      exchanges.map(({ url, status }: { url: string; status: number }) => [new URL(url).pathname, status]),
      [
        ["/v1/chat/completions", 200],
        ["/v1/chat/completions", 200],
      ],
    );
    assert.deepEqual([tools[0].name, tools[0].isError], ["nothing", true]);
    const refused = await reader.request("runs.get", { runId: runs[0].runId });
    assert.equal(refused.ok, false);
  });

  test("that is none is refused", async () => {
    await using gateway = await testGateway();
    const client = await admin(gateway);

    const { error } = await client.request("runs.replay", { recording: { version: 1 } });

    assert.equal(error?.message, "this is not a recording; `moltbot runs export` writes one");
  });
});
