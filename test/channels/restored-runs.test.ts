// A restore while agents work, or after they have: what was done is not done again, and who asked for it is told.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fakeTelegram } from "../../packages/fakes/src/index.ts";
import { readPlan } from "../../packages/gateway/src/base/backup/swap.ts";
import { configFor } from "../agent/support.ts";
import type { ModelServer } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { eventually } from "../support/time-limit.ts";
import { ChannelBench } from "./bench.ts";

/** Telegram with a model behind it; everybody is the owner, whose commands run. */
async function bench(model: ModelServer): Promise<ChannelBench> {
  const { models, agents } = JSON.parse(configFor(model));
  const config = { models, agents, tools: { exec: { security: "full" } }, backup: { schedule: "off" } };
  return await ChannelBench.start(fakeTelegram, {
    config,
    settings: (fake) => ({ owners: [fake.idOf("ann")] }),
  });
}

const folderOf = ({ gateway: { stateDir } }: ChannelBench) => ({
  [Symbol.dispose]: () => rmSync(`${stateDir}-backups`, { recursive: true, force: true }),
});

async function restored(stage: ChannelBench): Promise<void> {
  const { operator, gateway } = stage;
  await operator.call("backup.restore", {});
  await operator.closed;
  await eventually("the restore to be in place", () => readPlan(gateway.stateDir) === undefined);
  stage.operator = await gateway.connect({ scopes: ["operator.admin"] });
  await stage.linked();
}

test("a run that was under way in the backup and has answered since does not work again", async () => {
  await using model = await fakeOpenAI();
  await using stage = await bench(model);
  using _ = folderOf(stage);
  const held = Promise.withResolvers<void>();
  model.script({ kind: "text", text: "the answer", hold: held.promise });
  const asked = model.next();
  await stage.fake.says("a question", { from: "ann" });
  await asked;
  await stage.operator.call("backup.now", {});
  held.resolve();
  await stage.delivered("the answer");
  await stage.settled();

  await restored(stage);
  await stage.asks("after");
  const entries = await stage.settled();

  assert.equal(model.requests.length, 1);
  assert.equal(stage.times("the answer"), 1);
  assert.equal(entries.find(({ text }) => text === "a question")?.outcome, "replied");
});

test("what had begun to change something when the backup was restored is not begun again, and its sender is told", async () => {
  await using model = await fakeOpenAI();
  await using stage = await bench(model);
  using _ = folderOf(stage);
  const folder = mkdtempSync(join(tmpdir(), "moltbot-outside-"));
  using _outside = { [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
  const command = `echo once >> ${join(folder, "done")}`;
  await stage.asks("before");
  await stage.operator.call("backup.now", {});
  model.script({ kind: "tool-call", name: "exec", arguments: { command } }, { kind: "hang" });
  const first = model.next();
  await stage.fake.says("do it", { from: "ann" });
  await first;
  await model.next();

  await restored(stage);
  const told = await eventually("the sender to be told", () =>
    stage.fake.delivered.find(({ text }) => text.includes("went back to a backup")),
  );
  const entries = await stage.settled();

  assert.match(told.text, /See what was done, and send the message again\./);
  assert.equal(readFileSync(join(folder, "done"), "utf8"), "once\n");
  assert.equal(model.requests.length, 2);
  const { outcome, rule } = entries.find(({ text }) => text === "do it")!;
  assert.deepEqual([outcome, rule], ["failed", "agent-error"]);
});

test("a request that was done since the backup is known by its key, and what it cost is counted", async () => {
  await using model = await fakeOpenAI();
  await using stage = await bench(model);
  using _ = folderOf(stage);
  await stage.asks("before");
  await stage.operator.call("backup.now", {});
  const request = { sessionKey: "main", message: "hello", idempotencyKey: "key-1" };
  await stage.operator.call("chat.send", request);
  await stage.operator.call("agent.wait", { runId: "key-1", timeoutMs: 9_000 });
  const cost = await stage.operator.call("usage.cost", {});

  await restored(stage);
  const again = await stage.operator.call("chat.send", request);

  assert.deepEqual(again, { runId: "key-1", status: "ok" });
  assert.equal(model.requests.length, 1);
  const { totals } = await stage.operator.call("usage.cost", {});
  assert.ok(totals.totalTokens > 0);
  assert.deepEqual(totals, cost.totals);
});

test("the turn of a job that had begun to change something is over, and the job goes on", async () => {
  await using model = await fakeOpenAI();
  await using stage = await bench(model);
  using _ = folderOf(stage);
  await stage.asks("before");
  const held = Promise.withResolvers<void>();
  model.script({ kind: "turn", calls: [{ name: "exec", arguments: { command: "echo" } }], hold: held.promise });
  model.script({ kind: "hang" });
  const admin = await stage.gateway.connect({ scopes: ["operator.admin"], protocol: 4 });
  const first = model.next();
  const { id } = await admin.call("cron.add", {
    ...{ name: "job", schedule: { kind: "every", everyMs: 3_600_000, anchorMs: Date.now() + 1_000 } },
    ...{ sessionTarget: "isolated", payload: { kind: "agentTurn", message: "Work." } },
  });
  await first;
  await stage.operator.call("backup.now", {});
  held.resolve();
  await model.next();

  await restored(stage);
  const ended = await eventually("the turn to be over", async () => {
    const { entries } = await stage.operator.call("cron.runs", { id });
    return entries[0];
  });
  await stage.operator.call("cron.run", { id, mode: "force" });
  await eventually("the job to work again", () => model.requests.length === 3);

  assert.equal(ended.status, "error");
  assert.match(ended.error, /went back to a backup/);
});

test("an answer that was being written is begun anew, in the place of what people saw of it", async () => {
  await using model = await fakeOpenAI();
  await using stage = await bench(model);
  using _ = folderOf(stage);
  await stage.asks("before");
  await stage.operator.call("backup.now", {});
  model.script({ kind: "text", text: Array.from({ length: 200 }, (_, n) => `piece${n} `), gapMs: 110 });
  await stage.fake.says("a question", { from: "ann" });
  await eventually("the draft", () => stage.fake.delivered.some(({ text }) => text.startsWith("piece0 ")));

  await restored(stage);
  await stage.delivered("Hello from the model.");
  const entries = await stage.settled();

  assert.equal(entries.find(({ text }) => text === "a question")?.outcome, "replied");
  assert.deepEqual(
    stage.fake.delivered.filter(({ isUnsent }) => !isUnsent).map(({ text }) => text.trim()),
    ["before", "Hello from the model."],
  );
});
