// The tools from the command line.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Home } from "./harness.ts";

test("tools are listed with whom they are for, and those that may not be used with the reason", async () => {
  using home = new Home();
  const config = join(home.stateDir, "..", "moltbot.json");
  const agents = {
    list: [
      { id: "main", default: true },
      { id: "work", tools: { allow: ["web_fetch"] } },
    ],
  };
  writeFileSync(config, JSON.stringify({ models: { detectLocal: false }, agents, tools: { deny: ["image"] } }));
  const env = { MOLTBOT_CONFIG_PATH: config, MOLTBOT_GATEWAY_TOKEN: "a-token-for-tests" };
  await using _gateway = await home.gateway([], env);

  const list = await home.run(["tools", "list"], { env });
  const work = await home.run(["tools", "list", "--agent", "work", "--json"], { env });
  const both = await home.run(["tools", "list", "--agent", "work", "--session", "main"], { env });

  const shown = await home.run(["tools", "show", "web_fetch"], { env });
  const typo = await home.run(["tools", "show", "web_fech"], { env });

  const lines = list.stdout.split("\n");
  assert.match(lines[0]!, /^ +Tool +For +Changes +What it does$/);
  assert.ok(lines.some((line) => /^● +web_fetch +let in +Reads an address/.test(line)));
  assert.ok(lines.some((line) => /^● +message +owner +yes +Sends a message/.test(line)));
  assert.ok(lines.includes("image: the rules of tools deny it"));
  assert.ok(lines.slice(0, lines.indexOf("")).every((line) => line.length <= 80));
  const allowed = JSON.parse(work.stdout).tools.filter((tool: { allowed: boolean }) => tool.allowed);
  assert.deepEqual(
    allowed.map(({ name }: { name: string }) => name),
    ["web_fetch"],
  );
  assert.match(shown.stdout, /^web_fetch\nReads an address on the web: .* ask for the next with offset\.\n/);
  assert.deepEqual(
    [typo.code, typo.stderr],
    [1, 'There is no tool "web_fech". Did you mean web_fetch? See `moltbot tools list`.\n'],
  );
  assert.deepEqual(
    [both.code, both.stderr.split("\n")[0]],
    [2, "--agent and --session do not go together; name one of them."],
  );
});
