// A restore in the middle of conversations: what came in and went out since the backup is neither lost nor done again.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { fakeDiscord, fakeSlack, fakeTelegram, fakeWhatsApp } from "../../packages/fakes/src/index.ts";
import { readPlan } from "../../packages/gateway/src/base/backup/swap.ts";
import { eventually } from "../support/time-limit.ts";
import { ChannelBench, type StartFake } from "./bench.ts";

/** Restores the newest backup, or goes back from it, and resolves when the gateway that has it is linked again. */
async function goes(bench: ChannelBench, method: "backup.restore" | "backup.undo"): Promise<void> {
  const { stateDir } = bench.gateway;
  const { operator } = bench;
  await operator.call(method, {});
  await operator.closed;
  await eventually("the restore to be in place", () => readPlan(stateDir) === undefined);
  bench.operator = await bench.gateway.connect({ scopes: ["operator.admin"] });
  await bench.linked();
}

/** A bench whose gateway has a backup from after its first answer. */
async function backedUp(start: StartFake, messages: Readonly<Record<string, unknown>> = {}): Promise<ChannelBench> {
  const bench = await ChannelBench.start(start, { config: { messages, backup: { schedule: "off" } } });
  await bench.asks("before");
  await bench.operator.call("backup.now", {});
  return bench;
}

const folderOf = ({ gateway: { stateDir } }: ChannelBench) => ({
  [Symbol.dispose]: () => rmSync(`${stateDir}-backups`, { recursive: true, force: true }),
});

for (const start of [fakeTelegram, fakeSlack, fakeDiscord, fakeWhatsApp])
  test(`${start.name.slice("fake".length)}: what was answered since the backup is not answered again, and a send not repeated`, async () => {
    await using bench = await backedUp(start);
    using _ = folderOf(bench);
    const { said } = await bench.asks("since");
    const send = { channel: bench.fake.channel, to: said.chatId, message: "sent", idempotencyKey: "once" };
    await bench.operator.call("send", send);

    await goes(bench, "backup.restore");
    await bench.operator.call("send", send);
    await bench.asks("after");
    await goes(bench, "backup.undo");
    await bench.operator.call("send", send);
    await bench.asks("at last");
    await bench.settled();

    const times = ["before", "since", "sent", "after", "at last"].map((text) => bench.times(text));
    assert.deepEqual(times, [1, 1, 1, 1, 1]);
    assert.deepEqual(
      bench.gateway.log.filter(({ level }) => level === "error" || level === "warn"),
      [],
    );
  });

test("what waits for its answer when a backup is restored is answered, and a reply that waits is sent", async () => {
  await using bench = await backedUp(fakeTelegram, { inboundDebounceMs: 3_000 });
  using _ = folderOf(bench);
  const { operator } = bench;
  await bench.fake.trouble({ kind: "rate-limit", retryAfterMs: 4_000 });
  await bench.fake.says("/echo waits to be sent");
  await eventually("the reply to wait", async () => {
    const { entries } = await operator.call("outbox.list", { limit: 50 });
    return entries.some((each: { state: string; attempts: number }) => each.state === "queued" && each.attempts > 0);
  });
  const { chatId } = await bench.fake.says("held back", { from: "bob" });
  await eventually("the message to be kept", async () => {
    const { entries } = await operator.call("inbox.list", { limit: 50 });
    return entries.some((each: { text: string; state: string }) => each.text === "held back" && each.state !== "done");
  });

  await goes(bench, "backup.restore");
  await bench.delivered("waits to be sent");
  const entries = await bench.settled();

  assert.equal(bench.times("waits to be sent"), 1);
  assert.equal(entries.find((each) => each.text === "held back")?.outcome, "replied");
  assert.equal(bench.fake.delivered.filter((each) => each.chatId === chatId).length, 1);
});

test("a job that has had its turn since the backup does not have it again", async () => {
  await using bench = await ChannelBench.start(fakeTelegram, { config: { backup: { schedule: "off" } } });
  using _ = folderOf(bench);
  const { said } = await bench.asks("before");
  const admin = await bench.gateway.connect({ scopes: ["operator.admin"], protocol: 4 });
  const job = {
    ...{ name: "job", schedule: { kind: "every", everyMs: 3_600_000, anchorMs: Date.now() + 3_000 } },
    ...{ delivery: { mode: "announce", channel: "telegram", to: said.chatId } },
    payload: { kind: "systemEvent", text: "Drink something" },
  };
  const { id } = await admin.call("cron.add", job);
  await bench.operator.call("backup.now", {});
  await bench.delivered("Drink something");
  const turns = async () => (await bench.operator.call("cron.runs", { id })).entries;
  const [turn] = await eventually("the turn to be over", async () => {
    const { entries } = await admin.call("cron.runs", { id });
    return entries[0]?.deliveryStatus === "delivered" ? await turns() : undefined;
  });

  await goes(bench, "backup.restore");
  await bench.asks("after");

  assert.deepEqual(await turns(), [turn]);
  assert.equal(bench.times("Drink something"), 1);
});

test("a job for one time that has had it since the backup is over", async () => {
  await using bench = await ChannelBench.start(fakeTelegram, { config: { backup: { schedule: "off" } } });
  using _ = folderOf(bench);
  const { said } = await bench.asks("before");
  const admin = await bench.gateway.connect({ scopes: ["operator.admin"], protocol: 4 });
  for (const [name, deleteAfterRun] of [
    ["kept", false],
    ["gone", true],
  ] as const)
    await admin.call("cron.add", {
      ...{ name, deleteAfterRun, schedule: { kind: "at", at: new Date(Date.now() + 3_000).toISOString() } },
      ...{ delivery: { mode: "announce", channel: "telegram", to: said.chatId } },
      payload: { kind: "systemEvent", text: `Drink something, ${name}` },
    });
  await bench.operator.call("backup.now", {});
  await bench.delivered("Drink something, kept");
  await bench.delivered("Drink something, gone");

  await goes(bench, "backup.restore");
  await bench.asks("after");
  const { jobs } = await bench.operator.call("cron.list", { includeDisabled: true });

  assert.deepEqual(
    jobs.map(({ name, enabled }: { name: string; enabled: boolean }) => [name, enabled]),
    [["kept", false]],
  );
  assert.deepEqual([bench.times("Drink something, kept"), bench.times("Drink something, gone")], [1, 1]);
});
