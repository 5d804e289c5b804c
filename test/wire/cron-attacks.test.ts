// What attackers and mistakes try on jobs: hostile schedules, addresses, programs, and very many jobs at one time.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { configFor } from "../agent/support.ts";
import { FakeClock } from "../fakes/clock.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { type TestGatewayOptions, testGateway } from "../support/gateway.ts";
import { isAlive } from "../support/is-alive.ts";
import { LIMIT_MS } from "../support/time-limit.ts";
import type { WireClient } from "../support/wire-client.ts";

const HOUR_MS = 3_600_000;
const HOURLY = { kind: "every", everyMs: HOUR_MS } as const;

async function stage(t: TestContext, config: object = {}, options: TestGatewayOptions = {}) {
  const model = await fakeOpenAI();
  t.after(() => model[Symbol.asyncDispose]());
  const gateway = await testGateway({
    config: JSON.stringify({ ...JSON.parse(configFor(model)), ...config }),
    ...options,
  });
  t.after(() => gateway[Symbol.asyncDispose]());
  return { model, gateway, client: await gateway.connect({ scopes: ["operator.admin"], protocol: 4 }) };
}

/** The newest run of a job, once it has ended and it is known what became of its words. */
async function settled(client: WireClient, id: string) {
  for (const limit = AbortSignal.timeout(LIMIT_MS); ; limit.throwIfAborted()) {
    const { entries } = await client.call("cron.runs", { id });
    if (entries[0] && entries[0].deliveryStatus !== "queued") return entries[0];
    await new Promise(setImmediate);
  }
}

test("a schedule that would take long to read is refused in a sentence", async (t) => {
  const { client } = await stage(t);
  const messages: string[] = [];

  for (const expr of [
    `${"1,".repeat(200)}1 * * * *`,
    "1-1000000000 * * * *",
    "*/0 * * * *",
    "* * * * * * *",
    "\u0000",
  ]) {
    const payload = { kind: "systemEvent", text: "t" };
    const { error } = await client.request("cron.add", { name: "n", schedule: { kind: "cron", expr }, payload });
    messages.push(error?.message ?? "");
  }

  assert.deepEqual(
    messages.map((message) => [message !== "", message.length < 250]),
    messages.map(() => [true, true]),
    messages.join("\n"),
  );
});

test("posts reach no address of one's own machine or network, however it is written", async (t) => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization ?? ""}`);
    response.writeHead(302, { location: `http://localhost:${port}/inside` }).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const webhookPrivateHosts = [`127.0.0.1:${port}`];
  const { client } = await stage(t, { cron: { webhookToken: "hook-token-123456", webhookPrivateHosts } });
  const addresses = [
    `http://localhost:${port}/`,
    `http://127.1:${port + 1}/`,
    `http://2130706433:${port + 1}/`,
    `http://0x7f.0.0.1:${port + 1}/`,
    `http://[::1]:${port}/`,
    `http://[::ffff:127.0.0.1]:${port}/`,
    `http://0.0.0.0:${port}/`,
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://10.0.0.1/",
    `http://user:pass@localhost:${port}/`,
    // Named by the settings; it sends on to where nothing may be posted.
    `http://127.0.0.1:${port}/named`,
  ];

  const states: string[] = [];
  for (const to of addresses) {
    const job = { name: "n", schedule: HOURLY, payload: { kind: "systemEvent", text: "t" } };
    const { payload, error } = await client.request("cron.add", { ...job, delivery: { mode: "webhook", to } });
    if (error) {
      states.push("refused");
      continue;
    }
    await client.call("cron.run", { id: payload.id, mode: "force" });
    states.push((await settled(client, payload.id)).deliveryStatus);
  }

  assert.deepEqual(
    states.filter((state) => state !== "refused" && state !== "not-delivered"),
    [],
  );
  assert.deepEqual(asked, ["/named Bearer hook-token-123456"]);
});

test("a job's program that leaves its parent, ignores SIGTERM and writes without end is ended with all it has begun", async (t) => {
  const { client, gateway } = await stage(t, { tools: { exec: { security: "full", ask: "off" } } });
  const workspace = join(gateway.stateDir, "workspace");
  mkdirSync(workspace, { recursive: true });
  const script = [
    "trap '' TERM",
    "setsid -f sh -c 'trap \"\" TERM; echo $$ >> pids; exec sleep 60'",
    "env -i /usr/bin/setsid -f /bin/sh -c 'echo $$ >> pids; while :; do :; done' > /dev/null 2>&1",
    "echo $$ >> pids",
    'while [ "$(wc -l < pids)" -lt 3 ]; do sleep 0.05; done',
    "yes",
  ].join("\n");
  const payload = { kind: "script", script, timeoutSeconds: 2 };
  const { id } = await client.call("cron.add", { name: "n", schedule: HOURLY, payload });

  await client.call("cron.run", { id, mode: "force" });
  const { status, error } = await settled(client, id);

  assert.deepEqual([status, error.includes("did not end within 2 s")], ["error", true]);
  const pids = readFileSync(join(workspace, "pids"), "utf8").trim().split("\n").map(Number);
  assert.deepEqual([pids.length, pids.filter(isAlive)], [3, []]);
});

test("1,000 jobs at one time are each run once, and people are answered meanwhile", async (t) => {
  const clock = new FakeClock();
  const { client, gateway, model } = await stage(t, {}, { clock });
  const schedule = { kind: "every", everyMs: HOUR_MS, anchorMs: clock.now() + 60_000 };
  const add = (index: number) =>
    client.call("cron.add", { name: `job ${index}`, schedule, payload: { kind: "systemEvent", text: `Job ${index}` } });
  for (let index = 0; index < 1_000; index += 50)
    await Promise.all(Array.from({ length: 50 }, (_, more) => add(index + more)));
  await client.call("set-heartbeats", { enabled: false });

  clock.advance(60_000);
  await client.call("chat.send", { sessionKey: "main", message: "Hello?", idempotencyKey: "hello" });
  await client.call("agent.wait", { runId: "hello", timeoutMs: 60_000 });
  const { total: ranBefore } = await client.call("cron.runs", { scope: "all", limit: 1 });
  let total = ranBefore;
  for (const limit = AbortSignal.timeout(LIMIT_MS); total < 1_000; limit.throwIfAborted()) {
    await gateway.pass(100);
    ({ total } = await client.call("cron.runs", { scope: "all", limit: 1 }));
  }

  const { total: well } = await client.call("cron.runs", { scope: "all", limit: 1, statuses: ["ok"] });
  assert.deepEqual([total, well, model.requests.length], [1_000, 1_000, 1]);
});
