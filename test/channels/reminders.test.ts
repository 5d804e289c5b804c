// Reminders that people ask for over a channel: said in the chat where they were asked for, once, and only by those who may.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type FakePlatform, fakeTelegram, until } from "@moltbot/fakes";
import { KillableGateway } from "../agent/killable-gateway.ts";
import { ChannelBench, OPEN } from "./bench.ts";

/** Alice was let in, Olga owns the gateway; all others are strangers. */
async function stage(): Promise<ChannelBench> {
  return await ChannelBench.start(fakeTelegram, {
    settings: (fake) => ({ owners: [fake.idOf("olga")], allowFrom: ["*", fake.idOf("alice"), fake.idOf("bert")] }),
    config: { agents: { defaults: { userTimezone: "UTC" } } },
  });
}

/** The newest text that begins so. */
async function answered(bench: ChannelBench, start: string) {
  const look = () => bench.fake.delivered.findLast(({ text }) => text.startsWith(start));
  return await until(bench.fake, `“${start}” to be delivered`, look);
}

test("a reminder is said in the chat in which it was asked for", async () => {
  await using bench = await stage();
  const { chatId } = await bench.fake.says("remind me in 1 second to stretch", { from: "alice" });

  const answer = await answered(bench, "I will remind you on");
  const reminder = await bench.delivered("Reminder: stretch");

  assert.deepEqual([answer.chatId, reminder.chatId], [chatId, chatId]);
  assert.match(answer.text, /\(UTC\): stretch\nIt is number 1/);
  const { reminders } = await bench.operator.call("reminders.list", {});
  assert.deepEqual([reminders, bench.times("Reminder: stretch")], [[], 1]);
});

test("a stranger's sentence makes none, and says who may", async () => {
  await using bench = await stage();
  await bench.fake.says("/remind me in 1 hour to stretch", { from: "mallory" });

  await answered(bench, "/remind is for people whom the owner of this gateway has let in");

  assert.deepEqual((await bench.operator.call("reminders.list", {})).reminders, []);
});

test("people see and end their own reminders of a chat; the owner's connection sees all", async () => {
  await using bench = await stage();
  await bench.fake.says("remind me in 1 hour to stretch", { from: "alice" });
  await answered(bench, "I will remind you on");
  await bench.fake.says("/reminders", { from: "bert" });
  await answered(bench, "There are no reminders.");
  await bench.fake.says("cancel reminder 1", { from: "bert" });
  await answered(bench, "There is no reminder 1");

  const all = await bench.operator.call("reminders.list", {});
  await bench.fake.says("cancel reminder 1", { from: "alice" });
  await answered(bench, "Ended reminder 1: stretch");

  assert.deepEqual([all.reminders.length, all.reminders[0].channel, all.reminders[0].text], [1, "telegram", "stretch"]);
});

test("a person on a channel has fifty at most", async () => {
  await using bench = await stage();
  const say = async (text: string) => await bench.fake.says(text, { from: "alice" });
  for (let count = 1; count <= 50; count++) {
    await say(`/remind in ${count} hours to look`);
    await until(bench.fake, `number ${count}`, () =>
      bench.fake.delivered.find(({ text }) => text.includes(`It is number ${count};`)),
    );
  }

  await say("/remind in 51 hours to look");

  await answered(bench, "50 reminders wait already");
});

test("killed before its time and again after it, a gateway says a reminder once", async () => {
  await using fake = await fakeTelegram();
  await using gateway = new KillableGateway(configOf(fake));
  const client = await gateway.start();
  const { chatId } = await fake.says("/remind in 2 seconds to stretch", { from: "alice" });
  await until(fake, "the answer", () => fake.delivered.find(({ text }) => text.startsWith("I will remind you on")));
  const { reminders } = await client.call("reminders.list", {});

  await gateway.kill();
  await timeIs(reminders[0].nextAtMs[0]);
  await gateway.start();
  const said = await until(fake, "the reminder", () => fake.delivered.find(({ text }) => text.startsWith("Reminder:")));
  await gateway.kill();
  const last = await gateway.start();
  await fake.says("/reminders", { from: "alice" });
  await until(fake, "the list", () => fake.delivered.find(({ text }) => text.startsWith("There are no reminders")));

  const times = fake.delivered.filter(({ text }) => text.startsWith("Reminder: stretch")).length;
  assert.deepEqual([said.chatId, times, (await last.call("reminders.list", {})).reminders], [chatId, 1, []]);
});

/** Resolves when a time has come, by the clock of this machine. */
async function timeIs(at: number): Promise<void> {
  while (Date.now() <= at) await new Promise((resolve) => setTimeout(resolve, at - Date.now() + 1));
}

function configOf(fake: FakePlatform): string {
  return JSON.stringify({
    models: { detectLocal: false },
    channels: { [fake.channel]: { ...fake.settings, ...OPEN, owners: [fake.idOf("alice")] } },
  });
}
