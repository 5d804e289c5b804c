import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { LocalEndpoints } from "../local/local-endpoints.ts";
import type { ModelSettings } from "../settings.ts";
import { Providers } from "./providers.ts";

const FOUND = {
  ...{ id: "ollama", label: "Ollama", api: "openai-compatible", baseUrl: "http://127.0.0.1:11434/v1", headers: {} },
  models: [{ id: "qwen3", name: "qwen3" }],
  origin: "found",
} as const;

function providers(settings: Partial<ModelSettings> = {}, env: Record<string, string> = {}): Providers {
  const local = { found: () => [FOUND], named: () => undefined } as unknown as LocalEndpoints;
  const current = { detectLocal: true, ...settings } as ModelSettings;
  return new Providers({ settings: { current, onChange: () => ({ [Symbol.dispose]() {} }) }, env, local });
}

describe("a model's name", () => {
  const settings = { aliases: { Fast: "openai/gpt-5-mini" } };
  const env = { OPENAI_API_KEY: "sk-a" };
  const cases = [
    ["openai/gpt-5", "openai/gpt-5"],
    ["OpenAI/GPT-5", "openai/gpt-5"],
    ["fast", "openai/gpt-5-mini"],
    [" FAST ", "openai/gpt-5-mini"],
    ["openai/unheard-of", "openai/unheard-of"],
    ["ollama/QWEN3", "ollama/qwen3"],
  ] as const;

  for (const [name, ref] of cases) {
    test(`${JSON.stringify(name)} means ${ref}`, () => {
      assert.equal(providers(settings, env).resolve(name).ref, ref);
    });
  }

  test("that is none says which short names there are", () => {
    const message =
      '"slow" is not a model; write it as provider/model, for example ollama/qwen3, or use an alias (fast).';

    assert.throws(() => providers(settings, env).resolve("slow"), { message });
  });
});

describe("a price", () => {
  const cost = { input: 1, output: 2 };

  test("is known for usual models, with or without a key, and by a short name", () => {
    const usual = providers({ aliases: { s: "anthropic/claude-sonnet-4-5" } });

    assert.deepEqual(usual.priceOf("s"), { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 });
  });

  test("of the config stands above", () => {
    const entry = { models: [{ id: "gpt-5", cost }] };

    assert.deepEqual(providers({ providers: { openai: entry } }).priceOf("openai/gpt-5"), cost);
  });

  test("is nothing on this machine, but not for what a local server passes on", () => {
    const found = providers();

    assert.deepEqual(found.priceOf("ollama/qwen3"), { input: 0, output: 0 });
    assert.equal(found.priceOf("ollama/gpt-oss:120b-cloud"), undefined);
  });

  test("that nobody told is not known", () => {
    assert.equal(providers().priceOf("openai/unheard-of"), undefined);
  });
});

test("more keys of the config stand beside those of the environment; a single one stands in their place", () => {
  const env = { OPENAI_API_KEY: "sk-a,sk-b" };
  const keysWith = (entry: object) => {
    const { apiKey, apiKeys = [apiKey] } = providers({ providers: { openai: entry } }, env).resolve(
      "openai/x",
    ).provider;
    return apiKeys;
  };

  assert.deepEqual(keysWith({ apiKeys: ["sk-c"] }), ["sk-a", "sk-b", "sk-c"]);
  assert.deepEqual(keysWith({ apiKey: "sk-d" }), ["sk-d"]);
});

test("what the config says of a usual model adds to what is known of it", () => {
  const entry = { apiKey: "k", models: [{ id: "gpt-5", contextWindow: 100_000 }] };

  const { name, contextWindow, reasoning } = providers({ providers: { openai: entry } }).resolve("openai/gpt-5");

  assert.deepEqual([name, contextWindow, reasoning], ["GPT-5", 100_000, true]);
});
