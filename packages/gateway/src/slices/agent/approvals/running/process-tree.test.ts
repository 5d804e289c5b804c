import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { isAlive } from "../../../../../../../test/support/is-alive.ts";
import { newId } from "../../../../base/ids.ts";
import { guardTree } from "./guard.ts";
import { ProcessTree } from "./process-tree.ts";

/**
 * Ways of a process to detach: its own session, no environment, another parent, all files closed, and all of these at
 * once.
 */
const WAYS: readonly string[] = [
  "setsid sleep 60 & echo $! >> pids",
  "setsid -f sh -c 'echo $$ >> pids; exec sleep 60'",
  "env -i /usr/bin/setsid -f /bin/sh -c 'echo $$ >> pids; exec /bin/sleep 60' >/dev/null 2>&1",
  "(setsid sh -c 'echo $$ >> pids; exec sleep 60' 3>&- >/dev/null 2>&1 &)",
  "nohup sh -c 'echo $$ >> pids; exec sleep 60' >/dev/null 2>&1 &",
];

/** Starts a command in a tree; resolves when it has started everything. */
async function started(tree: ProcessTree, folder: string): Promise<number> {
  const command = `${WAYS.join("\n")}
while [ "$(wc -l < pids)" -lt ${WAYS.length} ]; do sleep 0.02; done; echo up; sleep 60`;
  const { file, args, env, mark } = tree.launch("/bin/sh", ["-c", command], { PATH: "/usr/bin:/bin" });
  const child = spawn(file, args, {
    ...{ cwd: folder, env, detached: true },
    stdio: ["ignore", "pipe", "inherit", ...(mark === undefined ? [] : [mark])],
  });
  tree.started(child.pid);
  await once(createInterface(child.stdout!), "line");
  return child.pid!;
}

for (const groups of [true, false]) {
  describe(groups ? "in a control group where there is one" : "without control groups", () => {
    test("everything that a command has started ends with it", async () => {
      const folder = mkdtempSync(join(tmpdir(), "moltbot-tree-"));
      using tree = new ProcessTree(newId(), { groups });
      try {
        const pid = await started(tree, folder);
        const pids = readFileSync(join(folder, "pids"), "utf8").trim().split("\n").map(Number);

        tree.end();

        assert.equal(pids.length, WAYS.length);
        assert.deepEqual([pid, ...pids].filter(isAlive), []);
      } finally {
        tree.end();
        rmSync(folder, { recursive: true, force: true });
      }
    });

    test("its guard ends it when the gateway cannot", async () => {
      const folder = mkdtempSync(join(tmpdir(), "moltbot-tree-"));
      using tree = new ProcessTree(newId(), { groups });
      try {
        const pid = await started(tree, folder);
        const pids = readFileSync(join(folder, "pids"), "utf8").trim().split("\n").map(Number);

        await guardTree(pid, tree).release();

        assert.deepEqual([pid, ...pids].filter(isAlive), []);
      } finally {
        tree.end();
        rmSync(folder, { recursive: true, force: true });
      }
    });

    test("nothing else is touched", () => {
      using tree = new ProcessTree(newId(), { groups });
      tree.started(undefined);

      assert.equal(tree.signal("SIGKILL"), 0);
    });
  });
}
