/** Makes a backup: a copy of the database, and around it an archive of everything else. */
import { existsSync } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ignore, TellableError } from "../errors.ts";
import { databasePath } from "../files.ts";
import type { JournalPosition } from "../store/journal/line.ts";
import { dumpInSubprocess } from "../store/store-subprocess.ts";
import type { Clock } from "../time/clock.ts";
import { writeArchive } from "./archive.ts";
import {
  backupName,
  isBeside,
  lockBackups,
  makeFolder,
  requireRoom,
  tidyBackups,
  unusedPath,
} from "./backup-folder.ts";
import { rootsOf } from "./contents.ts";
import type { Manifest } from "./manifest.ts";
import { isBackup } from "./unpack.ts";

/** What a backup is made of, and where it is put. */
export interface MakeOptions {
  readonly stateDir: string;
  readonly configPath: string;
  readonly workspaces: readonly string[];
  readonly productVersion: string;
  /** The folder of the backups. */
  readonly folder: string;
  /** The file to write this backup to, instead of the folder of backups. */
  readonly to?: string | undefined;
  readonly passphrase: string | undefined;
  /** Leave it unencrypted wherever it goes. */
  readonly isPlain: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Copies the database to a file; `held` is called at the moment for which the copy stands. */
  copyDatabase(target: string, held: () => void): Promise<void>;
  /** Where the statement journal is now. */
  readonly position?: (() => JournalPosition | undefined) | undefined;
}

export interface MadeBackup {
  readonly path: string;
  readonly bytes: number;
  readonly manifest: Manifest;
}

/** Makes a backup. Throws `TellableError` with what to do; then nothing is left of it, and nothing was changed. */
export async function makeBackup(options: MakeOptions): Promise<MadeBackup> {
  const { stateDir, folder, to, passphrase, isPlain, clock, signal } = options;
  const isEncrypted = passphrase !== undefined && !isPlain;
  const place = to === undefined ? folder : dirname(to);
  if (to !== undefined) await refuseOther(to);
  if (!isEncrypted && !isPlain && !isBeside(stateDir, place)) throw new TellableError(LEAVES);
  makeFolder(folder);
  using _alone = lockBackups(stateDir);
  await tidyBackups(folder);
  const { size } = await stat(databasePath(stateDir));
  await requireRoom(folder, 2 * size + SPARE_BYTES);
  let createdAt = clock.now();
  let journal: JournalPosition | undefined;
  const database = join(folder, `${backupName(createdAt, false)}.database`);
  const over = new AbortController();
  try {
    await options.copyDatabase(database, () => {
      createdAt = clock.now();
      journal = options.position?.();
    });
    const about = { createdAt, productVersion: options.productVersion, ...(journal && { journal }) };
    const given = AbortSignal.any([signal, over.signal]);
    // The copy is read twice at once: a process of its own notes its rows while the archive is written.
    const dump = dumpInSubprocess(database, { clock, signal: given });
    dump.catch((error: unknown) => ignore(error, "the archive throws it"));
    const roots = rootsOf(stateDir, { config: options.configPath, workspaces: options.workspaces });
    const path = to ?? unusedPath(folder, createdAt, isEncrypted);
    const manifest = await writeArchive(
      path,
      { roots, database, about, dump },
      { signal, ...(isEncrypted && { passphrase }) },
    );
    return { path, bytes: (await stat(path)).size, manifest };
  } finally {
    over.abort(new TellableError("the backup is over"));
    await rm(database, { force: true });
  }
}

/** A backup may take the place of a backup, and of no other file. */
async function refuseOther(path: string): Promise<void> {
  if (!existsSync(path) || (await isBackup(path))) return;
  throw new TellableError(`${path} is there and is no backup; name another file`);
}

/** What the archive and its surroundings may take beside the database's copy. */
const SPARE_BYTES = 16 * 1024 * 1024;

const LEAVES =
  "this backup would leave the state folder's place unencrypted; set backup.passphrase (or MOLTBOT_BACKUP_PASSPHRASE), " +
  "or say that it may with backup.plain or --plain";
