/** Reads what clients of both generations say of a job into one shape. */

import { defined } from "../../../../base/defined.ts";
import { GatewayError, invalidRequest } from "../../../../base/errors.ts";
import { checkSchedule, nextSlot, type Schedule, staggerOf } from "../../../../base/schedule/schedule.ts";
import type { CronPatch, JobInput } from "../schema.ts";
import type { Job, JobConfig, Payload } from "./jobs.ts";

export interface Reading {
  readonly id: string;
  readonly now: number;
  /** The zone of expressions that name none. */
  readonly tz: string;
  readonly protocol: 3 | 4;
  /** The method that is called, which errors of protocol 4 name; undefined when a job of another gateway is read. */
  readonly method: "cron.add" | "cron.update" | undefined;
}

const DAY_MS = 24 * 3_600_000;
/** A time that is over soon stays due: one that a person has set must not be lost. */
const ONCE_GRACE_MS = 365 * DAY_MS;

/** Throws `INVALID_REQUEST`, or as January does `UNAVAILABLE`, with what is wrong. */
export function jobConfigOf(input: JobInput, reading: Reading): JobConfig {
  const schedule = scheduleOf(input.schedule, reading);
  requireReadable(schedule, reading);
  const payload = payloadOf(input.payload);
  const sessionTarget = input.sessionTarget ?? (payload.kind === "systemEvent" ? "main" : "isolated");
  if (!/^(?:main|isolated|current|session:.{1,256})$/.test(sessionTarget))
    throw invalidRequest(`invalid ${reading.method} params: sessionTarget is main, isolated, current or session:ID`);
  requireMatch(sessionTarget, payload, input.sessionKey);
  const delivery = deliveryOf(input);
  requireAddresses(delivery, input.failureAlert);
  return {
    ...{ name: input.name, schedule, payload, sessionTarget, wakeMode: input.wakeMode ?? "next-heartbeat" },
    ...{ delivery, catchUp: input.catchUp ?? "latest", failureAlert: input.failureAlert },
    graceMs: input.graceMs ?? (schedule.kind === "at" ? ONCE_GRACE_MS : DAY_MS),
    deleteAfterRun: input.deleteAfterRun ?? (reading.protocol === 4 && schedule.kind === "at" ? true : undefined),
    ...{ description: input.description, agentId: input.agentId ?? undefined, isolation: input.isolation },
    ...{ displayName: input.displayName, sessionKey: input.sessionKey },
  };
}

/** A changed job keeps its grid unless its schedule changes; one that is switched on begins anew. */
export function changedJob(before: Job, input: JobInput, asked: Pick<Reading, "now" | "tz" | "protocol">): Job {
  const { now, protocol } = asked;
  const old = before.config.schedule;
  const given = input.schedule;
  const anchored = given.kind === "every" && old.kind === "every" && given.everyMs === old.everyMs;
  const schedule = anchored ? { ...given, anchorMs: given.anchorMs ?? old.anchorMs } : given;
  const reading = { ...asked, id: before.id, method: "cron.update" as const };
  const config = jobConfigOf({ ...input, schedule }, reading);
  const enabled = input.enabled ?? before.enabled;
  const isSame = JSON.stringify(config.schedule) === JSON.stringify(old) && enabled === before.enabled;
  const isSwitchedOn = enabled && !before.enabled;
  const nextAt = isSame ? before.nextAt : firstSlot(config.schedule, { ...reading, protocol: enabled ? protocol : 3 });
  return {
    ...{ ...before, config, enabled, nextAt, updatedAt: Math.max(now, before.updatedAt + 1) },
    ...(isSwitchedOn && { errors: 0, state: {} }),
  };
}

/** What a job says of itself, with the change that is made to it. Throws when the change does not say enough. */
export function changedInput({ config, enabled }: { config: JobConfig; enabled: boolean }, patch: CronPatch): JobInput {
  const { agentId, payload, ...whole } = config;
  const before = { ...defined(whole), ...defined({ agentId }), enabled };
  const { payload: change, ...rest } = patch;
  const fields = { ...before, ...rest } as Record<string, unknown>;
  for (const [name, value] of Object.entries(fields)) if (value === null) delete fields[name];
  // The grace of single times is another one; what follows from the schedule is found anew with it.
  if (patch.schedule && patch.schedule.kind !== config.schedule.kind && patch.graceMs === undefined)
    delete fields.graceMs;
  const isOfKind = change === undefined || change.kind === payload.kind;
  const merged = isOfKind ? { ...payload, ...change } : change;
  const delivery = deliveryOfChange(patch, config);
  return { ...fields, ...(delivery && { delivery }), payload: completed(merged) } as JobInput;
}

/** January's clients change the delivery with the payload. */
function deliveryOfChange({ payload, delivery }: CronPatch, config: JobConfig): JobConfig["delivery"] | undefined {
  if (delivery !== undefined || payload?.kind !== "agentTurn") return undefined;
  const { deliver, channel, to, bestEffortDeliver: bestEffort } = payload;
  const said = defined({ channel, to, bestEffort });
  if (deliver === undefined && Object.keys(said).length === 0) return undefined;
  const mode = deliver === undefined ? config.delivery.mode : deliver ? "announce" : "none";
  return { ...config.delivery, ...said, mode };
}

