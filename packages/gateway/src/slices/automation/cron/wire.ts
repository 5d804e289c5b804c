/** Jobs and runs as clients of each generation read them. */
import { defined } from "../../../base/defined.ts";
import { sha256Hex } from "../../../base/ids.ts";
import type { Job, JobConfig } from "./jobs.ts";
import type { CronEntry, CronJob } from "./schema.ts";
import type { Slot } from "./slots.ts";

/** A job, with its newest run and whether one is under way. */
export function jobShape(job: Job, last: Slot | undefined, protocol: 3 | 4): CronJob {
  const { config } = job;
  const nextRunAtMs = job.enabled ? job.nextAt : undefined;
  const shape: CronJob = {
    ...{ id: job.id, name: config.name, enabled: job.enabled, createdAtMs: job.createdAt, updatedAtMs: job.updatedAt },
    ...{ schedule: scheduleShape(config, protocol), sessionTarget: config.sessionTarget, wakeMode: config.wakeMode },
    ...{ payload: payloadShape(config, protocol), state: { ...defined({ nextRunAtMs }), ...lastShape(last) } },
    ...defined({ description: config.description, agentId: config.agentId, deleteAfterRun: config.deleteAfterRun }),
    ...defined({ isolation: config.isolation }),
  };
  if (protocol === 3) return shape;
  const { isolation: _isolation, ...rest } = shape;
  return {
    ...rest,
    ...{ delivery: config.delivery, catchUp: config.catchUp, graceMs: config.graceMs, configRevision: revisionOf(job) },
    ...defined({ declarationKey: job.declarationKey, nextRunAtMs }),
    state: { ...shape.state, ...laterState(job, last) },
  };
}

/** Names a job's settings: it changes when they do. */
export function revisionOf({ config, enabled }: Pick<Job, "config" | "enabled">): string {
  return `sha256:${sha256Hex(JSON.stringify([config, enabled]))}`;
}

/** A run that has ended, or a slot that was not run. */
export function entryShape(slot: Slot, protocol: 3 | 4): CronEntry {
  const { state, endedAt, slotAt, startedAt } = slot;
  const entry: CronEntry = {
    ...{ ts: endedAt ?? slotAt, jobId: slot.jobId, action: "finished", runAtMs: startedAt ?? slotAt },
    ...defined({ status: statusOf(state), error: slot.error ?? undefined, summary: slot.summary ?? undefined }),
    ...(startedAt !== null && endedAt !== null && { durationMs: Math.max(0, endedAt - startedAt) }),
  };
  if (protocol === 3) return entry;
  return {
    ...{ ...entry, jobName: slot.jobName, deliveryStatus: slot.delivery, slotAtMs: slotAt, outcome: slot.outcome },
    ...defined({ runId: slot.runId ?? undefined, deliveryError: slot.deliveryError ?? undefined }),
  };
}

function statusOf(state: Slot["state"]): CronEntry["status"] {
  return state === "waiting" || state === "running" ? undefined : state;
}

function scheduleShape({ schedule }: JobConfig, protocol: 3 | 4): CronJob["schedule"] {
  if (schedule.kind !== "at") return schedule;
  return protocol === 3 ? schedule : { kind: "at", at: new Date(schedule.atMs).toISOString() };
}

/** January keeps the delivery in the payload. */
function payloadShape({ payload, delivery }: JobConfig, protocol: 3 | 4): CronJob["payload"] {
  if (payload.kind === "systemEvent" || protocol === 4) return payload;
  const { toolsAllow: _toolsAllow, ...rest } = payload;
  const { mode, channel, to, bestEffort } = delivery;
  return { ...rest, deliver: mode === "announce", ...defined({ channel, to, bestEffortDeliver: bestEffort }) };
}

function lastShape(last: Slot | undefined): CronJob["state"] {
  if (!last) return {};
  if (last.state === "running") return defined({ runningAtMs: last.startedAt ?? undefined });
  const { startedAt, endedAt } = last;
  return defined({
    lastRunAtMs: startedAt ?? undefined,
    lastStatus: statusOf(last.state),
    lastError: last.error ?? undefined,
    lastDurationMs: startedAt === null || endedAt === null ? undefined : Math.max(0, endedAt - startedAt),
  });
}

function laterState({ errors }: Job, last: Slot | undefined): CronJob["state"] {
  return {
    consecutiveErrors: errors,
    ...(last && { lastDeliveryStatus: last.delivery }),
    ...defined({ lastRunStatus: last && statusOf(last.state), lastDeliveryError: last?.deliveryError ?? undefined }),
  };
}
