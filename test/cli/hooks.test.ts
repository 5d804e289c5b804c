// Hooks from the command line.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Home } from "./harness.ts";

const HOOK_TOKEN = "hook-token-5f1c9a7b";

test("hooks are listed, tried and followed", async () => {
  using home = new Home();
  const config = join(home.stateDir, "..", "moltbot.json");
  const hooks = { enabled: true, token: HOOK_TOKEN, presets: ["gmail"], mappings: [{ match: { path: "half" } }] };
  writeFileSync(config, JSON.stringify({ models: { detectLocal: false }, hooks }));
  const env = { MOLTBOT_CONFIG_PATH: config, MOLTBOT_GATEWAY_TOKEN: "a-token-for-tests" };
  await using gateway = await home.gateway([], env);
  const empty = await home.run(["hooks", "tail"], { env });
  for (const token of [HOOK_TOKEN, "wrong"])
    await fetch(`${gateway.url.replace(/^ws/, "http")}/hooks/wake`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ text: "The door is open" }),
    });

  const list = await home.run(["hooks"], { env });
  const tried = await home.run(["hooks", "test", "gmail"], { env, input: '{"messages":[{"id":"m1","from":"Ada"}]}' });
  const nothing = await home.run(["hooks", "test", "nowhere", "--payload", "{}", "--json"], { env });
  const noJson = await home.run(["hooks", "test", "gmail", "--payload", "{"], { env });
  const tail = await home.run(["hooks", "tail"], { env });
  const rows = await home.run(["hooks", "tail", "-n", "1", "--json"], { env });

  assert.equal(empty.stdout, "Nothing has been sent yet.\n");
  assert.match(list.stdout, /^wake +\/hooks\/wake +wake +token /m);
  assert.match(list.stdout, /^half +\/hooks\/half +agent +token .*messageTemplate or/m);
  assert.match(tried.stdout, /Conversation +agent:main:hook:gmail:m1\n[\s\S]*New email from Ada/);
  assert.deepEqual(JSON.parse(nothing.stdout), { outcome: "refused", reason: "no mapping is for this delivery" });
  assert.deepEqual([noJson.code, noJson.stdout], [1, ""]);
  assert.match(noJson.stderr, /^What would be sent is not JSON;/);
  const lines = tail.stdout.trim().split("\n");
  assert.match(lines[0] ?? "", / woken wake 200 127\.0\.0\.1 /);
  assert.match(lines[1] ?? "", / refused wake 401 127\.0\.0\.1 .*\(the token is missing or wrong\)$/);
  assert.equal(lines.length, 2);
  assert.equal(JSON.parse(rows.stdout).outcome, "refused");
});
