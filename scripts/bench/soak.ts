/** What a long life costs: memory and CPU after thousands of messages, over a fake channel and a model stub. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { against, alone, type Bench, type Figure } from "./figures.ts";
import { inTurns, Life, modelStub, WARM } from "./life.ts";
import { rssMb } from "./process.ts";

/** The gateway looks every ten seconds whether it is quiet, and is given a few looks. */
const QUIET_MS = 60_000;
const RSS_REACH_MB = 150;
/** How many messages are measured. */
const MEASURED = 1_000;

/** Memory after a soak and a rest; CPU of a message then, over that of a young gateway; bytes on disk. */
export async function soak(bench: Bench): Promise<Figure[]> {
  await using model = await modelStub(bench);
  await using old = await Life.begin(bench, model.url);
  const total = bench.quick ? 2_000 : 5_000;
  await old.talk.say(total - MEASURED);
  const { ours, floor } = await besideYoung(old, bench, model.url);
  const memory = await restingMb(old.gateway.pid);
  const name = `soak of ${total} messages`;
  return [
    alone(`${name}: memory when quiet again`, "MB", memory, RSS_REACH_MB),
    against(`${name}: CPU of the last ${MEASURED} to a young gateway's`, "ms", { ours, floor, reach: 1.15 }),
    alone(`${name}: database, each`, "KB", statSync(join(old.stateDir, "state.db")).size / 1024 / (WARM + total), 4),
  ];
}

/** CPU of messages beside those of a gateway whose conversations are short. */
async function besideYoung(old: Life, bench: Bench, modelUrl: string): Promise<{ ours: number; floor: number }> {
  await using young = await Life.begin({ ...bench, port: bench.port + 1 }, modelUrl);
  return await inTurns(MEASURED, { ours: old, floor: young });
}

/** Resident memory once it has come down, or after a while. */
async function restingMb(pid: number): Promise<number> {
  for (const until = performance.now() + QUIET_MS; performance.now() < until; await sleep(500))
    if (rssMb(pid) <= RSS_REACH_MB) break;
  return rssMb(pid);
}
