/**
 * Keeps the memory of the process near what it uses. After a busy hour a gateway used 30 MB of heap and held 440 MB:
 *
 * - V8 lets the part of the heap where objects are born grow to 2 × 64 MB. More than 2 × 4 MB makes nothing faster here.
 * - V8 collects when memory is asked for, so a gateway that has become quiet keeps its last garbage.
 * - V8 shares the work of its small collections with threads, and waits for them. A collection of 2 × 4 MB is over sooner
 *   alone: 0.44 ms instead of 0.57 in the middle, and 1 ms instead of 7 for the slowest tenth on a busy machine.
 * - The C library keeps what was freed: 75 of 87 MB (glibc's `malloc_stats`), given back by `malloc_trim` alone.
 *
 * Measured and left out: three collections in a row with `--bytecode-old-age=1`, which drop the compiled code of the start
 * (0.8 MB of heap less and no page less, because what stays is scattered), and one thread for all work of V8 (0.5 MB). A
 * server with http, ws, cryptography and an open SQLite database that does nothing else holds 59 MB, where bare Node holds
 * 41.8 MB; 12 MB of that are pages of Node's own file.
 */
import { PerformanceObserver } from "node:perf_hooks";
import { DatabaseSync } from "node:sqlite";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ignore } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Clock } from "../time/clock.ts";

/** Both halves of the young generation together, bytes. */
const MAX_YOUNG_BYTES = 8 * 1024 * 1024;
/** How often it looks whether the process is quiet, ms. */
const LOOK_EVERY_MS = 10_000;
/** When a start is over, ms: its garbage is collected by the look that follows. */
const STARTED_MS = 3_000;
/** A process is quiet when it used less than this share of one CPU since the last look. */
const QUIET_SHARE = 0.05;
/** The least growth that is worth a collection, bytes. */
const WORTH_BYTES = 16 * 1024 * 1024;

/** Bounds the young generation, and gives memory back whenever the process becomes quiet, until disposed. */
export function limitMemory({ clock, log }: { clock: Clock; log: Log }): Disposable {
  setFlagsFromString("--no-parallel-scavenge");
  const stack = new DisposableStack();
  const collections = new PerformanceObserver(boundYoungGeneration);
  collections.observe({ entryTypes: ["gc"] });
  stack.defer(() => collections.disconnect());
  const giving = new Giving(log);
  for (const ms of [STARTED_MS, 2 * STARTED_MS]) stack.use(clock.after(ms, () => giving.look()));
  stack.use(clock.every(LOOK_EVERY_MS, () => giving.look()));
  return stack;
}

/**
 * Sets how the young generation may grow; V8 reads the flag whenever it would grow. The generation of a quiet gateway
 * shrinks, and must be able to grow again.
 */
function boundYoungGeneration(): void {
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space");
  setFlagsFromString(`--semi-space-growth-factor=${(young?.space_size ?? 0) < MAX_YOUNG_BYTES ? 2 : 1}`);
}

/** Gives memory back when the process holds more than after the last time, and has nothing to do. */
class Giving {
  readonly #log: Log;
  /** After the last time; what a start leaves is always worth a collection. */
  #heldAfter = 0;
  #cpu = process.cpuUsage();
  #lookedAt = performance.now();

  constructor(log: Log) {
    this.#log = log;
  }

  look(): void {
    const { user, system } = process.cpuUsage(this.#cpu);
    const passedMs = performance.now() - this.#lookedAt;
    this.#cpu = process.cpuUsage();
    this.#lookedAt = performance.now();
    const held = process.memoryUsage.rss();
    if ((user + system) / 1_000 > passedMs * QUIET_SHARE || held < this.#heldAfter + WORTH_BYTES) return;
    collect();
    trim();
    this.#heldAfter = process.memoryUsage.rss();
    this.#log.debug("memory was given back", { beforeMb: inMb(held), afterMb: inMb(this.#heldAfter) });
  }
}

/** Runs a whole collection, which takes some tens of milliseconds. */
function collect(): void {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as (options: object) => void;
  gc({ type: "major", execution: "sync", flavor: "last-resort" });
}

/**
 * Calls `malloc_trim(3)`. Node offers no way to it except SQLite, which calls the function that an extension library
 * names as its entry. SQLite takes the result 1 (memory was given back) for an error; a C library without the function
 * is an error too. The argument, the number of bytes to keep at the end of the heap, is then an address, so the end of
 * the heap is kept.
 */
function trim(): void {
  if (process.platform !== "linux") return;
  const database = new DatabaseSync(":memory:", { allowExtension: true });
  try {
    database.loadExtension("libc.so.6", "malloc_trim");
  } catch (error) {
    ignore(error, "it has been called, or there is none");
  } finally {
    database.close();
  }
}

function inMb(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
