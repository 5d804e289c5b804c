/** Spans of time as people write them on a command line. */
import { invalidRequest } from "../../base/errors.ts";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A span such as 10m, in ms. Throws `INVALID_REQUEST` for another text. */
export function spanOf(text: string): number {
  const [, count, unit = ""] = /^(\d{1,9})\s*(ms|s|m|h|d)$/.exec(text.trim()) ?? [];
  const ms = Number(count) * (UNITS[unit] ?? Number.NaN);
  if (ms >= 1) return ms;
  throw invalidRequest(`"${text.slice(0, 40)}" is no span of time; write for example 30s, 10m, 2h or 1d`);
}
