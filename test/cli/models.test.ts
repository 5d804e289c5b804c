import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fakeAnthropic } from "../fakes/anthropic.ts";
import { fakeOllama } from "../fakes/local-models.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { Home } from "./harness.ts";

const KEY = "sk-fake-0123456789";

async function withoutModel(home: Home, env: Record<string, string> = {}) {
  await home.run(["config", "set", "models.detectLocal", "false"]);
  return await home.gateway([], env);
}

test("a provider is connected by its key alone, and its model answers", async () => {
  using home = new Home();
  await using server = await fakeAnthropic();
  await using _gateway = await withoutModel(home, { ANTHROPIC_BASE_URL: server.baseUrl.replace("/v1", "") });

  const connected = await home.run(["models", "auth", "anthropic", "--key-stdin"], { input: `${KEY}\n` });
  const status = await home.run(["models", "status"]);

  assert.deepEqual([connected.code, connected.stderr], [0, ""]);
  assert.match(
    connected.stdout,
    /^● The key is saved: anthropic\/claude-sonnet-4-5 answered in \d+ m?s\.\nanthropic\/claude-sonnet-4-5 answers from now on\. Talk to it with `moltbot chat`\.\n$/,
  );
  assert.match(status.stdout, /^Answers +anthropic\/claude-sonnet-4-5$/m);
  assert.match(status.stdout, /^anthropic +config +1 /m);
  assert.doesNotMatch(connected.stdout + status.stdout, /sk-fake/);
});

test("a key that is refused is not saved, and the message says so", async () => {
  using home = new Home();
  await using server = await fakeAnthropic();
  await using _gateway = await withoutModel(home, { ANTHROPIC_BASE_URL: server.baseUrl.replace("/v1", "") });
  server.script({ kind: "status", status: 401, message: "invalid x-api-key" });

  const { code, stderr } = await home.run(["models", "auth", "anthropic", "--key-stdin"], { input: KEY });

  assert.deepEqual(
    [code, stderr],
    [1, "Anthropic rejected this key, so it was not saved. Check that it was copied whole.\n"],
  );
  assert.doesNotMatch(readFileSync(join(home.stateDir, "moltbot.json"), "utf8"), /sk-fake/);
});

test("a key is never a word of the command line", async () => {
  using home = new Home();
  await using _gateway = await withoutModel(home);

  const { code, stderr } = await home.run(["models", "auth", "anthropic"]);

  assert.deepEqual([code, stderr], [2, "There is no terminal to ask for the key; pass it with --key-stdin.\n"]);
});

test("models stand in for each other and get short names", async () => {
  using home = new Home();
  await using server = await fakeOpenAI();
  const provider = { baseUrl: server.baseUrl, models: [{ id: "m" }, { id: "n" }] };
  await home.run(["config", "set", "models", JSON.stringify({ detectLocal: false, providers: { fake: provider } })]);
  await using _gateway = await home.gateway();

  const said = [];
  for (const words of [
    ["fake/m"],
    ["fake/n", "--fallback"],
    ["fake/n", "--alias", "spare"],
    ["spare", "--session", "garden"],
    ["--session", "garden", "--remove"],
    ["fake/n", "--fallback", "--remove"],
  ])
    said.push((await home.run(["models", "set", ...words])).stdout.trim());
  const status = JSON.parse((await home.run(["models", "status", "--json"])).stdout);

  assert.deepEqual(said, [
    "fake/m answers from now on. Try it with `moltbot models test`.",
    "fake/m is asked first, then fake/n.",
    "spare means fake/n from now on.",
    "fake/n answers in garden from now on.",
    "garden is answered as everywhere: by fake/m.",
    "fake/n is not asked any more; nobody else is.",
  ]);
  assert.deepEqual([status.model, status.fallbacks, status.aliases], ["fake/m", [], { spare: "fake/n" }]);
});

test("models test tries tools and pictures when asked", async () => {
  using home = new Home();
  await using server = await fakeOpenAI();
  const provider = { baseUrl: server.baseUrl, models: [{ id: "m" }] };
  await home.run(["config", "set", "models", JSON.stringify({ detectLocal: false, providers: { fake: provider } })]);
  await using _gateway = await home.gateway();
  server.script(
    { kind: "text", text: "ready" },
    { kind: "text", text: "I would call it now." },
    { kind: "text", text: "Magenta" },
  );

  const { stdout } = await home.run(["models", "test", "fake/m", "--tools", "--image"]);

  assert.match(stdout, /^● fake\/m answered "ready" in \d+ m?s\.\n● It does not call tools\.\n● It sees pictures\.\n$/);
});

test("models scan shows what servers on this machine can do, on 80 columns", async () => {
  using home = new Home();
  await using server = await fakeOllama();
  await using _gateway = await withoutModel(home, { OLLAMA_HOST: server.baseUrl.replace("/v1", "") });

  const { code, stdout } = await home.run(["models", "scan", "--quick"]);

  const lines = stdout.split("\n");
  assert.equal(code, 0);
  assert.match(stdout, /^ollama\/qwen3:8b +yes +no +yes +16k +41k +yes$/m);
  assert.match(stdout, /^ollama\/gemma3:4b +no +yes +no +8k +131k$/m);
  assert.match(stdout, /Choose one with `moltbot models set ollama\/qwen3:8b`/);
  assert.ok(lines.every((line) => line.length <= 80));
});
