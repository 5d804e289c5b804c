/**
 * A clock that notices when the machine's wall time is wrong: it may jump, and a machine may start a year ahead or behind.
 *
 * - `steadyNow()` runs on through jumps: limits and waiting times go by it. A jump is believed when it has stayed for a day
 *   of running time, or as soon as a platform's clock agrees with it. `onBelieved` then tells by how much steady time moves.
 * - `olderThan()` is for what is deleted: time that a wrong clock made up does not count.
 * - `heard()` takes in what a platform's clock says; `skew` is how far the clock of this machine is off.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { ignore } from "../errors.ts";
import { readTextIfExists, writePrivateFile } from "../files.ts";
import type { Log } from "../log.ts";
import type { Clock } from "./clock.ts";

/** A gateway that was off for up to this long believes its clock at once; nothing is kept for less than 14 days. */
const USUAL_GAP_MS = 3 * 24 * 3_600_000;
/**
 * Differences up to this are ignored: time services correct the clock by as much, and a platform's answer may travel
 * for less.
 */
const DRIFT_MS = 5 * 60_000;
/** A jump that has lasted this long counts as true. */
const BELIEVED_AFTER_MS = 24 * 3_600_000;
/** How often the clock is looked at, and how often the newest time is kept. */
const LOOK_EVERY_MS = 60_000;
const KEEP_EVERY_LOOKS = 10;

/** How far the wall time is off, and what says so. */
export interface Skew {
  /** Positive when the clock of this machine is ahead, ms. */
  readonly aheadMs: number;
  /** The platform whose clock says so; absent when the clock has jumped and nobody else has told the time. */
  readonly against?: string;
}

export interface SteadyClock extends Clock, Disposable {
  /** How far the wall time stands from the steady time, ms, while a jump is waited out; else undefined. */
  readonly jumpMs: number | undefined;
  /** How far the clock of this machine is off, as far as it is known and more than some minutes. */
  readonly skew: Skew | undefined;
  /** A platform's clock says that it is `at`, epoch ms. */
  heard(at: number, platform: string): void;
  /** Calls `listener` when steady time moves, with the milliseconds by which it does. Stamps of it have to move as well. */
  onBelieved(listener: (byMs: number) => void): Disposable;
}

/** A time that a platform told, and when it was told. */
export class PlatformTime {
  readonly #at: number;
  readonly #monotonic: number;
  readonly #clock: Pick<Clock, "monotonic">;

  constructor(at: number, clock: Pick<Clock, "monotonic">) {
    this.#at = at;
    this.#monotonic = clock.monotonic();
    this.#clock = clock;
  }

  /** The time that a clock shows now if it was right then, epoch ms. */
  now(): number {
    return Math.trunc(this.#at + (this.#clock.monotonic() - this.#monotonic));
  }
}

/** The content of `clock.json`. */
interface Kept {
  /** The newest steady time. */
  readonly seenAt?: number;
  /** How long a jump that is not believed yet has stayed, ms of running time. */
  readonly waitedMs?: number;
  readonly hold?: Hold;
}

/** A move of steady time: stamps before `since` may be younger than they say. */
interface Hold {
  readonly since: number;
  /** Steady time just before the move. */
  readonly was: number;
}

export interface SteadyClockOptions {
  readonly log: Log;
  /** The folder of `clock.json`. */
  readonly folder: string;
  /** Files that the gateway writes while it runs; their age stands in when `clock.json` is missing. */
  readonly witnesses?: readonly string[];
}

/** Watches `clock`; the newest time is kept at the start, every ten minutes, and when it is disposed. */
export function steadyClock(clock: Clock, { log, folder, witnesses = [] }: SteadyClockOptions): SteadyClock {
  return new Watched(clock, log, join(folder, "clock.json"), witnesses);
}

class Watched implements SteadyClock {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #path: string;
  readonly #watch: Disposable;
  readonly #listeners = new Set<(byMs: number) => void>();
  #steady: PlatformTime;
  /** When the wall time jumped, monotonic ms. */
  #jumpedAt: number | undefined;
  #hold: Hold | undefined;
  #told: { readonly time: PlatformTime; readonly platform: string } | undefined;
  #isSkewKnown = false;
  #looks = 0;

  constructor(clock: Clock, log: Log, path: string, witnesses: readonly string[]) {
    this.#clock = clock;
    this.#log = log;
    this.#path = path;
    const { seenAt = newestOf(witnesses), waitedMs = 0, hold } = readKept(path);
    this.#hold = hold;
    const now = clock.now();
    const isUsual = seenAt === undefined || (now >= seenAt - DRIFT_MS && now - seenAt <= USUAL_GAP_MS);
    this.#steady = new PlatformTime(isUsual ? now : seenAt, clock);
    if (!isUsual) this.#noteJump(now - seenAt, waitedMs);
    this.#keep();
    this.#watch = clock.every(LOOK_EVERY_MS, () => this.#look());
  }

