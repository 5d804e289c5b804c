/** Looks for lines in the log file: by level, words, account, run and time. */

/** What is looked for. Every property that is there must match. */
export interface LineQuery {
  /** This level, or one above it. */
  readonly level?: "debug" | "info" | "warn" | "error";
  /** All of these texts, in any case. */
  readonly words?: string[];
  /** `telegram`, or `telegram/work`. */
  readonly account?: string;
  /** A run's id, or its beginning. */
  readonly run?: string;
  /** Epoch milliseconds. */
  readonly since?: number;
}

const ORDER: Readonly<Record<string, number>> = { debug: 10, info: 20, warn: 30, error: 40 };

/** Whether a line of the log file is one of those. What is no line of a log only matches words. */
export function matchesLine(line: string, query: LineQuery): boolean {
  const { words = [], level, account, run, since } = query;
  const text = words.length > 0 ? line.toLowerCase() : "";
  if (!words.every((word) => text.includes(word.toLowerCase()))) return false;
  if (level === undefined && account === undefined && run === undefined && since === undefined) return true;
  const entry = parse(line);
  if (entry === undefined) return false;
  if (level !== undefined && (ORDER[String(entry.level)] ?? 0) < (ORDER[level] ?? 0)) return false;
  if (since !== undefined && !(Date.parse(String(entry.time)) >= since)) return false;
  if (run !== undefined && !String(entry.runId ?? "").startsWith(run)) return false;
  return account === undefined || isOfAccount(entry, account);
}

function isOfAccount({ channel, account: own = "default" }: Entry, wanted: string): boolean {
  const [name, account] = wanted.split("/", 2);
  return channel === name && (account === undefined || own === account);
}

interface Entry {
  readonly time?: unknown;
  readonly level?: unknown;
  readonly runId?: unknown;
  readonly channel?: unknown;
  readonly account?: unknown;
}

function parse(line: string): Entry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Entry) : undefined;
  } catch {
    return undefined;
  }
}
