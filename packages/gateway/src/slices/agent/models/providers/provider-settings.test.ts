import assert from "node:assert/strict";
import { test } from "node:test";
import { configuredProvider } from "./provider-settings.ts";

const UNKNOWN = { known: undefined, url: undefined, keys: [] };

const CASES: readonly [pasted: string, api: string, baseUrl: string][] = [
  ["https://api.example.com", "openai-compatible", "https://api.example.com/v1"],
  ["https://api.example.com/v1/", "openai-compatible", "https://api.example.com/v1"],
  [" https://api.example.com/v1/chat/completions ", "openai-compatible", "https://api.example.com/v1"],
  ["https://api.example.com/v1/completions/", "openai-compatible", "https://api.example.com/v1"],
  ["https://api.example.com/v1/responses", "openai", "https://api.example.com/v1"],
  ["https://api.example.com/chat/completions", "openai-compatible", "https://api.example.com/v1"],
  ["https://api.example.com/openai/v1/models?limit=5", "openai-compatible", "https://api.example.com/openai/v1"],
  ["https://api.example.com/v1/messages", "anthropic", "https://api.example.com/v1"],
  ["https://api.example.com/messages", "anthropic", "https://api.example.com/v1"],
  [
    "https://google.example.com/v1beta/models/gemini-x:generateContent?key=1",
    "google",
    "https://google.example.com/v1beta",
  ],
  ["https://google.example.com", "google", "https://google.example.com/v1beta"],
];

for (const [pasted, api, baseUrl] of CASES)
  test(`${pasted.trim()} for ${api} is ${baseUrl}`, () => {
    const entry = { baseUrl: pasted, api } as Parameters<typeof configuredProvider>[1];

    assert.equal(configuredProvider("mine", entry, UNKNOWN).baseUrl, baseUrl);
  });
