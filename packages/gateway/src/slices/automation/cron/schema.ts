/** Jobs as the wire says them: one shape for both generations, of which each uses its part. */
import { type Static, Type } from "@sinclair/typebox";
import { DurationMs, Millis, NonEmpty, Nullable, OneOf } from "../../../kit/schema/schema.ts";

const Text = Type.String({ minLength: 1, maxLength: 100_000 });
const Name = Type.String({ minLength: 1, maxLength: 512 });
const Url = Type.String({ minLength: 1, maxLength: 2_048 });
const Seconds = Type.Integer({ minimum: 1, maximum: 86_400 });
const Count = Type.Integer({ minimum: 0 });

const Zone = Type.String({ maxLength: 64 });
const StaggerMs = Type.Integer({ minimum: 0, maximum: 24 * 3_600_000 });

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
    tz: Type.Optional(Zone),
    staggerMs: Type.Optional({
      ...StaggerMs,
      description:
        "Each run begins up to this much later, a job always by the same amount. 0 or absent: at the exact time.",
    }),
  }),
]);

const Thinking = OneOf("off", "minimal", "low", "medium", "high", "xhigh");

/** What both an addition and a change may say of work for an agent, beside its message. */
const turn = {
  model: Type.Optional({ ...Name, description: "The model of the job's runs; the conversation keeps its own." }),
  fallbacks: Type.Optional(
    Type.Array(Name, { maxItems: 20, description: "Who answers when it cannot; those of the agent when absent." }),
  ),
  thinking: Type.Optional(Thinking),
  timeoutSeconds: Type.Optional(Seconds),
  toolsAllow: Type.Optional(Type.Array(Name, { maxItems: 200 })),
  deliver: Type.Optional(Type.Boolean()),
  channel: Type.Optional(Name),
  to: Type.Optional(Name),
  bestEffortDeliver: Type.Optional(Type.Boolean()),
};

const Argument = Type.String({ maxLength: 10_000 });
const Arguments = Type.Array(Argument, { minItems: 1, maxItems: 200 });
const Folder = Type.String({ minLength: 1, maxLength: 4_096 });
const Environment = Type.Record(Type.String({ maxLength: 128 }), Argument);

const program = {
  cwd: Type.Optional({ ...Folder, description: "A folder of the agent's workspace; its top when absent." }),
  env: Type.Optional({ ...Environment, description: "Further variables." }),
  timeoutSeconds: Type.Optional(Seconds),
};

export const CronPayload = Type.Union([
  Type.Object({ kind: Type.Literal("systemEvent"), text: Text }),
  Type.Object({ kind: Type.Literal("agentTurn"), message: Text, ...turn }),
  Type.Object({ kind: Type.Literal("command"), argv: Arguments, ...program }),
  Type.Object({ kind: Type.Literal("script"), script: Type.String({ minLength: 1, maxLength: 20_000 }), ...program }),
]);

/** A change names the kind; what it leaves out stays as it is. */
export const CronPayloadPatch = Type.Union([
  Type.Object({ kind: Type.Literal("systemEvent"), text: Type.Optional(Text) }),
  Type.Object({ kind: Type.Literal("agentTurn"), message: Type.Optional(Text), ...turn }),
  Type.Object({ kind: Type.Literal("command"), argv: Type.Optional(Arguments), ...program }),
  Type.Object({
    kind: Type.Literal("script"),
    script: Type.Optional(Type.String({ minLength: 1, maxLength: 20_000 })),
    ...program,
  }),
]);

/** Where news of a job go: a chat, or an address to which they are posted. */
const place = {
  channel: Type.Optional(Name),
  to: Type.Optional({ ...Url, description: "The chat; with mode webhook the address." }),
  accountId: Type.Optional(Name),
  threadId: Type.Optional(Name),
};

export const CronDestination = Type.Object({ mode: Type.Optional(OneOf("announce", "webhook")), ...place });

export const CronDelivery = Type.Object({
  mode: OneOf("none", "announce", "webhook"),
  ...place,
  bestEffort: Type.Optional(Type.Boolean()),
  failureDestination: Type.Optional(
    Type.Unsafe<Static<typeof CronDestination>>({
      ...CronDestination,
      description: "Who is told of a run that failed.",
    }),
  ),
  completionDestination: Type.Optional(
    Type.Unsafe<Static<typeof CronDestination>>({
      ...CronDestination,
      description: "Who is told of every end of a run.",
    }),
  ),
});

export const CronFailureAlert = Type.Object({
  after: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1_000, description: "After how many failures in a row; default 2." }),
  ),
  cooldownMs: Type.Optional({ ...DurationMs, description: "How long nothing more is said of one cause; default 1 h." }),
  includeSkipped: Type.Optional(Type.Boolean({ description: "Whether missed times count too." })),
  mode: Type.Optional(OneOf("announce", "webhook")),
  channel: Type.Optional(Name),
  to: Type.Optional(Url),
  accountId: Type.Optional(Name),
});

const Isolation = Type.Object({
  postToMainPrefix: Type.Optional(Type.String({ maxLength: 256 })),
  postToMainMode: Type.Optional(OneOf("summary", "full")),
  postToMainMaxChars: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000 })),
});

const SessionTarget = Type.String({
  minLength: 1,
  maxLength: 300,
  description: "main, isolated, current (the conversation of sessionKey), or session:ID.",
});

