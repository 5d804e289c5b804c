/**
 * A clock that notices jumps of the machine's wall time. What is deleted by age is judged by `steadyNow()`: a machine that
 * starts one year ahead, or jumps while it runs, deletes nothing because of it. A jump is believed when it has stayed for
 * a day of running time; until then it is waited out.
 */
import { join } from "node:path";
import type { Clock } from "./clock.ts";
import { ignore } from "./errors.ts";
import { readTextIfExists, writePrivateFile } from "./files.ts";
import type { Log } from "./log.ts";

/** A gateway that was off for so long believes its clock at once: nothing is kept for less than 14 days. */
const USUAL_GAP_MS = 3 * 24 * 3_600_000;
/** Time services move the clock by so much without a word. */
const DRIFT_MS = 5 * 60_000;
/** A jump that has stayed for so long is true. */
const BELIEVED_AFTER_MS = 24 * 3_600_000;
/** How often the clock is looked at, and how often the newest time is kept. */
const LOOK_EVERY_MS = 60_000;
const KEEP_EVERY_LOOKS = 10;

export interface SteadyClock extends Clock, Disposable {
  /** How far the wall time stands from the steady time, ms, while a jump is waited out; else undefined. */
  readonly jumpMs: number | undefined;
}

/** Watches `clock`; the newest time is kept in `folder`. Disposing it keeps it once more. */
export function steadyClock(clock: Clock, { log, folder }: { log: Log; folder: string }): SteadyClock {
  return new Watched(clock, log, join(folder, "clock.json"));
}

class Watched implements SteadyClock {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #path: string;
  readonly #watch: Disposable;
  /** Steady time at a monotonic time. */
  #anchor: { readonly at: number; readonly monotonic: number };
  /** Since when the wall time has stood elsewhere, monotonic ms. */
  #jumpedAt: number | undefined;
  #looks = 0;

  constructor(clock: Clock, log: Log, path: string) {
    this.#clock = clock;
    this.#log = log;
    this.#path = path;
    const seenAt = readSeenAt(path);
    const now = clock.now();
    const isUsual = seenAt === undefined || (now >= seenAt - DRIFT_MS && now - seenAt <= USUAL_GAP_MS);
    this.#anchor = { at: isUsual ? now : seenAt, monotonic: clock.monotonic() };
    if (!isUsual) this.#noteJump(now - seenAt);
    this.#watch = clock.every(LOOK_EVERY_MS, () => this.#look());
  }

  get jumpMs(): number | undefined {
    return this.#jumpedAt === undefined ? undefined : this.#clock.now() - this.#steady();
  }

  now(): number {
    return this.#clock.now();
  }

  steadyNow(): number {
    this.#follow();
    return this.#steady();
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

  #steady(): number {
    return Math.trunc(this.#anchor.at + (this.#clock.monotonic() - this.#anchor.monotonic));
  }

  /** Takes over small corrections of the wall time at once, and a jump when it has stayed. */
  #follow(): void {
    const offMs = this.#clock.now() - this.#steady();
    const monotonic = this.#clock.monotonic();
    if (Math.abs(offMs) <= DRIFT_MS) {
      if (this.#jumpedAt !== undefined) this.#log.info("the clock of this machine is right again");
      this.#jumpedAt = undefined;
    } else {
      if (this.#jumpedAt === undefined) this.#noteJump(offMs);
      if (monotonic - this.#jumpedAt! < BELIEVED_AFTER_MS) return;
      this.#log.info("the clock of this machine has stayed where it jumped to, and is believed", { offMs });
      this.#jumpedAt = undefined;
    }
    this.#anchor = { at: this.#clock.now(), monotonic };
  }

  #noteJump(offMs: number): void {
    this.#jumpedAt = this.#clock.monotonic();
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
    try {
      writePrivateFile(this.#path, JSON.stringify({ seenAt: this.#steady() }));
    } catch (error) {
      ignore(error, "an older time is there, and an older one deletes less");
    }
  }
}

function readSeenAt(path: string): number | undefined {
  try {
    const { seenAt } = JSON.parse(readTextIfExists(path) ?? "{}") as { seenAt?: unknown };
    return typeof seenAt === "number" && Number.isFinite(seenAt) ? seenAt : undefined;
  } catch (error) {
    ignore(error, "a damaged file says nothing");
    return undefined;
  }
}
