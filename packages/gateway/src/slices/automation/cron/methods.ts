/** The methods of cron. One job is kept; each generation of clients reads it in its own shape. */
import { Type } from "@sinclair/typebox";
import { defined } from "../../../base/defined.ts";
import { invalidRequest } from "../../../base/errors.ts";
import { Millis, Nullable, OneOf } from "../../../kit/schema/schema.ts";
import { CronEntry, CronJob, CronPatch, CronPreview, JobFields } from "./schema.ts";
import { defineMethod } from "./slice.ts";
import { tidyChange, tidyJob } from "./tidy.ts";

const DAY_MS = 86_400_000;
const Id = Type.Optional(Type.String({ minLength: 1, maxLength: 256 }));
const Job = { id: Id, jobId: Id };
const Count = Type.Integer({ minimum: 0 });
const Offset = Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 }));
const Page = {
  total: Type.Optional(Count),
  offset: Type.Optional(Count),
  limit: Type.Optional(Count),
  hasMore: Type.Optional(Type.Boolean()),
  nextOffset: Type.Optional(Nullable(Count)),
};

const Delivery = OneOf("delivered", "not-delivered", "unknown", "not-requested", "queued");

/** The id under either of its names. Throws `INVALID_REQUEST` when there is none. */
function idOf({ id, jobId }: { id?: string; jobId?: string }): string {
  const found = id ?? jobId;
  if (found === undefined) throw invalidRequest("id is missing; name the job");
  return found;
}

export const status = defineMethod({
  name: "cron.status",
  summary: "Whether jobs run by themselves, how many there are, and when the next one is due.",
  access: "operator.read",
  params: {},
  result: Type.Object({
    enabled: Type.Boolean(),
    storePath: Type.String(),
    storage: Type.String(),
    jobs: Count,
    nextWakeAtMs: Nullable(Millis),
  }),
  handler: ({ gateway }) => gateway.cron.views.status(),
});

export const list = defineMethod({
  name: "cron.list",
  summary: "The jobs, by the time at which each is due next.",
  access: "operator.read",
  params: { includeDisabled: Type.Optional(Type.Boolean()) },
  result: Type.Object({
    jobs: Type.Array(CronJob),
    snapshotRevision: Type.String(),
    ...Page,
    deliveryPreviews: Type.Optional({
      ...Type.Record(Type.String(), CronPreview),
      description: "Where the words of each job go, by its id.",
    }),
  }),
  handler: ({ params, gateway }) =>
    gateway.cron.views.list({ disabled: params.includeDisabled ?? false, limit: 20_000, offset: 0, protocol: 3 }),
  four: {
    params: {
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
      offset: Offset,
      enabled: Type.Optional(OneOf("all", "enabled", "disabled")),
      agentId: Id,
      scheduleKind: Type.Optional(OneOf("all", "at", "every", "cron")),
      payloadKind: Type.Optional(OneOf("systemEvent", "agentTurn", "command", "script")),
      lastRunStatus: Type.Optional(OneOf("all", "ok", "error", "skipped")),
      query: Type.Optional(
        Type.String({ maxLength: 512, description: "Words of the name, the description or the id." }),
      ),
      sortBy: Type.Optional(OneOf("nextRunAtMs", "updatedAtMs", "createdAtMs", "name")),
      sortDir: Type.Optional(OneOf("asc", "desc")),
    },
    handler: ({ params, gateway }) => {
      const { includeDisabled = false, limit = 50, offset = 0, scheduleKind, lastRunStatus, ...filter } = params;
      return gateway.cron.views.list({
        ...{ ...filter, disabled: includeDisabled, limit, offset, protocol: 4 },
        scheduleKind: scheduleKind === "all" ? undefined : scheduleKind,
        lastRunStatus: lastRunStatus === "all" ? undefined : lastRunStatus,
      });
    },
  },
});

export const get = defineMethod({
  name: "cron.get",
  summary: "One job.",
  access: "operator.read",
  params: Job,
  result: CronJob,
  handler: ({ params, gateway, caller }) => gateway.cron.views.get(idOf(params), caller.protocol),
});

const Declared = Type.Object({ created: Type.Boolean(), updated: Type.Optional(Type.Boolean()), job: CronJob });

export const add = defineMethod({
  name: "cron.add",
  summary: "Adds a job. With a declarationKey, a job that was added with it is changed into this one.",
  access: "operator.admin",
  tidy: tidyJob,
  params: JobFields,
  result: CronJob,
  handler: async ({ params, gateway }) => {
    const added = await gateway.cron.add(params, undefined, 3);
    return "job" in added ? added.job : added;
  },
  four: {
    params: { declarationKey: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })) },
    result: Type.Union([CronJob, Declared]),
    handler: async ({ params: { declarationKey, ...job }, gateway }) => await gateway.cron.add(job, declarationKey, 4),
  },
});

