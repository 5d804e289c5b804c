/**
 * Counts the files and sockets of this process against its limit. A part is reserved for its files, its model calls and
 * its platforms, so that clients who open connections cannot take the last one.
 */
import { readdirSync, readFileSync } from "node:fs";
import { codeOf, ignore } from "../errors.ts";

/** The reserved share of the limit, and its bounds: a small gateway with every channel needs some dozen. */
const RESERVED_SHARE = 0.25;
const MIN_RESERVED = 16;
const MAX_RESERVED = 256;
/** How long a count is used, ms; other parts of the process open files meanwhile. */
const COUNT_LASTS_MS = 500;

export interface Descriptors {
  /** Takes room for one more connection before its handshake; false when only the reserve is left. */
  take(): boolean;
}

/** The facts of the system. */
export interface DescriptorFacts {
  /** The limit; undefined when it is not known, or there is none. */
  readonly limit: number | undefined;
  /** How many are open; undefined when that cannot be told. */
  count(): number | undefined;
  monotonic(): number;
}

/** The reserve of this process. Where the system does not tell its limit, there is always room. */
export function descriptors({ limit, count, monotonic }: DescriptorFacts): Descriptors {
  const reserved = Math.min(MAX_RESERVED, Math.max(MIN_RESERVED, Math.floor((limit ?? 0) * RESERVED_SHARE)));
  let left = 0;
  let countedAt = Number.NEGATIVE_INFINITY;
  return {
    take() {
      if (limit === undefined) return true;
      // Give out half of what is left before counting again; near the limit, count each time.
      if (left <= 0 || monotonic() - countedAt > COUNT_LASTS_MS) {
        left = Math.ceil((limit - reserved - (count() ?? 0)) / 2);
        countedAt = monotonic();
      }
      return left-- > 0;
    },
  };
}

/** The soft limit on open files (Linux: proc(5), /proc/self/limits; elsewhere Node's own report, which takes longer). */
export function descriptorLimit(): number | undefined {
  try {
    const found = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return found === undefined ? undefined : Number(found);
  } catch (error) {
    ignore(error, "not a Linux");
    return limitInReport();
  }
}

function limitInReport(): number | undefined {
  // Without this, the report looks up the names of all connections.
  const report = Object.assign(process.report, { excludeNetwork: true });
  const { userLimits } = report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } };
  const soft = Number(userLimits?.open_files?.soft);
  return Number.isSafeInteger(soft) && soft > 0 ? soft : undefined;
}

/**
 * The number of open files and sockets (Linux and macOS: /dev/fd). When no descriptor is left for the count, all are
 * open.
 */
export function openDescriptors(): number | undefined {
  try {
    return readdirSync("/dev/fd").length;
  } catch (error) {
    return codeOf(error) === "EMFILE" ? Number.POSITIVE_INFINITY : undefined;
  }
}
