// Heartbeats as time passes on a running gateway: active hours, over midnight and when clocks change, and agents of their own.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { admin, configFor } from "../agent/support.ts";
import { FakeClock } from "../fakes/clock.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { testGateway } from "../support/gateway.ts";

const HOUR_MS = 3_600_000;

/** A gateway that starts at a time; its heartbeat looks every half hour. */
async function stageAt(t: TestContext, start: string, heartbeat: object, agents: object = {}) {
  const model = await fakeOpenAI();
  t.after(() => model[Symbol.asyncDispose]());
  const clock = new FakeClock();
  clock.advance(Date.parse(start) - clock.now());
  const config = configFor(model, { defaults: { heartbeat }, agents });
  const gateway = await testGateway({ config, clock });
  t.after(() => gateway[Symbol.asyncDispose]());
  const client = await admin(gateway);
  /** When the model was asked within some hours, each with an event that waits from the start. */
  const askedWithin = async (hours: number): Promise<string | undefined> => {
    await client.call("wake", { mode: "next-heartbeat", text: "The kettle is on" });
    for (let half = 0; half < hours * 2; half++) {
      await gateway.pass(HOUR_MS / 2);
      const { agents } = await client.call("heartbeat.status", {});
      if (agents[0].turnsToday > 0) return new Date(clock.now()).toISOString().slice(0, 16);
    }
    return undefined;
  };
  return { model, gateway, client, clock, askedWithin };
}

const berlin = (start: string, end: string) => ({ activeHours: { start, end, timezone: "Europe/Berlin" } });

for (const [what, start, hours, asked] of [
  ["in the night, an event waits for the morning", "2025-02-01T21:00Z", berlin("08:00", "22:00"), "2025-02-02T07:00"],
  ["hours over midnight hold before and after it", "2025-02-01T15:00Z", berlin("22:00", "06:00"), "2025-02-01T21:00"],
  [
    "within them an event is answered with the next look",
    "2025-02-01T10:00Z",
    berlin("08:00", "22:00"),
    "2025-02-01T10:30",
  ],
  [
    "the morning comes an hour earlier when clocks are put forward",
    "2025-03-29T22:00Z",
    berlin("08:00", "22:00"),
    "2025-03-30T06:00",
  ],
  ["and an hour later when they are put back", "2025-10-25T22:00Z", berlin("08:00", "22:00"), "2025-10-26T07:00"],
  ["equal hours are never", "2025-02-01T10:00Z", berlin("08:00", "08:00"), undefined],
] as const)
  test(what, async (t) => {
    const stage = await stageAt(t, start, hours);

    assert.equal(await stage.askedWithin(14), asked);
    assert.equal(stage.model.requests.length, asked === undefined ? 0 : 1);
  });

test("of several agents those that have a heartbeat look, each by its own settings", async (t) => {
  const list = [
    { id: "desk", default: true },
    { id: "garden", heartbeat: { every: "10m", maxTurnsPerDay: 1, prompt: "Look after the garden." } },
  ];
  const { gateway, client, model } = await stageAt(t, "2025-02-01T10:00Z", { every: "1h" }, { list });
  await client.call("wake", { mode: "now", text: "The desk is on fire" });
  const job = (text: string) => ({
    ...{ name: "x", agentId: "garden", schedule: { kind: "every", everyMs: HOUR_MS }, sessionTarget: "main" },
    ...{ wakeMode: "next-heartbeat", payload: { kind: "systemEvent", text } },
  });
  const { id } = await client.call("cron.add", job("The roses are dry"));
  await client.call("cron.run", { id, mode: "force" });
  const question = model.next();

  await gateway.pass(10 * 60_000);
  const { body } = await question;
  await client.nextOf("heartbeat");
  await client.call("cron.run", { id, mode: "force" });
  await gateway.pass(10 * 60_000);

  const asked = JSON.stringify(body);
  assert.ok(asked.includes("Look after the garden.") && asked.includes("The roses are dry"));
  const { agents } = await client.call("heartbeat.status", {});
  assert.deepEqual(
    agents.map(({ agentId, every, turnsToday, verdict }: never) => [
      agentId,
      every,
      turnsToday,
      (verdict as { reason: string }).reason,
    ]),
    [
      ["desk", "0m", 0, "not-enrolled"],
      ["garden", "10m", 1, "budget"],
    ],
  );
  assert.equal(model.requests.length, 1);
});
