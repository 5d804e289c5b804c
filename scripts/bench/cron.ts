/** What 10,000 jobs cost that are not due: start, an idle minute, and a page of the list. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { openStore } from "../../packages/gateway/src/base/store/store.ts";
import { TABLES } from "../../packages/gateway/src/catalog.ts";
import { connect, waitForPort } from "./client.ts";
import { against, alone, type Bench, type Figure } from "./figures.ts";
import { Child, median } from "./process.ts";

const JOBS = 10_000;
const MINUTE_MS = 60_000;
/** Work after a start goes on for a while, and the hourly upkeep comes a minute later, ms. */
const SETTLE_MS = 75_000;

/** A gateway with many jobs over one with none. */
export async function manyJobs(bench: Bench): Promise<Figure[]> {
  const stateDir = mkdtempSync(join(tmpdir(), "moltbot-bench-cron-"));
  try {
    fill(join(stateDir, "state.db"));
    const full = { ...bench, stateDir, env: { ...bench.env, MOLTBOT_STATE_DIR: stateDir } };
    writeFileSync(join(stateDir, "moltbot.json"), JSON.stringify({ models: { detectLocal: false } }));
    const start = { ours: [] as number[], floor: [] as number[] };
    // The first start of each checks a file that nobody has closed.
    for (const each of [bench, full]) await startMs(each);
    for (let round = 0; round < (bench.quick ? 5 : 15); round++) {
      start.floor.push(await startMs(bench));
      start.ours.push(await startMs(full));
    }
    const [ours, floor] = [await measured(full), await measured(bench)];
    return [
      against("10,000 jobs: spawn to first hello-ok, over none", "ms", {
        ...{ ours: median(start.ours), floor: median(start.floor), reach: 1.1 },
      }),
      alone(
        "10,000 jobs: CPU of an idle minute, beside that without jobs",
        "ms",
        Math.max(0, ours.idleMs - floor.idleMs),
        5,
      ),
      alone("10,000 jobs: cron.list of a page", "ms", ours.pageMs, 20),
      alone("10,000 jobs: cron.list of the last page", "ms", ours.lastPageMs, 20),
    ];
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
}

async function startMs(bench: Bench): Promise<number> {
  const startedAt = performance.now();
  await using _gateway = launched(bench);
  await waitForPort(bench.port);
  (await connect(bench)).close();
  return performance.now() - startedAt;
}

function launched(bench: Bench): Child {
  const child = new Child([bench.bin, "gateway", "--port", String(bench.port)], bench.env);
  child.process.stdout!.resume();
  return child;
}

async function measured(bench: Bench) {
  await using gateway = launched(bench);
  await waitForPort(bench.port);
  const client = await connect({ ...bench, mode: "cli", protocol: 4 });
  const page = async (offset: number) => {
    const times: number[] = [];
    for (let round = 0; round < 15; round++) {
      const startedAt = performance.now();
      await client.request("cron.list", { limit: 50, offset });
      times.push(performance.now() - startedAt);
    }
    return median(times);
  };
  const pageMs = await page(0);
  const lastPageMs = await page(JOBS - 50);
  client.close();
  await sleep(SETTLE_MS);
  const before = cpuMs(gateway.pid);
  await sleep(bench.quick ? MINUTE_MS / 4 : MINUTE_MS);
  return { pageMs, lastPageMs, idleMs: cpuMs(gateway.pid) - before };
}

/** CPU time of all threads so far, ms, finer than the ticks of /proc/PID/stat (proc_schedstat). */
function cpuMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const ns = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]),
  );
  return ns.reduce((sum, each) => sum + each, 0) / 1e6;
}

/** Jobs that are due on the days to come, each of which has run. */
function fill(path: string): void {
  openStore(path, TABLES)[Symbol.dispose]();
  const db = new DatabaseSync(path);
  db.exec("begin");
  const job = db.prepare(
    "insert into cron_jobs (id, config, enabled, next_at, created_at, updated_at) values (?, ?, 1, ?, ?, ?)",
  );
  const slot = db.prepare(
    `insert into cron_slots (job_id, job_name, slot_at, begins_at, cause, work, outcome, state, started_at, ended_at, delivery)
     values (?, ?, ?, ?, 'schedule', 'tell', 'fired', 'ok', ?, ?, 'not-requested')`,
  );
  const now = Date.now();
  for (let n = 0; n < JOBS; n++) {
    const id = `job-${String(n).padStart(5, "0")}`;
    const config = {
      ...{
        name: `Job ${n}`,
        sessionTarget: "main",
        wakeMode: "next-heartbeat",
        catchUp: "latest",
        graceMs: 86_400_000,
      },
      ...{ schedule: { kind: "cron", expr: `${n % 60} ${n % 24} * * *`, tz: "Europe/Berlin" } },
      ...{ payload: { kind: "systemEvent", text: `Look at ${n}` }, delivery: { mode: "none" } },
    };
    job.run(id, JSON.stringify(config), now + 3_600_000 + n * 1_000, now - 1_000, now - 1_000 - n);
    for (let run = 1; run <= 5; run++) {
      const at = now - run * 86_400_000 - n;
      slot.run(id, config.name, at, at, at, at);
    }
  }
  db.exec("commit");
  db.close();
}
