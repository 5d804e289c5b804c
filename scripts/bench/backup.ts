/** What a backup of a full state costs: how long it takes, and for how long the gateway answers nobody meanwhile. */
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, waitForPort } from "./client.ts";
import { alone, type Bench, type Figure } from "./figures.ts";
import { fill, heldMs, launched } from "./full-state.ts";
import { Child } from "./process.ts";

const STATE_BYTES = 600 * 1024 * 1024;
/** Pictures and recordings, which no compression makes smaller. */
const FILE_BYTES = 2 * 1024 * 1024;
const HELD_REACH_MS = 50;
const SECONDS_REACH = 20;

/** A backup of 600 MB, unencrypted and encrypted. */
export async function backup(bench: Bench): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "moltbot-bench-backup-"));
  const stateDir = join(folder, "state");
  try {
    const part = bench.quick ? 10 : 1;
    mkdirSync(join(stateDir, "media"), { recursive: true, mode: 0o700 });
    fill(join(stateDir, "state.db"), part);
    const left = STATE_BYTES / part - statSync(join(stateDir, "state.db")).size;
    for (let n = 0; n * FILE_BYTES < left; n++)
      writeFileSync(join(stateDir, "media", `${n}.jpg`), randomBytes(FILE_BYTES), { mode: 0o600 });
    writeFileSync(join(stateDir, "moltbot.json"), JSON.stringify({ models: { detectLocal: false } }));
    return await measured({ ...bench, stateDir, env: { ...bench.env, MOLTBOT_STATE_DIR: stateDir } });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measured(bench: Bench): Promise<Figure[]> {
  const fileOf = (name: string) => join(bench.stateDir, "..", `loop-held-${name}`);
  const preload = ["--conditions=moltbot-source", "--import", join(bench.here, "loop-held.ts")];
  const [ours, bare] = [fileOf("ours"), fileOf("bare")];
  await using gateway = launched({ ...bench, env: { ...bench.env, LOOP_HELD_FILE: ours } }, preload);
  // A busy machine holds every process: what a bare one meets meanwhile is not the backup's doing.
  await using idle = new Child([...preload, "-e", "setInterval(() => {}, 1e9)"], {
    ...bench.env,
    LOOP_HELD_FILE: bare,
  });
  await waitForPort(bench.port);
  // What a gateway does after its start is not the backup's doing either.
  await sleep(10_000);
  const client = await connect(bench);
  const held = async () => ({ ours: await heldMs(gateway, ours), bare: await heldMs(idle, bare) });
  const figures: Figure[] = [];
  const size = bench.quick ? "60 MB" : "600 MB";
  for (const [name, params] of [
    ["a backup", {}],
    ["an encrypted backup", { passphrase: "of the benchmark" }],
  ] as const) {
    await held();
    const startedAt = performance.now();
    await client.request("backup.now", params);
    const seconds = (performance.now() - startedAt) / 1_000;
    const { ours: own, bare: least } = await held();
    figures.push(
      alone(`${name} of a state of ${size}`, "s", seconds, SECONDS_REACH),
      alone(
        `${name} of a state of ${size}, loop held beyond a bare one`,
        "ms",
        Math.max(0, own - least),
        HELD_REACH_MS,
      ),
    );
  }
  client.close();
  return figures;
}
