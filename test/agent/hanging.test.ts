// What hangs frees its conversation at its time limit, or as soon as somebody stops it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../fakes/clock.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { testGateway } from "../support/gateway.ts";
import { admin, configFor, endOf, say } from "./support.ts";

const ONE_AT_ONCE = { defaults: { maxConcurrent: 1, timeoutSeconds: 60 } } as const;

test("a provider that hangs is given up at the run's time limit, and the next message is answered", async () => {
  await using model = await fakeOpenAI();
  const clock = new FakeClock();
  await using gateway = await testGateway({ config: configFor(model, ONE_AT_ONCE), clock });
  const client = await admin(gateway);
  model.script({ kind: "hang", after: "Half" });
  const asked = model.next();
  await client.call("chat.send", { sessionKey: "main", message: "first", idempotencyKey: "a" });
  await asked;

  clock.advance(60_000);
  const end = await endOf(client, "a");
  clock.advance(5_000);

  assert.deepEqual([end.state, end.stopReason], ["aborted", "timeout"]);
  assert.equal(await say(client, "second", "other"), "Hello from the model.");
  assert.equal(await say(client, "third"), "Hello from the model.");
});

test("what waits behind a provider that hangs is answered when somebody stops it", async () => {
  await using model = await fakeOpenAI();
  await using gateway = await testGateway({ config: configFor(model, ONE_AT_ONCE) });
  const client = await admin(gateway);
  model.script({ kind: "hang" });
  const asked = model.next();
  await client.call("chat.send", { sessionKey: "main", message: "first", idempotencyKey: "a" });
  await asked;
  await client.call("chat.send", { sessionKey: "other", message: "second", idempotencyKey: "b" });

  await client.call("chat.abort", { sessionKey: "main" });

  assert.equal((await endOf(client, "a")).state, "aborted");
  assert.equal((await endOf(client, "b")).message.content[0].text, "Hello from the model.");
});
