// What `moltbot drill --faults` does, from source: each fault has its row, and none does harm.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FAULT_NAMES, runFaults } from "../../packages/gateway/src/cli/drill/faults.ts";
import { startFakes } from "../../packages/gateway/src/cli/drill/platforms.ts";
import { PROGRAM } from "../support/program.ts";

const NEEDS_ROOT = process.getuid?.() === 0 ? [] : ["no inodes"];

for (const fault of FAULT_NAMES.filter((name) => !NEEDS_ROOT.includes(name)))
  test(`people are answered once, whatever the fault: ${fault}`, { timeout: 1_200_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "moltbot-drill-"));
    await using stack = new AsyncDisposableStack();
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));

    const rows = await runFaults({
      ...{ seed: 20_261_129, burst: 3, folder, program: PROGRAM, only: [fault] },
      platforms: async () => (await startFakes()).platforms,
      progress: () => {},
    });

    assert.deepEqual(
      rows.map(({ problem, result }) => [problem, result?.lost, result?.doubled, result?.undecided]),
      [[undefined, [], [], 0]],
    );
    const { sent = 0, answered = 0, inDoubt = 0 } = rows[0]?.result ?? {};
    assert.ok(sent > 20, `${sent} messages`);
    assert.equal(answered + inDoubt, sent);
  });

for (const fault of NEEDS_ROOT)
  test(`a fault that needs root is left out with the reason: ${fault}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "moltbot-drill-"));
    using stack = new DisposableStack();
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));

    const rows = await runFaults({
      ...{ seed: 1, burst: 1, folder, program: PROGRAM, only: [fault] },
      platforms: async () => [],
      progress: () => {},
    });

    assert.deepEqual(rows, [{ fault, how: "needs root", result: undefined }]);
  });
