// `moltbot update` fetches with npm: from a registry on loopback.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fakeRegistry } from "../fakes/npm-registry.ts";
import { GOOD, programText, UpdateStage } from "./update-stage.ts";

function published(version: string, isForged = false) {
  const files = {
    "package.json": JSON.stringify({ name: "moltbot", version, type: "module" }),
    "bin/moltbot.mjs": programText(GOOD),
  };
  return { files, isForged };
}

const cache = mkdtempSync(join(tmpdir(), "moltbot-npm-"));
const registry = await fakeRegistry("moltbot", {
  "2099.1.0": published("2099.1.0"),
  "2099.2.0": published("2099.2.0", true),
  "2099.3.0": published("2099.3.0"),
});
const stage = await UpdateStage.start({
  env: {
    ...{ npm_config_registry: registry.url, npm_config_cache: cache },
    // npm tries again what failed; here it need not wait in between.
    ...{ npm_config_fetch_retry_mintimeout: "10", npm_config_fetch_retry_maxtimeout: "20" },
  },
});
after(async () => {
  await stage[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
  rmSync(cache, { recursive: true, force: true });
});

test("a registry that does not answer is asked once, and the person is told", async () => {
  registry.isDown = true;
  const before = registry.asked.length;

  const { code, stderr } = await stage.update("--check");
  registry.isDown = false;

  assert.equal(code, 1);
  assert.match(stderr, /^Npm could not fetch the version \(E503\); check its name and the network/);
  assert.equal(registry.asked.length, before + 1);
});

test("a check says what the newest version is, and fetches nothing", async () => {
  const { code, stdout, stderr } = await stage.update("--check");

  assert.equal(code, 0, stderr);
  assert.match(stdout, /^2099\.3\.0 is there; \S+ runs\. `moltbot update` updates\.$/m);
  assert.deepEqual(new Set(registry.asked), new Set(["/moltbot"]));
});

test("who asks again soon gets what the registry has said before", async () => {
  const before = registry.asked.length;

  const { code, stdout, stderr } = await stage.update("--check");

  assert.equal(code, 0, stderr);
  assert.match(stdout, /^2099\.3\.0 is there; /m);
  assert.equal(registry.asked.length, before);
});

test("a version whose archive is not what was published is refused, and nothing is left of it", async () => {
  const { code, stderr } = await stage.update("--to", "2099.2.0");

  assert.equal(code, 1);
  assert.match(stderr, /Nothing was changed: npm could not fetch the version \(EINTEGRITY\); /);
  assert.equal(existsSync(join(stage.home.stateDir, "versions", "2099.2.0")), false);
});

test("a version that nobody published is refused in a sentence", async () => {
  const { code, stderr } = await stage.update("--to", "2098.1.0");

  assert.equal(code, 1);
  assert.match(stderr, /Nothing was changed: npm could not fetch the version \(ETARGET\); check its name/);
});

test("a version that is named is fetched, tried and stays", async () => {
  const { code, stdout, stderr } = await stage.update("--to", "2099.1.0");

  assert.equal(code, 0, stderr + stage.shown);
  assert.match(stdout, /Version 2099\.1\.0 runs\. `moltbot update undo` goes back to /);
  assert.ok(
    existsSync(join(stage.home.stateDir, "versions", "2099.1.0", "node_modules", "moltbot", "bin", "moltbot.mjs")),
  );
});
