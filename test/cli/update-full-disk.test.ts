// A full disk in the phases of an update: nothing is changed, the gateway goes on, and there is room again.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { canMount, FaultBench } from "../faults/bench.ts";
import { eventually } from "../support/time-limit.ts";
import { GOOD, programText } from "./update-stage.ts";

/** A package with so many megabytes beside its program. */
function build(folder: string, version: string, megabytes: number): string {
  const place = join(folder, `build-${version}`);
  mkdirSync(join(place, "bin"), { recursive: true });
  writeFileSync(join(place, "package.json"), JSON.stringify({ name: "moltbot", version, type: "module" }));
  writeFileSync(join(place, "bin", "moltbot.mjs"), programText(GOOD));
  writeFileSync(join(place, "ballast"), Buffer.alloc(megabytes * 1024 * 1024, 1));
  return place;
}

const skip = !canMount() && "this user may not mount a small file system";

test("a version that does not fit is not unpacked, and what is half there is removed", { skip }, async () => {
  await using bench = await FaultBench.start();
  const client = await bench.operator();

  const { result } = await client.call("update.run", { from: build(bench.folder, "2100.1.0", 40) });
  const health = await client.request("health", {});

  assert.deepEqual(
    [result.status, result.steps.map(({ name, ok }: { name: string; ok: boolean }) => [name, ok])],
    ["error", [["fetch", false]]],
  );
  assert.match(result.reason, /disk is full/);
  assert.equal(health.ok, true);
  assert.deepEqual(readdirSync(join(bench.disk.folder, "state", "versions")), []);
});

test("a disk that is full at the trial leaves the gateway as it is", { skip }, async () => {
  await using bench = await FaultBench.start();
  const client = await bench.operator();
  const from = build(bench.folder, "2100.1.0", 0);
  const versions = join(bench.disk.folder, "state", "versions");

  const running = client.call("update.run", { from });
  await eventually("the version to be unpacked", () => existsSync(join(versions, "2100.1.0")));
  bench.disk.fill(bench.subject.pid ?? 0);
  const { result } = await running;
  bench.disk.free(bench.subject.pid ?? 0);
  const health = await client.request("health", {});

  assert.equal(result.status, "error", JSON.stringify(result));
  assert.match(result.reason, /disk|room|space|did not answer|ended by itself/);
  assert.equal(health.ok, true);
  assert.equal(existsSync(join(bench.disk.folder, "state", "update.json")), false);
  assert.deepEqual(
    readdirSync(versions).filter((name) => name.startsWith(".")),
    [],
  );
});
