// Nobody outside is told of what is not yet wherever it is replicated to: a platform of its message, a person, a client.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type FakeSlack, type FakeTelegram, fakeSlack, fakeTelegram } from "@moltbot/fakes";
import { Store } from "../../packages/gateway/src/base/store/store.ts";
import { testGateway } from "../support/gateway.ts";
import { eventually } from "../support/time-limit.ts";
import { ChannelBench } from "./bench.ts";

/** Holds replication up until it is opened. */
function holdUp(t: TestContext): { open(): void } {
  const gate = Promise.withResolvers<void>();
  const replicated = t.mock.method(Store.prototype, "replicated", () => gate.promise);
  const isReplicated = t.mock.getter(Store.prototype, "isReplicated", () => true);
  return {
    open() {
      gate.resolve();
      replicated.mock.restore();
      isReplicated.mock.restore();
    },
  };
}

test("Telegram is told that a message has come, and a person is answered, when that is replicated", async (t) => {
  await using bench = await ChannelBench.start(fakeTelegram);
  const fake = bench.fake as FakeTelegram;
  const { operator } = bench;
  const sends = () => fake.calls.filter((call) => call === "sendMessage").length;

  const gate = holdUp(t);
  await fake.says("/whoami");
  await eventually("the answer to be marked", async () => {
    const { entries } = await operator.call("outbox.list", {});
    return entries[0]?.state === "sending";
  });
  const during = [fake.unconfirmed.length, sends()];
  gate.open();
  await bench.decided("/whoami");
  await eventually("the message to be confirmed", () => fake.unconfirmed.length === 0);

  assert.deepEqual(during, [1, 0]);
  assert.equal(sends(), 1);
});

test("Slack gets its acknowledgement when the message is replicated", async (t) => {
  await using bench = await ChannelBench.start(fakeSlack);
  const fake = bench.fake as FakeSlack;

  const before = fake.acks;
  const gate = holdUp(t);
  await fake.says("/whoami");
  await eventually("the message to be kept", async () => {
    const { entries } = await bench.operator.call("inbox.list", {});
    return entries.length === 1;
  });
  const during = fake.acks - before;
  gate.open();
  await eventually("the acknowledgement", () => fake.acks > before);

  assert.equal(during, 0);
});

test("a client is answered to what it wants done when that is replicated, and to questions at once", async (t) => {
  await using gateway = await testGateway();
  const client = await gateway.connect();
  const order: string[] = [];
  const noted = async (name: string, answer: Promise<{ ok?: boolean }>) => {
    const { ok } = await answer;
    order.push(`${name} ${ok}`);
  };

  const gate = holdUp(t);
  const params = { message: "/status", sessionKey: "main", idempotencyKey: "once" };
  const once = noted("agent", client.request("agent", params));
  await noted("health", client.request("health"));
  await noted("history", client.request("chat.history", { sessionKey: "main" }));
  const during = [...order];
  gate.open();
  await once;

  assert.deepEqual(during, ["health true", "history true"]);
});
