// `cron.simulate`: a job is tried on a clock that moves by itself, and nothing is run.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { testGateway } from "../support/gateway.ts";

const gateway = await testGateway();
const client = await gateway.connect({ scopes: ["operator.admin"], protocol: 4 });
const reader = await gateway.connect({ scopes: ["operator.read"], protocol: 4 });
after(() => gateway[Symbol.asyncDispose]());

const FROM = Date.parse("2026-06-01T00:00:00Z");
const HOUR_MS = 3_600_000;

async function daily(more: object = {}): Promise<string> {
  const job = {
    ...{ name: "Daily", schedule: { kind: "cron", expr: "0 8 * * *", tz: "UTC" }, sessionTarget: "main" },
    ...{ wakeMode: "next-heartbeat", payload: { kind: "systemEvent", text: "Look" }, ...more },
  };
  return (await client.call("cron.add", job)).id;
}

test("the times of a job are told with what becomes of each, to who may only read, and nothing is run", async () => {
  const id = await daily();
  const downMs = { afterMs: 7 * HOUR_MS, forMs: 2 * HOUR_MS };

  const { slots, hasMore } = await reader.call("cron.simulate", { id, days: 2, fromMs: FROM, downMs });

  const { entries } = await client.call("cron.runs", { id });
  assert.deepEqual(
    slots.map(({ slot, outcome }: { slot: string; outcome: string }) => [slot, outcome]),
    [
      ["2026-06-01T08:00:00.000Z", "late"],
      ["2026-06-02T08:00:00.000Z", "fired"],
    ],
  );
  assert.deepEqual([hasMore, entries], [false, []]);
});

test("a job that leaves missed times out says so, and many times are cut", async () => {
  const none = await daily({ catchUp: "none" });
  const often = await daily({ schedule: { kind: "cron", expr: "* * * * *", tz: "UTC" } });
  const downMs = { afterMs: 7 * HOUR_MS, forMs: 2 * HOUR_MS };

  const missed = await client.call("cron.simulate", { id: none, days: 1, fromMs: FROM, downMs });
  const many = await client.call("cron.simulate", { id: often, days: 1, fromMs: FROM });

  assert.deepEqual(
    missed.slots.map(({ outcome }: { outcome: string }) => outcome),
    ["missed"],
  );
  assert.deepEqual([many.slots.length, many.hasMore], [200, true]);
});

test("a job that is not there is refused, and so is too long a time", async () => {
  const id = await daily();

  const unknown = await client.request("cron.simulate", { id: "nobody" });
  const long = await client.request("cron.simulate", { id, days: 500 });

  assert.deepEqual([unknown.ok, long.ok, long.error?.code], [false, false, "INVALID_REQUEST"]);
  assert.match(long.error?.message ?? "", /days/);
});
