/** Makes, lists, checks, restores and prunes the backups of one state folder, also while no gateway runs. */
import { mkdir, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { ignore, TellableError } from "../errors.ts";
import { newId } from "../ids.ts";
import type { JournalPosition } from "../store/journal/line.ts";
import type { Tables } from "../store/store.ts";
import {
  backupFolder,
  backupsIn,
  expiredBackups,
  findBackup,
  pruneBackups,
  type RetentionRules,
  type StoredBackup,
} from "./backup-folder.ts";
import { problemCarryingOver } from "./carry-over.ts";
import { isWithin } from "./contents.ts";
import { type MadeBackup, type MakeOptions, makeBackup } from "./make.ts";
import type { Manifest } from "./manifest.ts";
import {
  type OutsideChanges,
  type PreparedRestore,
  prepareRestore,
  type RestoreOptions,
  reachOf,
  unpackProved,
} from "./restore.ts";
import { type Size, type StateSize, sizeOf, stateSizes } from "./sizes.ts";
import type { RestorePlan } from "./swap.ts";
import { readArchive, readArchiveHead } from "./unpack.ts";

/** The settings of backups, as the config file says them. */
export interface BackupRules {
  readonly folder?: string | undefined;
  readonly keepDaily: number;
  readonly keepWeekly: number;
  readonly maxMegabytes: number;
  readonly plain: boolean;
  /** For how many days what was there before a restore stays. */
  readonly keepRestoresDays: number;
}

/** What the state takes, and what a prune would free. */
export interface DiskUsageReport {
  readonly sizes: readonly StateSize[];
  readonly freeBytes: number;
  /** Old backups and restores, and files of the journal that only those need, bytes. */
  readonly prunableBytes: number;
}

export interface BackupStoreOptions
  extends Pick<MakeOptions, "stateDir" | "configPath" | "productVersion" | "clock" | "signal" | "copyDatabase"> {
  readonly position?: MakeOptions["position"];
  readonly tables: readonly Tables[];
  /** The file of the statement journal. */
  readonly journal?: string | undefined;
  /** Of the settings or the environment. */
  readonly passphrase: string | undefined;
  readonly rules: BackupRules;
  workspaces(): readonly string[];
}

/** Options of one backup. */
export interface NewBackupOptions {
  readonly to?: string | undefined;
  readonly isPlain?: boolean | undefined;
  readonly passphrase?: string | undefined;
}

/** Which backup is restored; the newest one by default. */
export interface PrepareOptions {
  readonly file?: string | undefined;
  /** A moment, epoch ms. */
  readonly at?: number | undefined;
  readonly passphrase?: string | undefined;
}

/** The result of a check of a backup. */
export interface CheckedBackup {
  readonly path: string;
  readonly manifest: Manifest;
}

const DAY_MS = 24 * 3_600_000;

export class BackupStore {
  readonly #options: BackupStoreOptions;

  constructor(options: BackupStoreOptions) {
    this.#options = options;
  }

  /** The folder of the backups. */
  get folder(): string {
    return backupFolder(this.#options.stateDir, this.#options.rules.folder);
  }

  /** The backups, newest first. */
  async list(): Promise<StoredBackup[]> {
    return await backupsIn(this.folder);
  }

  /** Makes a backup, and removes old ones when it is among them. Throws as `makeBackup` does. */
  async now({ to, isPlain, passphrase }: NewBackupOptions = {}): Promise<MadeBackup> {
    const { rules, workspaces, ...options } = this.#options;
    const made = await makeBackup({
      ...options,
      ...{ folder: this.folder, to, workspaces: workspaces() },
      passphrase: passphrase ?? options.passphrase,
      isPlain: isPlain ?? rules.plain,
    });
    if (to === undefined) await this.prune(false, made.path);
    return made;
  }

  /**
   * Reads all of a backup, compares every hash, and says what a restore of it would do outside of the state folder. Throws
   * `TellableError` when a hash differs.
   */
  async verify({ file, at, passphrase }: PrepareOptions = {}): Promise<CheckedBackup & OutsideChanges> {
    const path = await findBackup(this.folder, file ?? (at === undefined ? undefined : await this.#before(at)));
    const manifest = await readArchive(path, this.#reading(passphrase));
    const { stateDir, configPath } = this.#options;
    return { path, manifest, ...reachOf(manifest, { stateDir, configPath }) };
  }

  /** Restores a backup into a folder of its own, compares its rows with what was written down, and removes it. */
  async drill(named?: string, passphrase?: string): Promise<CheckedBackup> {
    const path = await findBackup(this.folder, named);
    const scratch = join(this.folder, `drill-${newId()}`);
    await mkdir(scratch, { recursive: true, mode: 0o700 });
    try {
      return { path, manifest: await unpackProved(path, scratch, this.#restoring(passphrase)) };
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  /** Removes old backups and what only they needed, or only says which those are. */
  async prune(isDry = false, fresh?: string): Promise<StoredBackup[]> {
    if (isDry) return expiredBackups(await this.list(), this.#keeping);
    for (const path of await this.#oldRestores()) await rm(path, { recursive: true, force: true });
    const old = await pruneBackups(this.folder, this.#keeping, fresh);
    await this.#pruneJournal(await this.list(), false);
    return old;
  }

  /** What uses the space of the state folder. */
  async report(): Promise<DiskUsageReport> {
    const { stateDir } = this.#options;
    const all = await this.list();
    const old = expiredBackups(all, this.#keeping);
    const kept = all.filter((each) => !old.includes(each));
    const restores = await Promise.all((await this.#oldRestores()).map((path) => sizeOf(path)));
    const { bavail, bsize } = await statfs(stateDir);
    return {
      sizes: await stateSizes(stateDir, this.folder, await this.#journalSize()),
      freeBytes: bavail * bsize,
      prunableBytes: [...old, ...restores].reduce(
        (sum, { bytes }) => sum + bytes,
        await this.#pruneJournal(kept, true),
      ),
    };
  }

  get #keeping(): RetentionRules {
    const { keepDaily, keepWeekly, maxMegabytes } = this.#options.rules;
    return { days: keepDaily, weeks: keepWeekly, maxBytes: maxMegabytes * 1_000_000 };
  }

  /** What the journal takes outside the state folder. */
  async #journalSize(): Promise<Size> {
    const { journal, stateDir } = this.#options;
    if (journal === undefined || isWithin(stateDir, journal)) return { files: 0, bytes: 0 };
    return (await import("../store/journal/files.ts")).journalSize(journal);
  }

  /** Removes the files of the journal that none of these backups needs. Returns their bytes. */
  async #pruneJournal(kept: readonly StoredBackup[], isDry: boolean): Promise<number> {
    const { journal } = this.#options;
    if (journal === undefined) return 0;
    const { fullFiles, pruneJournal } = await import("../store/journal/files.ts");
    if (fullFiles(journal).length === 0) return 0;
    const places: JournalPosition[] = [];
    for (const { path } of kept) {
      const head = await readArchiveHead(path, this.#reading(undefined)).catch((error: unknown) =>
        ignore(error, "it may need any file of the journal"),
      );
      if (!head) return 0;
      if (head.journal) places.push(head.journal);
    }
    return pruneJournal(journal, places, isDry);
  }

  async #oldRestores(): Promise<string[]> {
    const { stateDir, clock, rules } = this.#options;
    const { oldRestores, unfinishedRestores } = await import("./swap.ts");
    return [
      ...oldRestores(stateDir, clock.olderThan(rules.keepRestoresDays * DAY_MS)),
      ...unfinishedRestores(stateDir, clock.olderThan(DAY_MS)),
    ];
  }

  /**
   * Makes a restore ready beside the state, which stays as it is: of a backup, or with `at` of a moment, for which the
   * statement journal brings the newest backup before it forward. Throws as `prepareRestore` does.
   */
  async prepare({ file, at, passphrase }: PrepareOptions): Promise<PreparedRestore> {
    const options = this.#restoring(passphrase);
    const { stateDir } = this.#options;
    if (at === undefined) return await prepareRestore(stateDir, await findBackup(this.folder, file), options);
    const { journal } = this.#options;
    if (journal === undefined)
      throw new TellableError("there is no journal: set backup.stream first, then times can be chosen");
    const path = await findBackup(this.folder, file ?? (await this.#before(at)));
    const { tables } = options;
    return await prepareRestore(stateDir, path, {
      ...options,
      async advance(database, { journal: from }) {
        if (!from)
          throw new TellableError("that backup was made without a journal; take a later one, or leave out --at");
        const { replay } = await import("../store/journal/replay.ts");
        await replay(database, { journal, tables, from, until: at, passphrase: options.passphrase });
      },
    });
  }

  /** Carries over what came in and went out since the backup; false when the present database cannot be read. */
  carryOver(plan: RestorePlan): boolean {
    const { stateDir, tables } = this.#options;
    return problemCarryingOver(stateDir, plan, tables) === undefined;
  }

  async #before(at: number): Promise<string> {
    const found = (await this.list()).find((each) => each.at <= at);
    if (found) return found.file;
    throw new TellableError("there is no backup from before that time; `moltbot backup list` shows what there is");
  }

  #reading(passphrase: string | undefined) {
    return { passphrase: passphrase ?? this.#options.passphrase, signal: this.#options.signal };
  }

  #restoring(passphrase: string | undefined): RestoreOptions {
    const { clock, tables, configPath } = this.#options;
    return { ...this.#reading(passphrase), clock, tables, configPath };
  }
}
