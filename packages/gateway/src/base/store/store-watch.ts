/**
 * Watches a running gateway's database for damage: checks the file after an unclean end, copies it every day, and
 * reports each finding once. Checks and copies run in a process of their own.
 */

import { rename, rm } from "node:fs/promises";
import { defined } from "../defined.ts";
import { codeOf, ignore, TellableError } from "../errors.ts";
import type { Log } from "../log.ts";
import { isDamage, type MachineTrouble, machineTrouble } from "../process/machine.ts";
import type { Clock } from "../time/clock.ts";
import type { Store } from "./store.ts";
import { copiesOf, dailyOf, roomFor } from "./store-files.ts";
import { checkInSubprocess, copyInSubprocess, type Finding, matchInSubprocess } from "./store-subprocess.ts";

/** The state of the database for `health` and `status`. Times are epoch ms. */
export interface DatabaseState {
  /** False when the database is damaged. */
  readonly ok: boolean;
  /** The problem with it or its copies, and what to do. */
  readonly problem?: string;
  readonly checkedAt?: number;
  readonly copiedAt?: number;
}

/** The time of the check after a start, ms: connections and channels go first. */
const CHECK_AFTER_MS = 2_000;
/** The first look for something to copy, and the time between looks. */
const COPY_AFTER_MS = 60_000;
const LOOK_EVERY_MS = 15 * 60_000;
const DAY_MS = 24 * 3_600_000;
/** A copy dated further ahead than this was made before the clock was set back, and does not count as new. */
const AHEAD_MS = 3_600_000;
/** Errors that may come from damage cause at most one check in this time. */
const SUSPECT_EVERY_MS = 10 * 60_000;

/** sqlite.org/rescode.html#corrupt */
const SQLITE_CORRUPT = 11;

/** The explanation of an unexpected error. */
export type Explanation = Pick<MachineTrouble, "says" | "isTransient">;

const DAMAGED =
  "The database is damaged: stop the gateway, then `moltbot doctor --salvage` gets back what can be read, and " +
  "`moltbot doctor --restore` goes back to the newest copy.";
const BEING_CHECKED = "the database is being checked for damage; try again in a moment";

