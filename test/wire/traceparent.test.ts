// A caller's trace goes on in ours: from `traceparent` of a request to the spans, to the model's provider, and to posts of jobs.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { Collector, type Seen } from "../fakes/collector.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { TOKEN, testGateway } from "../support/gateway.ts";
import { within } from "../support/time-limit.ts";
import { callHook, HOOK_TOKEN, hooksConfig } from "./hooks-stage.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const TRACEPARENT = `00-${TRACE}-${SPAN}-01`;

async function stage(
  t: TestContext,
  { hasCollector = true, rest = {} }: { hasCollector?: boolean; rest?: object } = {},
) {
  const model = await fakeOpenAI();
  const collector = await Collector.start();
  const config = hooksConfig(
    model,
    {},
    {
      gateway: { http: { endpoints: { chatCompletions: { enabled: true }, responses: { enabled: true } } } },
      ...(hasCollector && { traces: { endpoint: collector.url } }),
      ...rest,
    },
  );
  const gateway = await testGateway({ config });
  t.after(async () => {
    await gateway[Symbol.asyncDispose]();
    await collector[Symbol.asyncDispose]();
    await model[Symbol.asyncDispose]();
  });
  const http = gateway.url.replace("ws", "http");
  return { model, collector, gateway, http };
}

const isRun = ({ name }: Seen) => name === "run";

async function asked(http: string, path: string, body: object, headers: Record<string, string>): Promise<number> {
  const response = await fetch(`${http}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${TOKEN}`, ...headers },
    body: JSON.stringify(body),
  });
  await response.text();
  return response.status;
}

const REQUESTS = [
  ["/v1/chat/completions", { messages: [{ role: "user", content: "Hi" }] }],
  ["/v1/responses", { model: "moltbot", input: "Hi" }],
] as const;

for (const [path, body] of REQUESTS)
  test(`${path}: the run is in the caller's trace, and the provider is told of it`, async (t) => {
    const { http, model, collector } = await stage(t);

    const status = await asked(http, path, body, { traceparent: TRACEPARENT });
    await collector.until((spans) => spans.some(isRun) && spans.some(({ name }) => name.startsWith("chat ")));

    const run = collector.spans.find(isRun);
    assert.deepEqual([status, run?.traceId, run?.parentSpanId], [200, TRACE, SPAN]);
    assert.deepEqual(
      model.requests.map(({ headers }) => headers.traceparent),
      [`00-${TRACE}-${run?.spanId}-01`],
    );
    assert.deepEqual([...new Set(collector.spans.map(({ traceId }) => traceId))], [TRACE]);
  });

test("a hook: the run is in the caller's trace; a value that is none begins a trace of its own", async (t) => {
  const { http, model, collector } = await stage(t);
  const call = (message: string, traceparent: string) =>
    callHook(http, "/hooks/agent", {
      body: { message, deliver: false, wakeMode: "next-heartbeat" },
      headers: { authorization: `Bearer ${HOOK_TOKEN}`, traceparent },
    });

  await call("Hello", TRACEPARENT);
  await collector.until((spans) => spans.filter(isRun).length === 1);
  const { status } = await call("Hello again", TRACEPARENT.toUpperCase());
  await collector.until((spans) => spans.filter(isRun).length === 2);

  const [first, second] = collector.spans.filter(isRun);
  assert.deepEqual([status, first?.traceId, first?.parentSpanId], [202, TRACE, SPAN]);
  assert.notEqual(second?.traceId, TRACE);
  assert.equal(second?.parentSpanId, undefined);
  assert.deepEqual(
    model.requests.map(({ headers }) => headers.traceparent),
    [first, second].map((run) => `00-${run?.traceId}-${run?.spanId}-01`),
  );
});

test("a job's post names the trace of its run", async (t) => {
  const heard = Promise.withResolvers<string | undefined>();
  const receiver = createServer((request, response) => {
    heard.resolve(request.headers.traceparent as string | undefined);
    request.resume().on("end", () => response.end());
  }).listen(0, "127.0.0.1");
  await once(receiver, "listening");
  t.after(() => receiver.close());
  const host = `127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const { gateway, collector } = await stage(t, { rest: { cron: { webhookPrivateHosts: [host] } } });
  const client = await gateway.connect({ scopes: ["operator.admin"], protocol: 4 });

  const { id } = await client.call("cron.add", {
    ...{ name: "news", sessionTarget: "isolated", payload: { kind: "agentTurn", message: "News?" } },
    ...{ schedule: { kind: "every", everyMs: 3_600_000 }, delivery: { mode: "webhook", to: `http://${host}/` } },
  });
  await client.call("cron.run", { id, mode: "force" });
  const named = await within(heard.promise, "the post");
  await collector.until((spans) => spans.some(isRun));

  const run = collector.spans.find(isRun);
  assert.equal(named, `00-${run?.traceId}-${run?.spanId}-01`);
});

test("without a collector a provider is told of no trace", async (t) => {
  const { http, model } = await stage(t, { hasCollector: false });

  await asked(http, ...REQUESTS[0], { traceparent: TRACEPARENT });

  assert.deepEqual(
    model.requests.map(({ headers }) => headers.traceparent),
    [undefined],
  );
});
