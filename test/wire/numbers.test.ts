// Numbers that come over the wire: each has a maximum, and durations beyond what timers know are waited for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeTelegram } from "@moltbot/fakes";
import { METHODS } from "../../packages/gateway/src/definitions.ts";
import { ConnectParams3, ConnectParams4 } from "../../packages/gateway/src/kit/schema/frames.ts";
import type { Schema } from "../../packages/gateway/src/kit/schema/validate.ts";
import { ChannelBench } from "../channels/bench.ts";
import { testGateway } from "../support/gateway.ts";

/** Beyond 2^31-1 ms, where the system's timers are over at once. */
const LONG_MS = 3_000_000_000;

function unbounded(schema: Schema | undefined, path: string): string[] {
  if (!schema) return [];
  const isNumber = schema.type === "number" || schema.type === "integer";
  return [
    ...(isNumber && schema.maximum === undefined && !("const" in schema) ? [path] : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => unbounded(inner, `${path}.${name}`)),
    ...Object.values(schema.patternProperties ?? {}).flatMap((inner) => unbounded(inner, `${path}.*`)),
    ...(schema.anyOf ?? []).flatMap((inner) => unbounded(inner, path)),
    ...(schema.allOf ?? []).flatMap((inner) => unbounded(inner, path)),
    ...unbounded(schema.items, `${path}[]`),
  ];
}

test("every number that a client sends has a maximum, on both protocols", () => {
  const methods = [...METHODS.values()].flatMap((method) => (method.three ? [method, method.three] : [method]));

  const found = [
    ...methods.flatMap(({ name, params }) => unbounded(params as Schema, name)),
    ...unbounded(ConnectParams3 as Schema, "connect of protocol 3"),
    ...unbounded(ConnectParams4 as Schema, "connect of protocol 4"),
  ];

  assert.deepEqual(found, []);
});

test("a healthy account that is asked with all the time in the world is healthy", async () => {
  await using bench = await ChannelBench.start(fakeTelegram);

  const { channelAccounts } = await bench.operator.call("channels.status", { probe: true, timeoutMs: LONG_MS });

  assert.equal(channelAccounts.telegram[0].probe.ok, true);
});

test("agent.wait with a long time waits until the run has ended", async () => {
  await using gateway = await testGateway({ config: "{ models: { detectLocal: false } }" });
  const client = await gateway.connect();
  const waiting = client.request("agent.wait", { runId: "later", timeoutMs: LONG_MS });
  await client.flushed();

  await client.request("agent", { message: "/echo done", sessionKey: "main", idempotencyKey: "later" });
  const { payload } = await waiting;

  assert.deepEqual([payload.runId, payload.status], ["later", "ok"]);
});

test("what is asked for with a long time waits for its decision", async () => {
  await using gateway = await testGateway({ config: "{ models: { detectLocal: false } }" });
  const client = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });
  const asked = client.request("exec.approval.request", { id: "long", command: "ls", timeoutMs: LONG_MS });
  await client.nextOf("exec.approval.requested");
  await client.flushed();

  await client.call("exec.approval.resolve", { id: "long", decision: "allow-once" });
  const { payload } = await asked;

  assert.equal(payload.decision, "allow-once");
});

test("a number beyond all sense is refused in words", async () => {
  await using gateway = await testGateway();
  const client = await gateway.connect();

  const { error } = await client.request("agent.wait", { runId: "x", timeoutMs: 1e300 });

  assert.match(error?.message ?? "", /^invalid agent\.wait params: at \/timeoutMs: must be <= \d+$/);
});
