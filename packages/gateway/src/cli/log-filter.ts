/** Which lines of the log `moltbot logs` shows. */

import { defined } from "../base/defined.ts";
import { type LineQuery, matchesLine } from "../base/log-query.ts";
import { usageError } from "./language/exit.ts";

/** The levels of lines, the least first. */
export const LEVELS = ["debug", "info", "warn", "error"] as const;

/** What is looked for, as `logs.tail` takes it, and whether a line is it. */
export interface LineFilter {
  readonly params: LineQuery;
  matches(line: string): boolean;
}

interface FilterFlags {
  readonly level: string | undefined;
  readonly word: readonly string[];
  readonly account: string | undefined;
  readonly run: string | undefined;
  readonly since: string | undefined;
}

/** The filter that flags mean; undefined where they name none. */
export function filterOf({ level, word, account, run, since }: FilterFlags, now = Date.now()): LineFilter | undefined {
  const params: LineQuery = {
    ...(level !== undefined && { level: level as (typeof LEVELS)[number] }),
    ...(word.length > 0 && { words: [...word] }),
    ...defined({ account, run }),
    ...(since !== undefined && { since: sinceOf(since, now) }),
  };
  if (Object.keys(params).length === 0) return undefined;
  return { params, matches: (line) => matchesLine(line, params) };
}

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** A moment in epoch milliseconds: so long ago, or a date. Throws a usage error that shows both forms. */
function sinceOf(text: string, now: number): number {
  const [, count = "", unit = ""] = /^(\d{1,6})\s*(s|m|h|d|w)$/i.exec(text.trim()) ?? [];
  if (count !== "") return now - Number(count) * (UNITS[unit.toLowerCase()] ?? 0);
  const at = /^\d{4}-\d\d-\d\d/.test(text.trim()) ? Date.parse(text.trim()) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw usageError(
    `--since is a length such as 10m, 2h or 3d, or a time such as 2026-01-31T08:00, not ${JSON.stringify(text)}.`,
  );
}
