// A message's way as a trace: what a collector gets, in one trace that `why` names, without a word of what was said.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeTelegram } from "@moltbot/fakes";
import { pricedConfig } from "../agent/usage-support.ts";
import { Collector } from "../fakes/collector.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { Stage } from "./stage.ts";

async function stageWith(
  collector: Collector,
  env: Record<string, string>,
  model: Awaited<ReturnType<typeof fakeOpenAI>>,
) {
  const fake = await fakeTelegram();
  const config = JSON.parse(pricedConfig(model));
  const channels = {
    telegram: {
      botToken: fake.settings.botToken,
      apiRoot: fake.apiRoot,
      allowFrom: [fake.idOf("alice")],
      dmPolicy: "allowlist",
    },
  };
  const whole = JSON.stringify({ ...config, channels, traces: { endpoint: collector.url } });
  const stage = await Stage.start({ channels: {}, gateway: { config: whole, env } });
  await stage.accountIs("connected", "telegram");
  return { fake, stage };
}

test("message, policy, run, model, tool and sending are one trace, which why names; nothing that was said is in it", async () => {
  await using collector = await Collector.start();
  await using model = await fakeOpenAI();
  model.script({ kind: "turn", calls: [{ name: "sessions_list" }] }, { kind: "turn", text: "SECRET-ANSWER" });
  const env = { OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20s3cret-of-otel", OTEL_SERVICE_NAME: "home" };
  const { fake, stage } = await stageWith(collector, env, model);
  await using _fake = fake;
  await using _stage = stage;

  const { id } = await fake.says("SECRET-QUESTION");
  await collector.until((spans) => spans.some(({ name }) => name === "message telegram"));
  await collector.until((spans) => spans.some(({ name }) => name === "send telegram"));
  const { traceId } = await stage.operator.call("inbox.why", { message: id });

  const spans = collector.spans.filter((span) => span.traceId === traceId);
  const byName = (name: string) => spans.find((span) => span.name === name);
  const parents = spans.map(({ name, parentSpanId }) => [
    name,
    spans.find((each) => each.spanId === parentSpanId)?.name,
  ]);
  assert.deepEqual(
    parents.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1)),
    [
      ["chat fake-model", "run"],
      ["chat fake-model", "run"],
      ["execute_tool sessions_list", "run"],
      ["message telegram", undefined],
      ["policy", "message telegram"],
      ["run", "message telegram"],
      ["send telegram", "run"],
    ],
  );
  assert.deepEqual(
    [byName("message telegram")?.kind, byName("chat fake-model")?.kind, byName("send telegram")?.kind],
    [5, 3, 4],
  );
  for (const { startTimeUnixNano: start, endTimeUnixNano: end } of spans) assert.ok(BigInt(start) <= BigInt(end));
  const all = collector.bodies.join("");
  assert.doesNotMatch(all, /SECRET-|alice/i);
  assert.ok(!all.includes(String(fake.idOf("alice"))));
  assert.match(all, /"service\.name","value":\{"stringValue":"home"\}/);
  assert.deepEqual(
    [...new Set(collector.requests.map((each) => JSON.stringify(each)))],
    [JSON.stringify({ path: "/v1/traces", authorization: "Bearer s3cret-of-otel" })],
  );
});

test("a collector that is away for a while loses nothing, and the log says so once", async () => {
  await using collector = await Collector.start();
  await using model = await fakeOpenAI();
  collector.refusals = 1;
  const { fake, stage } = await stageWith(collector, {}, model);
  await using _fake = fake;
  await using _stage = stage;

  await fake.says("hello");
  const line = await stage.gateway.logged("the collector of traces does not take them");
  await collector.until((spans) => spans.some(({ name }) => name === "message telegram"));
  await stage.gateway.logged("the collector of traces takes them again");

  assert.deepEqual(line.fields, { problem: "it answers 503" });
  assert.equal(
    stage.gateway.sentences.filter((each) => each === "the collector of traces does not take them").length,
    1,
  );
});

test("without a collector nothing is sent, and why names no trace", async () => {
  await using fake = await fakeTelegram();
  const channels = {
    telegram: { botToken: fake.settings.botToken, apiRoot: fake.apiRoot, dmPolicy: "open", allowFrom: ["*"] },
  };
  await using stage = await Stage.start({
    channels: {},
    gateway: {
      config: JSON.stringify({ models: { detectLocal: false }, channels }),
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9", OTEL_SDK_DISABLED: "true" },
    },
  });
  await stage.accountIs("connected", "telegram");

  const { id } = await fake.says("/echo hello");
  await stage.accountIs("connected", "telegram");
  const answer = await stage.operator.request("inbox.why", { message: id });

  assert.equal(answer.payload?.traceId, undefined);
  assert.ok(!stage.gateway.sentences.includes("traces are sent"));
});
