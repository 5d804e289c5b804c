/** Tries a job on a clock that moves by itself: what would become of its times, with the gateway off for a while or not. */
import { type Simulated, simulate } from "../../../../base/schedule/simulate.ts";
import type { Job } from "../jobs/jobs.ts";

const DAY_MS = 86_400_000;
/** So many times are told. */
const MAX_SLOTS = 200;

/** What to try. Times are epoch ms. */
export interface TryOut {
  readonly from: number;
  readonly days: number;
  /** When the gateway is off. */
  readonly down?: { readonly from: number; readonly to: number } | undefined;
  /** What the settings say of missed times, where they overrule the job. */
  readonly catchUp?: Job["config"]["catchUp"] | undefined;
}

/** The times of a job, the first ones where they are many. */
export function tryOut(job: Job, { from, days, down, catchUp }: TryOut): { slots: Simulated[]; hasMore: boolean } {
  const { schedule, graceMs, catchUp: own } = job.config;
  const slots: Simulated[] = [];
  const all = simulate({
    ...{ schedule, graceMs, catchUp: catchUp ?? own, from, to: from + days * DAY_MS, steps: [] },
    tz: schedule.kind === "cron" ? schedule.tz : "UTC",
    downs: down === undefined ? [] : [down],
  });
  for (const each of all) {
    if (slots.length === MAX_SLOTS) return { slots, hasMore: true };
    slots.push(each);
  }
  return { slots, hasMore: false };
}
