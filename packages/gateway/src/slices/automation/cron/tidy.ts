/**
 * Reads what clients and models write of a job in other forms than the schema has it (protocol: cron, tolerant input): a
 * wrapped job, kinds that are left out, numbers and switches as text. What it does not know it leaves to the schema, but kinds
 * of schedules: of these the schema cannot say what there is.
 */
import { invalidRequest } from "../../../base/errors.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The params of `cron.add`. */
export function tidyJob(params: unknown): unknown {
  if (!isFields(params)) return params;
  const { job, data, ...rest } = params;
  const wrapped = job ?? data;
  if (isFields(wrapped) && (job === undefined || data === undefined) && !("schedule" in rest))
    return tidyFields({ ...rest, ...wrapped });
  return tidyFields(params);
}

/** The params of `cron.update`. */
export function tidyChange(params: unknown): unknown {
  if (!isFields(params) || !isFields(params.patch)) return params;
  return { ...params, patch: tidyJob(params.patch) };
}

function tidyFields(job: Fields): Fields {
  return {
    ...job,
    ...("enabled" in job && { enabled: switchOf(job.enabled) }),
    ...("deleteAfterRun" in job && { deleteAfterRun: switchOf(job.deleteAfterRun) }),
    ...(typeof job.name === "string" && { name: job.name.trim() }),
    ...(typeof job.agentId === "string" && { agentId: job.agentId.trim() || null }),
    ...(isFields(job.schedule) && { schedule: tidySchedule(job.schedule) }),
    ...(isFields(job.payload) && { payload: tidyPayload(job.payload) }),
  };
}

const KINDS: readonly string[] = ["at", "every", "cron"];
const NO_KIND =
  "schedule.kind is at, every or cron. A schedule cannot follow a program (on-exit, stream); have the program call a hook when " +
  "something happens.";

function tidySchedule(schedule: Fields): Fields {
  const kind = kindOf(schedule.kind, KINDS) ?? inferredSchedule(schedule);
  if (typeof kind === "string" && !KINDS.includes(kind)) throw invalidRequest(NO_KIND);
  const { atMs, everyMs, anchorMs, staggerMs, ...rest } = schedule;
  // A time in words is in `at`, which is read with its zone.
  const at = typeof atMs === "string" && !/^\s*\d+\s*$/.test(atMs) ? { at: atMs } : { atMs: numberOf(atMs) };
  return withoutUndefined({
    ...{ ...rest, ...at, kind, everyMs: numberOf(everyMs), anchorMs: numberOf(anchorMs) },
    staggerMs: numberOf(staggerMs),
  });
}

function inferredSchedule({ kind, atMs, at, everyMs, expr }: Fields): unknown {
  if (kind !== undefined) return kind;
  if (atMs !== undefined || at !== undefined) return "at";
  if (everyMs !== undefined) return "every";
  return expr === undefined ? undefined : "cron";
}

function tidyPayload(payload: Fields): Fields {
  const kind = kindOf(payload.kind, ["systemEvent", "agentTurn", "command", "script"]) ?? inferredPayload(payload);
  const { provider, ...rest } = payload;
  // Channels were called providers once.
  const channel = rest.channel ?? provider;
  return withoutUndefined({
    ...{ ...rest, kind, timeoutSeconds: numberOf(rest.timeoutSeconds) },
    ...(channel !== undefined && { channel: typeof channel === "string" ? channel.trim().toLowerCase() : channel }),
  });
}

function inferredPayload({ kind, message, text, argv, script }: Fields): unknown {
  if (kind !== undefined) return kind;
  if (message !== undefined) return "agentTurn";
  if (text !== undefined) return "systemEvent";
  if (argv !== undefined) return "command";
  return script === undefined ? undefined : "script";
}

/** A kind however it is spelled: "agent_turn" and "AgentTurn" are agentTurn. */
function kindOf(value: unknown, kinds: readonly string[]): string | undefined {
  if (typeof value !== "string") return undefined;
  const plain = value.toLowerCase().replace(/[^a-z]/g, "");
  return kinds.find((kind) => kind.toLowerCase() === plain);
}

function switchOf(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const word = value.trim().toLowerCase();
  return word === "true" ? true : word === "false" ? false : value;
}

function numberOf(value: unknown): unknown {
  return typeof value === "string" && /^\s*\d{1,15}\s*$/.test(value) ? Number(value) : value;
}

function withoutUndefined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
