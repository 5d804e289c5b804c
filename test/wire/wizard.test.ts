// The wizard on the wire: its steps, whose it is, how it ends. Clients of both generations drive it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fakeTelegram } from "@moltbot/fakes";
import { fakeAnthropic } from "../fakes/anthropic.ts";
import { FakeClock } from "../fakes/clock.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { testGateway } from "../support/gateway.ts";
import type { WireClient } from "../support/wire-client.ts";

const KEY = "sk-fake-0123456789";
const QUIET = JSON.stringify({ models: { detectLocal: false } });

interface Shown {
  readonly sessionId?: string;
  readonly done: boolean;
  readonly status: string;
  readonly step?: { id: string; type: string; title: string; message?: string; sensitive?: boolean };
}

/** Answers the wizard step by step, each as its title says; gives the titles that were shown. */
async function drive(client: WireClient, answers: (title: string) => unknown) {
  let shown: Shown = await client.call("wizard.start", { mode: "local" });
  const { sessionId } = shown;
  const titles: string[] = [];
  while (shown.step) {
    const { id: stepId, title } = shown.step;
    titles.push(title);
    shown = await client.call("wizard.next", { sessionId, answer: { stepId, value: answers(title) } });
  }
  return { titles, shown };
}

for (const protocol of [3, 4] as const) {
  test(`in protocol ${protocol} every step can be skipped, and the wizard ends with what to do next`, async () => {
    await using gateway = await testGateway({ config: QUIET });
    const client = await gateway.connect({ protocol, scopes: ["operator.admin"] });

    const { titles, shown } = await drive(client, () => "skip");

    assert.deepEqual(titles, [
      "Set up moltbot",
      "Which model shall answer?",
      "Where do you want to write to it?",
      "Shall a phone's browser work for the agent?",
      "Ready",
    ]);
    assert.deepEqual(shown, { done: true, status: "done" });
  });
}

test("a key is tried before it is saved, a token too, and neither is in the log", async () => {
  await using models = await fakeAnthropic();
  await using telegram = await fakeTelegram();
  const { botToken, ...place } = telegram.settings as { botToken: string };
  const config = JSON.stringify({ models: { detectLocal: false }, channels: { telegram: place } });
  const env = { ANTHROPIC_BASE_URL: models.baseUrl.replace("/v1", "") };
  await using gateway = await testGateway({ config, env, verbose: true });
  const client = await gateway.connect({ scopes: ["operator.admin"] });
  models.script({ kind: "status", status: 401, message: "invalid x-api-key" });
  const tries = { model: 0 };

  const { titles } = await drive(client, (title) => {
    if (title === "Which model shall answer?") return "key:anthropic";
    if (title.startsWith("API key")) return tries.model++ === 0 ? "sk-wrong-0123456789" : KEY;
    if (title === "That did not work") return "again";
    if (title === "Where do you want to write to it?") return "telegram";
    return title === "Telegram: botToken" ? botToken : "skip";
  });

  assert.deepEqual(titles, [
    "Set up moltbot",
    "Which model shall answer?",
    "API key of Anthropic",
    "That did not work",
    "Which model shall answer?",
    "API key of Anthropic",
    "The key works",
    "Where do you want to write to it?",
    "Telegram: botToken",
    "Telegram is set up",
    "Shall a phone's browser work for the agent?",
    "Ready",
  ]);
  const saved = readFileSync(gateway.configPath, "utf8");
  assert.deepEqual([saved.includes(KEY), saved.includes("sk-wrong"), saved.includes(botToken)], [true, false, true]);
  assert.doesNotMatch(JSON.stringify(gateway.log), /sk-fake|sk-wrong/);
});

test("there is one wizard at a time, and it belongs to the device that began it", async () => {
  await using gateway = await testGateway({ config: QUIET });
  const mine = await gateway.connect({ device: newDeviceKey(), scopes: ["operator.admin"] });
  const other = await gateway.connect({ device: newDeviceKey(), scopes: ["operator.admin"] });
  const { sessionId, step } = await mine.call("wizard.start", {});

  const second = await other.request("wizard.start", {});
  const foreign = await other.request("wizard.next", { sessionId, answer: { stepId: step.id } });
  const stale = await mine.request("wizard.next", { sessionId, answer: { stepId: "nope" } });
  const again = await mine.call("wizard.next", { sessionId });
  const cancelled = await mine.call("wizard.cancel", { sessionId });
  const late = await mine.request("wizard.next", { sessionId, answer: { stepId: step.id } });

  assert.deepEqual([second.error?.code, second.error?.message], ["UNAVAILABLE", "wizard already running"]);
  assert.equal(foreign.error?.message, "wizard not found");
  assert.match(stale.error?.message ?? "", /^this step was answered already/);
  assert.deepEqual(again.step, step);
  assert.deepEqual([cancelled, late.error?.message], [{ status: "cancelled" }, "wizard not running"]);
});

test("a wizard that nobody answers for a quarter of an hour ends; one whose client is gone gives way to its device", async () => {
  const clock = new FakeClock();
  await using gateway = await testGateway({ config: QUIET, clock });
  const device = newDeviceKey();
  const first = await gateway.connect({ device, scopes: ["operator.admin"] });
  const left = await first.call("wizard.start", {});
  first[Symbol.dispose]();
  await first.closed;
  const second = await gateway.connect({ device, scopes: ["operator.admin"] });
  const { sessionId } = await second.call("wizard.start", {});

  await gateway.pass(15 * 60_000 + 1_000);

  assert.deepEqual(await second.call("wizard.status", { sessionId }), { status: "cancelled" });
  assert.notEqual(left.sessionId, sessionId);
});