  get jumpMs(): number | undefined {
    return this.#jumpedAt === undefined ? undefined : this.#clock.now() - this.#steady.now();
  }

  get skew(): Skew | undefined {
    if (!this.#told) return this.jumpMs === undefined ? undefined : { aheadMs: this.jumpMs };
    const aheadMs = this.#clock.now() - this.#told.time.now();
    return isDrift(aheadMs) ? undefined : { aheadMs, against: this.#told.platform };
  }

  now(): number {
    return this.#clock.now();
  }

  steadyNow(): number {
    this.#follow();
    return this.#steady.now();
  }

  olderThan(ageMs: number): number {
    const now = Math.min(this.steadyNow(), this.#clock.now());
    const isHeld = this.#hold !== undefined && now - this.#hold.since <= ageMs;
    return (isHeld ? Math.min(now, this.#hold!.was) : now) - ageMs;
  }

  heard(at: number, platform: string): void {
    this.#told = { time: new PlatformTime(at, this.#clock), platform };
    const { skew } = this;
    if (skew && !this.#isSkewKnown)
      this.#log.warn("the clock of this machine is wrong; set it, for example by a time service", {
        ...{ aheadMs: skew.aheadMs, platform },
      });
    this.#isSkewKnown = skew !== undefined;
    if (!skew && this.jumpMs !== undefined) this.#believe();
  }

  onBelieved(listener: (byMs: number) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#clock.sleep(ms, signal);
  }

  after(ms: number, fn: () => void): Disposable {
    return this.#clock.after(ms, fn);
  }

  every(ms: number, fn: () => void): Disposable {
    return this.#clock.every(ms, fn);
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    this.#keep();
  }

  /** Follows small corrections of the wall time at once, and a jump when it has lasted. */
  #follow(): void {
    const offMs = this.#clock.now() - this.#steady.now();
    if (isDrift(offMs)) {
      if (this.#jumpedAt !== undefined) this.#log.info("the clock of this machine is right again");
      this.#jumpedAt = undefined;
      this.#steady = new PlatformTime(this.#clock.now(), this.#clock);
      return;
    }
    if (this.#jumpedAt === undefined) this.#noteJump(offMs, 0);
    if (this.#clock.monotonic() - this.#jumpedAt! >= BELIEVED_AFTER_MS) this.#believe();
  }

  /** Accepts the wall time as true. */
  #believe(): void {
    const [was, now] = [this.#steady.now(), this.#clock.now()];
    this.#log.info("the new time of the clock of this machine is believed", { offMs: now - was });
    if (now > was) this.#hold = { since: now, was: Math.min(was, this.#hold?.was ?? was) };
    this.#steady = new PlatformTime(now, this.#clock);
    this.#jumpedAt = undefined;
    this.#keep();
    for (const listener of this.#listeners) listener(now - was);
  }

  #noteJump(offMs: number, waitedMs: number): void {
    this.#jumpedAt = this.#clock.monotonic() - waitedMs;
    this.#log.warn("the clock of this machine has jumped; nothing is deleted by age until it has stayed for a day", {
      offMs,
    });
  }

  #look(): void {
    this.#follow();
    this.#looks++;
    if (this.#looks % KEEP_EVERY_LOOKS === 0) this.#keep();
  }

  #keep(): void {
    const kept: Kept = {
      seenAt: this.#steady.now(),
      ...(this.#jumpedAt !== undefined && { waitedMs: Math.trunc(this.#clock.monotonic() - this.#jumpedAt) }),
      ...(this.#hold && { hold: this.#hold }),
    };
    try {
      writePrivateFile(this.#path, JSON.stringify(kept));
    } catch (error) {
      ignore(error, "an older time is there, and an older one deletes less");
    }
  }
}

function isDrift(ms: number): boolean {
  return Math.abs(ms) <= DRIFT_MS;
}

function readKept(path: string): Kept {
  try {
    const { seenAt, waitedMs, hold } = JSON.parse(readTextIfExists(path) ?? "{}") as Record<string, unknown>;
    const { since, was } = (hold ?? {}) as Record<string, unknown>;
    return {
      ...(isTime(seenAt) && { seenAt }),
      ...(isTime(waitedMs) && { waitedMs }),
      ...(isTime(since) && isTime(was) && { hold: { since, was } }),
    };
  } catch (error) {
    ignore(error, "a damaged file says nothing");
    return {};
  }
}

/** The newest write time of the files; undefined when none exists. */
function newestOf(paths: readonly string[]): number | undefined {
  const times = paths.flatMap((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? []);
  return times.length === 0 ? undefined : Math.trunc(Math.max(...times));
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
