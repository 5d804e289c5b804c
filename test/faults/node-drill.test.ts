// What `moltbot drill --node` does, from source: programs run on a node while the gateway or the node is killed.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runNodeDrill } from "../../packages/gateway/src/cli/drill/node.ts";
import { PROGRAM } from "../support/program.ts";

test("each call of a node has one end that says what became of it, and no allowed program runs twice", {
  timeout: 600_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "moltbot-drill-"));
  using stack = new DisposableStack();
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));

  const { calls, answered, refused, broken, unknown, programs, lost, doubled } = await runNodeDrill({
    ...{ kills: 6, seed: 20_261_130, folder, program: PROGRAM, progress: () => {} },
  });

  assert.deepEqual({ lost, doubled }, { lost: [], doubled: [] });
  assert.equal(answered + refused + broken + unknown, calls);
  assert.equal(calls, 26);
  assert.ok(programs > 2 && broken > 2, `${programs} programs, ${broken} calls without an answer`);
});
