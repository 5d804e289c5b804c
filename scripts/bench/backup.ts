/** What a backup of a full state costs: how long it takes, and for how long the gateway answers nobody meanwhile. */
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, waitForPort } from "./client.ts";
import { alone, type Bench, type Figure } from "./figures.ts";
import { fill, heldMs, launched } from "./full-state.ts";

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
  const file = join(bench.stateDir, "..", "loop-held");
  const preload = ["--conditions=moltbot-source", "--import", join(bench.here, "loop-held.ts")];
  await using gateway = launched({ ...bench, env: { ...bench.env, LOOP_HELD_FILE: file } }, preload);
  await waitForPort(bench.port);
  const client = await connect(bench);
  const figures: Figure[] = [];
  for (const [name, params] of [
    ["a backup", {}],
    ["an encrypted backup", { passphrase: "of the benchmark" }],
  ] as const) {
    await heldMs(gateway, file);
    const startedAt = performance.now();
    await client.request("backup.now", params);
    const seconds = (performance.now() - startedAt) / 1_000;
    figures.push(
      alone(`${name} of a state of 600 MB`, "s", seconds, SECONDS_REACH),
      alone(`${name} of a state of 600 MB, loop held`, "ms", await heldMs(gateway, file), HELD_REACH_MS),
    );
  }
  client.close();
  return figures;
}
