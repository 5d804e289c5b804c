/**
 * The one list of trouble of the machine itself: a full disk, no descriptors, no memory. Most of it passes. Writes that
 * it prevented are kept and tried again, and nothing is given up because of it.
 */

import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { getSystemErrorMap } from "node:util";
import { codeOf, ignore } from "../errors.ts";
import { newId } from "../ids.ts";
import type { Log } from "../log.ts";
import type { Clock } from "../time/clock.ts";
import { within } from "../time/deadline.ts";

/** Something is wrong with the machine. */
export interface MachineTrouble {
  /** The trouble and what to do about it, without a full stop. */
  readonly says: string;
  /** Whether it can end without a change in the state folder; work then waits for its end. */
  readonly isTransient: boolean;
}

const passing = (says: string): MachineTrouble => ({ says, isTransient: true });
const lasting = (says: string): MachineTrouble => ({ says, isTransient: false });

const FULL = passing("the disk is full; free some space and try again");
const QUOTA = passing("the disk quota is used up; free some space and try again");
const BROKEN = passing("the disk reports an error; check it, then try again");
const NO_DESCRIPTORS = passing("too many files are open; close some connections, or raise the limit (ulimit -n)");
const NO_MEMORY = passing("the memory is full; end other programs and try again");
const READ_ONLY = passing("the state folder is read-only; make it writable and try again");
const BUSY = passing("the database in the state folder is busy; try again in a moment");
const DAMAGED = lasting("the database is damaged; stop the gateway and run `moltbot doctor --salvage`");

/** SQLite's result codes that mean the machine, not the program (sqlite.org/rescode.html): the extended, then the primary. */
const SQLITE_EXTENDED: Readonly<Record<number, MachineTrouble>> = {
  // SQLITE_IOERR_SHORT_READ: the file ends before it should. SQLITE_IOERR_CORRUPTFS: the file system says so.
  522: DAMAGED,
  8458: DAMAGED,
};
const SQLITE: Readonly<Record<number, MachineTrouble>> = {
  5: BUSY,
  6: BUSY,
  7: NO_MEMORY,
  8: READ_ONLY,
  10: BROKEN,
  11: DAMAGED,
  13: FULL,
  14: passing("the database in the state folder cannot be opened; check its owner and mode"),
  26: DAMAGED,
};

const SYSTEM: Readonly<Record<string, MachineTrouble>> = {
  ENOSPC: FULL,
  EDQUOT: QUOTA,
  EIO: BROKEN,
  EMFILE: NO_DESCRIPTORS,
  ENFILE: NO_DESCRIPTORS,
  ENOMEM: NO_MEMORY,
  EFBIG: passing("a file is as large as the system allows; raise the limit (ulimit -f) and try again"),
  EROFS: passing("the disk is read-only; make it writable and try again"),
};

/** Further trouble of files in the state folder: their owner or mode is wrong. */
const STATE_FOLDER: Readonly<Record<string, MachineTrouble>> = {
  EACCES: passing("a file in the state folder cannot be written; check its owner and mode"),
};

/** The deepest chain of causes that is examined. */
const MAX_CAUSES = 5;

/** The trouble of the machine behind an error, found through its causes; undefined when there is none. */
export function machineTrouble(error: unknown): MachineTrouble | undefined {
  for (let inner = error, depth = 0; depth < MAX_CAUSES && isObject(inner); inner = inner.cause, depth++) {
    const { errcode } = inner;
    const trouble = typeof errcode === "number" ? sqliteTrouble(errcode) : SYSTEM[systemCodeOf(inner) ?? ""];
    if (trouble) return trouble;
  }
  return undefined;
}

/** The code of a system error. When Node cannot read a package.json for an import, only its message tells why. */
function systemCodeOf(error: object): string | undefined {
  const code = codeOf(error);
  if (code !== "ERR_INVALID_PACKAGE_CONFIG") return code;
  const { message } = error as { readonly message?: unknown };
  return [...getSystemErrorMap().values()].find(([, text]) => String(message).endsWith(`: ${text}.`))?.[0];
}

function sqliteTrouble(errcode: number): MachineTrouble | undefined {
  return SQLITE_EXTENDED[errcode] ?? SQLITE[errcode & 0xff];
}

/** Whether something failed because the database is damaged: it stays so until a person repairs it. */
export function isDamage(error: unknown): boolean {
  return machineTrouble(error) === DAMAGED;
}

/** Whether there was no room to write. */
export function isOutOfRoom(error: unknown): boolean {
  const trouble = machineTrouble(error);
  return trouble === FULL || trouble === QUOTA;
}

/** The trouble of the disk behind an error, as a sentence without a full stop; undefined when there is none. */
export function storageProblem(error: unknown): string | undefined {
  return (machineTrouble(error) ?? STATE_FOLDER[codeOf(error) ?? ""])?.says;
}

