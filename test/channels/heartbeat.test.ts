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
