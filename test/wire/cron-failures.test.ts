// What becomes of jobs that fail, and where what jobs say goes: retries, switching off, alerts, posts, programs.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { configFor } from "../agent/support.ts";
import { FakeClock } from "../fakes/clock.ts";
import type { Script } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { addSoon } from "../support/cron.ts";
import { testGateway } from "../support/gateway.ts";
import { LIMIT_MS, within } from "../support/time-limit.ts";
import type { WireClient } from "../support/wire-client.ts";

const HOUR_MS = 3_600_000;
const REFUSED: Script = { kind: "status", status: 400, message: "no such thing" };
const EACH_HOUR = { kind: "every", everyMs: HOUR_MS };
const TURN = { kind: "agentTurn", message: "News?" };

interface Post {
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

/** A program that takes posts; `answers` are the statuses of the first ones. */
async function receiver(t: TestContext, answers: number[] = []) {
  const posts: Post[] = [];
  let heard = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      posts.push({ headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString()) });
      response.writeHead(answers.shift() ?? 200).end();
      heard.resolve();
      heard = Promise.withResolvers();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const until = async (count: number) => {
    while (posts.length < count) await within(heard.promise, `${count} posts`);
    return posts;
  };
  return { host, url: `http://${host}/cron`, posts, until };
}

async function stage(t: TestContext, cron: object = {}, options: { clock?: FakeClock; rest?: object } = {}) {
  const model = await fakeOpenAI();
  t.after(() => model[Symbol.asyncDispose]());
  const config = { ...JSON.parse(configFor(model)), cron, ...options.rest };
  const { clock } = options;
  const gateway = await testGateway({ config: JSON.stringify(config), ...(clock && { clock }) });
  t.after(() => gateway[Symbol.asyncDispose]());
  return { model, gateway, client: await gateway.connect({ scopes: ["operator.admin"], protocol: 4 }) };
}

/** What a job has run, oldest first, once it is so much. */
async function ended(client: WireClient, id: string, count: number) {
  for (;;) {
    const { entries } = await client.call("cron.runs", { id, sortDir: "asc" });
    if (entries.length >= count) return entries;
    await within(client.nextOf("cron"), `${count} ends of runs`);
  }
}

/** Waits until a run's words have arrived, or will not. */
async function delivered(client: WireClient, id: string) {
  for (const limit = AbortSignal.timeout(LIMIT_MS); ; limit.throwIfAborted()) {
    const { entries } = await client.call("cron.runs", { id });
    if (entries[0] && entries[0].deliveryStatus !== "queued") return entries[0];
    await new Promise(setImmediate);
  }
}

const news = (more: object = {}) => ({ name: "news", payload: TURN, delivery: { mode: "none" }, ...more });
/** Adds a job that is due soon, and then in an hour. */
const addNews = (client: WireClient, more?: object) => addSoon(client, news(more));

test("a run that fails is tried again after a while, and the job keeps its grid", async (t) => {
  const { client, model } = await stage(t, { retry: { backoffMs: [150] } });
  model.script(REFUSED);

  const { id, state } = await addNews(client);

  const entries = await ended(client, id, 2);
  const job = await client.call("cron.get", { id });
  assert.deepEqual(
    entries.map(({ status, attempt }: { status: string; attempt?: number }) => [status, attempt]),
    [
      ["error", undefined],
      ["ok", 1],
    ],
  );
  assert.deepEqual([job.state.consecutiveErrors, job.state.nextRunAtMs], [0, state.nextRunAtMs + HOUR_MS]);
});

test("a run that has changed something is not tried again", async (t) => {
  const { client, model } = await stage(
    t,
    { retry: { backoffMs: [50] } },
    { rest: { tools: { exec: { security: "full", ask: "off" } } } },
  );
  model.script({ kind: "tool-call", name: "exec", arguments: { command: "echo done" } }, REFUSED);

  const { id } = await addNews(client);

  const [entry] = await ended(client, id, 1);
  const { state } = await client.call("cron.get", { id });
  assert.deepEqual([entry.status, state.consecutiveErrors, state.retryAtMs], ["error", 1, undefined]);
});

