/** Sets jobs right after the clock was set back: none waits for a time that a wrong clock has shown. */
import type { Job, Jobs } from "../jobs/jobs.ts";
import type { CronServices } from "../services.ts";
import type { Slots } from "./slots.ts";

const DAY_MS = 24 * 3_600_000;

/** Slots of a time that has not come are taken back, and jobs that wait for such a time wait for their next one. */
export async function repairAfterClockSetBack({
  services,
  jobs,
  slots,
}: {
  readonly services: CronServices;
  readonly jobs: Jobs;
  readonly slots: Slots;
}): Promise<void> {
  const now = services.clock.now();
  const known = services.store.transaction(() => slots.takeBack(now));
  const found = [...known.flatMap((id) => jobs.get(id) ?? []), ...jobs.changedAfter(now)];
  if (found.length === 0) return;
  const { nextSlot } = await import("../../../../base/schedule/schedule.ts");
  services.log.info("the clock was set back; jobs wait for their next times", { jobs: found.length });
  services.store.transaction(() => {
    for (const { id } of found) {
      const before = jobs.get(id);
      if (!before) continue;
      const job = rightedBy(before, now);
      const { nextAt, config, state } = job;
      const isKept = nextAt === undefined || config.schedule.kind === "at";
      const next = isKept ? nextAt : Math.min(nextAt, nextSlot(config.schedule, now) ?? nextAt);
      const rests = state.restsUntil !== undefined && state.restsUntil > now + DAY_MS;
      jobs.save({ ...job, nextAt: next, state: rests ? { ...state, restsUntil: now } : state });
    }
  });
}

/** A job that counts from a time which has not come, because the clock was ahead when it was set, keeps its grid. */
function rightedBy(job: Job, now: number): Job {
  const { schedule } = job.config;
  const updatedAt = Math.min(job.updatedAt, now);
  if (schedule.kind !== "every" || schedule.anchorMs <= now || schedule.anchorMs > job.updatedAt)
    return { ...job, updatedAt };
  const back = Math.ceil((schedule.anchorMs - now) / schedule.everyMs) * schedule.everyMs;
  const anchorMs = schedule.anchorMs - back;
  return { ...job, updatedAt, config: { ...job.config, schedule: { ...schedule, anchorMs } } };
}
