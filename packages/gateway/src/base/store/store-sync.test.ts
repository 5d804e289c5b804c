import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { LateSync, SYNC_WITHIN_MS } from "./store-sync.ts";

const folder = mkdtempSync(join(tmpdir(), "moltbot-sync-"));
const path = join(folder, "state.db");
closeSync(openSync(`${path}-wal`, "a"));
after(() => rmSync(folder, { recursive: true }));

/** Counts how often the disk was asked. */
class Asked extends LateSync {
  count = 0;

  protected override async sync(): Promise<void> {
    await super.sync();
    this.count++;
  }
}

describe("a commit that waited for no disk", () => {
  test("is on disk soon, with all that came meanwhile", async () => {
    using late = new Asked(path);

    for (let n = 0; n < 5; n++) late.behind();
    while (late.count === 0) await sleep(10);

    assert.deepEqual([late.count, late.isBehind], [1, false]);
  });

  test("needs nothing more when a later one has waited", async () => {
    using late = new Asked(path);
    late.behind();
    late.caughtUp();

    await sleep(SYNC_WITHIN_MS * 2);

    assert.equal(late.count, 0);
  });

  test("asks a disk that is gone for nothing", async () => {
    using late = new Asked(join(folder, "gone.db"));
    late.behind();

    while (late.count === 0) await sleep(10);
  });
});
