// The kill drill with a fixed seed: what `moltbot drill` does, on all channels.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runDrill } from "../../packages/gateway/src/cli/drill/drill.ts";
import { startFakes } from "../../packages/gateway/src/cli/drill/platforms.ts";
import { PROGRAM } from "../support/program.ts";

const SEED = 20_260_127;

test("a gateway that is killed again and again loses nothing and says nothing twice", {
  timeout: 1_200_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "moltbot-drill-"));
  const { platforms, left } = await startFakes();
  try {
    const { sent, answered, inDoubt, lost, doubled, stale, undecided } = await runDrill({
      ...{ kills: 6, seed: SEED, burst: 5, platforms },
      stateDir: join(folder, "state"),
      program: PROGRAM,
      progress: () => {},
    });

    assert.deepEqual(left, []);
    assert.equal(platforms.length, 6);
    assert.deepEqual({ lost, doubled, stale, undecided }, { lost: [], doubled: [], stale: [], undecided: 0 });
    assert.equal(answered + inDoubt, sent);
    assert.ok(sent > 60, `${sent} messages`);
  } finally {
    for (const platform of platforms) await platform[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  }
});
