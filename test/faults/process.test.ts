// What happens around the process: a reader that goes away, a terminal that is closed, a download that was cut off.
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Home } from "../cli/harness.ts";
import { WireClient } from "../support/wire-client.ts";

/** Asks the gateway of this home for its health until it answers. */
async function answers(home: Home): Promise<boolean> {
  const { code } = await home.run(["health", "--json"]);
  return code === 0;
}

test("a gateway goes on when the reader of its output goes away", async () => {
  using home = new Home();
  await using gateway = await home.gateway();
  gateway.child.stdout!.destroy();

  // Each connection is a line of the log at this level; the reader is missed at the first of them.
  for (let asked = 0; asked < 3; asked++) assert.equal(await answers(home), true);

  assert.equal(gateway.child.exitCode, null);
});

test("a gateway goes on when the reader of its output stops reading", async () => {
  using home = new Home();
  await using gateway = await home.gateway(["--verbose"]);
  gateway.child.stdout!.pause();

  const client = new WireClient(gateway.url, { token: gateway.token });
  await client.shakeHands({ scopes: ["operator.read"] });

  // Each answer is a line of the log; together they are more than the pipe and its reader hold.
  for (let asked = 0; asked < 8_000; asked++)
    client.send({ type: "req", id: `${asked}`.padStart(100, "-"), method: "health" });
  const last = await client.call("last-heartbeat");

  assert.equal(last, null);
  client.socket.terminate();
});

test("a gateway without a terminal goes on when its terminal is closed, and stops when it is told to", async () => {
  using home = new Home();
  await using gateway = await home.gateway();
  gateway.child.kill("SIGHUP");

  const isUp = await answers(home);
  gateway.child.kill("SIGTERM");
  const [code] = await once(gateway.child, "close");

  assert.deepEqual([isUp, code], [true, 0]);
});

test("what a cut download left is removed at the next start", async () => {
  using home = new Home();
  const folder = join(home.stateDir, "media", "inbound");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const [left, kept] = [join(folder, "abc.part"), join(folder, "abc.png")];
  for (const path of [left, kept]) writeFileSync(path, "x");

  await using _gateway = await home.gateway();
  for (let waited = 0; existsSync(left) && waited < 100; waited++) await sleep(50);

  assert.deepEqual([existsSync(left), existsSync(kept)], [false, true]);
});