const NEEDED = { systemEvent: "text", agentTurn: "message", command: "argv", script: "script" } as const;

function completed(payload: object & { kind: keyof typeof NEEDED }): JobInput["payload"] {
  const needed = NEEDED[payload.kind];
  if (needed in payload && payload[needed as never] !== undefined) return payload as JobInput["payload"];
  throw invalidRequest(`a job of kind ${payload.kind} needs payload.${needed}; say what it does`);
}

/** The first slot of a job. Protocol 4 refuses times that are over and schedules that never come; protocol 3 takes them. */
export function firstSlot(
  schedule: Schedule,
  { now, protocol, method }: Pick<Reading, "now" | "protocol" | "method">,
): number | undefined {
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
    throw invalidRequest(`invalid ${method} params: ${what} has no upcoming run time and would never fire`);
  }
  return first;
}

function scheduleOf(schedule: JobInput["schedule"], { now, tz, id }: Reading): Schedule {
  if (schedule.kind === "every")
    return { kind: "every", everyMs: schedule.everyMs, anchorMs: schedule.anchorMs ?? now };
  if (schedule.kind === "at") return { kind: "at", atMs: schedule.atMs ?? timeIn(schedule.at ?? "") };
  const { staggerMs } = schedule;
  const offsetMs = staggerOf(id, staggerMs ?? 0);
  const expression = { kind: "cron" as const, expr: schedule.expr.trim(), tz: schedule.tz?.trim() || tz };
  return { ...expression, ...defined({ staggerMs }), ...(offsetMs > 0 && { offsetMs }) };
}

/** A time without a zone is UTC, as clients of January mean it. */
function timeIn(text: string): number {
  const trimmed = text.trim();
  if (/^\d{1,15}$/.test(trimmed)) return Number(trimmed);
  const isWithoutZone = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?$/.test(trimmed);
  const withTime = /[T ]\d\d:/.test(trimmed) ? trimmed.replace(" ", "T") : `${trimmed}T00:00`;
  const at = Date.parse(isWithoutZone ? `${withTime}Z` : trimmed);
  if (at >= 0) return at;
  throw invalidRequest("schedule.at must be a time such as 2026-12-24T18:00:00+01:00");
}

/** January and today report a schedule that cannot be read in their own ways. */
function requireReadable(schedule: Schedule, { protocol, method }: Reading): void {
  try {
    checkSchedule(schedule);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    if (method === undefined)
      throw invalidRequest(`its schedule cannot be read: ${error.message.replace(/^CronPattern: /, "")}`);
    if (protocol === 3) throw new GatewayError("UNAVAILABLE", `RangeError: ${error.message}`);
    throw invalidRequest(`invalid ${method} params: ${error.message}`);
  }
}

function payloadOf(payload: JobInput["payload"]): Payload {
  if (payload.kind !== "agentTurn") return payload;
  const { deliver: _deliver, channel: _channel, to: _to, bestEffortDeliver: _bestEffort, ...rest } = payload;
  return rest;
}

function deliveryOf({ delivery, payload }: JobInput): JobConfig["delivery"] {
  if (delivery) return delivery;
  if (payload.kind !== "agentTurn" || payload.deliver === undefined) return { mode: "none" };
  const { deliver, channel, to, bestEffortDeliver: bestEffort } = payload;
  return {
    mode: deliver ? "announce" : "none",
    ...defined({ channel, to, bestEffort }),
  };
}

/** The words of January's gateway (protocol: cron). */
function requireMatch(target: string, payload: Payload, sessionKey: string | undefined): void {
  const { kind } = payload;
  if (target === "main" && kind === "agentTurn")
    throw new GatewayError("UNAVAILABLE", 'Error: main cron jobs require payload.kind="systemEvent"');
  if (target !== "main" && kind === "systemEvent")
    throw new GatewayError("UNAVAILABLE", 'Error: isolated cron jobs require payload.kind="agentTurn"');
  if (target === "current" && sessionKey === undefined)
    throw invalidRequest('sessionTarget "current" needs sessionKey; name the conversation, or write session:ID');
}

/** Whatever is posted needs an address. */
function requireAddresses(delivery: JobConfig["delivery"], alert: JobConfig["failureAlert"]): void {
  const { failureDestination, completionDestination } = delivery;
  const all = { delivery, failureDestination, completionDestination, failureAlert: alert || undefined };
  for (const [name, place] of Object.entries(all)) {
    if (place?.mode !== "webhook") continue;
    const url = URL.parse(place.to ?? "");
    if (!url || !/^https?:$/.test(url.protocol))
      throw invalidRequest(`${name}.to must be an address such as https://example.org/cron when its mode is webhook`);
    if (url.username !== "" || url.password !== "")
      throw invalidRequest(`${name}.to must not carry a name or password; posts carry cron.webhookToken`);
  }
}
