// Jobs as clients of both generations write and read them: tolerant input, errors, events, pages.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { configFor } from "../agent/support.ts";
import { FakeClock } from "../fakes/clock.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { testGateway } from "../support/gateway.ts";
import { within } from "../support/time-limit.ts";

const model = await fakeOpenAI();
after(() => model[Symbol.asyncDispose]());
const gateway = await testGateway({ config: configFor(model), clock: new FakeClock() });
after(() => gateway[Symbol.asyncDispose]());
const three = await gateway.connect({ scopes: ["operator.admin"], protocol: 3 });
const four = await gateway.connect({ scopes: ["operator.admin"], protocol: 4 });
await four.call("set-heartbeats", { enabled: false });

const AT = "2030-01-01T00:00:00.000Z";
const TELL = { kind: "systemEvent", text: "tick" };
const HOURLY = { kind: "every", everyMs: 3_600_000 };

describe("January's clients may write", () => {
  for (const [what, params, expected] of [
    ["a job in `job`", { job: { name: "n", schedule: HOURLY, payload: TELL } }, { name: "n", sessionTarget: "main" }],
    ["a job in `data`", { data: { name: "n", schedule: HOURLY, payload: TELL } }, { wakeMode: "next-heartbeat" }],
    [
      "a time as text, without a kind",
      { name: "n", schedule: { at: "2030-01-01" }, payload: TELL },
      { schedule: { kind: "at", atMs: Date.parse(AT) } },
    ],
    [
      "a time as digits in text",
      { name: "n", schedule: { atMs: String(Date.parse(AT)) }, payload: TELL },
      { schedule: { kind: "at", atMs: Date.parse(AT) } },
    ],
    [
      "a time in words under atMs",
      { name: "n", schedule: { kind: "at", atMs: "2030-01-01T01:00:00+01:00" }, payload: TELL },
      { schedule: { kind: "at", atMs: Date.parse(AT) } },
    ],
    [
      "a span as text",
      { name: "n", schedule: { everyMs: "60000", anchorMs: 0 }, payload: TELL },
      { schedule: { kind: "every", everyMs: 60_000, anchorMs: 0 } },
    ],
    [
      "an expression alone",
      { name: "n", schedule: { expr: "0 9 * * *", tz: "UTC" }, payload: TELL },
      { schedule: { kind: "cron", expr: "0 9 * * *", tz: "UTC" } },
    ],
    ["a switch as text", { name: "n", enabled: "false", schedule: HOURLY, payload: TELL }, { enabled: false }],
    [
      "a message alone",
      { name: "n", schedule: HOURLY, payload: { message: "News?" } },
      { payload: { kind: "agentTurn", message: "News?", deliver: false }, sessionTarget: "isolated" },
    ],
    [
      "kinds in another spelling, and a provider",
      {
        name: "n",
        schedule: HOURLY,
        payload: { kind: "agent_turn", message: "x", deliver: true, provider: "Telegram", to: "1" },
      },
      { payload: { kind: "agentTurn", message: "x", deliver: true, channel: "telegram", to: "1" } },
    ],
  ] as const) {
    test(what, async () => {
      const job = await three.call("cron.add", params);

      const some = Object.fromEntries(Object.keys(expected).map((name) => [name, job[name]]));
      assert.deepEqual(some, expected);
      await three.call("cron.remove", { jobId: job.id });
    });
  }

  test("a change of the payload that names the kind and what is new", async () => {
    const payload = { kind: "agentTurn", message: "News?", deliver: true, channel: "telegram", to: "1" };
    const { id } = await three.call("cron.add", { name: "n", schedule: HOURLY, payload });

    const job = await three.call("cron.update", {
      id,
      patch: { payload: { kind: "agentTurn", deliver: false, thinking: "low" } },
    });

    assert.deepEqual(job.payload, { ...payload, deliver: false, thinking: "low" });
    await three.call("cron.remove", { id });
  });
});

describe("errors", () => {
  const job = (more: object) => ({ name: "n", schedule: HOURLY, payload: TELL, ...more });
  for (const [params, protocol3, protocol4] of [
    [
      job({ schedule: { kind: "cron", expr: "99 * * * *" } }),
      "UNAVAILABLE RangeError: CronPattern: Invalid value for minute: 99",
      "INVALID_REQUEST invalid cron.add params: CronPattern: Invalid value for minute: 99",
    ],
    [
      job({ sessionTarget: "main", payload: { kind: "agentTurn", message: "x" } }),
      'UNAVAILABLE Error: main cron jobs require payload.kind="systemEvent"',
      'UNAVAILABLE Error: main cron jobs require payload.kind="systemEvent"',
    ],
    [
      job({ sessionTarget: "isolated" }),
      'UNAVAILABLE Error: isolated cron jobs require payload.kind="agentTurn"',
      'UNAVAILABLE Error: isolated cron jobs require payload.kind="agentTurn"',
    ],
    [
      job({ sessionTarget: "elsewhere" }),
      "INVALID_REQUEST invalid cron.add params: sessionTarget is main, isolated, current or session:ID",
      "INVALID_REQUEST invalid cron.add params: sessionTarget is main, isolated, current or session:ID",
    ],
    [
      job({ agentId: "nobody" }),
      "INVALID_REQUEST there is no agent nobody; write one of main",
      "INVALID_REQUEST there is no agent nobody; write one of main",
    ],
  ] as const) {
    test(`${protocol3}: said as each generation says it`, async () => {
      const answers = [await three.request("cron.add", params), await four.request("cron.add", params)];

      assert.deepEqual(
        answers.map(({ error }) => `${error?.code} ${error?.message}`),
        [protocol3, protocol4],
      );
    });
  }

  test("protocol 3 refuses what it does not know, at the root", async () => {
    const { error } = await three.request("cron.add", job({ extra: 1 }));

    assert.equal(
      `${error?.code} ${error?.message}`,
      "INVALID_REQUEST invalid cron.add params: at root: unexpected property 'extra'",
    );
  });
});

