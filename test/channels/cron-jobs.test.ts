// What jobs say over a channel: reminders, answers, what programs write, and alerts; each once, and known to have arrived.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fakeTelegram } from "@moltbot/fakes";
import { addSoon } from "../support/cron.ts";
import { LIMIT_MS, within } from "../support/time-limit.ts";
import { ChannelBench } from "./bench.ts";

const bench = await ChannelBench.start(fakeTelegram, {
  config: { cron: { retry: { backoffMs: [20] }, failureAlert: { after: 2 } } },
});
after(() => bench[Symbol.asyncDispose]());
const to = (await bench.asks("begin")).said.chatId;
const client = await bench.gateway.connect({ scopes: ["operator.admin"], protocol: 4 });

/** Adds a job that is due soon, and then in an hour. */
const addJob = (more: object) =>
  addSoon(client, { name: "job", delivery: { mode: "announce", channel: "telegram", to }, ...more });

/** The newest run of a job, once it is known what became of its words. */
async function settled(id: string) {
  for (const limit = AbortSignal.timeout(LIMIT_MS); ; limit.throwIfAborted()) {
    const { entries } = await client.call("cron.runs", { id });
    if (entries[0] && entries[0].deliveryStatus !== "queued") return entries[0];
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const times = (text: string) => bench.fake.delivered.filter((message) => message.text.trim() === text).length;

test("a reminder is sent once, to the chat that its job names, without a model", async () => {
  const { id } = await addJob({ payload: { kind: "systemEvent", text: "Drink something" } });

  await bench.delivered("Drink something");

  const { status, deliveryStatus, outcome } = await settled(id);
  const { state } = await client.call("cron.get", { id });
  assert.deepEqual([status, deliveryStatus, outcome, times("Drink something")], ["ok", "delivered", "fired", 1]);
  assert.deepEqual([state.lastDelivered, state.lastDeliveryStatus], [true, "delivered"]);
});

test("a single time that is over when January's client sets it is run once, and told as late", async () => {
  const job = {
    ...{ name: "once", schedule: { kind: "at", atMs: Date.now() - 600_000 }, wakeMode: "now" },
    payload: { kind: "systemEvent", text: "Call the doctor" },
  };

  const { id } = await bench.operator.call("cron.add", job);

  const { outcome } = await settled(id);
  const { jobs } = await bench.operator.call("cron.list", { includeDisabled: true });
  const { entries } = await client.call("cron.runs", { id });
  assert.deepEqual([outcome, entries.length], ["late", 1]);
  assert.match(entries[0].summary, /^Call the doctor \(late by 10 min\)$/);
  assert.equal(jobs.find((each: { id: string }) => each.id === id).enabled, false);
});

test("what a program writes is sent", async () => {
  const payload = { kind: "command", argv: ["echo", "all is well"] };
  const { id } = await addJob({ payload });

  await bench.delivered("all is well");

  assert.equal((await settled(id)).deliveryStatus, "delivered");
});

test("people are told in the chat of the job when it fails again and again, once", async () => {
  const payload = { kind: "agentTurn", message: "x", model: "nobody/nothing" };
  const { id } = await addJob({ name: "Broken", payload });
  const run = () => client.call("cron.run", { id, mode: "force" });
  for (let count = 0; count < 3; count++) await run();

  const told = await within(
    (async () => {
      for (;;) {
        const found = bench.fake.delivered.filter(({ text }) => text.includes("Broken"));
        if (found.length > 0) return found;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })(),
    "the alert",
  );

  assert.match(told[0]?.text ?? "", /The job “Broken” has failed 2 times in a row: /);
  const { state } = await client.call("cron.get", { id });
  assert.equal(state.consecutiveErrors >= 3, true);
  assert.equal(bench.fake.delivered.filter(({ text }) => text.includes("Broken")).length, 1);
});

test("who wants to hear of every end in a chat hears of those that go well and those that fail, each once", async () => {
  const completionDestination = { mode: "announce", channel: "telegram", to };
  const delivery = { mode: "none", completionDestination };
  const payload = { kind: "command", argv: ["echo", "42 files"] };
  const well = await addJob({ name: "Copy", payload, delivery });
  const turn = { kind: "agentTurn", message: "x", model: "nobody/nothing" };
  const broken = await addJob({ name: "Look", payload: turn, delivery, failureAlert: false });

  await bench.delivered("The job “Copy” ran: 42 files");
  const isTold = () => bench.fake.delivered.filter(({ text }) => text.startsWith("The job “Look” failed: "));
  for (const limit = AbortSignal.timeout(LIMIT_MS); isTold().length === 0; limit.throwIfAborted())
    await new Promise((resolve) => setImmediate(resolve));

  const [copied, looked] = [await settled(well.id), await settled(broken.id)];
  assert.deepEqual(
    [copied.deliveryStatus, looked.status, isTold().length, times("The job “Copy” ran: 42 files")],
    ["not-requested", "error", 1, 1],
  );
});
