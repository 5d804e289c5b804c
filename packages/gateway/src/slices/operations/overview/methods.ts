/** Methods about how the gateway is doing. */
import { Type } from "@sinclair/typebox";
import { MAX_NUMBER, Millis, NonEmpty, OneOf } from "../../../kit/schema/schema.ts";
import { HealthSummary, StatusSummary } from "./schema.ts";
import { defineMethod } from "./slice.ts";

const Count = Type.Integer({ minimum: 0 });

export const health = defineMethod({
  name: "health",
  summary: "The newest health snapshot; a fresh one follows as an event. With probe, a fresh one is the answer.",
  access: "operator.read",
  open: true,
  params: { probe: Type.Optional(Type.Unknown()) },
  result: HealthSummary,
  handler({ params, gateway: { overview } }) {
    if (params.probe === true) return overview.refreshHealth();
    overview.refreshHealthSoon();
    return overview.serializedHealth();
  },
});

export const status = defineMethod({
  name: "status",
  summary: "Sessions, models and what waits for the agent, for a person's overview.",
  access: "operator.read",
  open: true,
  params: {},
  result: StatusSummary,
  handler: ({ gateway }) => gateway.overview.status(),
});

export const systemInfo = defineMethod({
  name: "system.info",
  summary: "The machine and the process, in figures.",
  access: "operator.read",
  params: {},
  result: Type.Object({
    hostname: Type.String(),
    platform: NonEmpty,
    arch: NonEmpty,
    nodeVersion: NonEmpty,
    pid: Count,
    uptimeMs: Millis,
    cpuCount: Count,
    memory: Type.Object({ totalBytes: Count, freeBytes: Count, processBytes: Count }),
  }),
  handler: ({ gateway }) => gateway.overview.info(),
});

export const systemHours = defineMethod({
  name: "system.hours",
  summary: "Messages and runs of each of the last hours, the oldest first.",
  access: "operator.read",
  params: { hours: Type.Optional(Type.Integer({ minimum: 1, maximum: 168, description: "24 by default." })) },
  result: Type.Object({
    hours: Type.Array(
      Type.Object({
        at: Type.Integer({ minimum: 0, description: "When the hour began, epoch ms." }),
        in: Type.Integer({ minimum: 0, description: "Messages that came on channels." }),
        out: Type.Integer({ minimum: 0, description: "Messages that were sent on channels." }),
        lost: Type.Integer({
          minimum: 0,
          description: "Messages that failed, came too late, or may not have been sent.",
        }),
        runs: Count,
        failed: Type.Integer({ minimum: 0, description: "Runs that ended with an error." }),
      }),
    ),
  }),
  handler: async ({ params: { hours = 24 }, gateway }) => ({ hours: await gateway.overview.hours(hours) }),
});

export const restart = defineMethod({
  name: "gateway.restart",
  summary: "Restarts the gateway: the process and the port stay, and clients come back at once.",
  access: "operator.admin",
  params: {
    reason: Type.Optional(Type.String({ maxLength: 200, description: "For the log." })),
    delayMs: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 60_000, description: "Milliseconds to wait first; 100." }),
    ),
    anew: Type.Optional(
      Type.Boolean({ description: "Start the program anew, as it is on disk now, under the same process id." }),
    ),
  },
  result: Type.Object({ ok: Type.Literal(true), delayMs: Millis }),
  handler({ params: { reason = "asked for", delayMs = 100, anew = false }, gateway }) {
    gateway.host.requestRestart(reason, delayMs, { isAnew: anew });
    return { ok: true as const, delayMs };
  },
});

export const logsTail = defineMethod({
  name: "logs.tail",
  summary: "The end of the log file, or what was written since a cursor; of it the lines that are looked for.",
  access: "operator.read",
  params: {
    cursor: Type.Optional(
      Type.Integer({ minimum: 0, maximum: MAX_NUMBER, description: "Byte offset that an earlier answer gave." }),
    ),
    before: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MAX_NUMBER,
        description: "Only lines before this byte offset, as `start` of an earlier answer or its cursor; unfiltered.",
      }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000 })),
    maxBytes: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    level: Type.Optional({ ...OneOf("debug", "info", "warn", "error"), description: "This level, and those above." }),
    words: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 10 })),
    account: Type.Optional(
      Type.String({ minLength: 1, maxLength: 200, description: "`telegram`, or `telegram/work`." }),
    ),
    run: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: "A run's id, or its beginning." })),
    since: Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_NUMBER, description: "Epoch milliseconds." })),
  },
  result: Type.Object({
    file: Type.String({ minLength: 1 }),
    cursor: Type.Integer({ minimum: 0 }),
    size: Type.Integer({ minimum: 0 }),
    lines: Type.Array(Type.String()),
    truncated: Type.Optional(Type.Boolean()),
    reset: Type.Optional(Type.Boolean()),
    start: Type.Optional(Type.Integer({ minimum: 0, description: "With `before`: where the first line begins." })),
  }),
  async handler({ params: { cursor, before, limit = 500, maxBytes = 250_000, ...query }, gateway }) {
    const { linesBefore, searchLog, tailLog } = await import("./log-tail.ts");
    if (before !== undefined) return linesBefore(gateway.host.logFile, { before, limit, maxBytes });
    const isSearch = Object.values(query).some((each) => each !== undefined);
    const of = { cursor, limit, maxBytes };
    return isSearch ? await searchLog(gateway.host.logFile, of, query) : tailLog(gateway.host.logFile, of);
  },
});
