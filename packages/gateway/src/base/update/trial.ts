/**
 * Tries a new version in the place of the one that has just stopped: starts it, watches it, and keeps it or goes back, the
 * database with it when the new version has changed its tables. What is half done is taken back at the next start.
 */
import { createHash } from "node:crypto";
import { constants, copyFileSync, existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ignore, messageOf, TellableError } from "../errors.ts";
import { databasePath, type Env } from "../files.ts";
import { isHeld } from "../store/store-held.ts";
import { endLeftoverTrial } from "./leftovers.ts";
import {
  currentVersion,
  pointTo,
  programOf,
  pruneVersions,
  readUpdate,
  type UpdateRecord,
  versionFolder,
  writeUpdate,
} from "./record.ts";
import { runOnce, WatchedGateway } from "./watched-gateway.ts";

export interface TrialOptions {
  readonly stateDir: string;
  readonly env: Env;
  /** The words behind the program's name: those that the gateway was started with. */
  readonly args: readonly string[];
  readonly signal: AbortSignal;
  /** Descriptors of sockets that a supervisor listens on: the version is given them. */
  readonly sockets?: readonly number[] | undefined;
}

/** How an update ended: with the program to go on with, or with the one that is there. */
export type TrialOutcome =
  | { readonly kind: "kept"; readonly program: string; readonly version: string }
  | { readonly kind: "back"; readonly why: string };

/** Tries the update that is on record; undefined when there is none. Nobody may use the database. */
export async function tryUpdate(options: TrialOptions): Promise<TrialOutcome | undefined> {
  const { stateDir, env, args, signal, sockets } = options;
  const ready = readUpdate(stateDir);
  if (ready?.phase !== "ready") return undefined;
  const program = programOf(versionFolder(stateDir, ready.to));
  if (program === undefined) return back(stateDir, ready, "it is not there any more");
  const path = databasePath(stateDir);
  const record: UpdateRecord = { ...ready, phase: "trial", schema: schemaOf(path) };
  try {
    copyFileSync(path, keptOf(path), constants.COPYFILE_FICLONE);
    writeUpdate(stateDir, record);
  } catch (error) {
    return back(stateDir, ready, messageOf(error));
  }
  const gateway = new WatchedGateway([program, ...args], {
    ...{ stateDir, signal, sockets, isQuiet: false, env: { ...env, MOLTBOT_UPDATE_TRIAL: "1" } },
  });
  try {
    await gateway.answers();
    await gateway.staysWell(record);
    await requireAccounts(program, { record, env, stateDir, signal });
    await gateway.stop();
    keep(stateDir, record);
  } catch (error) {
    await gateway.kill();
    return back(stateDir, record, messageOf(error));
  }
  return { kind: "kept", program, version: record.to };
}

/** Switches to a version that is ready, while no gateway runs that could be watched; false when none is ready. */
export function switchTo(stateDir: string): boolean {
  const ready = readUpdate(stateDir);
  if (ready?.phase === "ready") keep(stateDir, ready);
  return ready?.phase === "ready";
}

/** The version stays. Once `current` names it that is decided: a start after a kill finishes what is left of this. */
function keep(stateDir: string, record: UpdateRecord): void {
  pointTo(stateDir, record.to);
  writeUpdate(stateDir, { ...record, phase: "done" });
  rmSync(keptOf(databasePath(stateDir)), { force: true });
  try {
    pruneVersions(stateDir, record.from, ...(record.before === undefined ? [] : [record.before]));
  } catch (error) {
    ignore(error, "the next update removes what is old");
  }
}

/** Every account that was connected before must not be refused now. Throws `TellableError` with the account. */
async function requireAccounts(
  program: string,
  { record, env, stateDir, signal }: { record: UpdateRecord; env: Env; stateDir: string; signal: AbortSignal },
): Promise<void> {
  if (record.connected.length === 0) return;
  const more = { env: { ...env, MOLTBOT_STATE_DIR: stateDir }, signal, limitMs: HEALTH_MS };
  const { code, out } = await runOnce(program, ["health", "--json"], more);
  // A gateway that lets this machine in only with a secret of its flags cannot be asked.
  if (code !== 0) return;
  const { channels = {} } = JSON.parse(out) as {
    channels?: Record<string, { accounts?: Record<string, { state?: string }> }>;
  };
  for (const name of record.connected) {
    const [channel = "", account = ""] = name.split(" ");
    const state = channels[channel]?.accounts?.[account]?.state;
    if (state === undefined || REFUSED.has(state))
      throw new TellableError(`the account ${account} of ${channel} is refused`);
  }
}

/** States of an account that do not pass by themselves. */
const REFUSED: ReadonlySet<string> = new Set(["failed", "unconfigured"]);
const HEALTH_MS = 20_000;

/** Points back to the version from before, when that was asked for; gives the words that start it. */
export function undoUpdate(stateDir: string): readonly string[] | undefined {
  const record = readUpdate(stateDir);
  if (record?.phase !== "undo") return undefined;
  pointTo(stateDir, record.before);
  writeUpdate(stateDir, { ...record, phase: "undone" });
  return record.program;
}

/** Takes back an update that was interrupted while it was tried; one that was decided is finished. */
export async function takeUpUpdate(stateDir: string): Promise<void> {
  const record = readUpdate(stateDir);
  if (record === undefined) return;
  await endLeftoverTrial(stateDir);
  // The start itself fails when the database is in use, and names the process that uses it.
  if (isHeld(databasePath(stateDir))) return;
  if (record.phase === "undo") undoUpdate(stateDir);
  else if (record.phase === "trial" && currentVersion(stateDir) === record.to) keep(stateDir, record);
  else back(stateDir, record, "it was interrupted");
}

function back(stateDir: string, record: UpdateRecord, why: string): TrialOutcome {
  // A killed version leaves its note; nobody must take it for a gateway that runs.
  rmSync(join(stateDir, "gateway.json"), { force: true });
  if (record.phase === "trial") databaseBack(databasePath(stateDir), record);
  else rmSync(keptOf(databasePath(stateDir)), { force: true });
  writeUpdate(stateDir, { ...record, phase: "failed", why });
  return { kind: "back", why };
}

/** The database goes back only when its tables are others now: what came meanwhile is not given up without need. */
function databaseBack(path: string, { schema, at }: UpdateRecord): void {
  const kept = keptOf(path);
  if (!existsSync(kept)) return;
  if (existsSync(path) && schemaOf(path) === schema) return rmSync(kept, { force: true });
  for (const end of ["", "-wal", "-shm"])
    if (existsSync(`${path}${end}`)) renameSync(`${path}${end}`, `${path}.tried-${at}${end}`);
  rmSync(`${path}.closed`, { force: true });
  renameSync(kept, path);
}

const keptOf = (path: string) => `${path}.before-update`;

/** The tables of a database as one hash; undefined when it cannot be read. */
function schemaOf(path: string): string | undefined {
  try {
    using db = new DatabaseSync(path, { timeout: 0 });
    db.exec("pragma locking_mode = exclusive");
    const tables = db.prepare("select type, name, sql from sqlite_schema order by type, name").all();
    const versions = db.prepare("select slice, version from schema_versions order by slice").all();
    const [check] = db.prepare("pragma quick_check(1)").all();
    if (Object.values(check ?? {})[0] !== "ok") throw new TellableError("it is damaged");
    return createHash("sha256")
      .update(JSON.stringify([tables, versions]))
      .digest("hex");
  } catch (error) {
    return ignore(error, "a database that cannot be read is not the one from before") as undefined;
  }
}
