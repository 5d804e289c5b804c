/** Jobs as the wire says them: one shape for both generations, of which each uses its part. */
import { type Static, Type } from "@sinclair/typebox";
import { DurationMs, Millis, NonEmpty, Nullable, OneOf } from "../../../kit/schema/schema.ts";

const Text = Type.String({ minLength: 1, maxLength: 100_000 });
const Name = Type.String({ minLength: 1, maxLength: 512 });

export const CronSchedule = Type.Union([
  Type.Object({ kind: Type.Literal("at"), atMs: Type.Optional(Millis), at: Type.Optional(Name) }),
  Type.Object({
    kind: Type.Literal("every"),
    everyMs: Type.Integer({ minimum: 1, maximum: 100 * 365 * 24 * 3_600_000 }),
    anchorMs: Type.Optional(Millis),
  }),
  Type.Object({
    kind: Type.Literal("cron"),
    expr: Type.String({ minLength: 1, maxLength: 256 }),
    tz: Type.Optional(Type.String({ maxLength: 64 })),
    staggerMs: Type.Optional(DurationMs),
  }),
]);

export const CronPayload = Type.Union([
  Type.Object({ kind: Type.Literal("systemEvent"), text: Text }),
  Type.Object({
    kind: Type.Literal("agentTurn"),
    message: Text,
    model: Type.Optional(Name),
    thinking: Type.Optional(OneOf("off", "minimal", "low", "medium", "high", "xhigh")),
    timeoutSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400 })),
    toolsAllow: Type.Optional(Type.Array(Name, { maxItems: 200 })),
    deliver: Type.Optional(Type.Boolean()),
    channel: Type.Optional(Name),
    to: Type.Optional(Name),
    bestEffortDeliver: Type.Optional(Type.Boolean()),
  }),
]);

export const CronDelivery = Type.Object({
  mode: OneOf("none", "announce"),
  channel: Type.Optional(Name),
  to: Type.Optional(Name),
  accountId: Type.Optional(Name),
  threadId: Type.Optional(Name),
  bestEffort: Type.Optional(Type.Boolean()),
});

const Isolation = Type.Object({
  postToMainPrefix: Type.Optional(Type.String({ maxLength: 256 })),
  postToMainMode: Type.Optional(OneOf("summary", "full")),
  postToMainMaxChars: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000 })),
});

/** What may be said of a job, when it is added or changed. */
export const JobFields = {
  name: Name,
  description: Type.Optional(Type.String({ maxLength: 10_000 })),
  agentId: Type.Optional(Nullable(Name)),
  enabled: Type.Optional(Type.Boolean()),
  deleteAfterRun: Type.Optional(Type.Boolean()),
  schedule: CronSchedule,
  sessionTarget: Type.Optional(OneOf("main", "isolated")),
  wakeMode: Type.Optional(OneOf("now", "next-heartbeat")),
  payload: CronPayload,
  isolation: Type.Optional(Isolation),
  delivery: Type.Optional(CronDelivery),
  catchUp: Type.Optional(
    Type.Union(OneOf("latest", "all", "none").anyOf, {
      description: "Which slots that were missed are still run: the latest (the default), at most ten, or none.",
    }),
  ),
  graceMs: Type.Optional({ ...DurationMs, description: "A slot that is older is not run any more. Default a day." }),
};

export const JobShape = Type.Object(JobFields);
export type JobInput = Static<typeof JobShape>;

const JobState = Type.Object({
  nextRunAtMs: Type.Optional(Millis),
  runningAtMs: Type.Optional(Millis),
  lastRunAtMs: Type.Optional(Millis),
  lastStatus: Type.Optional(OneOf("ok", "error", "skipped")),
  lastError: Type.Optional(Type.String()),
  lastDurationMs: Type.Optional(Millis),
  lastRunStatus: Type.Optional(OneOf("ok", "error", "skipped")),
  lastDeliveryStatus: Type.Optional(Type.String()),
  lastDeliveryError: Type.Optional(Type.String()),
  consecutiveErrors: Type.Optional(Type.Integer({ minimum: 0 })),
});

/** A job as clients see it. */
export const CronJob = Type.Object({
  id: NonEmpty,
  ...JobFields,
  agentId: Type.Optional(Name),
  enabled: Type.Boolean(),
  sessionTarget: OneOf("main", "isolated"),
  wakeMode: OneOf("now", "next-heartbeat"),
  declarationKey: Type.Optional(Name),
  createdAtMs: Millis,
  updatedAtMs: Millis,
  state: JobState,
  configRevision: Type.Optional(NonEmpty),
  nextRunAtMs: Type.Optional(Millis),
  effectiveAgentId: Type.Optional(NonEmpty),
});
export type CronJob = Static<typeof CronJob>;

/** One run of a job, or a slot that was not run. */
export const CronEntry = Type.Object({
  ts: Millis,
  jobId: NonEmpty,
  action: Type.Literal("finished"),
  status: Type.Optional(OneOf("ok", "error", "skipped")),
  error: Type.Optional(Type.String()),
  summary: Type.Optional(Type.String()),
  runAtMs: Type.Optional(Millis),
  durationMs: Type.Optional(Millis),
  nextRunAtMs: Type.Optional(Millis),
  jobName: Type.Optional(Type.String()),
  runId: Type.Optional(NonEmpty),
  deliveryStatus: Type.Optional(Type.String()),
  deliveryError: Type.Optional(Type.String()),
  slotAtMs: Type.Optional({ ...Millis, description: "The time at which it was due." }),
  outcome: Type.Optional(OneOf("fired", "late", "missed", "coalesced")),
});
export type CronEntry = Static<typeof CronEntry>;
