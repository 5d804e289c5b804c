// Skills, notes and the prompt from the command line: the real one, against a gateway that runs.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { Home } from "./harness.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";
const home = new Home();
const workspace = join(home.stateDir, "workspace");

function write(path: string, text: string): void {
  mkdirSync(join(path, ".."), { recursive: true, mode: 0o700 });
  writeFileSync(path, text, { mode: 0o600 });
}

write(
  join(home.stateDir, "moltbot.json"),
  JSON.stringify({ gateway: { auth: { token: TOKEN } }, models: { detectLocal: false } }),
);
write(
  join(workspace, "skills/weather/SKILL.md"),
  `---
name: weather
description: Tells the weather of today and tomorrow, for any place, in few words.
metadata: {"moltbot":{"emoji":"☀️","primaryEnv":"WEATHER_KEY","requires":{"env":["WEATHER_KEY"],"bins":["no-such-program"]},"install":[{"id":"brew","kind":"brew","formula":"weather"},{"id":"go","kind":"go","module":"example.org/weather"}]}}
---
Ask.
`,
);
write(join(workspace, "skills/notes/SKILL.md"), "---\nname: notes\ndescription: Keeps notes.\n---\nKeep them.\n");
write(join(workspace, "skills/bad/SKILL.md"), "No head.");
write(join(workspace, "MEMORY.md"), "# What lasts\n\n- The cat is called Mia.\n");

const gateway = await home.gateway([], { PATH: "/nowhere" });
after(async () => {
  await gateway[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

test("list shows every skill, its state, and folders that are none, in 80 columns", async () => {
  const { code, stdout } = await home.run(["skills", "list"], { env: { COLUMNS: "80" } });

  assert.equal(code, 0);
  assert.match(stdout, /^● +notes +workspace +ready +Keeps notes\.$/m);
  assert.match(stdout, /^ +weather +workspace +needs programs, variables +Tells/m);
  assert.match(stdout, /skills\/bad is not a skill: it does not begin with a head/);
  const rows = stdout.split("\n").slice(0, 3);
  assert.ok(rows.every((row) => row.length <= 80));
});

test("show says what is missing and what to do next", async () => {
  const { stdout } = await home.run(["skills", "show", "weather"]);

  assert.match(stdout, /Programs +no-such-program \(missing\)/);
  assert.match(stdout, /Variables +WEATHER_KEY \(missing\)/);
  assert.match(stdout, /Install +brew: Install weather \(brew\)\n +go: /);
  assert.match(stdout, /Get its programs with `moltbot skills install weather`/);
});

test("disable and enable change the config, and say where the skill stands then", async () => {
  const off = await home.run(["skills", "disable", "notes"]);
  const on = await home.run(["skills", "enable", "notes", "--json"]);
  const keyed = await home.run(["skills", "enable", "weather", "--api-key", "key-123456"]);

  assert.equal(off.stdout, "notes: switched off.\n");
  assert.deepEqual(JSON.parse(on.stdout), { ok: true, skillKey: "notes", config: { enabled: true } });
  assert.equal(keyed.stdout, "weather: needs programs.\n");
});

test("install wants one way of several, and says where to get an installer that is not here", async () => {
  const which = await home.run(["skills", "install", "weather"]);
  const missing = await home.run(["skills", "install", "weather", "brew"]);
  const typo = await home.run(["skills", "info", "wether"]);

  assert.match(which.stderr, /several ways; name one: brew, go\./);
  assert.match(missing.stderr, /The program brew is not installed here \(see https:\/\/brew\.sh\)/);
  assert.match(typo.stderr, /There is no skill "wether"\. Did you mean weather\?/);
  assert.deepEqual([which.code, missing.code, typo.code], [1, 1, 1]);
});

test("memory search and status read the notes", async () => {
  const found = await home.run(["memory", "search", "cat"]);
  const nothing = await home.run(["memory", "search", "dog"]);
  const status = await home.run(["memory", "status", "--json"]);

  assert.equal(found.stdout, "MEMORY.md:1\n  # What lasts\n  - The cat is called Mia.\n");
  assert.equal(nothing.stdout, "Nothing in the notes fits.\n");
  assert.deepEqual(JSON.parse(status.stdout).agents, [{ agentId: "main", folder: workspace, notes: 1, chunks: 1 }]);
});

test("agent prompt shows the parts of the prompt, and their texts when asked", async () => {
  const short = await home.run(["agent", "prompt"], { env: { COLUMNS: "80" } });
  const full = await home.run(["agent", "prompt", "--session", "telegram:group:7", "--full"]);

  assert.match(short.stdout, /^System prompt agent:main:main\n\nPart +From +Chars +Tokens/);
  assert.match(short.stdout, /^MEMORY\.md +workspace +\d+ +\d+$/m);
  assert.doesNotMatch(short.stdout, /Mia/);
  assert.match(full.stdout, /── conversation\nToday is /);
  assert.doesNotMatch(full.stdout, /Mia/);
});
