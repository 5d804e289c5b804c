/** Jobs of other gateways, as ours. */

import { isRecord } from "../../../../base/config/config.ts";
import { defined } from "../../../../base/defined.ts";
import { invalidRequest } from "../../../../base/errors.ts";
import { nextSlot } from "../../../../base/schedule/schedule.ts";
import { type Schema, validationText } from "../../../../kit/schema/validate.ts";
import { JobFields, type JobInput, JobShape } from "../schema.ts";
import { jobConfigOf, type Reading } from "./job-config.ts";
import type { Job } from "./jobs.ts";

/** Throws `INVALID_REQUEST` for what is no job. */
export function adoptedJob(
  id: string,
  said: unknown,
  { nextRunAtMs, ...asked }: Pick<Reading, "now" | "tz"> & { readonly nextRunAtMs: number | undefined },
): Job {
  const { now } = asked;
  const reading: Reading = { ...asked, id, protocol: 3, method: undefined };
  const input = anchored(known(said), nextRunAtMs);
  const problem = validationText(JobShape as Schema, input);
  if (problem !== undefined) throw invalidRequest(problem);
  const config = jobConfigOf(input as JobInput, reading);
  const nextAt = nextSlot(config.schedule, now);
  const isOver = nextAt === undefined && config.schedule.kind === "at";
  return {
    ...{ id, config, enabled: (input as JobInput).enabled !== false && !isOver, nextAt, errors: 0, state: {} },
    ...{ declarationKey: undefined, createdAt: now, updatedAt: now },
  };
}

/** The fields that jobs have here. */
function known(said: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(said)) throw invalidRequest("it is not an object");
  return Object.fromEntries(Object.entries(said).filter(([name]) => Object.hasOwn(JobFields, name)));
}

/** A grid without an anchor goes on where it stood. */
function anchored(job: Readonly<Record<string, unknown>>, nextRunAtMs: number | undefined): Record<string, unknown> {
  const { schedule } = job;
  if (!isRecord(schedule) || schedule.kind !== "every" || schedule.anchorMs !== undefined) return { ...job };
  return { ...job, schedule: { ...schedule, ...defined({ anchorMs: nextRunAtMs }) } };
}
