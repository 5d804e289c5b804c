/** Jobs and runs as clients of each generation read them. */
import { defined } from "../../../../base/defined.ts";
import { sha256Hex } from "../../../../base/ids.ts";
import type { Slot } from "../runs/slots.ts";
import type { CronEntry, CronJob } from "../schema.ts";
import type { Job, JobConfig } from "./jobs.ts";

/** What is known of a job beside its row. */
export interface JobFacts {
  /** Its newest run, which may be under way. */
  readonly last: Slot | undefined;
  /** When the slot that failed is tried again. */
  readonly retryAt?: number | undefined;
  /** What has become of the newest run's message. */
  readonly delivery?: DeliveryState | undefined;
}

/** What has become of a message. */
export interface DeliveryState {
  readonly status: string;
  readonly problem?: string | undefined;
}

/** A job, with its newest run and whether one is under way. */
export function jobShape(job: Job, seen: JobFacts, protocol: 3 | 4): CronJob {
  const { config } = job;
  const nextRunAtMs = nextOf(job, seen.retryAt);
  const shape: CronJob = {
    ...{ id: job.id, name: config.name, enabled: job.enabled, createdAtMs: job.createdAt, updatedAtMs: job.updatedAt },
    ...{ schedule: scheduleShape(config, protocol), sessionTarget: targetShape(config, protocol) },
    ...{ wakeMode: config.wakeMode, payload: payloadShape(config, protocol) },
    state: { ...defined({ nextRunAtMs }), ...lastShape(seen.last) },
    ...defined({ description: config.description, agentId: config.agentId, deleteAfterRun: config.deleteAfterRun }),
    ...defined({ isolation: config.isolation }),
  };
  if (protocol === 3) return shape;
  const { isolation: _isolation, ...rest } = shape;
  return {
    ...rest,
    ...{ delivery: config.delivery, catchUp: config.catchUp, graceMs: config.graceMs, configRevision: revisionOf(job) },
    ...defined({ declarationKey: job.declarationKey, nextRunAtMs, failureAlert: config.failureAlert }),
    ...defined({ displayName: config.displayName, sessionKey: config.sessionKey }),
    deliveryPreview: previewOf(config),
    state: { ...shape.state, ...laterState(job, seen) },
  };
}

function nextOf({ enabled, nextAt }: Job, retryAt: number | undefined): number | undefined {
  if (!enabled) return undefined;
  return retryAt === undefined || nextAt === undefined ? (nextAt ?? retryAt) : Math.min(nextAt, retryAt);
}

/** Names a job's settings: it changes when they do. */
export function revisionOf({ config, enabled }: Pick<Job, "config" | "enabled">): string {
  return `sha256:${sha256Hex(JSON.stringify([config, enabled]))}`;
}

/** Names a run by hand that no agent works on, or not yet. */
export function manualId({ id, jobId, slotAt }: Pick<Slot, "id" | "jobId" | "slotAt">): string {
  return `manual:${jobId}:${slotAt}:${id}`;
}

/** A run that has ended, or a slot that was not run. */
export function entryShape(slot: Slot, sent: DeliveryState, protocol: 3 | 4): CronEntry {
  const { state, endedAt, slotAt, startedAt } = slot;
  const entry: CronEntry = {
    ...{ ts: endedAt ?? slotAt, jobId: slot.jobId, action: "finished", runAtMs: startedAt ?? slotAt },
    ...defined({ status: statusOf(state), error: slot.error ?? undefined, summary: slot.summary ?? undefined }),
    ...(startedAt !== null && endedAt !== null && { durationMs: Math.max(0, endedAt - startedAt) }),
  };
  if (protocol === 3) return entry;
  return {
    ...{ ...entry, jobName: slot.jobName, deliveryStatus: sent.status, slotAtMs: slotAt, outcome: slot.outcome },
    ...defined({
      runId: slot.runId ?? (slot.cause === "person" ? manualId(slot) : undefined),
      deliveryError: sent.problem,
      completionStatus: completionOf(state),
    }),
    ...(slot.attempt > 0 && { attempt: slot.attempt }),
  };
}

function statusOf(state: Slot["state"]): CronEntry["status"] {
  return state === "waiting" || state === "running" ? undefined : state;
}

function completionOf(state: Slot["state"]): CronEntry["completionStatus"] {
  if (state === "skipped") return "skipped";
  return state === "ok" ? "succeeded" : state === "error" ? "failed" : undefined;
}

function scheduleShape({ schedule }: JobConfig, protocol: 3 | 4): CronJob["schedule"] {
  if (schedule.kind === "every") return schedule;
  if (schedule.kind === "at")
    return protocol === 3 ? schedule : { kind: "at", at: new Date(schedule.atMs).toISOString() };
  const { kind, expr, tz, staggerMs } = schedule;
  return { kind, expr, tz, ...(protocol === 4 && defined({ staggerMs })) };
}

/** January knows two places. */
function targetShape({ sessionTarget }: JobConfig, protocol: 3 | 4): string {
  return protocol === 4 || sessionTarget === "main" ? sessionTarget : "isolated";
}

/** January keeps the delivery in the payload, and knows two kinds: a program is shown as what it says. */
function payloadShape({ payload, delivery }: JobConfig, protocol: 3 | 4): CronJob["payload"] {
  if (payload.kind === "systemEvent" || protocol === 4) return payload;
  const { mode, channel, to, bestEffort } = delivery;
  const delivered = { deliver: mode === "announce", ...defined({ channel, to, bestEffortDeliver: bestEffort }) };
  if (payload.kind === "command") return { kind: "agentTurn", message: `$ ${payload.argv.join(" ")}`, ...delivered };
  if (payload.kind === "script") return { kind: "agentTurn", message: `$ ${payload.script}`, ...delivered };
  const { toolsAllow: _toolsAllow, fallbacks: _fallbacks, ...rest } = payload;
  return { ...rest, ...delivered };
}

function previewOf({ delivery, payload }: JobConfig): { label: string; detail: string } {
  const { mode, channel = "last", to } = delivery;
  if (mode === "webhook") return { label: "posted", detail: `to ${URL.parse(to ?? "")?.host ?? "an address"}` };
  if (mode === "announce") return { label: "announced", detail: to === undefined ? channel : `${channel} ${to}` };
  if (payload.kind === "systemEvent") return { label: "main conversation", detail: "told to the agent" };
  return { label: "not requested", detail: "not requested" };
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

function laterState({ errors, state }: Job, { last, retryAt, delivery }: JobFacts): CronJob["state"] {
  const { skipped = 0, alert, autoDisabled } = state;
  return {
    ...{ consecutiveErrors: errors, consecutiveSkipped: skipped },
    ...(delivery && { lastDeliveryStatus: delivery.status, lastDelivered: delivery.status === "delivered" }),
    ...defined({ lastRunStatus: last && statusOf(last.state), lastDeliveryError: delivery?.problem }),
    ...defined({ retryAtMs: retryAt, lastFailureAlertAtMs: alert?.at, autoDisabled }),
  };
}
