// The examples of docs/update.md work as they are written, with a registry on loopback.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fakeRegistry } from "../fakes/npm-registry.ts";
import { docsPage, examplesIn, words } from "../support/docs-examples.ts";
import { GOOD, programText, UpdateStage } from "./update-stage.ts";

/** A version that the registry has. */
function published(version: string) {
  const files = {
    "package.json": JSON.stringify({ name: "moltbot", version, type: "module" }),
    "bin/moltbot.mjs": programText(GOOD),
  };
  return { files };
}

test("each example of updates works as it is written", async () => {
  const lines = examplesIn(docsPage("update.md"));
  const cache = mkdtempSync(join(tmpdir(), "moltbot-npm-"));
  await using registry = await fakeRegistry("moltbot", {
    "2026.12.0": published("2026.12.0"),
    "2026.12.1": published("2026.12.1"),
  });
  await using stage = await UpdateStage.start({
    env: { npm_config_registry: registry.url, npm_config_cache: cache },
  });

  const results: [string, number | null, string][] = [];
  for (const line of lines) {
    const { code, stderr } = await stage.update(...words(line).slice(2));
    results.push([line, code, stderr]);
  }
  rmSync(cache, { recursive: true, force: true });

  assert.deepEqual(
    results,
    lines.map((line) => [line, 0, ""]),
    stage.shown,
  );
  assert.ok(lines.length >= 4);
});
