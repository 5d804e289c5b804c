import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { problemCarryingOver } from "../../../base/backup/carry-over.ts";
import { databasePath } from "../../../base/files.ts";
import { insertInto } from "../../../base/store/statement.ts";
import { openStore, type Store } from "../../../base/store/store.ts";
import { tables } from "./tables.ts";

const stateDir = mkdtempSync(join(tmpdir(), "moltbot-deliveries-"));
after(() => rmSync(stateDir, { recursive: true }));

function deliver(store: Store, id: number, more: { run_id?: string; run_end?: string } = {}): void {
  const about = { hook: "wake", source: "1.2.3.4", outcome: "woken", status: 200, answer: "{}", bytes: 2 };
  store.run(...insertInto("hook_deliveries", { id, at: id, ...about, ...more }));
}

test("deliveries without keys are taken over once, and a run that has ended since the backup has ended", () => {
  const source = join(stateDir, "restoring", "state");
  mkdirSync(source, { recursive: true });
  {
    using older = openStore(databasePath(source), [tables]);
    deliver(older, 1);
    deliver(older, 2, { run_id: "run" });
  }
  {
    using newer = openStore(databasePath(stateDir), [tables]);
    deliver(newer, 1);
    deliver(newer, 2, { run_id: "run", run_end: "ok" });
    deliver(newer, 3);
  }

  const plan = { source, staging: join(stateDir, "restoring") } as never;
  const problems = [1, 2].map(() => problemCarryingOver(stateDir, plan, [tables]));

  assert.deepEqual(problems, [undefined, undefined]);
  using store = openStore(databasePath(source), [tables]);
  assert.deepEqual(
    store.all("select id, run_end from hook_deliveries order by id").map((row) => Object.values(row)),
    [
      [1, null],
      [2, "ok"],
      [3, null],
    ],
  );
});
