/** The service of backups: makes them when they are due, one at a time, and prepares restores. */
import type { Static } from "@sinclair/typebox";
import { journalFile, type StoredBackup } from "../../../base/backup/backup-folder.ts";
import type {
  BackupStore,
  CheckedBackup,
  NewBackupOptions,
  PrepareOptions,
} from "../../../base/backup/backup-store.ts";
import type { PreparedRestore } from "../../../base/backup/restore.ts";
import type { Settings } from "../../../base/config/config.ts";
import { defined } from "../../../base/defined.ts";
import { GatewayError, ignore, invalidRequest, messageOf, TellableError } from "../../../base/errors.ts";
import { storageProblem } from "../../../base/process/machine.ts";
import { chainBegunAt } from "../../../base/store/journal/files.ts";
import type { Base } from "../../../kit/base.ts";
import { passphraseIn, streamIn } from "./keys.ts";
import type { BackupHealth, BackupReport, BackupRow, StateSizes } from "./schema.ts";
import { type BackupSettings, backup as section } from "./settings.ts";

const DAY_MS = 24 * 3_600_000;
const PERIODS = { daily: DAY_MS, weekly: 7 * DAY_MS };
/** The look for what there is, after a start: connections and channels go first, ms. */
const LOOK_AFTER_MS = 2_000;
/** The first backup of a start, ms: it takes the disk for a while. */
const FIRST_AFTER_MS = 10 * 60_000;
/** After one that could not be made, ms. */
const AGAIN_AFTER_MS = 3_600_000;
/** With backups off nobody else says it. */
const NO_BASE =
  "The journal at backup.stream only grows and no restore can use it, since no backup was made after it began. Run `moltbot backup now`, or set backup.schedule to daily.";
/** The answer of a restore goes out before the gateway restarts, ms. */
const RESTART_AFTER_MS = 300;

export class Backups implements AsyncDisposable {
  readonly #base: Base;
  readonly #settings: Settings<BackupSettings>;
  readonly #stop = new AbortController();
  readonly #timers = new DisposableStack();
  #next: Disposable | undefined;
  #work: Promise<unknown> = Promise.resolve();
  #health: Static<typeof BackupHealth> = {};
  #startedAt = 0;
  /** Where the statement journal is, as long as this gateway runs. */
  readonly #stream: string | undefined;
  #journalProblem: string | undefined;
  #problem: string | undefined;
  #chainBegunAt: number | undefined;

  constructor(base: Base) {
    this.#base = base;
    this.#settings = base.config.of(section);
    this.#stream = streamIn(base.env) ?? this.#settings.current.stream;
    this.#record();
  }

  /** How backups are doing, for health. */
  get health(): Static<typeof BackupHealth> {
    return this.#health;
  }

  /** Looks what there is, and then makes backups when they are due. */
  start(): void {
    const { clock } = this.#base;
    this.#startedAt = clock.monotonic();
    this.#timers.use(this.#settings.onChange(() => this.#look()));
    this.#timers.use(clock.after(LOOK_AFTER_MS, () => this.#look()));
  }

  /** Makes a backup. Throws `UNAVAILABLE` with what to do. */
  async now(options: NewBackupOptions): Promise<Static<typeof BackupReport> & { archiveBytes: number }> {
    const { path, bytes, manifest } = await this.#alone((backupStore) => backupStore.now(options));
    await this.#plan();
    return { ...(await reportOf({ path, manifest })), archiveBytes: bytes };
  }