export const update = defineMethod({
  name: "cron.update",
  summary: "Changes the fields of a job that the patch names.",
  access: "operator.admin",
  tidy: tidyChange,
  params: { ...Job, patch: CronPatch },
  result: CronJob,
  handler: async ({ params, gateway }) => await gateway.cron.update(idOf(params), params.patch, { protocol: 3 }),
  four: {
    params: { expectedConfigRevision: Type.Optional(Type.String({ maxLength: 128 })) },
    handler: async ({ params, gateway }) => {
      const expected = params.expectedConfigRevision;
      return await gateway.cron.update(idOf(params), params.patch, { protocol: 4, ...defined({ expected }) });
    },
  },
});

export const remove = defineMethod({
  name: "cron.remove",
  summary: "Removes a job; what it has run stays listed.",
  access: "operator.admin",
  params: Job,
  result: Type.Object({ ok: Type.Literal(true), removed: Type.Boolean() }),
  handler: ({ params, gateway }) => gateway.cron.remove(idOf(params)),
  four: {
    handler: ({ params, gateway }) => gateway.cron.remove(gateway.cron.views.known(idOf(params), 4).id),
  },
});

export const run = defineMethod({
  name: "cron.run",
  summary: "Runs a job now; with mode due only when its time has come.",
  access: "operator.admin",
  params: { ...Job, mode: Type.Optional(OneOf("due", "force", "if-enabled")) },
  result: Type.Object({
    ok: Type.Literal(true),
    ran: Type.Optional(Type.Boolean()),
    reason: Type.Optional(Type.String()),
    enqueued: Type.Optional(Type.Boolean()),
    runId: Type.Optional(Type.String()),
  }),
  handler: async ({ params, gateway, caller }) =>
    await gateway.cron.run(idOf(params), params.mode ?? "due", caller.protocol),
});

export const runs = defineMethod({
  name: "cron.runs",
  summary: "What jobs have run, and slots that were not run: for protocol 3 oldest first, else newest first.",
  access: "operator.read",
  params: { ...Job, limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5_000 })) },
  result: Type.Object({ entries: Type.Array(CronEntry), ...Page }),
  handler: ({ params, gateway }) =>
    gateway.cron.views.runs({ jobId: idOf(params), limit: params.limit ?? 200, offset: 0, protocol: 3 }),
  four: {
    params: {
      scope: Type.Optional(OneOf("job", "all")),
      offset: Offset,
      runId: Id,
      status: Type.Optional(OneOf("all", "ok", "error", "skipped")),
      statuses: Type.Optional(Type.Array(OneOf("ok", "error", "skipped"), { maxItems: 3 })),
      deliveryStatus: Type.Optional(Delivery),
      deliveryStatuses: Type.Optional(Type.Array(Delivery, { maxItems: 5 })),
      query: Type.Optional(
        Type.String({ maxLength: 512, description: "A part of the job's name, of what was said or of the error." }),
      ),
      sortDir: Type.Optional(OneOf("asc", "desc")),
    },
    handler: ({ params, gateway }) => {
      const { limit = 50, offset = 0, scope, status, statuses, deliveryStatus, deliveryStatuses, ...rest } = params;
      const { id, jobId = id, runId, query, sortDir } = rest;
      const isAll = scope === "all" || (jobId === undefined && runId !== undefined);
      return gateway.cron.views.runs({
        ...{ jobId: isAll ? undefined : idOf(rest), runId, query, oldestFirst: sortDir === "asc" },
        statuses: statuses ?? (status === undefined || status === "all" ? undefined : [status]),
        deliveryStatuses: deliveryStatuses ?? (deliveryStatus === undefined ? undefined : [deliveryStatus]),
        ...{ limit: Math.min(limit, 200), offset, protocol: 4 },
      });
    },
  },
});

export const tryOut = defineMethod({
  name: "cron.simulate",
  summary: "Tries a job on a clock that moves by itself: what would become of each of its times. Nothing is run.",
  access: "operator.read",
  params: {
    ...Job,
    days: Type.Optional(Type.Integer({ minimum: 1, maximum: 31, description: "How many days; 7 by default." })),
    fromMs: Type.Optional({ ...Millis, description: "Where it begins; now by default." }),
    downMs: Type.Optional(
      Type.Object(
        {
          afterMs: Type.Integer({ minimum: 0, maximum: 31 * DAY_MS }),
          forMs: Type.Integer({ minimum: 1_000, maximum: DAY_MS }),
        },
        { description: "When the gateway is off, counted from the beginning." },
      ),
    ),
  },
  result: Type.Object({
    slots: Type.Array(
      Type.Object({
        slot: Type.String({ description: "The time in UTC." }),
        local: Type.String({ description: "The time where the job lives." }),
        outcome: OneOf("fired", "late", "missed", "coalesced"),
        why: Type.String(),
      }),
    ),
    hasMore: Type.Boolean({ description: "There are more times than are told." }),
  }),
  handler: async ({ params, gateway, caller }) =>
    await gateway.cron.simulate(idOf(params), {
      ...defined({ from: params.fromMs, down: params.downMs }),
      days: params.days ?? 7,
      protocol: caller.protocol,
    }),
});
