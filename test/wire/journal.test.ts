// The statement journal of real gateways: what other tests write replays to the same rows, and times can be gone back to.

import assert from "node:assert/strict";
import { globSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { newId } from "../../packages/gateway/src/base/ids.ts";
import { fullFiles } from "../../packages/gateway/src/base/store/journal/files.ts";
import { TABLES } from "../../packages/gateway/src/catalog.ts";
import { testGateway } from "../support/gateway.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("no statement says anything else when it is run again", () => {
  const sources = globSync("packages/gateway/src/slices/**/*.ts", { cwd: root }).filter(
    (path) => !/\.test\.ts$/.test(path),
  );
  const moody =
    /\b(randomblob|current_timestamp|current_date|current_time|unixepoch|julianday|changes)\s*\(|\brandom\(\)|['"]now['"]\)/i;

  const found = sources.filter((path) => sqlIn(readFileSync(join(root, path), "utf8")).some((sql) => moody.test(sql)));
  const ofTables = TABLES.flatMap(({ steps }) => steps).filter((step) => moody.test(step));

  assert.deepEqual([found, ofTables], [[], []]);
});

/** Texts of a source that are SQL which writes. */
function sqlIn(source: string): string[] {
  return [...source.matchAll(/(["'`])\s*(?:insert|update|delete|replace)\b.*?\1/gis)].map(([sql]) => sql);
}

test("a moment between two messages is gone back to", async () => {
  const stream = "journals/";
  await using gateway = await testGateway({ config: JSON.stringify({ backup: { stream } }) });
  mkdirSync(join(gateway.stateDir, stream));
  await gateway.stop();
  await gateway.start();
  const client = await gateway.connect();
  const say = (message: string) => client.call("agent", { message, sessionKey: "main", idempotencyKey: message });
  const settled = async (message: string) => client.call("agent.wait", { runId: (await say(message)).runId });
  await settled("before the backup");
  await client.call("backup.now", {});
  await settled("before the moment");
  const at = Date.now();
  while (Date.now() === at) await client.flushed();
  await settled("after the moment");

  await client.call("backup.restore", { at });
  await gateway.logged("the restored state is in place");

  const again = await gateway.connect();
  const { messages } = await again.call("chat.history", { sessionKey: "main" });
  const said = JSON.stringify(messages);
  assert.deepEqual(
    ["before the backup", "before the moment", "after the moment"].map((words) => said.includes(words)),
    [true, true, false],
  );
});

test("a moment behind full files is gone back to, and full files go with the backups that needed them", async () => {
  const backup = { stream: "../birds.journal", streamMegabytes: 1, keepDaily: 1, keepWeekly: 0 };
  await using gateway = await testGateway({ config: JSON.stringify({ backup }) });
  const journal = join(gateway.stateDir, backup.stream);
  const client = await gateway.connect();
  const settled = async (message: string) => {
    const { runId } = await client.call("agent", { message, sessionKey: "main", idempotencyKey: newId() });
    await client.call("agent.wait", { runId });
  };
  await client.call("backup.now", {});
  const more = async () => {
    for (const before = fullFiles(journal).length; fullFiles(journal).length < before + 2; )
      await settled("long ".repeat(20_000));
  };
  await more();
  await settled("before the moment");
  const at = Date.now();
  while (Date.now() === at) await client.flushed();
  await settled("after the moment");
  await more();
  const full = fullFiles(journal).length;
  const sizes = await client.call("state.sizes", {});

  await client.call("backup.restore", { at });
  await gateway.logged("the restored state is in place");

  const again = await gateway.connect();
  const { messages } = await again.call("chat.history", { sessionKey: "main", limit: 1_000 });
  const said = JSON.stringify(messages);
  await again.call("backup.now", {});
  assert.ok(full >= 4);
  assert.equal(sizes.prunableBytes, 0);
  assert.deepEqual(
    ["before the moment", "after the moment"].map((words) => said.includes(words)),
    [true, false],
  );
  // What was restored began a journal of its own, and the first backup is gone with the second one of the day.
  assert.deepEqual(fullFiles(journal), []);
});

test("without a journal a moment is refused with the setting that begins one", async () => {
  await using gateway = await testGateway();
  const client = await gateway.connect();

  const { error } = await client.request("backup.restore", { at: 1 });

  assert.deepEqual(
    [error?.code, error?.message],
    ["UNAVAILABLE", "there is no journal: set backup.stream first, then times can be chosen"],
  );
});

test("a journal that cannot be written does not stop the gateway, and health says so", async () => {
  await using gateway = await testGateway({ config: JSON.stringify({ backup: { stream: "/dev/full" } }) });
  const client = await gateway.connect();

  const { backup } = await client.call("health", { probe: true });

  assert.equal(
    backup.problem,
    "The journal at backup.stream cannot be written: the disk is full; free some space and try again. Mend that, and restart the gateway.",
  );
});
