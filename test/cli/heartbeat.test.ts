// Heartbeats and system events from the command line.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Home } from "./harness.ts";

test("an event is noted, and heartbeats say why they ask nobody", async () => {
  using home = new Home();
  const config = join(home.stateDir, "..", "moltbot.json");
  writeFileSync(config, JSON.stringify({ models: { detectLocal: false } }));
  const env = { MOLTBOT_CONFIG_PATH: config, MOLTBOT_GATEWAY_TOKEN: "a-token-for-tests" };
  await using _gateway = await home.gateway([], env);

  const noted = await home.run(["system", "event", "--text", "The backup is done"], { env });
  const why = await home.run(["heartbeat", "why"], { env });
  const off = await home.run(["heartbeat", "off", "--json"], { env });
  const now = await home.run(["heartbeat", "now", "--json"], { env });
  const status = await home.run(["heartbeat", "--json"], { env });
  const wrong = await home.run(["system", "event", "--text", "x", "--mode", "soon"], { env });

  assert.equal(noted.stdout, "Noted for the next heartbeat.\n");
  assert.match(why.stdout, /asks nobody: No model is connected[\s\S]*What counts as news:\n- a system event/);
  assert.deepEqual(JSON.parse(off.stdout), { ok: true, enabled: false });
  assert.equal(JSON.parse(now.stdout).reason, "disabled");
  assert.equal(JSON.parse(status.stdout).agents[0].waiting, 1);
  assert.match(wrong.stderr, /^--mode is now or next-heartbeat, not soon\./);
});
