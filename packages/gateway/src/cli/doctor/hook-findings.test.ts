import assert from "node:assert/strict";
import { test } from "node:test";
import { hookFindings } from "./hook-findings.ts";

const WAKE = { id: "wake", path: "/hooks/wake", action: "wake", proof: "token" } as const;
const BROKEN = { ...WAKE, id: "shop", problem: "verify.secret is missing" } as const;

const levels = (list: Partial<Parameters<typeof hookFindings>[0]>) =>
  hookFindings({ enabled: true, path: "/hooks", hooks: [WAKE], ...list }).map(({ level, says }) => `${level}: ${says}`);

test("hooks that are off are not spoken of", () => assert.deepEqual(levels({ enabled: false }), []));

test("hooks that stay off are a failure, with the reason", () =>
  assert.deepEqual(levels({ problem: "choose another token" }), ["fail: They stay off: choose another token"]));

test("one that cannot be used is named beside those that can", () =>
  assert.deepEqual(levels({ hooks: [WAKE, BROKEN] }), ["ok: 1 can be called", "warn: shop: verify.secret is missing"]));

test("hooks that nobody can call are a failure", () =>
  assert.deepEqual(levels({ hooks: [BROKEN] }), ["fail: None can be called: shop: verify.secret is missing"]));
