/** The methods of recordings: which runs there were, what happened in one, and the same run again. */

import { Type } from "@sinclair/typebox";
import { defined } from "../../../base/defined.ts";
import { invalidRequest } from "../../../base/errors.ts";
import { Id, Ignored, NonEmpty, SessionKey } from "../../../kit/schema/schema.ts";
import { ReplayReport, RunDetails, RunEvent, RunRow, TaskRow, WhichRun } from "./schema.ts";
import { defineMethod } from "./slice.ts";

export const list = defineMethod({
  name: "runs.list",
  summary: "The newest runs, without what was said in them.",
  access: "operator.read",
  params: { limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })) },
  result: Type.Object({ recording: Type.Boolean(), runs: Type.Array(RunRow) }),
  handler({ params, gateway: { recordings } }) {
    return { recording: recordings.isOn, runs: recordings.rows(params.limit ?? 20) };
  },
});

export const tasks = defineMethod({
  name: "tasks.list",
  summary: "The newest runs as tasks, as pages of protocol 4 read them.",
  access: "operator.read",
  params: {
    status: Type.Optional(Type.Array(Type.String({ maxLength: 32 }), { maxItems: 16 })),
    agentId: Type.Optional(Id),
    sessionKey: Type.Optional(SessionKey),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, description: "Default 50." })),
    sortBy: Ignored,
  },
  result: Type.Object({ tasks: Type.Array(TaskRow) }),
  handler({ params: { status, agentId, sessionKey, limit = 50 }, gateway: { recordings, sessions } }) {
    const key = sessionKey === undefined ? undefined : sessions.keyOf(sessionKey, agentId);
    const wanted = recordings
      .rows(500)
      .map((row) => ({
        ...{ id: row.runId, taskId: row.runId, runId: row.runId, kind: "run", status: TASK_STATUS[row.status] },
        ...{ agentId: row.agentId, sessionKey: row.sessionKey, title: row.source, createdAt: row.acceptedAt },
        ...defined({ startedAt: row.startedAt, endedAt: row.endedAt }),
        updatedAt: row.endedAt ?? row.startedAt ?? row.acceptedAt,
      }))
      .filter(
        (task) =>
          (status === undefined || status.length === 0 || status.includes(task.status)) &&
          (agentId === undefined || task.agentId === agentId) &&
          (key === undefined || task.sessionKey === key),
      );
    return { tasks: wanted.slice(0, limit) };
  },
});

/** What becomes of a run, in the words of tasks. */
const TASK_STATUS = {
  accepted: "queued",
  running: "running",
  ok: "completed",
  merged: "completed",
  error: "failed",
  aborted: "cancelled",
} as const;

export const get = defineMethod({
  name: "runs.get",
  summary: "What happened in a run: its requests to providers and its tools.",
  access: "operator.admin",
  params: WhichRun,
  result: RunDetails,
  handler: ({ params, gateway: { recordings } }) => recordings.details(params.runId),
});

export const events = defineMethod({
  name: "runs.events",
  summary: "The events of a recorded run, in order; of its text the last state only.",
  access: "operator.admin",
  params: WhichRun,
  result: Type.Object({ runId: NonEmpty, events: Type.Array(RunEvent) }),
  async handler({ params: { runId }, gateway: { recordings } }) {
    const recording = await recordings.require(runId);
    return { runId, events: [...recording.events] };
  },
});

export const exported = defineMethod({
  name: "runs.export",
  summary: "A recorded run as one JSON value, to be replayed here or on another gateway.",
  access: "operator.admin",
  params: WhichRun,
  result: Type.Object({ recording: Type.Unknown() }),
  handler: async ({ params, gateway: { recordings } }) => ({ recording: await recordings.exported(params.runId) }),
});

export const replay = defineMethod({
  name: "runs.replay",
  summary: "Runs a recorded run again, offline: models and tools answer what they answered then.",
  access: "operator.admin",
  params: {
    runId: Type.Optional(Id),
    recording: Type.Optional(Type.Unknown({ description: "As runs.export gave it." })),
  },
  result: ReplayReport,
  async handler({ params, gateway: { recordings }, signal }) {
    if ((params.runId === undefined) === (params.recording === undefined))
      throw invalidRequest("invalid runs.replay params: pass either runId or recording");
    const recording =
      params.runId === undefined ? recordings.read(params.recording) : await recordings.require(params.runId);
    return recordings.report(recording, await recordings.replay(recording, signal));
  },
});