test("a job that fails too often is switched off; people are told once, and when it works again", async (t) => {
  const receiving = await receiver(t);
  const { client, model } = await stage(t, {
    ...{ retry: { backoffMs: [30] }, disableAfterErrors: 4, webhookPrivateHosts: [receiving.host] },
    failureAlert: { mode: "webhook", to: receiving.url },
  });
  model.usual = REFUSED;

  const { id } = await addNews(client);

  const entries = await ended(client, id, 4);
  const told = await receiving.until(2);
  const off = await client.call("cron.get", { id });
  model.usual = { kind: "text", text: "All well." };
  const on = await client.call("cron.update", { id, patch: { enabled: true } });
  await client.call("cron.run", { id, mode: "force" });
  await ended(client, id, 5);
  assert.deepEqual(
    entries.map(({ status }: { status: string }) => status),
    ["error", "error", "error", "error"],
  );
  assert.deepEqual(
    told.map(({ body }) => body.cause),
    ["failed", "disabled"],
  );
  assert.match(String(told[1]?.body.text), /switched off after 4 failures in a row: .*moltbot cron enable/);
  assert.deepEqual([off.enabled, off.state.autoDisabled.consecutiveErrors], [false, 4]);
  assert.deepEqual([on.enabled, on.state.consecutiveErrors, on.state.autoDisabled], [true, 0, undefined]);
});

test("after failures that people were told of, they are told that the job works again", async (t) => {
  const receiving = await receiver(t);
  const { client, model } = await stage(t, {
    ...{ retry: { backoffMs: [30] }, webhookPrivateHosts: [receiving.host] },
    failureAlert: { mode: "webhook", to: receiving.url },
  });
  model.script(REFUSED, REFUSED, REFUSED);

  const { id } = await addNews(client);

  await ended(client, id, 4);
  const told = await receiving.until(2);
  assert.deepEqual(
    told.map(({ body }) => body.cause),
    ["failed", "well"],
  );
});

test("a failure destination hears of each failure that is final, and a job may want no alerts", async (t) => {
  const receiving = await receiver(t);
  const { client, model } = await stage(t, {
    ...{ retry: { maxAttempts: 1, backoffMs: [30] }, webhookPrivateHosts: [receiving.host] },
  });
  model.usual = REFUSED;
  const failureDestination = { mode: "webhook", to: receiving.url };

  const { id } = await addNews(client, { failureAlert: false, delivery: { mode: "none", failureDestination } });

  await ended(client, id, 2);
  const told = await receiving.until(1);
  assert.deepEqual(
    told.map(({ body }) => [body.action, body.status, body.jobId]),
    [["finished", "error", id]],
  );
});

test("the end of a run is posted with a token, and again with its name when it is not taken", async (t) => {
  const clock = new FakeClock();
  const receiving = await receiver(t, [500]);
  const { client, gateway } = await stage(
    t,
    { webhookToken: "hook-token-123456", webhookPrivateHosts: [receiving.host] },
    { clock },
  );
  const delivery = { mode: "webhook", to: receiving.url };
  const { id } = await client.call("cron.add", news({ delivery, schedule: EACH_HOUR }));

  await client.call("cron.run", { id, mode: "force" });
  await receiving.until(1);
  while (receiving.posts.length < 2) await gateway.pass(5_000);

  const { deliveryStatus } = await delivered(client, id);
  const [first, second] = receiving.posts;
  assert.equal(deliveryStatus, "delivered");
  assert.deepEqual(
    [first?.headers.authorization, first?.headers["idempotency-key"], first?.body],
    ["Bearer hook-token-123456", second?.headers["idempotency-key"], second?.body],
  );
  const { jobId, action, status, summary } = first?.body ?? {};
  assert.deepEqual(
    { jobId, action, status, summary },
    { jobId: id, action: "finished", status: "ok", summary: "Hello from the model." },
  );
});

test("nothing is posted to an address of one's own network that the settings do not name", async (t) => {
  const receiving = await receiver(t);
  const { client } = await stage(t);
  const { id } = await addNews(client, { delivery: { mode: "webhook", to: receiving.url } });

  const { status, deliveryStatus, deliveryError } = await delivered(client, id);

  assert.deepEqual([status, deliveryStatus], ["ok", "not-delivered"]);
  assert.match(deliveryError, /not on the public internet/);
  assert.equal(receiving.posts.length, 0);
});

test("an address that is none is refused when the job is added", async (t) => {
  const { client } = await stage(t);

  const { error } = await client.request(
    "cron.add",
    news({ schedule: EACH_HOUR, delivery: { mode: "webhook", to: "telegram" } }),
  );

  assert.match(error?.message ?? "", /delivery.to must be an address such as https:/);
});

