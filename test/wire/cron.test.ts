// Jobs that run at set times (protocol: cron; automation: our scheduler, catch-up, the recorded exchanges).
import "../support/replayed.ts";
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { simulate } from "../../packages/gateway/src/base/schedule/simulate.ts";
import { configFor } from "../agent/support.ts";
import { FakeClock } from "../fakes/clock.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { testGateway } from "../support/gateway.ts";
import type { WireClient } from "../support/wire-client.ts";

const MINUTE_MS = 60_000;
const model = await fakeOpenAI();
after(() => model[Symbol.asyncDispose]());
const clock = new FakeClock();
const gateway = await testGateway({ config: configFor(model), clock });
after(() => gateway[Symbol.asyncDispose]());
const connected = async (protocol: 3 | 4) => await gateway.connect({ scopes: ["operator.admin"], protocol });
let three = await connected(3);
let four = await connected(4);
// What a job tells the agent would have it ask the model.
await four.call("set-heartbeats", { enabled: false });

const TELL = { kind: "systemEvent", text: "tick" };
const everyMinute = (name: string, more: object = {}) => ({
  ...{ name, schedule: { kind: "every", everyMs: MINUTE_MS }, sessionTarget: "main", wakeMode: "now", payload: TELL },
  ...more,
});

/** The runs of a job once there are so many; time stands still meanwhile. */
async function runsOf(id: string, count: number, client: WireClient = four) {
  for (;;) {
    const { entries } = await client.call("cron.runs", { id, limit: 200 });
    if (entries.length >= count) return entries;
    await new Promise(setImmediate);
  }
}

/** The error of a call that is refused. */
async function failed(method: string, params: object) {
  const { error } = await four.request(method, params);
  return error ?? assert.fail("the call was not refused");
}

/** Lets whole minutes pass, and waits each time until the job has run. */
async function minutes(id: string, count: number): Promise<void> {
  const before = (await four.call("cron.runs", { id })).total;
  for (let minute = 1; minute <= count; minute++) {
    await gateway.pass(MINUTE_MS);
    await runsOf(id, before + minute);
  }
}

describe("a job", () => {
  test("runs at each of its slots once, without a model", async () => {
    const { id } = await four.call("cron.add", everyMinute("each"));
    const asked = model.requests.length;

    await minutes(id, 3);

    const entries = await runsOf(id, 3);
    const slots = entries.map(({ slotAtMs }: { slotAtMs: number }) => slotAtMs);
    assert.deepEqual(slots, [slots[2] + 2 * MINUTE_MS, slots[2] + MINUTE_MS, slots[2]]);
    assert.deepEqual([entries[0].status, entries[0].outcome, model.requests.length], ["ok", "fired", asked]);
    await four.call("cron.remove", { id });
  });

  test("keeps its grid when it is run by hand", async () => {
    const { id, nextRunAtMs } = await four.call("cron.add", everyMinute("grid"));
    await gateway.pass(10_000);

    const { enqueued } = await four.call("cron.run", { id, mode: "force" });

    assert.equal(enqueued, true);
    await runsOf(id, 1);
    assert.equal((await four.call("cron.get", { id })).nextRunAtMs, nextRunAtMs);
    await four.call("cron.remove", { id });
  });

  test("has an agent work in a conversation of its own", async () => {
    const { id } = await four.call("cron.add", {
      ...{ name: "Stand-up", schedule: { kind: "every", everyMs: 3_600_000 } },
      ...{ payload: { kind: "agentTurn", message: "What is new?" }, delivery: { mode: "none" } },
    });

    await four.call("cron.run", { id, mode: "force" });

    const [entry] = await runsOf(id, 1);
    assert.deepEqual(
      [entry.status, entry.summary, entry.deliveryStatus],
      ["ok", "Hello from the model.", "not-requested"],
    );
    const told = JSON.stringify(model.requests.at(-1)?.body.messages);
    assert.ok(told.includes(`[cron:${id} Stand-up] What is new?`));
    assert.ok(JSON.stringify(model.requests.at(-1)?.body).includes(`Session: agent:main:cron:${id}.`));
    await four.call("cron.remove", { id });
  });

  test("whose answer has nowhere to go has run well, and says that it was not delivered", async () => {
    const { id } = await four.call("cron.add", {
      ...{ name: "lost", schedule: { kind: "every", everyMs: 3_600_000 } },
      ...{ payload: { kind: "agentTurn", message: "Hi" }, delivery: { mode: "announce" } },
    });

    await four.call("cron.run", { id, mode: "force" });

    const [entry] = await runsOf(id, 1);
    assert.deepEqual([entry.status, entry.deliveryStatus], ["ok", "not-delivered"]);
    assert.match(entry.deliveryError, /requires a recipient/);
    await four.call("cron.remove", { id });
  });

  test("that runs once is gone afterwards for clients of today, and switched off for those of January", async () => {
    const atMs = clock.now() + MINUTE_MS;
    const today = await four.call(
      "cron.add",
      everyMinute("once", { schedule: { kind: "at", at: new Date(atMs).toISOString() } }),
    );
    const january = await three.call("cron.add", everyMinute("once", { schedule: { kind: "at", atMs } }));

    await gateway.pass(MINUTE_MS);
    await runsOf(january.id, 1);
    await runsOf(today.id, 1);

    assert.equal((await failed("cron.get", { id: today.id })).details?.code, "CRON_JOB_NOT_FOUND");
    assert.equal((await failed("cron.remove", { id: today.id })).details?.code, "CRON_JOB_NOT_FOUND");
    assert.equal((await four.call("cron.get", { id: january.id })).enabled, false);
  });
});

