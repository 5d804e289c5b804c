// What is found out about model servers on this machine.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../packages/gateway/src/base/time/clock.ts";
import { type ScannedServer, scan } from "../../packages/gateway/src/slices/agent/models/local/scan.ts";
import type { ModelRequest, ModelStep } from "../../packages/gateway/src/slices/agent/models/port.ts";
import { fakeLlamaCpp, fakeLmStudio, fakeOllama, fakeVllm, type LocalModels } from "../fakes/local-models.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { testGateway } from "../support/gateway.ts";
import { admin, say } from "./support.ts";

const { signal } = new AbortController();

/** Models that call every tool, and call every picture pink. */
async function* ableModels({ tools, model }: ModelRequest): AsyncGenerator<ModelStep> {
  asked.push(model.ref);
  if (tools) yield { kind: "tool-call", callId: "c", name: tools[0]!.name, args: {}, raw: "{}" };
  else yield { kind: "text", delta: "Pink." };
}
const asked: string[] = [];

async function scanned(server: LocalModels, tryModels = false): Promise<ScannedServer> {
  asked.length = 0;
  const place = { id: "here", label: "Here", baseUrl: server.baseUrl };
  const nothing = { id: "gone", label: "Gone", baseUrl: "http://127.0.0.1:9/v1" };
  const ports = { clock: systemClock, stream: ableModels };
  const [found] = await scan([nothing, place], ports, { signal, tryModels });
  return found!;
}

test("Ollama tells what each model can do, and how large its window is now and could be", async () => {
  await using server = await fakeOllama();

  const { software, models } = await scanned(server);

  assert.equal(software, "ollama");
  assert.deepEqual(models, [
    {
      ...{ id: "qwen3:8b", contextWindow: 16_384, largestWindow: 40_960, isLoaded: true },
      ...{ input: ["text"], tools: true, reasoning: true, tried: false },
    },
    {
      ...{ id: "gemma3:4b", contextWindow: 8_192, largestWindow: 131_072 },
      ...{ input: ["text", "image"], tools: false, reasoning: false, tried: false },
    },
  ]);
});

test("LM Studio tells the same in its own way", async () => {
  await using server = await fakeLmStudio();

  const { software, models } = await scanned(server);

  assert.equal(software, "lmstudio");
  assert.deepEqual(models, [
    {
      ...{ id: "qwen2.5-vl-7b", contextWindow: 4_096, largestWindow: 128_000, isLoaded: true },
      ...{ input: ["text", "image"], tools: true, tried: false },
    },
  ]);
});

test("what llama.cpp does not say is found out by asking its model", async () => {
  await using server = await fakeLlamaCpp();

  const { software, models } = await scanned(server, true);

  const known = { id: "model.gguf", contextWindow: 8_192, isLoaded: true, input: ["text"] };
  assert.equal(software, "llamacpp");
  assert.deepEqual(models, [{ ...known, tools: true, tried: true }]);
  assert.deepEqual(asked, ["here/model.gguf"]);
});

test("vLLM says how long its window is; tools and pictures are tried", async () => {
  await using server = await fakeVllm();

  const { software, models } = await scanned(server, true);

  const known = { id: "Qwen/Qwen3-8B", contextWindow: 32_768, isLoaded: true };
  assert.equal(software, "vllm");
  assert.deepEqual(models, [{ ...known, tools: true, input: ["text", "image"], tried: true }]);
});

test("no model is asked when that is not wanted", async () => {
  await using server = await fakeVllm();

  const { models } = await scanned(server);

  assert.deepEqual([asked, models[0]?.tools], [[], undefined]);
});

test("models.scan finds what the config names on this machine, and needs no detection", async () => {
  await using server = await fakeLmStudio();
  const mine = { baseUrl: server.baseUrl };
  await using gateway = await testGateway({
    config: JSON.stringify({ models: { detectLocal: false, providers: { mine } } }),
  });

  const { servers } = await (await admin(gateway)).call("models.scan", { tryModels: false });

  const found = servers.find(({ id }: { id: string }) => id === "mine");
  assert.deepEqual([found.software, found.models[0].tools], ["lmstudio", true]);
});

test("a model found on this machine that cannot call tools is talked to without them", async () => {
  await using server = await fakeOpenAI();
  server.models = ["gemma3"];
  await using gateway = await testGateway({ config: "{}", env: { OLLAMA_HOST: server.baseUrl.replace("/v1", "") } });
  server.pages = {
    "/api/version": { version: "0.12.3" },
    "/api/show": { capabilities: ["completion"], model_info: {} },
  };
  const client = await admin(gateway);
  await client.call("models.set", { model: "ollama/gemma3" });

  const reply = await say(client, "Hi");

  assert.equal(reply, "Hello from the model.");
  assert.equal(server.requests[0]?.body.tools, undefined);
});
