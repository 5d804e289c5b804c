// What `moltbot drill --cron` does, from source: jobs are due all the time, the gateway is killed, and its clock is set.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runCronDrill } from "../../packages/gateway/src/cli/drill/cron.ts";
import { PROGRAM } from "../support/program.ts";

test("each time of a job is run once, or listed as missed, whatever is killed and however the clock is set", {
  timeout: 1_200_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "moltbot-drill-"));
  using stack = new DisposableStack();
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));

  const { slots, ran, missed, lost, doubled } = await runCronDrill({
    ...{ kills: 8, seed: 20_261_130, folder, program: PROGRAM, progress: () => {} },
  });

  assert.deepEqual({ lost, doubled }, { lost: [], doubled: [] });
  assert.equal(ran + missed, slots);
  assert.ok(ran > 20, `${ran} runs`);
});