  /** The backups, newest first, and how they are doing. */
  async list() {
    const backupStore = await this.#backupStore();
    return { ...this.#health, folder: backupStore.folder, backups: (await backupStore.list()).map(rowOf) };
  }

  async verify(what: PrepareOptions) {
    const found = await this.#told(async () => (await this.#backupStore()).verify(what));
    return { ...(await reportOf(found)), outside: [...found.outside], elsewhere: [...found.elsewhere] };
  }

  async drill(file?: string, passphrase?: string): Promise<Static<typeof BackupReport>> {
    return await reportOf(await this.#alone((backupStore) => backupStore.drill(file, passphrase)));
  }

  async prune(isDry: boolean): Promise<{ removed: Static<typeof BackupRow>[] }> {
    return { removed: (await this.#alone((backupStore) => backupStore.prune(isDry))).map(rowOf) };
  }

  /** What uses the space of the state folder. */
  async sizes(): Promise<Static<typeof StateSizes>> {
    const { sizes, ...report } = await this.#told(async () => (await this.#backupStore()).report());
    return { sizes: [...sizes], ...report };
  }

  /** Proves a backup beside the state; the restart puts it in place. Throws `UNAVAILABLE` with what to do. */
  async restore(what: PrepareOptions) {
    const { plan, manifest, elsewhere } = await this.#alone((backupStore) => backupStore.prepare(what));
    await this.#putInPlace(plan);
    return { ...(await reportOf({ path: plan.what, manifest })), elsewhere: [...elsewhere], keptIn: plan.aside };
  }

  /** Gives up a restore that waits for the restart. */
  async withdraw(): Promise<void> {
    const { readPlan, rollBackPlan } = await import("../../../base/backup/swap.ts");
    const { stateDir } = this.#base;
    const plan = readPlan(stateDir);
    if (plan?.phase === "ready") rollBackPlan(stateDir, plan);
  }

  /** Brings back what was there before the last restore. */
  async undo(): Promise<{ what: string; keptIn: string }> {
    const { lastRestore, undoPlan } = await import("../../../base/backup/swap.ts");
    const { stateDir } = this.#base;
    const done = lastRestore(stateDir);
    if (!done) throw invalidRequest("there is no restore that could be undone");
    const plan = undoPlan(done);
    await this.#putInPlace(plan);
    return { what: done.what, keptIn: plan.aside };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new TellableError("the gateway stops"));
    this.#timers.dispose();
    this.#next?.[Symbol.dispose]();
    await this.#work;
  }

  async #putInPlace(plan: PreparedRestore["plan"]): Promise<void> {
    const { writePlan } = await import("../../../base/backup/swap.ts");
    const { stateDir, host, log } = this.#base;
    // Of two restores before the restart, the later one counts.
    await this.withdraw();
    writePlan(stateDir, plan);
    log.info("a restore is ready; the gateway restarts to put it in place", { what: plan.what });
    host.requestRestart("restore", RESTART_AFTER_MS);
  }

  /** Begins the statement journal before any other slice writes. Without one, the gateway works all the same. */
  #record(): void {
    const { store, stateDir, clock } = this.#base;
    if (this.#stream === undefined) return store.unrecorded();
    const path = journalFile(stateDir, this.#stream);
    try {
      store.record({
        ...{ path, passphrase: this.#passphrase, now: () => clock.now() },
        fileBytes: this.#settings.current.streamMegabytes * 1024 * 1024,
        failed: (error) => this.#journalFailed(error),
      });
      if (store.position) this.#chainBegunAt = chainBegunAt(path, store.position.chain);
    } catch (error) {
      store.unrecorded();
      this.#journalFailed(error);
    }
  }

  #journalFailed(error: unknown): void {
    const why = storageProblem(error) ?? messageOf(error);
    this.#journalProblem = `The journal at backup.stream cannot be written: ${why}. Mend that, and restart the gateway.`;
    this.#base.log.error("the statement journal cannot be written; the gateway goes on without it", { error });
    this.#tell({ ...this.#health, problem: this.#journalProblem });
  }

  get #passphrase(): string | undefined {
    return passphraseIn(this.#base.env) ?? this.#settings.current.passphrase;
  }

  #look(): void {
    this.#plan().catch((error: unknown) => this.#base.log.warn("the backups cannot be looked at", { error }));
  }

  /** Sets the timer for the next backup by the newest one that there is. */
  async #plan(): Promise<void> {
    const { clock } = this.#base;
    const [newest] = await (await this.#backupStore()).list();
    const { restoreProblem } = await import("../../../base/backup/last-restore.ts");
    if (this.#stop.signal.aborted) return;
    const { schedule } = this.#settings.current;
    const needsBase = this.#needsBase(newest);
    const ofJournal = this.#journalProblem ?? (schedule === "off" && needsBase ? NO_BASE : undefined);
    const problem = restoreProblem(this.#base.stateDir, clock.now()) ?? this.#problem ?? ofJournal;
    this.#next?.[Symbol.dispose]();
    const found = defined({ at: newest?.at, problem });
    if (schedule === "off") return this.#tell({ ...found, off: true });
    const age = newest === undefined ? Number.POSITIVE_INFINITY : clock.now() - newest.at;
    // One of the future was made before the clock was put back: it does not count as new.
    const isNew = age >= 0 && age < PERIODS[schedule] && !needsBase;
    const earliest = Math.max(0, FIRST_AFTER_MS - (clock.monotonic() - this.#startedAt));
    const wait = Math.max(isNew ? PERIODS[schedule] - age : 0, this.#problem === undefined ? earliest : AGAIN_AFTER_MS);
    this.#next = clock.after(wait, () => void this.#makeDue());
    this.#tell({ ...found, nextAt: Math.round(clock.now() + wait) });
  }

  /** A journal that has begun anew needs a backup from after its beginning. */
  #needsBase(newest: StoredBackup | undefined): boolean {
    const { store } = this.#base;
    return store.position !== undefined && this.#chainBegunAt !== undefined && (newest?.at ?? 0) < this.#chainBegunAt;
  }

  async #makeDue(): Promise<void> {
    const { log } = this.#base;
    try {
      const { path, bytes } = await this.#alone((backupStore) => backupStore.now());
      log.info("a backup was made", { path, bytes });
      this.#problem = undefined;
    } catch (error) {
      if (this.#stop.signal.aborted) return ignore(error, "the gateway stops");
      this.#problem = `No backup could be made: ${messageOf(error)}.`;
      log.warn("no backup could be made; it is tried again in an hour", { problem: this.#problem, error });
    }
    this.#look();
  }

  #tell(health: Static<typeof BackupHealth>): void {
    this.#health = health;
    this.#base.host.overview.now.refreshHealthSoon();
  }

  /** Runs one piece of work with the backups at a time. */
  async #alone<T>(work: (backupStore: BackupStore) => Promise<T>): Promise<T> {
    const before = this.#work;
    const mine = this.#told(async () => {
      await before;
      this.#stop.signal.throwIfAborted();
      return await work(await this.#backupStore());
    });
    this.#work = mine.catch((error: unknown) => ignore(error, "its caller is told"));
    return await mine;
  }

  /** What goes wrong is told in sentences of ours. */
  async #told<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      throw new GatewayError("UNAVAILABLE", storageProblem(error) ?? messageOf(error), { cause: error });
    }
  }

  async #backupStore(): Promise<BackupStore> {
    const { BackupStore } = await import("../../../base/backup/backup-store.ts");
    const { stateDir, config, version, clock, store, database, host } = this.#base;
    const rules = this.#settings.current;
    return new BackupStore({
      ...{ stateDir, clock, rules, configPath: config.path, productVersion: version, tables: store.tables },
      passphrase: this.#passphrase,
      ...(this.#stream !== undefined && { journal: journalFile(stateDir, this.#stream) }),
      position: () => store.position,
      signal: this.#stop.signal,
      workspaces: () => host.folders.now.workspaces(),
      copyDatabase: (target, held) => database.copyTo(target, held),
    });
  }
}

function rowOf({ file, path, at, bytes, isEncrypted }: StoredBackup): Static<typeof BackupRow> {
  return { file, path, at, bytes, encrypted: isEncrypted };
}

/** A backup in the wire's words. */
async function reportOf({ path, manifest }: CheckedBackup): Promise<Static<typeof BackupReport>> {
  return (await import("../../../base/backup/manifest.ts")).reportOf(path, manifest);
}
