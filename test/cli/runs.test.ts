// Runs and their recordings from the command line.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { configFor } from "../agent/support.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { Home } from "./harness.ts";

test("a recorded run is listed, shown, exported and replayed", async () => {
  await using server = await fakeOpenAI();
  using home = new Home();
  const config = join(home.stateDir, "..", "moltbot.json");
  writeFileSync(config, configFor(server, { defaults: { record: "on" } }));
  const env = { MOLTBOT_CONFIG_PATH: config, MOLTBOT_GATEWAY_TOKEN: "a-token-for-tests" };
  await using _gateway = await home.gateway([], env);
  await home.run(["agent", "--message", "Hi there"], { env });
  const file = join(home.stateDir, "..", "run.json");

  const list = await home.run(["runs", "list"], { env });
  const show = await home.run(["runs", "show", "--events"], { env });
  const exported = await home.run(["runs", "export", "last", file], { env });
  const replay = await home.run(["runs", "replay", file], { env });
  const unknown = await home.run(["runs", "show", "nope"], { env });

  assert.match(list.stdout, /^Run +When +Session +Status +Took +Model +Kept\n[0-9a-f]{8} .* ok .* yes\n/);
  assert.ok(list.stdout.split("\n").every((line) => line.length <= 80));
  assert.match(show.stdout, /Asked +Hi there\nSaid +Hello from the model\.\n/);
  assert.match(show.stdout, /Events\nlifecycle start\nassistant Hello from the model\.\nlifecycle end\n/);
  assert.match(exported.stdout, /^Wrote .*run\.json \(\d.*\)\. It holds what was said; keys are left out\.\n$/);
  assert.deepEqual([replay.code, replay.stdout.split(":")[0]], [0, "● The same again"]);
  assert.deepEqual([unknown.code, unknown.stderr], [1, "There is no run nope. `moltbot runs list` shows them.\n"]);
});
