// A backup on a disk that becomes full, and one whose gateway is killed: nothing half done is ever taken for a backup.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { eventually } from "../support/time-limit.ts";
import type { WireClient } from "../support/wire-client.ts";
import { canMount, DISK_BYTES, FaultBench } from "./bench.ts";

/** Sentences for a disk that takes no more: a small file system, and one where files may not grow. */
const FULL = [
  "UNAVAILABLE the disk is full; free some space and try again",
  "UNAVAILABLE a file is as large as the system allows; raise the limit (ulimit -f) and try again",
];

/** Files of that size in the workspace, which no compression makes smaller. */
function fillWorkspace(bench: FaultBench, files: number, bytes: number): void {
  const folder = join(bench.disk.folder, "state", "workspace");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (let n = 0; n < files; n++) writeFileSync(join(folder, `${n}.bin`), randomBytes(bytes), { mode: 0o600 });
}

/** What is left in a folder of backups; nothing when it is not there. */
function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

test("a backup on a full disk is refused in a sentence, leaves nothing, and is made once there is room", async () => {
  await using bench = FaultBench.prepare({ config: { backup: { folder: "../../elsewhere", plain: true } } });
  await bench.start();
  const client = await bench.operator();
  fillWorkspace(bench, 2, 200_000);
  const to = join(bench.disk.folder, "one.tar.zst");

  bench.fill();
  const { error } = await client.request("backup.now", { to });
  const during = readdirSync(bench.disk.folder).filter((name) => name.startsWith("one."));
  bench.free();
  await client.call("backup.now", { to });
  const { files } = await client.call("backup.verify", { file: to });

  const said = `${error?.code} ${error?.message}`;
  assert.ok(FULL.includes(said), said);
  assert.deepEqual(during, []);
  assert.deepEqual(namesIn(join(bench.folder, "elsewhere")), []);
  assert.ok(files > 2);
});

test("a kill while a backup is made leaves no backup, and the next one removes what it has left", async () => {
  await using bench = FaultBench.prepare({ config: { backup: { folder: "../../elsewhere", plain: true } } });
  await bench.start();
  const folder = join(bench.folder, "elsewhere");
  const client = await bench.operator();
  fillWorkspace(bench, 8, 2_000_000);

  client.send({ type: "req", id: "killed", method: "backup.now", params: {} });
  await eventually("the archive to be begun", () => namesIn(folder).some((name) => name.endsWith(".partial")));
  await bench.subject.kill();
  const left = namesIn(folder);
  await bench.start();
  const again = await bench.operator();
  const { backups } = await again.call("backup.list", {});
  await again.call("backup.now", {});
  const { files } = await again.call("backup.verify", {});

  assert.ok(left.length > 0);
  assert.deepEqual(backups, []);
  assert.equal(namesIn(folder).length, 1);
  assert.ok(files >= 8);
});

const MOUNTED = { skip: canMount() ? false : "needs root, to mount a small file system" };

test("health says how little room there is before the disk is full", MOUNTED, async () => {
  await using bench = await FaultBench.start();
  const client = await bench.operator();

  const { machine } = await client.call("health", { probe: true });

  assert.ok(machine.disk.freeBytes > 0 && machine.disk.freeBytes < DISK_BYTES);
  assert.equal(machine.trouble, undefined);
});

test("a restore that finds the disk full is given up and told of, the gateway goes on, and it can be restored later", async () => {
  await using bench = FaultBench.prepare({ config: { backup: { folder: "../../elsewhere", plain: true } } });
  await bench.start();
  const client = await bench.operator();
  await client.call("sessions.create", { key: "old", label: "from before the backup" });
  await client.call("backup.now");
  await client.call("sessions.create", { key: "new", label: "from after the backup" });
  const labels = async (from: WireClient): Promise<string[]> => {
    const { sessions } = await from.call("sessions.list", { limit: 100 });
    return sessions.flatMap(({ label }: { label?: string }) => label ?? []).toSorted();
  };

  const { keptIn } = await client.call("backup.restore", {});
  await bench.subject.kill();
  const state = join(bench.disk.folder, "state");
  const isReady = existsSync(join(state, "restore.json"));
  bench.disk.fill(process.pid);
  await bench.start();
  const after = await bench.operator();
  const goneOn = await labels(after);
  const left = readdirSync(state).filter((name) => /restor/.test(name) && name !== "restore-last.json");
  bench.disk.free(process.pid);
  const told = await eventually("the log to say so", async () => {
    const { lines } = await after.call("logs.tail", { limit: 500 });
    return lines.map(String).find((line: string) => line.includes("a restore was given up"));
  });
  const again = await after.call("backup.restore", {});
  await eventually("the restore to be in place", () => existsSync(join(again.keptIn, "restore.json")));
  const restored = await labels(await bench.operator());

  assert.deepEqual([isReady, goneOn], [true, ["from after the backup", "from before the backup"]]);
  assert.deepEqual([left, existsSync(keptIn)], [[], false]);
  assert.match(told, /the disk is full|ulimit -f/);
  assert.deepEqual(restored, ["from before the backup"]);
});