test("programs run under the rules of commands: what is allowed runs, the rest waits for a person in vain", async (t) => {
  const clock = new FakeClock();
  const { client, gateway } = await stage(t, {}, { clock });
  const schedule = { kind: "every", everyMs: 1_000 * HOUR_MS };
  const allowed = await client.call("cron.add", {
    name: "say",
    schedule,
    payload: { kind: "command", argv: ["echo", "it's 5 o'clock"] },
  });
  const other = await client.call("cron.add", {
    name: "remove",
    schedule,
    payload: { kind: "script", script: "rm -rf ./build" },
  });

  await client.call("cron.run", { id: allowed.id, mode: "force" });
  await client.call("cron.run", { id: other.id, mode: "force" });
  const [said] = await ended(client, allowed.id, 1);
  const asked = await client.nextOf("exec.approval.requested");
  for (let seconds = 0; seconds < 130; seconds += 10) await gateway.pass(10_000);

  const [refused] = await ended(client, other.id, 1);
  assert.deepEqual([said.status, said.summary], ["ok", "it's 5 o'clock"]);
  assert.equal(asked.payload.request.command, "rm -rf ./build");
  assert.equal(refused.status, "error");
  assert.match(refused.error, /nobody allowed it within 120 s/);
});

test("a program that fails, hangs or floods has failed, and harms no other job", async (t) => {
  const { client } = await stage(
    t,
    { maxConcurrentRuns: 3 },
    { rest: { tools: { exec: { security: "full", ask: "off" } } } },
  );
  const script = async (name: string, text: string, more: object = {}) =>
    (await addNews(client, { name, payload: { kind: "script", script: text, ...more } })).id;
  const fails = await script("fails", "echo oh no; exit 3");
  const hangs = await script("hangs", "sleep 600", { timeoutSeconds: 1 });
  const floods = await script("floods", "yes", { timeoutSeconds: 2 });

  const well = await addNews(client, { name: "well" });

  const [ok] = await ended(client, well.id, 1);
  const results = [];
  for (const id of [fails, hangs, floods]) results.push((await ended(client, id, 1))[0]);
  assert.equal(ok.status, "ok");
  assert.deepEqual(
    results.map(({ status }) => status),
    ["error", "error", "error"],
  );
  assert.match(results[0].error, /oh no\n\[exit code 3/);
  assert.match(results[1].error, /did not end within 1 s/);
  assert.ok(results.every(({ error }) => error.length <= 2_000));
});

test("jobs of an agent that hangs leave room for people", async (t) => {
  const { client, model } = await stage(t, { maxConcurrentRuns: 8 });
  model.usual = { kind: "hang" };
  const asked = Array.from({ length: 8 }, (_, index) => addNews(client, { name: `hangs ${index}` }));
  await Promise.all(asked);
  for (const limit = AbortSignal.timeout(LIMIT_MS); model.requests.length < 8; limit.throwIfAborted())
    await new Promise(setImmediate);
  model.usual = { kind: "text", text: "Here I am." };

  await client.call("chat.send", { sessionKey: "main", message: "Hello?", idempotencyKey: "hello" });

  for (;;) {
    const { payload } = await within(client.nextOf("chat"), "the reply");
    if (payload.runId === "hello" && payload.state === "final") break;
  }
});

test("of many jobs that wait for the agent, none keeps words from being told", async (t) => {
  const { client, model } = await stage(t, { maxConcurrentRuns: 1 });
  model.usual = { kind: "hang" };
  for (let index = 0; index < 60; index++) await addNews(client, { name: `waits ${index}` });

  const told = await addNews(client, { name: "tells", payload: { kind: "systemEvent", text: "Tea" } });

  const [entry] = await ended(client, told.id, 1);
  assert.deepEqual([entry.status, model.requests.length <= 1], ["ok", true]);
});

test("the budget of runs in 24 hours holds for all jobs together", async (t) => {
  const { client, model } = await stage(t, { maxRunsPerDay: 1, retry: { maxAttempts: 0 } });
  const first = await addNews(client);
  await ended(client, first.id, 1);

  const second = await addNews(client);

  const [entry] = await ended(client, second.id, 1);
  assert.match(entry.error, /1 times in 24 hours; raise cron.maxRunsPerDay/);
  assert.equal(model.requests.length, 1);
});

test("who wants to hear of every end is posted those that go well and those that fail", async (t) => {
  const receiving = await receiver(t);
  const { client, model } = await stage(t, { webhookPrivateHosts: [receiving.host], retry: { maxAttempts: 0 } });
  const completionDestination = { mode: "webhook", to: receiving.url };
  const job = { delivery: { mode: "none", completionDestination }, failureAlert: false };

  const { id } = await addNews(client, job);
  await receiving.until(1);
  model.script(REFUSED);
  await client.call("cron.run", { id, mode: "force" });
  const posts = await receiving.until(2);

  assert.deepEqual(
    posts.map(({ body }) => [body.jobId, body.action, body.status]),
    [
      [id, "finished", "ok"],
      [id, "finished", "error"],
    ],
  );
});