test("events: today's clients get the whole job, January's the fields of their time", async () => {
  const { id } = await four.call("cron.add", { name: "tells", schedule: HOURLY, payload: TELL });
  await four.call("cron.run", { id, mode: "force" });

  const of = async (client: typeof four) => {
    for (;;) {
      const { payload } = await within(client.nextOf("cron"), "the end of the run");
      if (payload.jobId === id && payload.action === "finished") return payload;
    }
  };
  const [january, today] = [await of(three), await of(four)];
  assert.deepEqual(Object.keys(january).sort(), [
    "action",
    "durationMs",
    "jobId",
    "nextRunAtMs",
    "runAtMs",
    "status",
    "summary",
  ]);
  assert.deepEqual([today.job.id, today.job.name, today.completionStatus], [id, "tells", "succeeded"]);
  await four.call("cron.remove", { id });
});

test("a list is filtered, sorted and cut into pages", async () => {
  const add = async (name: string, more: object = {}) =>
    (await four.call("cron.add", { name, schedule: HOURLY, payload: TELL, ...more })).id;
  const ids = [
    await add("beta"),
    await add("Alpha", { enabled: false }),
    await add("gamma 100%", { schedule: { kind: "cron", expr: "0 9 * * *" } }),
    await add("delta", { schedule: { kind: "at", at: AT }, description: "of the beta kind" }),
  ];
  const names = async (params: object) =>
    (await four.call("cron.list", params)).jobs.map(({ name }: { name: string }) => name);

  assert.deepEqual(await names({ enabled: "all", sortBy: "name" }), ["Alpha", "beta", "delta", "gamma 100%"]);
  assert.deepEqual(await names({ enabled: "disabled" }), ["Alpha"]);
  assert.deepEqual(await names({ sortBy: "name", sortDir: "desc" }), ["gamma 100%", "delta", "beta"]);
  assert.deepEqual(await names({ scheduleKind: "cron" }), ["gamma 100%"]);
  assert.deepEqual(await names({ query: "beta", sortBy: "name" }), ["beta", "delta"]);
  assert.deepEqual(await names({ query: "100%" }), ["gamma 100%"]);
  assert.deepEqual(await names({ agentId: "main", enabled: "all", lastRunStatus: "error" }), []);
  const { jobs, ...page } = await four.call("cron.list", { enabled: "all", sortBy: "name", limit: 3, offset: 1 });
  assert.deepEqual(
    [jobs.length, page.total, page.offset, page.hasMore, page.nextOffset, typeof page.snapshotRevision],
    [3, 4, 1, false, null, "string"],
  );
  for (const id of ids) await four.call("cron.remove", { id });
});

test("runs are filtered, and null in a change forgets", async () => {
  const { id } = await four.call("cron.add", { name: "n", description: "d", schedule: HOURLY, payload: TELL });
  await four.call("cron.run", { id, mode: "force" });

  const all = await four.call("cron.runs", { scope: "all", id, status: "ok", query: "tick" });
  const none = await four.call("cron.runs", { id, statuses: ["error"] });
  const { description } = await four.call("cron.update", { id, patch: { description: null } });

  assert.equal(
    all.entries.some(({ jobId }: { jobId: string }) => jobId === id),
    true,
  );
  assert.deepEqual([none.total, description], [0, undefined]);
  await four.call("cron.remove", { id });
});

test("a job may be moved within its span, always alike, and a disabled one is not run when only enabled ones shall", async () => {
  const schedule = { kind: "cron", expr: "0 * * * *", tz: "UTC", staggerMs: 300_000 };
  const { id, state, ...job } = await four.call("cron.add", { name: "n", enabled: false, schedule, payload: TELL });
  const on = await four.call("cron.update", { id, patch: { enabled: true } });
  const off = await four.call("cron.update", { id, patch: { enabled: false } });

  const answer = await four.call("cron.run", { id, mode: "if-enabled" });

  const offset = on.state.nextRunAtMs % 3_600_000;
  assert.equal(offset > 0 && offset < 300_000, true);
  assert.deepEqual([job.schedule, state.nextRunAtMs, off.enabled], [schedule, undefined, false]);
  assert.deepEqual(answer, { ok: true, ran: false, reason: "disabled" });
  await four.call("cron.remove", { id });
});