/** Whether a failure passes when the machine recovers; then nothing is given up because of it. */
export function isTransient(error: unknown): boolean {
  return machineTrouble(error)?.isTransient === true;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> & { readonly cause?: unknown } {
  return typeof value === "object" && value !== null;
}

/** How often a probe checks whether files can be written again, ms. */
const PROBE_EVERY_MS = 1_000;
/** Bytes that a probe writes: a disk with less room counts as full. */
const PROBE_BYTES = 256 * 1024;

/** Tries after which an unknown error is final. */
export const MAX_TRIES = 3;
/** The wait before the next try, longer each time, ms. */
const AGAIN_AFTER_MS = 2_000;

/** Options of `surely`. */
export interface SurelyOptions {
  readonly signal: AbortSignal;
  /** Whether an error is a known answer; another try would not change it. */
  isKnown(error: unknown): boolean;
  /** Whether the work may no longer be repeated; without this, it always may. */
  isOnce?(): boolean;
  /** Called after each failure that is not final, to take back what it left. */
  failed?(error: unknown): void;
}

export class Machine implements Disposable {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #folder: string;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<() => void>();
  #trouble: MachineTrouble | undefined;
  #recovery: Promise<void> | undefined;

  /** `folder` is the state folder, where probes are written. */
  constructor(options: { clock: Clock; log: Log; folder: string }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#folder = options.folder;
  }

  /** The current trouble, as far as somebody met it; undefined when there is none. */
  get trouble(): string | undefined {
    return this.#trouble?.says;
  }

  /**
   * Resolves when files can be written again after `error`; all waiting callers go on together. Rejects with the
   * signal's reason when it aborts first, and when the gateway stops.
   */
  async recovered(error: unknown, signal?: AbortSignal): Promise<void> {
    this.#recovery ??= this.#probeUntilWell(machineTrouble(error) ?? FULL).finally(() => {
      this.#recovery = undefined;
      this.#tell(undefined);
    });
    await (signal === undefined ? this.#recovery : within(this.#recovery, { signal }));
  }

  /** Reports an error without waiting. Passing trouble is noted and watched until it is over. */
  met(error: unknown): void {
    if (isTransient(error)) this.recovered(error).catch((reason: unknown) => ignore(reason, "the gateway stops"));
  }

  /** Calls `listener` when trouble begins, changes and ends. */
  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /**
   * Runs `work`, and again after each passing trouble of the machine. Throws any other error, and the signal's reason.
   */
  async persist<T>(work: () => T, signal: AbortSignal): Promise<T> {
    for (;;) {
      signal.throwIfAborted();
      try {
        return work();
      } catch (error) {
        if (!isTransient(error)) throw error;
        await this.recovered(error, signal);
      }
    }
  }

  /**
   * Runs `work` until it succeeds or its failure is final: the one rule for every step between a message and its
   * answer. Passing trouble of the machine is waited out however often it comes. A known error is final at once. An
   * unknown error is final when it has come `MAX_TRIES` times. Damage of the database does not pass. Throws the last
   * error, and the signal's reason.
   */
  async surely<T>(
    work: () => T | Promise<T>,
    { signal, isKnown, isOnce = () => false, failed = () => {} }: SurelyOptions,
  ): Promise<T> {
    for (let tries = 1; ; ) {
      signal.throwIfAborted();
      try {
        return await work();
      } catch (error) {
        signal.throwIfAborted();
        if (isOnce()) throw error;
        if (isTransient(error)) {
          failed(error);
          await this.recovered(error, signal);
          continue;
        }
        if (isKnown(error) || isDamage(error) || tries++ >= MAX_TRIES) throw error;
        failed(error);
        this.#log.error("work failed for a reason that nobody knows; it is tried again", { error });
        await this.#clock.sleep(AGAIN_AFTER_MS * (tries - 1), signal);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#stop.abort(new Error("the gateway stops"));
    this.#recovery?.catch((error: unknown) => ignore(error, "those who wait are told"));
  }

  async #probeUntilWell(trouble: MachineTrouble): Promise<void> {
    this.#tell(trouble);
    this.#log.warn("the machine is in trouble; work waits until it has passed", { problem: trouble.says });
    do await this.#clock.sleep(PROBE_EVERY_MS, this.#stop.signal);
    while (!this.#isWell());
    this.#log.info("the machine has recovered; work goes on");
  }

  #tell(trouble: MachineTrouble | undefined): void {
    if (this.#trouble?.says === trouble?.says) return;
    this.#trouble = trouble;
    for (const listener of this.#listeners) listener();
  }

  /** Whether a file can be made, written and brought to disk. */
  #isWell(): boolean {
    const path = join(this.#folder, `.${newId()}.probe`);
    try {
      const file = openSync(path, "wx", 0o600);
      try {
        // A disk that is nearly full shows by a short count, not by an error.
        const isWhole = writeSync(file, Buffer.alloc(PROBE_BYTES)) === PROBE_BYTES;
        fsyncSync(file);
        return isWhole;
      } finally {
        closeSync(file);
      }
    } catch (error) {
      this.#tell(machineTrouble(error) ?? this.#trouble);
      return false;
    } finally {
      rmSync(path, { force: true });
    }
  }
}
