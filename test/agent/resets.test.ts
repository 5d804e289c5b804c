// When conversations begin anew: by themselves, and when somebody says so.
import "../support/replayed.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { type FakePlatform, fakeTelegram } from "@moltbot/fakes";
import { ChannelBench } from "../channels/bench.ts";
import { FakeClock } from "../fakes/clock.ts";
import type { ModelServer, SeenRequest } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { unframed } from "../support/frames.ts";
import { type TestGateway, testGateway } from "../support/gateway.ts";
import { admin, configFor, endOf, say, transcriptOf } from "./support.ts";

async function withSession(model: ModelServer, session: object, clock = new FakeClock()): Promise<TestGateway> {
  return await testGateway({ config: JSON.stringify({ ...JSON.parse(configFor(model)), session }), clock });
}

/** What the model was shown beside its instructions. */
function shown({ body }: SeenRequest | undefined = { body: {} } as SeenRequest): unknown[] {
  return (body.messages as { content: string }[]).slice(1).map(({ content }) => unframed(content));
}

/** Half an hour before conversations begin anew, where the test runs. */
function clockAtHalfPastThree(): FakeClock {
  const clock = new FakeClock();
  const hour = new Date(clock.now()).getHours();
  clock.advance((((3 - hour + 24) % 24) * 60 + 30) * 60_000 - (clock.now() % 3_600_000));
  return clock;
}

test("a message that comes after the conversation was idle for so long is the first of a new one", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await withSession(model, { reset: { mode: "idle", idleMinutes: 2 } });
  const client = await admin(gateway);
  await say(client, "the teapot is blue");
  await gateway.pass(119_000);
  await say(client, "still here");
  await gateway.pass(121_000);

  await say(client, "good morning");

  assert.deepEqual(
    model.requests.map((request) => shown(request).length),
    [1, 3, 1],
  );
  assert.deepEqual(await transcriptOf(client), [
    "system: A new conversation: nothing was said for 2 minutes. The old one can still be searched.",
    "user: good morning",
    "assistant: Hello from the model.",
  ]);
  const { matches } = await client.call("sessions.search", { query: "teapot" });
  assert.equal(matches.length, 1);
  assert.ok(gateway.log.some(({ sentence }) => sentence === "a conversation begins anew"));
});

test("by default a conversation lasts until four in the morning", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await withSession(model, {}, clockAtHalfPastThree());
  const client = await admin(gateway);
  await say(client, "late");
  await gateway.pass(29 * 60_000);
  await say(client, "later");
  await gateway.pass(2 * 60_000);

  await say(client, "early");

  assert.deepEqual(
    model.requests.map((request) => shown(request).length),
    [1, 3, 1],
  );
});

test("mode off: a conversation lasts for ever", async () => {
  await using model = await fakeOpenAI();
  const clock = clockAtHalfPastThree();
  await using gateway = await withSession(model, { reset: { mode: "off" } }, clock);
  await say(await admin(gateway), "one");
  await gateway.stop();
  clock.advance(30 * 3_600_000);
  await gateway.start();
  const client = await admin(gateway);

  await say(client, "two");

  assert.equal(shown(model.requests[1]).length, 3);
});

test("a command does not begin a conversation anew: it looks at the one there was", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await withSession(model, { reset: { mode: "idle", idleMinutes: 1 } });
  const client = await admin(gateway);
  await say(client, "one");
  await gateway.pass(61_000);

  assert.match(await say(client, "/status"), /, 3 messages/);
});

test("/new and /reset with a message: it is the first of the new conversation", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);
  await say(client, "one");

  await say(client, "/new two words");
  const afterNew = await transcriptOf(client);
  await say(client, "/RESET\nthree");

  assert.deepEqual(afterNew, ["user: two words", "assistant: Hello from the model."]);
  assert.deepEqual(model.requests.map(shown), [["one"], ["two words"], ["three"]]);
});

test("other triggers may be set; alone they begin anew and say so", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await withSession(model, { resetTriggers: ["tabula rasa"] });
  const client = await admin(gateway);
  await say(client, "one");

  const reply = await say(client, "Tabula rasa");

  assert.match(reply, /^A new conversation/);
  assert.deepEqual(await transcriptOf(client), []);
  assert.equal(await say(client, "tabula rasae"), "Hello from the model.");
});

test("a reply under way ends in the conversation in which it was asked for", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(model) });
  const client = await admin(gateway);
  const { promise: hold, resolve: release } = Promise.withResolvers<void>();
  model.script({ kind: "text", text: ["One ", "moment."], hold });
  const asked = model.next();
  await client.call("chat.send", { sessionKey: "main", message: "first", idempotencyKey: "a" });
  await asked;
  await client.call("chat.send", { sessionKey: "main", message: "/new second", idempotencyKey: "b" });

  release();
  await endOf(client, "b");

  assert.deepEqual(shown(model.requests[1]), ["second"]);
  assert.deepEqual(await transcriptOf(client), ["user: second", "assistant: Hello from the model."]);
});

test("on a channel people who were let in begin anew; a stranger is told that they may not", async () => {
  await using model = await fakeOpenAI();
  const { models, agents } = JSON.parse(configFor(model));
  const settings = (fake: FakePlatform) => ({ allowFrom: ["*", fake.idOf("alice")] });
  await using bench = await ChannelBench.start(fakeTelegram, { settings, config: { models, agents } });

  await bench.fake.says("/new good morning", { from: "alice" });
  await bench.delivered("Hello from the model.");
  await bench.fake.says("/new world", { from: "mallory" });
  await bench.delivered("/new is for people whom the owner of this gateway has let in.");

  assert.deepEqual(model.requests.map(shown), [["good morning"]]);
});
