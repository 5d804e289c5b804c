// `moltbot update` while no gateway runs: it does by itself what a gateway does else.

import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { VERSION } from "../../packages/gateway/src/base/version.ts";
import { within } from "../support/time-limit.ts";
import { GOOD, UpdateStage } from "./update-stage.ts";

/** A stage whose gateway has run and was stopped. */
async function stopped(): Promise<UpdateStage> {
  const stage = await UpdateStage.start();
  await stage.say("before the update");
  stage.child.kill("SIGTERM");
  await within(once(stage.child, "exit"), "the gateway to end");
  return stage;
}

test("a good version is in place for the next start, and undo goes back with the backup from before", async () => {
  await using stage = await stopped();
  const { home } = stage;

  const updated = await stage.update("--from", stage.build("2100.1.0", GOOD));
  const version = stage.version;
  await using gateway = await home.gateway();
  await stage.say("after the update");
  const environment = await home.run(["gateway", "status", "--json"]);
  await gateway.end("SIGTERM");
  const undone = await stage.update("undo");
  await using _again = await home.gateway();
  const said = await stage.said();

  assert.equal(updated.code, 0, updated.stderr);
  assert.match(updated.stdout, /^Version 2100\.1\.0 is in place; no gateway runs, so it begins with the next/m);
  assert.deepEqual([version, environment.code], ["2100.1.0", 0]);
  assert.equal(undone.code, 0, undone.stderr);
  assert.match(undone.stdout, /^The next start is that of version 2026\./m);
  assert.match(said, /before the update/);
  assert.doesNotMatch(said, /after the update/);
  assert.equal(existsSync(join(home.stateDir, "current")), false);
});

test("a broken version changes nothing", async () => {
  await using stage = await stopped();

  const { code, stderr } = await stage.update("--from", stage.build("2100.2.0", "process.exit(1)"));
  await using _gateway = await stage.home.gateway();

  assert.equal(code, 1);
  assert.match(stderr, /Nothing was changed: version 2100\.2\.0 failed its trial on a copy: it ended by itself/);
  assert.match(await stage.said(), /before the update/);
  assert.equal(stage.version, undefined);
});

test("the folder of the version that runs is not exchanged", async () => {
  await using stage = await stopped();
  const mark = join(stage.home.stateDir, "versions", VERSION, "mark");
  mkdirSync(dirname(mark), { recursive: true });
  writeFileSync(mark, "");

  const { stdout, stderr } = await stage.update("--from", stage.build(VERSION, "process.exit(1)"));

  assert.match(stdout + stderr, /runs already/);
  assert.deepEqual(readdirSync(join(stage.home.stateDir, "versions")), [VERSION]);
  assert.equal(existsSync(mark), true);
});

test("of two updates at once one is made", async () => {
  await using stage = await stopped();
  const folder = stage.build("2100.3.0", GOOD);

  const both = await Promise.all([stage.update("--from", folder), stage.update("--from", folder)]);

  assert.deepEqual(both.map(({ code }) => code).sort(), [0, 1], JSON.stringify(both));
  assert.match(both.map(({ stderr }) => stderr).join(""), /Another update is under way on this state folder/);
  assert.equal(stage.version, "2100.3.0");
});

test("without an update there is nothing to undo", async () => {
  await using stage = await stopped();

  const { code, stderr } = await stage.update("undo");

  assert.equal(code, 1);
  assert.match(stderr, /there is no update that could be undone/i);
});