describe("clients of January", () => {
  test("get the job as they know it, and the answer of a run when it is over", async () => {
    const schedule = { kind: "cron", expr: "0 9 * * 1-5", tz: "Europe/Berlin" };
    const isolation = { postToMainPrefix: "Cron", postToMainMode: "summary", postToMainMaxChars: 8_000 };
    const payload = { kind: "agentTurn", message: "News?", deliver: false, channel: "last" };
    const job = await three.call("cron.add", {
      ...{ name: "Stand-up", enabled: true, deleteAfterRun: false, schedule, sessionTarget: "isolated" },
      ...{ wakeMode: "next-heartbeat", payload, isolation },
    });

    const answer = await three.call("cron.run", { id: job.id, mode: "force" });

    const { id, createdAtMs, updatedAtMs, state, ...rest } = job;
    assert.deepEqual(rest, {
      ...{ name: "Stand-up", enabled: true, schedule, sessionTarget: "isolated", wakeMode: "next-heartbeat" },
      ...{ payload, isolation, deleteAfterRun: false },
    });
    assert.deepEqual([createdAtMs, Object.keys(state)], [updatedAtMs, ["nextRunAtMs"]]);
    assert.deepEqual(answer, { ok: true, ran: true });
    assert.deepEqual(await three.call("cron.run", { id }), { ok: true, ran: false, reason: "not-due" });
    const { entries } = await three.call("cron.runs", { id, limit: 5 });
    assert.deepEqual([entries.length, entries[0].status, entries[0].action], [1, "ok", "finished"]);
    assert.deepEqual(await three.call("cron.remove", { id }), { ok: true, removed: true });
  });

  test("may add a job that never comes; those of today are told", async () => {
    const never = everyMinute("never", { schedule: { kind: "cron", expr: "0 0 30 2 *" } });

    const { id, state } = await three.call("cron.add", never);
    const { message } = await failed("cron.add", never);

    assert.deepEqual(state, {});
    assert.match(message, /would never fire/);
    await four.call("cron.remove", { id });
  });
});

describe("what is wrong", () => {
  for (const [name, more, problem] of [
    ["a minute of 99", { schedule: { kind: "cron", expr: "99 * * * *" } }, /Invalid value for minute: 99/],
    [
      "a zone of Mars",
      { schedule: { kind: "cron", expr: "0 9 * * *", tz: "Mars/Phobos" } },
      /Invalid time zone specified/,
    ],
    ["a time that is over", { schedule: { kind: "at", at: "2001-01-01T00:00:00Z" } }, /schedule.at is in the past/],
    ["an agent in the main conversation", { payload: { kind: "agentTurn", message: "x" } }, /main cron jobs require/],
  ] as const) {
    test(`${name} is refused with the reason`, async () => {
      assert.match((await failed("cron.add", everyMinute("bad", more))).message, problem);
    });
  }

  test("a change of a job that somebody else has changed is refused", async () => {
    const { id, configRevision } = await four.call("cron.add", everyMinute("cas"));
    await four.call("cron.update", { id, patch: { name: "other" } });

    const { details } = await failed("cron.update", {
      ...{ id, patch: { name: "mine" }, expectedConfigRevision: configRevision },
    });

    assert.equal(details?.code, "CRON_JOB_CHANGED");
    await four.call("cron.remove", { id });
  });
});

test("a job that is declared again is the same job, changed where it differs", async () => {
  const declared = { ...everyMinute("declared"), declarationKey: "file:a" };

  const first = await four.call("cron.add", declared);
  const second = await four.call("cron.add", declared);
  const third = await four.call("cron.add", { ...declared, name: "renamed" });

  assert.deepEqual([first.created, second.created, second.updated], [true, false, false]);
  assert.deepEqual([third.updated, third.job.id, third.job.name], [true, first.job.id, "renamed"]);
  await four.call("cron.remove", { id: first.job.id });
});

test("what was missed while the gateway was down is run as the simulator says", async () => {
  const schedule = { kind: "every", everyMs: MINUTE_MS, anchorMs: clock.now() } as const;
  const from = clock.now();
  const { id } = await four.call("cron.add", everyMinute("down", { schedule, catchUp: "latest" }));
  await minutes(id, 1);
  const downAt = clock.now() + 1_000;
  await gateway.pass(1_000);
  await gateway.stop();
  clock.advance(5 * MINUTE_MS);
  const upAt = clock.now();

  await gateway.start();
  three = await connected(3);
  four = await connected(4);

  const simulated = [
    ...simulate({
      ...{ schedule, catchUp: "latest", graceMs: 86_400_000, tz: "UTC", from, to: upAt, steps: [] },
      downs: [{ from: downAt, to: upAt }],
    }),
  ];
  const entries = (await runsOf(id, simulated.length)).toReversed();
  const bySlot = (a: { slotAtMs: number }, b: { slotAtMs: number }) => a.slotAtMs - b.slotAtMs;
  const log = entries.toSorted(bySlot).map(({ slotAtMs, outcome }: { slotAtMs: number; outcome: string }) => ({
    slot: new Date(slotAtMs).toISOString(),
    outcome,
  }));
  assert.deepEqual(
    log,
    simulated.map(({ slot, outcome }) => ({ slot, outcome })),
  );
});
