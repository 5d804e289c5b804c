/** Reads what clients of both generations say of a job into one shape. */

import { GatewayError, invalidRequest } from "../../../base/errors.ts";
import { checkSchedule, nextSlot, type Schedule } from "../../../base/schedule/schedule.ts";
import type { JobConfig, Payload } from "./jobs.ts";
import type { JobInput } from "./schema.ts";

export interface Reading {
  readonly now: number;
  /** The zone of expressions that name none. */
  readonly tz: string;
  readonly protocol: 3 | 4;
}

const DAY_MS = 24 * 3_600_000;
/** A time that is over soon stays due: one that a person has set must not be lost. */
const ONCE_GRACE_MS = 365 * DAY_MS;

/** Throws `INVALID_REQUEST`, or as January does `UNAVAILABLE`, with what is wrong. */
export function jobConfigOf(input: JobInput, reading: Reading): JobConfig {
  const schedule = scheduleOf(input.schedule, reading);
  checkSchedule(schedule);
  const payload = payloadOf(input.payload);
  const sessionTarget = input.sessionTarget ?? (payload.kind === "systemEvent" ? "main" : "isolated");
  requireMatch(sessionTarget, payload);
  return {
    ...{ name: input.name, schedule, payload, sessionTarget, wakeMode: input.wakeMode ?? "next-heartbeat" },
    ...{ delivery: deliveryOf(input), catchUp: input.catchUp ?? "latest" },
    graceMs: input.graceMs ?? (schedule.kind === "at" ? ONCE_GRACE_MS : DAY_MS),
    deleteAfterRun: input.deleteAfterRun ?? (reading.protocol === 4 && schedule.kind === "at" ? true : undefined),
    ...{ description: input.description, agentId: input.agentId ?? undefined, isolation: input.isolation },
  };
}

/** The first slot of a job. Protocol 4 refuses times that are over and schedules that never come; protocol 3 takes them. */
export function firstSlot(schedule: Schedule, { now, protocol }: Reading): number | undefined {
  const isOver = schedule.kind === "at" && schedule.atMs <= now;
  if (isOver && protocol === 3) return schedule.atMs;
  if (isOver) {
    const minutes = Math.round((now - schedule.atMs) / 60_000);
    const at = new Date(schedule.atMs).toISOString();
    throw invalidRequest(
      `schedule.at is in the past: ${at} (${minutes} minutes ago). Current time: ${new Date(now).toISOString()}`,
    );
  }
  const first = nextSlot(schedule, now);
  if (first === undefined && protocol === 4) {
    const what = schedule.kind === "cron" ? `"${schedule.expr}"` : "the schedule";
    throw invalidRequest(`${what} has no upcoming run time and would never fire`);
  }
  return first;
}

function scheduleOf(schedule: JobInput["schedule"], { now, tz }: Reading): Schedule {
  if (schedule.kind === "every")
    return { kind: "every", everyMs: schedule.everyMs, anchorMs: schedule.anchorMs ?? now };
  if (schedule.kind === "cron") return { kind: "cron", expr: schedule.expr.trim(), tz: schedule.tz?.trim() || tz };
  return { kind: "at", atMs: schedule.atMs ?? timeIn(schedule.at ?? "") };
}

/** A time without a zone is UTC, as clients of January mean it. */
function timeIn(text: string): number {
  const trimmed = text.trim();
  if (/^\d{1,15}$/.test(trimmed)) return Number(trimmed);
  const isWithoutZone = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?$/.test(trimmed);
  const withTime = /[T ]\d\d:/.test(trimmed) ? trimmed.replace(" ", "T") : `${trimmed}T00:00`;
  const at = Date.parse(isWithoutZone ? `${withTime}Z` : trimmed);
  if (Number.isNaN(at)) throw invalidRequest("schedule.at must be a time such as 2026-12-24T18:00:00+01:00");
  return at;
}

function payloadOf(payload: JobInput["payload"]): Payload {
  if (payload.kind === "systemEvent") return payload;
  const { deliver: _deliver, channel: _channel, to: _to, bestEffortDeliver: _bestEffort, ...rest } = payload;
  return rest;
}

function deliveryOf({ delivery, payload }: JobInput): JobConfig["delivery"] {
  if (delivery) return delivery;
  if (payload.kind === "systemEvent" || payload.deliver === undefined) return { mode: "none" };
  const { deliver, channel, to, bestEffortDeliver: bestEffort } = payload;
  return {
    mode: deliver ? "announce" : "none",
    ...(channel !== undefined && { channel }),
    ...(to !== undefined && { to }),
    ...(bestEffort !== undefined && { bestEffort }),
  };
}

/** The words of January's gateway (protocol: cron). */
function requireMatch(target: "main" | "isolated", payload: Payload): void {
  if (target === "main" && payload.kind !== "systemEvent")
    throw new GatewayError("UNAVAILABLE", 'Error: main cron jobs require payload.kind="systemEvent"');
  if (target === "isolated" && payload.kind !== "agentTurn")
    throw new GatewayError("UNAVAILABLE", 'Error: isolated cron jobs require payload.kind="agentTurn"');
}
