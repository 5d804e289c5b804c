// kill -9 while the run of a job is under way: it goes on, and its slot is not run again.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { killableOver } from "../agent/killable-gateway.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { LIMIT_MS } from "../support/time-limit.ts";
import type { WireClient } from "../support/wire-client.ts";

interface Entry {
  readonly status: string;
  readonly error?: string;
}

test("killed while the agent works: the run goes on, and its slot is not run again", async () => {
  await using model = await fakeOpenAI();
  model.script({ kind: "hang" });
  await using gateway = killableOver(model, {});
  const client = await gateway.start();
  const { id } = await client.call("cron.add", {
    ...{ name: "news", schedule: { kind: "every", everyMs: 3_600_000 }, sessionTarget: "isolated", wakeMode: "now" },
    payload: { kind: "agentTurn", message: "News?" },
  });
  const asked = model.next();
  const running = client.call("cron.run", { id, mode: "force" }).catch((error: unknown) => error);
  await asked;

  await gateway.kill();
  await running;
  const after = await gateway.start();

  const entries = await entriesOf(after, id, 1);
  assert.deepEqual(
    entries.map(({ status }) => status),
    ["ok"],
  );
});

test("killed while a program works: that is said, and the program is not run again for this time", async () => {
  await using model = await fakeOpenAI();
  await using gateway = killableOver(model, { tools: { exec: { security: "full", ask: "off" } } });
  const file = join(gateway.folder, "began");
  const client = await gateway.start();
  const { id } = await client.call("cron.add", {
    ...{ name: "backup", schedule: { kind: "every", everyMs: 3_600_000 } },
    payload: { kind: "script", script: `echo x >> ${file}; sleep 600` },
  });
  const running = client.call("cron.run", { id, mode: "force" }).catch((error: unknown) => error);
  for (const limit = AbortSignal.timeout(LIMIT_MS); !existsSync(file); limit.throwIfAborted())
    await new Promise(setImmediate);

  await gateway.kill();
  await running;
  const after = await gateway.start();

  const [entry] = await entriesOf(after, id, 1);
  const { jobs } = await after.call("cron.list", {});
  assert.deepEqual([entry?.status, jobs[0].enabled], ["error", true]);
  assert.match(entry?.error ?? "", /the gateway ended while the program was under way/);
  assert.equal(readFileSync(file, "utf8"), "x\n");
});

/** What a job has run, once it is at least so much. */
async function entriesOf(client: WireClient, id: string, count: number): Promise<Entry[]> {
  const limit = AbortSignal.timeout(LIMIT_MS);
  for (;;) {
    const { entries } = await client.call("cron.runs", { id, limit: 200 });
    if (entries.length >= count) return entries;
    limit.throwIfAborted();
  }
}
