/** What clients are told of jobs. */
import { Type } from "@sinclair/typebox";
import { defineEvent } from "../../../kit/event.ts";
import { Millis, NonEmpty, OneOf } from "../../../kit/schema/schema.ts";
import { CronJob } from "./schema.ts";

export const changed = defineEvent({
  name: "cron",
  summary: "A job was added, changed or removed, or its run has begun or ended.",
  audience: "operator.read",
  whenSlow: "drop",
  // January's clients know the fields of their time.
  three: ({ job: _job, runId: _runId, completionStatus: _status, deliveryStatus: _delivery, ...payload }) => payload,
  payload: Type.Object({
    jobId: NonEmpty,
    action: OneOf("added", "updated", "removed", "started", "finished"),
    runAtMs: Type.Optional(Millis),
    durationMs: Type.Optional(Millis),
    status: Type.Optional(OneOf("ok", "error", "skipped")),
    error: Type.Optional(Type.String()),
    summary: Type.Optional(Type.String()),
    runId: Type.Optional(NonEmpty),
    deliveryStatus: Type.Optional(Type.String()),
    completionStatus: Type.Optional(OneOf("succeeded", "failed", "skipped")),
    nextRunAtMs: Type.Optional(Millis),
    job: Type.Optional(CronJob),
  }),
});
