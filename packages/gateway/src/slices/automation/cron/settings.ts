/** The `cron` section: whether jobs run, how many at once, and what becomes of failures. */
import { type Static, Type } from "@sinclair/typebox";
import { DurationMs, OneOf, Secret } from "../../../kit/schema/schema.ts";
import { defineSettings } from "../../../kit/settings.ts";

const Text = Type.String({ minLength: 1, maxLength: 2_048 });

const Retry = Type.Object({
  maxAttempts: Type.Integer({
    default: 5,
    minimum: 0,
    maximum: 20,
    description:
      "How often the agent tries a slot again after a failure; work that has changed something is not repeated.",
  }),
  backoffMs: Type.Array(DurationMs, {
    default: [30_000, 60_000, 300_000, 900_000, 3_600_000],
    minItems: 1,
    maxItems: 20,
    description: "How long a job pauses after one failure, after two in a row, and so on, ms.",
  }),
});

const Place = {
  mode: Type.Optional({ ...OneOf("announce", "webhook"), description: "A chat, or an address to post to." }),
  channel: Type.Optional({ ...Text, description: "The channel; where the agent was last spoken to when absent." }),
  to: Type.Optional({ ...Text, description: "The chat, or with webhook the address." }),
  accountId: Type.Optional({ ...Text, description: "Over which account." }),
};

const FailureAlert = Type.Object({
  enabled: Type.Boolean({ default: true, description: "Whether failures of jobs are reported." }),
  after: Type.Integer({ default: 2, minimum: 1, maximum: 1_000, description: "After how many failures in a row." }),
  cooldownMs: Type.Integer({
    default: 3_600_000,
    minimum: 0,
    maximum: 31_536_000_000,
    description: "How long nothing more is said of one cause, ms.",
  }),
  includeSkipped: Type.Boolean({ default: false, description: "Whether missed times count too." }),
  ...Place,
});

const Cron = Type.Object({
  enabled: Type.Boolean({ default: true, description: "Whether jobs run by themselves." }),
  maxConcurrentRuns: Type.Integer({
    default: 4,
    minimum: 1,
    maximum: 64,
    description: "How many jobs have the agent or a program work at once; others wait.",
  }),
  maxRunsPerDay: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      description: "How often jobs may have the agent work in 24 hours; what comes then fails with the reason.",
    }),
  ),
  keepDays: Type.Integer({ default: 7, minimum: 1, maximum: 365, description: "How long runs are listed." }),
  sessionHours: Type.Integer({
    default: 24,
    minimum: 1,
    maximum: 8_760,
    description: "How long conversations of jobs and hooks that nobody continues are kept, hours.",
  }),
  maxSessions: Type.Integer({
    default: 500,
    minimum: 1,
    maximum: 100_000,
    description: "How many such conversations are kept; the oldest go first.",
  }),
  skipMissedJobs: Type.Boolean({
    default: false,
    description: "Whether slots that came while the gateway was off are missed, whatever the jobs say.",
  }),
  disableAfterErrors: Type.Integer({
    default: 10,
    minimum: 1,
    maximum: 1_000,
    description: "A job that fails so often in a row is switched off.",
  }),
  retry: Retry,
  failureAlert: FailureAlert,
  webhookToken: Type.Optional({ ...Secret, description: "Sent as Bearer token with what jobs post." }),
  webhookPrivateHosts: Type.Optional(
    Type.Array(Text, {
      maxItems: 100,
      description: 'Addresses of your own network to which jobs may post, as host:port: "10.0.0.5:8080".',
    }),
  ),
});
export type CronSettings = Static<typeof Cron>;

export const cron = defineSettings({
  path: "cron",
  summary: "Jobs that run at set times.",
  reload: "live",
  schema: Cron,
});
