/** Whether the statement journal of a gateway gives its database, when it is replayed on an empty file. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "../../packages/gateway/src/base/store/store.ts";
import { dumpInSubprocess } from "../../packages/gateway/src/base/store/store-subprocess.ts";
import { systemClock } from "../../packages/gateway/src/base/time/clock.ts";
import { LIMIT_MS } from "./time-limit.ts";

/** Whether every gateway of this process writes a statement journal that must replay; see `replayed.ts`. */
export const replayed = { isOn: false };

/** Replays the journal of a stopped gateway whose journal began with an empty database, and compares all rows. */
export async function assertReplays(stateDir: string, journal: string): Promise<void> {
  const database = join(stateDir, "state.db");
  if (!existsSync(journal) || !existsSync(database)) return;
  const { readJournal } = await import("../../packages/gateway/src/base/store/journal/reading.ts");
  const { replay } = await import("../../packages/gateway/src/base/store/journal/replay.ts");
  const { TABLES } = await import("../../packages/gateway/src/catalog.ts");
  const fresh = join(stateDir, "..", "replayed.db");
  openStore(fresh, TABLES)[Symbol.dispose]();
  const [head] = readJournal(journal);
  const { transactions } = await replay(fresh, {
    journal,
    tables: TABLES,
    from: { chain: head!.chain, seq: head!.seq },
  });
  const apart = { clock: systemClock, signal: AbortSignal.timeout(LIMIT_MS) };
  assert.deepEqual(await dumpInSubprocess(fresh, apart), await dumpInSubprocess(database, apart));
  assert.ok(transactions > 0, "the gateway has written nothing that could be replayed");
}
