// Who hears of a heartbeat: the place where the agent was last spoken to, once, and not of the same thing twice.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeTelegram } from "@moltbot/fakes";
import { configFor } from "../agent/support.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { ChannelBench } from "./bench.ts";

test("what a heartbeat found is sent where the agent was last spoken to; the same text again is not", async () => {
  await using model = await fakeOpenAI();
  await using bench = await ChannelBench.start(fakeTelegram, { config: JSON.parse(configFor(model)) });
  const { chatId } = (await bench.asks("begin")).said;
  const found = "The kettle is on fire";
  for (let turn = 0; turn < 2; turn++) model.script({ kind: "text", text: `HEARTBEAT_OK ${"!".repeat(301)}${found}` });

  await bench.operator.call("wake", { mode: "now", text: "one" });
  const first = await bench.operator.nextOf("heartbeat");
  await bench.operator.call("wake", { mode: "now", text: "two" });
  const second = await bench.operator.nextOf("heartbeat");
  const sent = `${"!".repeat(301)}${found}`;
  const delivered = await bench.delivered(sent);

  assert.deepEqual([first.payload.status, first.payload.channel, delivered.chatId], ["sent", "telegram", chatId]);
  assert.deepEqual([second.payload.status, second.payload.reason], ["skipped", "duplicate"]);
  assert.equal(bench.times(sent), 1);
});

test("a channel that is off is not told: the reason says which, and the reply stands in the conversation", async () => {
  await using model = await fakeOpenAI();
  await using bench = await ChannelBench.start(fakeTelegram, { config: JSON.parse(configFor(model)) });
  await bench.asks("begin");
  const { hash } = await bench.operator.call("config.get", {});
  const raw = JSON.stringify({ channels: { telegram: { enabled: false } } });
  await bench.operator.call("config.patch", { raw, baseHash: hash });
  await bench.accountIs("disabled");
  model.script({ kind: "text", text: "Call your mum" });

  await bench.operator.call("wake", { mode: "now", text: "one" });
  const { payload } = await bench.operator.nextOf("heartbeat");

  assert.deepEqual(
    [payload.status, payload.reason, payload.preview],
    ["skipped", "telegram-disabled", "Call your mum"],
  );
  const { messages } = await bench.operator.call("chat.history", { sessionKey: "main" });
  assert.equal(messages.at(-1).content[0].text, "Call your mum");
  assert.equal(bench.times("Call your mum"), 0);
});

test("the target owner is the direct chat in which the owner wrote, although others spoke later, also in groups", async () => {
  await using model = await fakeOpenAI();
  const config = JSON.parse(configFor(model, { defaults: { heartbeat: { target: "owner" } } }));
  await using bench = await ChannelBench.start(fakeTelegram, {
    config,
    settings: (fake) => ({ owners: [fake.idOf("olga")], groups: { "*": { requireMention: false } } }),
  });
  await bench.asks("before");
  await bench.operator.call("wake", { mode: "now", text: "zero" });
  const nobody = await bench.operator.nextOf("heartbeat");
  const { said } = await bench.asks("owner", { from: "olga" });
  await bench.asks("group", { from: "olga", in: { group: "family" } });
  await bench.asks("after", { from: "mallory" });
  model.script({ kind: "text", text: "Call your mum" });

  await bench.operator.call("wake", { mode: "now", text: "one" });
  const { payload } = await bench.operator.nextOf("heartbeat");
  const delivered = await bench.delivered("Call your mum");

  assert.equal(nobody.payload.reason, "no-target");
  assert.deepEqual([payload.status, payload.to, delivered.chatId], ["sent", said.chatId, said.chatId]);
});
