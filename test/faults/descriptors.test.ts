// Few descriptors, and a crowd that takes them: what was said is answered all the same.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fakeDiscord, fakeSlack, fakeTelegram } from "@moltbot/fakes";
import { codeOf } from "../../packages/gateway/src/base/errors.ts";
import { IdleSockets } from "../../packages/gateway/src/cli/drill/idle-sockets.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { eventually, within } from "../support/time-limit.ts";
import type { WireClient } from "../support/wire-client.ts";
import { FaultBench } from "./bench.ts";

const CROWDED = "too many connections are open; close some, or raise the limit (ulimit -n)";

for (const limit of [64, 96, 160])
  test(`with ${limit} descriptors and more sockets than that, what people say is answered, and an operator gets in`, async () => {
    await using model = await fakeOpenAI();
    await using telegram = await fakeTelegram();
    await using slack = await fakeSlack();
    await using discord = await fakeDiscord();
    const platforms = [telegram, slack, discord];
    await using bench = await FaultBench.start({ model, platforms, descriptors: limit });
    const { url } = await bench.subject.address();

    using crowd = new IdleSockets(url, limit + 10);
    await eventually("the crowd to be there", () => crowd.opened > limit);
    for (let n = 0; n < 3; n++) for (const each of platforms) await each.says(`question ${n}`, { from: `person${n}` });
    const answers = (each: (typeof platforms)[number]) =>
      each.delivered.filter(({ text }) => text.includes("Hello from the model.")).length;
    await eventually("all to be answered", () => platforms.every((each) => answers(each) >= 3));
    const client = await within(letIn(bench), "the operator to get in");
    const { entries } = await client.call("inbox.list", { limit: 100 });
    const lines = readFileSync(join(bench.disk.folder, "state/logs/gateway.log"), "utf8");

    assert.deepEqual(platforms.map(answers), [3, 3, 3]);
    const outcomes = entries.map(({ outcome }: { outcome: string }) => outcome);
    assert.equal(outcomes.filter((outcome: string) => outcome === "replied").length, 9);
    assert.ok(!outcomes.includes("failed"), JSON.stringify(entries));
    assert.ok(lines.includes(CROWDED), "the log does not say that there is a crowd");
    assert.ok(!lines.includes("EMFILE"), "the gateway had no descriptor left");
  });

/** Connects an operator, who tries again as clients do: the crowd comes again and again, and a slow one is the oldest soon. */
async function letIn(bench: FaultBench): Promise<WireClient> {
  for (;;) {
    try {
      return await bench.operator();
    } catch (error) {
      if (codeOf(error) !== "ECONNRESET") throw error;
    }
  }
}

test("without any descriptor messages wait, and are answered once when there are some again", async () => {
  await using model = await fakeOpenAI();
  await using slack = await fakeSlack();
  await using discord = await fakeDiscord();
  await using telegram = await fakeTelegram();
  const platforms = [slack, discord, telegram];
  await using bench = await FaultBench.start({ model, platforms });
  const client = await bench.operator();

  limitDescriptors(bench.subject.pid, 8);
  for (let n = 0; n < 3; n++) for (const each of platforms) await each.says(`question ${n}`, { from: `person${n}` });
  await client.call("agent", { message: "and this?", sessionKey: "main", idempotencyKey: "r1" });
  await eventually("the gateway to meet the trouble", async () => (await client.call("health")).machine?.trouble);
  limitDescriptors(bench.subject.pid, 1_024);
  const { status } = await client.call("agent.wait", { runId: "r1", timeoutMs: 60_000 });
  const answers = (each: (typeof platforms)[number]) =>
    each.delivered.filter(({ text }) => text.includes("Hello from the model.")).length;
  await eventually("all to be answered", () => platforms.every((each) => answers(each) >= 3));
  const { entries } = await client.call("inbox.list", { limit: 100 });
  const outcomes = entries.map(({ outcome }: { outcome: string }) => outcome);

  assert.equal(status, "ok");
  assert.deepEqual(
    platforms.map((each) => each.delivered.length),
    [3, 3, 3],
  );
  assert.equal(outcomes.filter((outcome: string) => outcome === "replied").length, 9, JSON.stringify(entries));
});

/** Changes how many descriptors a process may have, while it runs; those that it has stay. Needs util-linux. */
function limitDescriptors(pid: number, limit: number): void {
  execFileSync("prlimit", ["--pid", String(pid), `--nofile=${limit}:`]);
}
