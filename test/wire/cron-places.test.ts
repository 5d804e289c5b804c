// In which conversation jobs work, with which model, and who is told of their ends.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { configFor } from "../agent/support.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { testGateway } from "../support/gateway.ts";
import { LIMIT_MS, within } from "../support/time-limit.ts";
import type { WireClient } from "../support/wire-client.ts";

const YEARLY = { kind: "cron", expr: "0 0 1 1 *", tz: "UTC" };

async function stage(t: TestContext) {
  const model = await fakeOpenAI();
  t.after(() => model[Symbol.asyncDispose]());
  const gateway = await testGateway({ config: configFor(model) });
  t.after(() => gateway[Symbol.asyncDispose]());
  return { model, client: await gateway.connect({ scopes: ["operator.admin"], protocol: 4 }) };
}

/** Runs a job by hand, and returns the entry of its end. */
async function run(client: WireClient, id: string) {
  await client.call("cron.run", { id, mode: "force" });
  for (const limit = AbortSignal.timeout(LIMIT_MS); ; limit.throwIfAborted()) {
    const { entries } = await client.call("cron.runs", { id });
    if (entries[0]) return entries[0];
    await within(client.nextOf("cron"), "the end of the run");
  }
}

const modelsIn = (requests: readonly { body: unknown }[]) =>
  requests.map(({ body }) => (body as { model: string }).model);

test("a job that names a conversation works there, knows what was said, and leaves its model alone", async (t) => {
  const { client, model } = await stage(t);
  await client.call("agent", { message: "My cat is called Mia.", sessionKey: "pets", idempotencyKey: "one" });
  await client.call("agent.wait", { runId: "one", timeoutMs: LIMIT_MS });
  const { id } = await client.call("cron.add", {
    ...{ name: "cats", schedule: YEARLY, sessionTarget: "session:pets", delivery: { mode: "none" } },
    payload: { kind: "agentTurn", message: "What is she called?", model: "fake/other-model" },
  });

  const entry = await run(client, id);
  await client.call("agent", { message: "Thanks.", sessionKey: "pets", idempotencyKey: "two" });
  await client.call("agent.wait", { runId: "two", timeoutMs: LIMIT_MS });

  const { messages } = model.requests[1]!.body as { messages: object[] };
  assert.equal(entry.status, "ok");
  assert.match(JSON.stringify(messages), /My cat is called Mia.*What is she called/);
  const [first, second, third] = modelsIn(model.requests);
  assert.deepEqual([second, third], ["other-model", first]);
});

test("the job's own fallbacks answer when its model cannot", async (t) => {
  const { client, model } = await stage(t);
  const { id } = await client.call("cron.add", {
    ...{ name: "news", schedule: YEARLY, delivery: { mode: "none" } },
    payload: { kind: "agentTurn", message: "News?", model: "fake/first", fallbacks: ["fake/second"] },
  });
  model.script({ kind: "status", status: 404, message: "there is no model first" });

  const entry = await run(client, id);

  assert.equal(entry.status, "ok");
  assert.deepEqual(modelsIn(model.requests), ["first", "second"]);
});

test("the list says of each job where its words go", async (t) => {
  const { client } = await stage(t);
  const add = async (delivery: object) =>
    (
      await client.call("cron.add", {
        name: "n",
        schedule: YEARLY,
        payload: { kind: "agentTurn", message: "m" },
        delivery,
      })
    ).id;
  const posted = await add({ mode: "webhook", to: "https://example.org/cron?key=secret" });
  const quiet = await add({ mode: "none" });

  const { deliveryPreviews } = await client.call("cron.list", {});

  assert.deepEqual(deliveryPreviews, {
    [posted]: { label: "posted", detail: "to example.org" },
    [quiet]: { label: "not requested", detail: "not requested" },
  });
});

for (const schedule of [
  { kind: "on-exit", command: "make" },
  { kind: "stream", command: ["tail", "-f", "log"], mode: "line" },
])
  test(`a schedule of kind ${schedule.kind} is refused with what there is`, async (t) => {
    const { client } = await stage(t);

    const { error } = await client.request("cron.add", {
      name: "n",
      schedule,
      payload: { kind: "systemEvent", text: "t" },
    });

    assert.match(error?.message ?? "", /^invalid cron.add params: schedule.kind is at, every or cron\..*call a hook/);
  });

test("of changes that are made at once none is lost, and of two that name one revision one is refused", async (t) => {
  const { client } = await stage(t);
  const job = { schedule: YEARLY, payload: { kind: "systemEvent", text: "t" } };
  const { id, configRevision } = await client.call("cron.add", { name: "n", ...job });
  const change = (patch: object, more: object = {}) => client.request("cron.update", { id, patch, ...more });

  const free = await Promise.all([change({ name: "new" }), change({ description: "why" }), change({ enabled: false })]);
  const { name, description, enabled, configRevision: revision } = await client.call("cron.get", { id });
  const named = await Promise.all(
    ["a", "b", "c"].map((each) => change({ name: each }, { expectedConfigRevision: revision })),
  );

  assert.deepEqual([name, description, enabled], ["new", "why", false]);
  assert.deepEqual([free.map(({ ok }) => ok), revision === configRevision], [[true, true, true], false]);
  assert.deepEqual(
    named.map(({ ok, error }) => (ok ? "ok" : error?.details?.code)),
    ["ok", "CRON_JOB_CHANGED", "CRON_JOB_CHANGED"],
  );
});

test("a job that is removed while it is changed stays removed", async (t) => {
  const { client } = await stage(t);
  const job = { schedule: YEARLY, payload: { kind: "systemEvent", text: "t" } };
  const { id } = await client.call("cron.add", { name: "n", ...job });

  await Promise.all([
    client.request("cron.update", { id, patch: { name: "new" } }),
    client.request("cron.remove", { id }),
  ]);

  assert.deepEqual((await client.call("cron.list", { includeDisabled: true })).jobs, []);
});

test("a job of each second fills what waits for the agent with its newest news alone", async (t) => {
  const { client } = await stage(t);
  await client.call("set-heartbeats", { enabled: false });
  await client.call("wake", { mode: "next-heartbeat", text: "The mail is here" });
  const { id } = await client.call("cron.add", {
    ...{ name: "tick", schedule: YEARLY, payload: { kind: "systemEvent", text: "tick" } },
  });

  for (let count = 0; count < 30; count++) await run(client, id);

  const { agents } = await client.call("heartbeat.status", {});
  assert.equal(agents[0].waiting, 21);
});

test("a run by hand is found under the name that its caller got, also when it could not begin", async (t) => {
  const { client } = await stage(t);
  const add = async (payload: object) => (await client.call("cron.add", { name: "n", schedule: YEARLY, payload })).id;
  const said = await add({ kind: "systemEvent", text: "t" });
  const failed = await add({ kind: "agentTurn", message: "m", model: "nobody/nothing" });

  const found = [];
  for (const id of [said, failed]) {
    const { runId } = await client.call("cron.run", { id, mode: "force" });
    const { entries } = await client.call("cron.runs", { runId });
    found.push([entries.length, entries[0]?.jobId === id, entries[0]?.runId === runId, entries[0]?.status]);
  }

  assert.deepEqual(found, [
    [1, true, true, "ok"],
    [1, true, true, "error"],
  ]);
});
