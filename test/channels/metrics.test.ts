// What `/metrics` tells after a message was answered by a model, to whom, and that nobody is named.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fakeTelegram } from "@moltbot/fakes";
import { pricedConfig } from "../agent/usage-support.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { TOKEN, testGateway } from "../support/gateway.ts";
import { LIMIT_MS } from "../support/time-limit.ts";
import { Stage } from "./stage.ts";

const promtool = process.env.MOLTBOT_PROMTOOL ?? "promtool";
const hasTool = spawnSync(promtool, ["--version"]).status === 0;

test("a message, its run, its model and its reply are counted; nobody is named", async (t) => {
  await using fake = await fakeTelegram();
  await using model = await fakeOpenAI();
  model.script({ kind: "turn", text: "Good day.", usage: { input: 100, output: 20, cacheRead: 0, cacheWrite: 0 } });
  const config = JSON.parse(pricedConfig(model, { price: { input: 2, output: 10, cacheRead: 0, cacheWrite: 0 } }));
  const { botToken, apiRoot } = fake.settings as { botToken: string; apiRoot?: string };
  const alice = fake.idOf("alice");
  await using stage = await Stage.start({
    config,
    channels: { telegram: { botToken, apiRoot: apiRoot ?? fake.apiRoot, dmPolicy: "allowlist", allowFrom: [alice] } },
  });
  await stage.accountIs("connected", "telegram");
  const look = async () => await (await fetch(`${stage.gateway.httpUrl}/metrics`)).text();
  await look();

  await fake.says("hello");
  await fake.says("let me in", { from: "mallory" });
  let text = "";
  for (const limit = AbortSignal.timeout(LIMIT_MS); ; limit.throwIfAborted()) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    text = await look();
    if (!text.includes("event_loop_lag")) continue;
    if (/messages_sent_total.*sent"\} 1/.test(text) && /outcome="suppressed"\} 1/.test(text)) break;
  }

  const has = (line: string) => assert.ok(text.includes(`\n${line}\n`), `${line} is missing in\n${text}`);
  has('moltbot_messages_total{channel="telegram",outcome="replied"} 1');
  has('moltbot_messages_total{channel="telegram",outcome="suppressed"} 1');
  has('moltbot_messages_sent_total{channel="telegram",outcome="sent"} 1');
  has('moltbot_run_seconds_count{source="channel",outcome="ok"} 1');
  has('moltbot_model_tokens_total{provider="fake",kind="output"} 20');
  has('moltbot_accounts_up{channel="telegram"} 1');
  has('moltbot_ws_clients{role="operator"} 1');
  assert.match(text, /^moltbot_model_cost_usd_total\{provider="fake"\} 0\.0004$/m);
  assert.match(text, /^moltbot_rpc_seconds_count\{method="channels\.status"\} \d+$/m);
  assert.match(text, /^moltbot_event_loop_lag_seconds\{which="p99"\} [\d.e-]+$/m);
  assert.match(text, /^moltbot_store_bytes\{file="database"\} \d+$/m);
  assert.doesNotMatch(text, new RegExp(`${alice}|alice|mallory|${botToken}|${TOKEN}`, "i"));
  if (!hasTool) return t.diagnostic("promtool is not here");
  const checked = spawnSync(promtool, ["check", "metrics"], { input: text, encoding: "utf8" });
  assert.deepEqual([checked.status, checked.stderr], [0, ""]);
});

test("programs of this machine may look; what comes over a proxy must show the secret, and a web page may not look", async () => {
  await using gateway = await testGateway();
  const ask = async (headers: Record<string, string>, method = "GET") => {
    const { status } = await fetch(`${gateway.httpUrl}/metrics`, { headers, method });
    return status;
  };
  const proxied = { "X-Forwarded-For": "203.0.113.7" };

  assert.deepEqual(
    [
      await ask({}),
      await ask({}, "HEAD"),
      await ask({}, "POST"),
      await ask(proxied),
      await ask({ ...proxied, Authorization: `Bearer ${TOKEN}` }),
      await ask({ ...proxied, Authorization: "Bearer wrong" }),
      await ask({ Origin: "https://evil.example" }),
    ],
    [200, 200, 405, 401, 200, 401, 403],
  );
});

test("switched off there is nothing to see, and what to do about it is said", async () => {
  await using gateway = await testGateway({ config: "{ metrics: { enabled: false } }" });

  const answer = await fetch(`${gateway.httpUrl}/metrics`);

  assert.deepEqual(
    [answer.status, await answer.text()],
    [404, "Turn it on with `moltbot config set metrics.enabled true`.\n"],
  );
});
