// How jobs are put into words. Pure functions.

import type { CronListResult, CronRunsResult } from "@moltbot/protocol";
import { agoOf, clockTime, durationOf } from "../time.ts";
import { plural, t } from "../words/t.ts";

export type Job = CronListResult["jobs"][number];
export type Run = CronRunsResult["entries"][number];

const UNITS: readonly (readonly [ms: number, every: (count: number) => string])[] = [
  [86_400_000, (count) => plural(count, "every day", "every {0} days")],
  [3_600_000, (count) => plural(count, "every hour", "every {0} hours")],
  [60_000, (count) => plural(count, "every minute", "every {0} minutes")],
  [1_000, (count) => plural(count, "every second", "every {0} seconds")],
  [1, (count) => plural(count, "every millisecond", "every {0} milliseconds")],
];

/** When a job comes: "every 2 hours", "0 8 * * 1-5 in Europe/Berlin", "once". */
export function scheduleText({ schedule }: Pick<Job, "schedule">): string {
  if (schedule.kind === "at") return t("once");
  if (schedule.kind === "cron") return `${schedule.expr}${schedule.tz ? t(" in {0}", schedule.tz) : ""}`;
  if (schedule.kind !== "every") return t("by an event");
  const { everyMs } = schedule;
  const [unitMs, every] = UNITS.find(([ms]) => everyMs % ms === 0) ?? [1, () => ""];
  return every(everyMs / unitMs);
}

/** When it comes next: "paused", "never", "14:30". */
export function nextText({ enabled, state }: Pick<Job, "enabled" | "state">): string {
  if (!enabled) return t("paused");
  return state.nextRunAtMs === undefined ? t("never comes") : t("next {0}", clockTime(state.nextRunAtMs));
}

/** What became of the last time. */
export function outcomeOf({ status, outcome, ts, durationMs }: Run): { text: string; tone: "good" | "bad" | "" } {
  const when = agoOf(ts);
  if (outcome === "missed") return { text: t("missed, {0}", when), tone: "" };
  if (outcome === "coalesced") return { text: t("left out, {0}", when), tone: "" };
  const took = durationMs === undefined || durationMs < 1_000 ? "" : t(" in {0}", durationOf(durationMs));
  if (status === "error") return { text: t("failed {0}", when), tone: "bad" };
  return { text: t("ran {0}{1}", when, took), tone: status === "ok" ? "good" : "" };
}

/** The newest run of each job. */
export function lastRuns(entries: readonly Run[]): ReadonlyMap<string, Run> {
  const last = new Map<string, Run>();
  for (const entry of entries) if (!last.has(entry.jobId)) last.set(entry.jobId, entry);
  return last;
}
