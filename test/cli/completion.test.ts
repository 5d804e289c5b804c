// Completion in a real shell: commands, flags, and what the running gateway knows.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { Home } from "./harness.ts";

const model = await fakeOpenAI();
const home = new Home();
const provider = { api: "openai-compatible", baseUrl: model.baseUrl, models: [{ id: "fake-model" }] };
await home.run(["config", "set", "models", JSON.stringify({ detectLocal: false, providers: { fake: provider } })]);
const gateway = await home.gateway();
await home.run(["agent", "-m", "hello", "--session", "travel:lisbon"]);
const script = (await home.run(["completion", "bash"])).stdout;
after(async () => {
  await gateway[Symbol.asyncDispose]();
  home[Symbol.dispose]();
  await model[Symbol.asyncDispose]();
});

/** A line whose answer may take long: the machine that tests run on may be busy. */
const PATIENT = "moltbot --timeout 60000";

/** What bash puts in the place of the last word of a line. */
async function complete(line: string, from: Home = home): Promise<string> {
  const folder = join(from.stateDir, "..");
  const command = from.command([]).map((word) => `'${word}'`);
  writeFileSync(join(folder, "moltbot"), `#!/bin/sh\nexec ${command.join(" ")} "$@"\n`);
  chmodSync(join(folder, "moltbot"), 0o755);
  const call = `${script}\nCOMP_LINE='${line}'; COMP_POINT=\${#COMP_LINE}; _moltbot; echo "\${COMPREPLY[@]}"`;
  const env = from.env();
  const child = spawn("bash", ["-c", call], { env: { ...env, PATH: `${folder}:${env.PATH}` } });
  return (await text(child.stdout)).trim();
}

test("commands, subcommands, flags and their choices are completed", async () => {
  const completions = [
    await complete("moltbot healt"),
    await complete("moltbot devices a"),
    await complete("moltbot agent --thi"),
    await complete("moltbot agent --thinking m"),
    await complete("moltbot --profile work completion "),
  ];

  assert.deepEqual(completions, ["health", "approve", "--thinking", "minimal medium", "bash zsh fish"]);
});

test("values are completed from the running gateway", async () => {
  const completions = [
    await complete(`${PATIENT} channels add tele`),
    await complete(`${PATIENT} chat --json --session tr`),
    await complete(`${PATIENT} tools list --agent `),
    await complete(`${PATIENT} gateway call sessions.li`),
  ];

  assert.deepEqual(completions, ["telegram", "travel:lisbon", "main", "sessions.list"]);
});

test("a word that bash divides is completed from where bash divides it", async () => {
  const completions = [
    await complete(`${PATIENT} sessions show travel:li`),
    await complete(`${PATIENT} chat --session=trav`),
  ];

  assert.deepEqual(completions, ["lisbon", "travel:lisbon"]);
});

test("settings are completed level by level, without a gateway too", async () => {
  using other = new Home();

  const completions = [
    await complete("moltbot config set gateway.po", other),
    await complete("moltbot config get gatew"),
  ];

  assert.deepEqual(completions, ["gateway.port", "gateway"]);
});

test("nothing is offered, and nothing said, where no gateway runs", async () => {
  using other = new Home();

  const { code, stdout, stderr } = await other.run(["completion", "words", "--", "sessions", "show", ""]);

  assert.deepEqual([code, stdout.trim(), stderr], [0, "", ""]);
});

test("the scripts of zsh and fish ask in the same way", async () => {
  const zsh = await home.run(["completion", "zsh"]);
  const fish = await home.run(["completion", "fish"]);
  const asked = await home.run(["completion", "words", "--", "--timeout", "60000", "models", "set", "fake"]);

  assert.match(zsh.stdout, /moltbot completion words -- /);
  assert.match(fish.stdout, /moltbot completion words -- /);
  assert.equal(asked.stdout, "fake/fake-model\tfake-model\n");
});