export interface WatchOptions {
  readonly store: Store;
  /** The database's file. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
}

export class StoreWatch implements Disposable {
  readonly #options: WatchOptions;
  readonly #timers = new DisposableStack();
  readonly #stop = new AbortController();
  #changed: () => void = () => {};
  #work: Promise<void> | undefined;
  #isDamaged = false;
  #isChecking = false;
  #checkedAt: number | undefined;
  #suspectedAt: number | undefined;
  #copiedAt: number | undefined;
  /** The time of the last copy of this process, monotonic ms. */
  #copyMadeAt: number | undefined;
  #copyProblem: string | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    options.store.onDamage((error) => this.report(error));
  }

  /** The current state. */
  get state(): DatabaseState {
    const problem = this.#isDamaged ? DAMAGED : (this.#lostWal() ?? this.#copyProblem);
    return {
      ok: !this.#isDamaged,
      ...defined({ problem, checkedAt: this.#checkedAt, copiedAt: this.#copiedAt }),
    };
  }

  /** Starts checks and copies; `changed` is called when the state has changed. */
  start(changed: () => void): void {
    const { clock, store, log, path } = this.#options;
    this.#changed = changed;
    const copy = copiesOf(path).find((each) => each.path === dailyOf(path)[0]);
    // A file's time has fractions of a millisecond; clients read whole ones.
    this.#copiedAt = copy && Math.trunc(copy.at);
    if (store.keptWal !== undefined)
      log.error("a part of the database's journal was damaged and is missing", { kept: store.keptWal });
    this.#isChecking = !store.isVerified;
    if (this.#isChecking) {
      log.info("the gateway did not end cleanly the last time; its database is checked");
      this.#timers.use(clock.after(CHECK_AFTER_MS, () => this.#begin(() => this.#check())));
    }
    const look = () => {
      if (!this.#isDamaged && this.#isDue()) this.#begin(() => this.#copy());
    };
    this.#timers.use(clock.after(COPY_AFTER_MS, look));
    this.#timers.use(clock.every(LOOK_EVERY_MS, look));
  }

  /** Reports an error that means damage; the first one is logged. */
  report(error: unknown): void {
    this.#found({ error });
  }

  /**
   * The explanation of an unexpected error for people, when the machine or the database explains it; undefined when the
   * error is a bug. It is logged too; damage only once.
   */
  explain(error: unknown, what: string, fields: Readonly<Record<string, unknown>> = {}): Explanation | undefined {
    if (isDamage(error)) this.report(error);
    const trouble = machineTrouble(error) ?? this.#suspicion();
    if (!isDamage(error)) this.#options.log.error(trouble?.says ?? what, { ...fields, error });
    return trouble;
  }

  /** Whether the database may be the cause of an error that does not say so. Such an error triggers a check. */
  #suspicion(): Explanation | undefined {
    if (this.#isDamaged) return machineTrouble({ errcode: SQLITE_CORRUPT });
    if (this.#isChecking) return { says: BEING_CHECKED, isTransient: true };
    const now = this.#options.clock.monotonic();
    if (this.#suspectedAt === undefined || now - this.#suspectedAt > SUSPECT_EVERY_MS) {
      this.#suspectedAt = now;
      this.#begin(() => this.#check());
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    this.#timers.dispose();
    this.#stop.abort(new TellableError("the gateway stops"));
  }

  /**
   * Makes a checked copy of the database at `target`, which must not exist, beside the running work. `held` is called at
   * the moment for which the copy stands. Rejects with a sentence when the database is damaged or there is no room.
   */
  async copyTo(target: string, held: () => void): Promise<void> {
    if (this.#isDamaged) throw new TellableError(DAMAGED);
    const copying = () => this.#copyChecked(target, held);
    for (; this.#work; ) await this.#work;
    const { promise, resolve, reject } = Promise.withResolvers<Finding>();
    this.#begin(() => copying().then(resolve, reject));
    const finding = await promise;
    if (!finding.isWhole) throw new TellableError(DAMAGED);
  }

  /** Runs one task at a time; a task that is requested meanwhile waits for the next look. */
  #begin(work: () => Promise<void>): void {
    const { log } = this.#options;
    this.#work ??= work()
      .catch((error: unknown) => {
        if (this.#stop.signal.aborted) return ignore(error, "the gateway stops");
        log.warn("the database cannot be checked or copied now", { error });
      })
      .finally(() => {
        this.#work = undefined;
      });
  }

  async #check(): Promise<void> {
    const { store, path } = this.#options;
    this.#isChecking = true;
    try {
      this.#take(await store.holdStill(() => checkInSubprocess(path, this.#apart)));
    } finally {
      this.#isChecking = false;
    }
  }

  #take(finding: Finding): void {
    const { store, clock, log } = this.#options;
    if (!finding.isWhole) return this.#found({ says: finding.says });
    this.#checkedAt = clock.now();
    store.setVerified(!this.#isDamaged);
    log.info("the database was checked and is whole");
    this.#changed();
  }

  #found(what: Readonly<Record<string, unknown>>): void {
    const { store, log } = this.#options;
    store.setVerified(false);
    if (this.#isDamaged) return;
    this.#isDamaged = true;
    log.error("the database is damaged; stop the gateway, then run `moltbot doctor --salvage`", what);
    this.#changed();
  }

  async #copy(): Promise<void> {
    const { log, path, clock } = this.#options;
    const { needed, free } = roomFor(path);
    if (free < needed) return this.#noCopy({ needed, free });
    const fresh = `${path}.daily.new`;
    // Removing a large file blocks for hundreds of milliseconds, so the event loop must not do it.
    await rm(fresh, { force: true });
    try {
      const finding = await this.#copyChecked(fresh, () => {});
      if (!finding.isWhole) return;
      await this.#putInPlace(fresh);
    } catch (error) {
      if (codeOf(error) !== "ENOSPC") throw error;
      return this.#noCopy(roomFor(path));
    } finally {
      await rm(fresh, { force: true });
    }
    this.#copiedAt = clock.now();
    this.#copyMadeAt = clock.monotonic();
    this.#copyProblem = undefined;
    log.info("a copy of the database was made", { copy: dailyOf(path)[0] });
    this.#changed();
  }

  async #copyChecked(fresh: string, held: () => void): Promise<Finding> {
    const { store, path } = this.#options;
    // Held still for all of the copy, the journal would grow so much that bringing it into the file blocks the event loop.
    await copyInSubprocess(path, fresh, this.#apart);
    await store.holdStill(() => {
      held();
      return matchInSubprocess(path, fresh, this.#apart);
    });
    const finding = await checkInSubprocess(fresh, this.#apart);
    if (!finding.isWhole) await rm(fresh);
    this.#take(finding);
    return finding;
  }

  async #putInPlace(fresh: string): Promise<void> {
    const [newest, before] = dailyOf(this.#options.path);
    try {
      await rename(newest, before);
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
    }
    await rename(fresh, newest);
  }

  /** Whether a day has passed since the newest copy, or there is something to lose and no copy yet. */
  #isDue(): boolean {
    const { clock } = this.#options;
    if (this.#copyMadeAt !== undefined && clock.monotonic() - this.#copyMadeAt < DAY_MS) return false;
    if (this.#copiedAt === undefined) return this.#hasRows();
    const age = clock.now() - this.#copiedAt;
    return age >= DAY_MS || age < -AHEAD_MS;
  }

  #hasRows(): boolean {
    const { store } = this.#options;
    const names = store
      .all<{ name: string }>("select name from pragma_table_list where schema = 'main' and type = 'table'")
      .map(({ name }) => name)
      .filter((name) => name !== "schema_versions" && !name.startsWith("sqlite_"));
    return names.some((name) => store.get(`select 1 from "${name}" limit 1`) !== undefined);
  }

  #noCopy({ needed, free }: { needed: number; free: number }): void {
    const { log } = this.#options;
    const isNews = this.#copyProblem === undefined;
    this.#copyProblem = `There is no room for the daily copy of the database: ${megabytes(free)} are free, ${megabytes(needed)} are needed. Make room on the disk of the state folder.`;
    if (!isNews) return;
    log.warn("there is no room for the daily copy of the database", { needed, free });
    this.#changed();
  }

  #lostWal(): string | undefined {
    const { keptWal } = this.#options.store;
    return (
      keptWal &&
      `What was written last before the gateway ended may be missing: the database's journal was damaged. It is kept as ${keptWal}.`
    );
  }

  get #apart() {
    return { clock: this.#options.clock, signal: this.#stop.signal };
  }
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1_000_000)} MB`;
}
