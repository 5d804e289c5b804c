/**
 * Decides whether a database file is what its gateway left: the mark of a clean end, the refusal of a used folder whose
 * database is gone, and the copy of a write-ahead log that SQLite would partly drop.
 */
import { copyFileSync, existsSync, rmSync, statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { StartError } from "../errors.ts";
import { readTextIfExists, writePrivateFile } from "../files.ts";
import { copiesOf } from "./store-files.ts";
import { readWal } from "./store-wal.ts";

const markOf = (path: string) => `${path}.closed`;

/**
 * Whether the file at `path` is unchanged since a clean end. A leftover journal, or any later write, shows that it is
 * not.
 */
export function endedCleanly(path: string): boolean {
  return !existsSync(`${path}-wal`) && readTextIfExists(markOf(path)) === stateOf(path);
}

/** Removes the mark of a clean end; from here on only `markCleanEnd` says that the end was clean. */
export function removeMark(path: string): void {
  rmSync(markOf(path), { force: true });
}

/** Notes that the closed file at `path` is whole. */
export function markCleanEnd(path: string): void {
  if (existsSync(`${path}-wal`)) return;
  writePrivateFile(markOf(path), stateOf(path) ?? "");
}

/** The facts that every write to a file changes. */
function stateOf(path: string): string | undefined {
  const state = statSync(path, { bigint: true, throwIfNoEntry: false });
  return state && `${state.size} bytes, written at ${state.mtimeNs} ns\n`;
}

/**
 * Throws `StartError` when the database at `path` is missing or empty although the folder was used. SQLite would create
 * a new database and delete the journal of the old one. `signsOfUse` are files that only a gateway with a database
 * makes.
 */
export function refuseWhenEmptied(path: string, signsOfUse: readonly string[]): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size !== undefined && size > 0) return;
  const journalBytes = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  if (journalBytes === 0 && !wasUsed(path, signsOfUse)) return;
  throw new StartError(
    `${path} is ${size === undefined ? "missing" : "empty"}, but this folder was used. Nothing was changed. ${recoveryAdvice(path)}`,
    { isLasting: true },
  );
}

/** Whether other files show that the folder of the database at `path` was used before. */
export function wasUsed(path: string, signsOfUse: readonly string[]): boolean {
  return copiesOf(path).length > 0 || [markOf(path), ...signsOfUse].some((file) => existsSync(file));
}

/** Whether the database holds no tables. This is also so after a first start that was killed at once. */
export function isEmptied(db: DatabaseSync): boolean {
  const names = db.prepare("select name from sqlite_schema where type = 'table'").all();
  if (!names.some(({ name }) => name === "schema_versions")) return true;
  return db.prepare("select 1 from schema_versions").get() === undefined;
}

/** What an operator can do about a database that cannot be used, as sentences with the commands. */
export function recoveryAdvice(path: string): string {
  const newest = copiesOf(path)[0];
  const restore = newest
    ? `; \`moltbot doctor --restore\` goes back to the newest sound copy (${newest.name}, of ${dayOf(newest.at)})`
    : "";
  return (
    "Stop any supervisor, then choose: `moltbot doctor --salvage` gets back what can still be read" +
    `${restore}; \`moltbot doctor --start-empty\` begins with an empty one. ` +
    `${newest ? "" : "There is no copy of it. "}Each keeps the old files.`
  );
}

function dayOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/**
 * Keeps a copy of a damaged write-ahead log before SQLite overwrites the part that it drops. Returns the copy's path,
 * or undefined when the log is sound. Call it while the database is locked and not yet written to.
 */
export function keepDamagedWal(path: string): string | undefined {
  if (!readWal(path)?.isDamaged) return undefined;
  const kept = `${path}-wal.damaged-${Date.now()}`;
  copyFileSync(`${path}-wal`, kept);
  return kept;
}

/** What a start with a damaged database ends with. */
export function damaged(path: string, cause: unknown): StartError {
  return new StartError(`${path} is damaged. ${recoveryAdvice(path)}`, { cause, isLasting: true });
}
