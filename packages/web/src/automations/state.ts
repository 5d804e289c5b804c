// How jobs are put into words. Pure functions.

import type { CronListResult, CronRunsResult } from "@moltbot/protocol";
import { clockTime, durationOf, shortAge } from "../time.ts";

export type Job = CronListResult["jobs"][number];
export type Run = CronRunsResult["entries"][number];

const UNITS = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
  [1_000, "second"],
] as const;

/** When a job comes: "every 2 hours", "0 8 * * 1-5 in Europe/Berlin", "once". */
export function scheduleText({ schedule }: Pick<Job, "schedule">): string {
  if (schedule.kind === "at") return "once";
  if (schedule.kind === "cron") return `${schedule.expr}${schedule.tz ? ` in ${schedule.tz}` : ""}`;
  if (schedule.kind !== "every") return "by an event";
  const { everyMs } = schedule;
  const [unitMs, unit] = UNITS.find(([ms]) => everyMs % ms === 0) ?? [1, "millisecond"];
  const count = everyMs / unitMs;
  return count === 1 ? `every ${unit}` : `every ${count} ${unit}s`;
}

/** When it comes next: "paused", "never", "14:30". */
export function nextText({ enabled, state }: Pick<Job, "enabled" | "state">): string {
  if (!enabled) return "paused";
  return state.nextRunAtMs === undefined ? "never comes" : `next ${clockTime(state.nextRunAtMs)}`;
}

/** What became of the last time. */
export function outcomeOf({ status, outcome, ts, durationMs }: Run): { text: string; mood: "good" | "bad" | "" } {
  const ago = shortAge(ts);
  const when = ago === "now" ? "just now" : ago.includes(" ") && /min|h$/.test(ago) ? `${ago} ago` : ago;
  if (outcome === "missed") return { text: `missed, ${when}`, mood: "" };
  if (outcome === "coalesced") return { text: `left out, ${when}`, mood: "" };
  const took = durationMs === undefined || durationMs < 1_000 ? "" : ` in ${durationOf(durationMs)}`;
  if (status === "error") return { text: `failed ${when}`, mood: "bad" };
  return { text: `ran ${when}${took}`, mood: status === "ok" ? "good" : "" };
}

/** The newest run of each job. */
export function lastRuns(entries: readonly Run[]): ReadonlyMap<string, Run> {
  const last = new Map<string, Run>();
  for (const entry of entries) if (!last.has(entry.jobId)) last.set(entry.jobId, entry);
  return last;
}