/** What may be said of a job, when it is added or changed. */
export const JobFields = {
  name: Name,
  displayName: Type.Optional(Type.String({ maxLength: 512 })),
  description: Type.Optional(Type.String({ maxLength: 10_000 })),
  agentId: Type.Optional(Nullable(Name)),
  sessionKey: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
  enabled: Type.Optional(Type.Boolean()),
  deleteAfterRun: Type.Optional(Type.Boolean()),
  schedule: CronSchedule,
  sessionTarget: Type.Optional(SessionTarget),
  wakeMode: Type.Optional(OneOf("now", "next-heartbeat")),
  payload: CronPayload,
  isolation: Type.Optional(Isolation),
  delivery: Type.Optional(CronDelivery),
  failureAlert: Type.Optional(Type.Union([Type.Literal(false), CronFailureAlert])),
  catchUp: Type.Optional(
    Type.Union(OneOf("latest", "all", "none").anyOf, {
      description: "Which slots that were missed are still run: the latest (the default), at most ten, or none.",
    }),
  ),
  graceMs: Type.Optional({ ...DurationMs, description: "A slot that is older is not run any more. Default a day." }),
};

export const JobShape = Type.Object(JobFields);
export type JobInput = Static<typeof JobShape>;

const { payload: _payload, ...others } = JobFields;
/** A change: what it leaves out stays, and null forgets what need not be said. */
export const CronPatch = Type.Partial(
  Type.Object(
    {
      ...others,
      payload: CronPayloadPatch,
      description: Nullable(Type.String({ maxLength: 10_000 })),
      displayName: Nullable(Type.String({ maxLength: 512 })),
      sessionKey: Nullable(Type.String({ minLength: 1, maxLength: 512 })),
      deleteAfterRun: Nullable(Type.Boolean()),
      isolation: Nullable(Isolation),
      delivery: Nullable(CronDelivery),
      failureAlert: Nullable(Type.Union([Type.Literal(false), CronFailureAlert])),
      catchUp: Nullable(OneOf("latest", "all", "none")),
      graceMs: Nullable(DurationMs),
    },
    { additionalProperties: false },
  ),
);
export type CronPatch = Static<typeof CronPatch>;

export const CronPreview = Type.Object({ label: Type.String(), detail: Type.String() });

const Status = OneOf("ok", "error", "skipped");

const JobState = Type.Object({
  nextRunAtMs: Type.Optional(Millis),
  runningAtMs: Type.Optional(Millis),
  lastRunAtMs: Type.Optional(Millis),
  lastStatus: Type.Optional(Status),
  lastError: Type.Optional(Type.String()),
  lastDurationMs: Type.Optional(Millis),
  lastRunStatus: Type.Optional(Status),
  lastDelivered: Type.Optional(Type.Boolean()),
  lastDeliveryStatus: Type.Optional(Type.String()),
  lastDeliveryError: Type.Optional(Type.String()),
  consecutiveErrors: Type.Optional(Count),
  consecutiveSkipped: Type.Optional(Count),
  retryAtMs: Type.Optional({ ...Millis, description: "When the slot that failed is tried again." }),
  lastFailureAlertAtMs: Type.Optional(Millis),
  autoDisabled: Type.Optional(
    Type.Object(
      { reason: Type.String(), atMs: Millis, consecutiveErrors: Count },
      {
        description: "Why the gateway has switched the job off.",
      },
    ),
  ),
});

/** A job as clients see it. */
export const CronJob = Type.Object({
  id: NonEmpty,
  ...JobFields,
  agentId: Type.Optional(Name),
  enabled: Type.Boolean(),
  sessionTarget: SessionTarget,
  wakeMode: OneOf("now", "next-heartbeat"),
  declarationKey: Type.Optional(Name),
  createdAtMs: Millis,
  updatedAtMs: Millis,
  state: JobState,
  configRevision: Type.Optional(NonEmpty),
  nextRunAtMs: Type.Optional(Millis),
  effectiveAgentId: Type.Optional(NonEmpty),
  deliveryPreview: Type.Optional(CronPreview),
  note: Type.Optional(
    Type.String({ description: "What whoever set the job should know, such as that it never fires." }),
  ),
});
export type CronJob = Static<typeof CronJob>;

/** One run of a job, or a slot that was not run. */
export const CronEntry = Type.Object({
  ts: Millis,
  jobId: NonEmpty,
  action: Type.Literal("finished"),
  status: Type.Optional(Status),
  error: Type.Optional(Type.String()),
  summary: Type.Optional(Type.String()),
  runAtMs: Type.Optional(Millis),
  durationMs: Type.Optional(Millis),
  nextRunAtMs: Type.Optional(Millis),
  jobName: Type.Optional(Type.String()),
  runId: Type.Optional(NonEmpty),
  sessionKey: Type.Optional(Type.String()),
  completionStatus: Type.Optional(OneOf("succeeded", "failed", "skipped")),
  deliveryStatus: Type.Optional(Type.String()),
  deliveryError: Type.Optional(Type.String()),
  slotAtMs: Type.Optional({ ...Millis, description: "The time at which it was due." }),
  outcome: Type.Optional(OneOf("fired", "late", "missed", "coalesced")),
  attempt: Type.Optional({ ...Count, description: "How often the slot was tried before." }),
});
export type CronEntry = Static<typeof CronEntry>;
