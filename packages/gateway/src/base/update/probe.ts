/** Tries a version on a copy of the database, without accounts and without work that waits. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { TellableError } from "../errors.ts";
import { databasePath, type Env, makePrivateDir, writePrivateFile } from "../files.ts";
import { newId } from "../ids.ts";
import type { Tables } from "../store/store.ts";
import { programOf, versionFolder, versionsFolder } from "./record.ts";
import { runOnce, WatchedGateway } from "./watched-gateway.ts";

export interface ProbeOptions {
  readonly stateDir: string;
  readonly version: string;
  readonly tables: readonly Tables[];
  readonly env: Env;
  readonly signal: AbortSignal;
  copyDatabase(target: string): Promise<void>;
}

/** The canned run may take this long, ms. */
const RUN_MS = 40_000;

/**
 * Starts the version on a copy: its migrations, its slices, its port, a run of a built-in command, a clean stop. Throws
 * `TellableError` with what does not work; nothing of the probe is left.
 */
export async function probe({ stateDir, version, tables, env, signal, copyDatabase }: ProbeOptions): Promise<void> {
  const program = programOf(versionFolder(stateDir, version));
  if (program === undefined) throw new TellableError(`version ${version} is not complete: it has no bin/moltbot.mjs`);
  const scratch = join(versionsFolder(stateDir), `.probe-${newId()}.tmp`);
  makePrivateDir(scratch);
  try {
    await copyDatabase(databasePath(scratch));
    withoutWork(databasePath(scratch), tables);
    writePrivateFile(join(scratch, "moltbot.json"), JSON.stringify(QUIET(newId())));
    const own = {
      ...pick(env, "PATH", "HOME", "NODE_OPTIONS", "TMPDIR"),
      MOLTBOT_STATE_DIR: scratch,
      MOLTBOT_UPDATE_TRIAL: "1",
    };
    const gateway = new WatchedGateway([program, "gateway", "--port", "0", "--bind", "loopback"], {
      ...{ stateDir: scratch, env: own, signal, isQuiet: true },
    });
    try {
      await gateway.answers();
      await canned(program, own, signal);
    } finally {
      await gateway.stop();
    }
  } catch (error) {
    if (!(error instanceof TellableError)) throw error;
    throw new TellableError(`version ${version} failed its trial on a copy: ${error.message}`, { cause: error });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Nothing that reaches out or begins by itself. */
const QUIET = (token: string) => ({
  gateway: { auth: { mode: "token", token } },
  cron: { enabled: false },
  backup: { schedule: "off" },
  models: { detectLocal: false },
});

/** Removes work that is not finished: the real gateway does it. */
function withoutWork(path: string, tables: readonly Tables[]): void {
  using db = new DatabaseSync(path);
  for (const { finished = {} } of tables)
    for (const [table, condition] of Object.entries(finished))
      db.exec(`delete from ${table} where not coalesce((${condition}), 0)`);
}

async function canned(program: string, env: Env, signal: AbortSignal): Promise<void> {
  const { code } = await runOnce(program, ["agent", "-m", "/status"], { env, signal, limitMs: RUN_MS });
  if (code !== 0) throw new TellableError("a message was not answered");
}

function pick(env: Env, ...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
