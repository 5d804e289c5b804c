// Devices and their tokens from the command line.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Home } from "./harness.ts";

function deviceIdOf(home: Home): string {
  return JSON.parse(readFileSync(join(home.stateDir, "identity", "device.json"), "utf8")).deviceId;
}

test("the list shows this machine's own device as approved", async () => {
  using home = new Home();
  await using _gateway = await home.gateway();

  const { code, stdout } = await home.run(["devices", "list"]);

  assert.equal(code, 0);
  assert.match(stdout, new RegExp(`^Approved\\n.*\\n${deviceIdOf(home).slice(0, 12)} +\\S* +operator +\\S+ +active `));
});

test("approving says when nothing waits", async () => {
  using home = new Home();
  await using _gateway = await home.gateway();

  const { code, stderr } = await home.run(["devices", "approve"]);

  assert.deepEqual([code, stderr], [1, "No device waits for approval.\n"]);
});

test("approving an unknown request names it", async () => {
  using home = new Home();
  await using _gateway = await home.gateway();

  const { code, stderr } = await home.run(["devices", "approve", "nope"]);

  assert.deepEqual([code, stderr], [1, "No request nope waits. See `moltbot devices list`.\n"]);
});

test("rotating prints the new token, which lets the device in without the gateway's", async () => {
  using home = new Home();
  await using gateway = await home.gateway();
  await home.run(["health"]);
  const device = deviceIdOf(home);

  const rotated = await home.run(["devices", "rotate", "--device", device.slice(0, 10), "--json"]);
  const { token, role } = JSON.parse(rotated.stdout);
  const { code, stderr } = await home.run(["health", "--url", gateway.url, "--token", token]);

  assert.deepEqual([rotated.code, role], [0, "operator"]);
  assert.equal(code, 0, stderr);
});

test("a token that was taken away stops working, and the gateway's own token gets the device a new one", async () => {
  using home = new Home();
  await using gateway = await home.gateway();
  await home.run(["health"]);
  const device = deviceIdOf(home);
  const rotated = await home.run(["devices", "rotate", "--device", device, "--json"]);

  const revoked = await home.run(["devices", "remove", device, "--role", "operator"]);
  const old = await home.run(["health", "--url", gateway.url, "--token", JSON.parse(rotated.stdout).token]);
  const again = await home.run(["health"]);

  assert.equal(revoked.stdout, `Took the operator token of ${device.slice(0, 12)} away.\n`);
  assert.deepEqual([old.code, again.code], [4, 0]);
});

test("a device that is removed is forgotten, as on the page; the older word does the same", async () => {
  using home = new Home();
  await using gateway = await home.gateway();
  const wordsOf = ["remove", "revoke"];
  const outcomes: unknown[] = [];
  for (const word of wordsOf) {
    await home.run(["health"]);
    const device = deviceIdOf(home);
    const rotated = await home.run(["devices", "rotate", device, "--json"]);
    const { stdout } = await home.run(["devices", word, device]);
    const old = await home.run(["health", "--url", gateway.url, "--token", JSON.parse(rotated.stdout).token]);
    outcomes.push([stdout, old.code]);
  }

  const told = `Removed ${deviceIdOf(home).slice(0, 12)}; it must be paired again before it can connect.\n`;
  assert.deepEqual(outcomes, [
    [told, 4],
    [told, 4],
  ]);
});

test("rotating without a device says how to name one", async () => {
  using home = new Home();
  await using _gateway = await home.gateway();

  const { code, stderr } = await home.run(["devices", "rotate"]);

  assert.deepEqual([code, stderr], [2, "Say which device; `moltbot devices list` shows them.\n"]);
});
