/** The folder with the backups of a state folder: what they are called, what there is, and which are old. */
import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, rmSync, statSync } from "node:fs";
import { readdir, rm, stat, statfs } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { codeOf, TellableError } from "../errors.ts";
import { expandHome } from "../files.ts";
import { storageProblem } from "../process/machine.ts";
import { isBusy } from "../store/store-held.ts";
import { BACKUP_LOCK } from "./contents.ts";

/** A backup in the folder. */
export interface StoredBackup {
  readonly file: string;
  readonly path: string;
  /** Epoch ms. */
  readonly at: number;
  readonly bytes: number;
  readonly isEncrypted: boolean;
}

/** Which backups are kept. */
export interface RetentionRules {
  /** The newest of so many days. */
  readonly days: number;
  /** The newest of so many weeks. */
  readonly weeks: number;
  /** All together; the newest one stays in any case. */
  readonly maxBytes: number;
}

/** Where backups are put: the folder of the settings, else one beside the state folder. */
export function backupFolder(stateDir: string, folder?: string): string {
  return folder === undefined ? `${resolve(stateDir)}-backups` : resolve(stateDir, expandHome(folder));
}

/** The file of the statement journal: the one that the settings name, or one of its own in a folder that they name. */
export function journalFile(stateDir: string, stream: string): string {
  const path = resolve(stateDir, expandHome(stream));
  const isFolder = /[/\\]$/.test(stream) || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder ? join(path, "moltbot.journal") : path;
}

const NAME = /^moltbot-(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)-(\d{3})Z\.tar\.zst(\.sealed)?$/;
const PARTS = /^moltbot-.+\.(partial|database)$/;
const DAY_MS = 24 * 3_600_000;

/** The name of a backup of that time. */
export function backupName(at: number, isEncrypted: boolean): string {
  return `moltbot-${new Date(at).toISOString().replace(/[:.]/g, "-")}.tar.zst${isEncrypted ? ".sealed" : ""}`;
}

/** The backups of a folder, newest first. */
export async function backupsIn(folder: string): Promise<StoredBackup[]> {
  const found = (await namesIn(folder)).map(async (file) => {
    const [, day, hours, minutes, seconds, ms, sealed] = NAME.exec(file) ?? [];
    if (day === undefined) return [];
    const path = join(folder, file);
    const at = Date.parse(`${day}T${hours}:${minutes}:${seconds}.${ms}Z`);
    return [{ file, path, at, bytes: (await stat(path)).size, isEncrypted: sealed !== undefined }];
  });
  return (await Promise.all(found)).flat().sort((a, b) => b.at - a.at);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

/** A path in the folder for a backup of that time. A clock that was set back does not lead to the name of another one. */
export function unusedPath(folder: string, at: number, isEncrypted: boolean): string {
  const path = join(folder, backupName(at, isEncrypted));
  return existsSync(path) ? unusedPath(folder, at + 1, isEncrypted) : path;
}

/** The path of a backup that somebody names: by its file name in the folder, by a path, or the newest one. */
export async function findBackup(folder: string, named?: string): Promise<string> {
  if (named === undefined) {
    const [newest] = await backupsIn(folder);
    if (newest) return newest.path;
    throw new TellableError(`there is no backup in ${folder}; make one with \`moltbot backup now\``);
  }
  return named === basename(named) && NAME.test(named) ? join(folder, named) : resolve(expandHome(named));
}

/** The backups that the rules no longer keep; the newest is always kept. */
export function expiredBackups(
  backups: readonly StoredBackup[],
  { days, weeks, maxBytes }: RetentionRules,
): StoredBackup[] {
  const sorted = backups.toSorted((a, b) => b.at - a.at);
  const newestOf = (period: number, count: number) => {
    const firsts = new Map<number, StoredBackup>();
    for (const each of sorted) {
      const number = Math.floor(each.at / period);
      if (!firsts.has(number)) firsts.set(number, each);
    }
    return [...firsts.values()].slice(0, count);
  };
  const wanted = new Set([...newestOf(DAY_MS, days), ...newestOf(7 * DAY_MS, weeks), ...sorted.slice(0, 1)]);
  let bytes = 0;
  return sorted.filter((each, index) => {
    if (!wanted.has(each)) return true;
    bytes += each.bytes;
    return bytes > maxBytes && index > 0;
  });
}

/**
 * Removes the old ones, but not the one at `fresh`: after a clock was set back, the one that was just made looks old.
 * Returns what was removed.
 */
export async function pruneBackups(folder: string, keeping: RetentionRules, fresh?: string): Promise<StoredBackup[]> {
  const old = expiredBackups(await backupsIn(folder), keeping).filter(({ path }) => path !== fresh);
  for (const { path } of old) await rm(path, { force: true });
  return old;
}

/** Makes the folder of a backup where there is none; one that is there keeps its mode. Throws `TellableError` when nobody can write there. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw unusable(path, cause);
  }
}

function unusable(folder: string, cause: unknown): TellableError {
  const why = storageProblem(cause) ?? codeOf(cause) ?? "no reason is known";
  return new TellableError(
    `backups cannot be put into ${folder}: ${why}; make it a folder that can be written, or name another place`,
    { cause },
  );
}

/**
 * Keeps others from making a backup of a state folder until it is disposed, or the process ends in any way: the lock is the
 * operating system's. It is in the state folder, since the disk of the backups may know no locks. Throws
 * `TellableError` when another process makes one.
 */
export function lockBackups(stateDir: string): Disposable {
  const path = join(stateDir, BACKUP_LOCK);
  closeSync(openSync(path, "a", 0o600));
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    lock.exec("pragma journal_mode = memory; begin exclusive");
  } catch (cause) {
    lock.close();
    if (!isBusy(cause)) throw cause;
    throw new TellableError(`another backup of ${stateDir} is being made; wait until it is there`, { cause });
  }
  return {
    [Symbol.dispose]() {
      rmSync(path, { force: true });
      lock.close();
    },
  };
}

/** Removes what a kill has left of backups. Nobody else may be making one there. */
export async function tidyBackups(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) if (PARTS.test(name)) await rm(join(folder, name), { force: true });
}

/** Throws `TellableError` when the disk of `folder` has less than `bytes` free. */
export async function requireRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes) return;
  const short = `${megabytes(free)} are free, ${megabytes(bytes)} are needed`;
  throw new TellableError(`there is no room in ${folder}: ${short}; make room, or set backup.folder to another disk`);
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1_000_000)} MB`;
}

/** Whether a folder is the usual one beside the state folder, where nothing is gained by encryption. */
export function isBeside(stateDir: string, folder: string): boolean {
  return resolve(folder) === backupFolder(stateDir);
}
