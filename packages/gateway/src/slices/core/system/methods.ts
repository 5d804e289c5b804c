/** Methods about the gateway itself. */
import { Type } from "@sinclair/typebox";
import { invalidRequest } from "../../../base/errors.ts";
import { PresenceEntry } from "../../../kit/schema/frames.ts";
import { MAX_NUMBER, Millis, NonEmpty, Nullable } from "../../../kit/schema/schema.ts";
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
  handler({ params, gateway: { system } }) {
    if (params.probe === true) return system.refreshHealth();
    system.refreshHealthSoon();
    return system.serializedHealth();
  },
});

export const status = defineMethod({
  name: "status",
  summary: "Sessions, models and what waits for the agent, for a person's overview.",
  access: "operator.read",
  open: true,
  params: {},
  result: StatusSummary,
  handler: ({ gateway: { system, database } }) =>
    system.serializedStatus(() => ({
      heartbeat: {
        defaultAgentId: system.conversations.now.defaults().defaultAgentId,
        agents: system
          .health()
          .agents.map(({ agentId, heartbeat: { enabled, every, everyMs } }) => ({ agentId, enabled, every, everyMs })),
      },
      channelSummary: system.channels.now.summary(),
      queuedSystemEvents: [...system.queuedEvents(system.conversations.now.defaults().mainSessionKey)],
      database: database.state,
      sessions: system.conversations.now.status(),
    })),
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
  handler: ({ gateway }) => gateway.system.info(),
});

export const systemPresence = defineMethod({
  name: "system-presence",
  summary: "Who is connected, newest first; the gateway's own row is always there.",
  access: "operator.read",
  open: true,
  params: {},
  result: Type.Array(PresenceEntry),
  handler: ({ gateway }) => gateway.system.presence(),
});

const OptionalText = Type.Optional(Type.String({ maxLength: 500 }));
const OptionalNames = Type.Optional(Type.Array(Type.String({ maxLength: 100 }), { maxItems: 50 }));

/** What a beacon may say of its sender; the presence row takes over what it says. */
const beaconFacts = {
  deviceId: OptionalText,
  instanceId: OptionalText,
  host: OptionalText,
  ip: OptionalText,
  mode: OptionalText,
  version: OptionalText,
  platform: OptionalText,
  deviceFamily: OptionalText,
  modelIdentifier: OptionalText,
  reason: OptionalText,
  roles: OptionalNames,
  scopes: OptionalNames,
};

export const systemEvent = defineMethod({
  name: "system-event",
  summary: "A beacon: updates the sender's presence and tells the agent what is new on its next turn.",
  access: "operator.admin",
  open: true,
  params: {
    ...beaconFacts,
    text: Type.Optional(Type.Unknown()),
    lastInputSeconds: Type.Optional(Type.Number({ minimum: 0, maximum: MAX_NUMBER })),
    tags: Type.Optional(Type.Array(Type.String())),
  },
  result: Type.Object({ ok: Type.Literal(true) }),
  handler({ params, gateway: { system } }) {
    const text = typeof params.text === "string" ? params.text.trim().slice(0, 4_000) : "";
    if (text === "") throw invalidRequest("text required");
    const names = Object.keys(beaconFacts) as (keyof typeof beaconFacts)[];
    const said = names.filter((name) => params[name] !== undefined).map((name) => [name, params[name]]);
    const lastInputSeconds =
      params.lastInputSeconds === undefined ? {} : { lastInputSeconds: Math.round(params.lastInputSeconds) };
    system.beacon(
      { ...Object.fromEntries(said), ...lastInputSeconds, text },
      system.conversations.now.defaults().mainSessionKey,
    );
    return { ok: true as const };
  },
});

export const lastHeartbeat = defineMethod({
  name: "last-heartbeat",
  summary: "The outcome of the last heartbeat, or null before the first one.",
  access: "operator.read",
  open: true,
  params: {},
  result: Nullable(Type.Unknown()),
  handler: () => null,
});

export const logsTail = defineMethod({
  name: "logs.tail",
  summary: "The end of the log file, or what was written since a cursor.",
  access: "operator.read",
  params: {
    cursor: Type.Optional(
      Type.Integer({ minimum: 0, maximum: MAX_NUMBER, description: "Byte offset that an earlier answer gave." }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000 })),
    maxBytes: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
  },
  result: Type.Object({
    file: Type.String({ minLength: 1 }),
    cursor: Type.Integer({ minimum: 0 }),
    size: Type.Integer({ minimum: 0 }),
    lines: Type.Array(Type.String()),
    truncated: Type.Optional(Type.Boolean()),
    reset: Type.Optional(Type.Boolean()),
  }),
  async handler({ params: { cursor, limit = 500, maxBytes = 250_000 }, gateway }) {
    const { tailLog } = await import("./log-tail.ts");
    return tailLog(gateway.host.logFile, { cursor, limit, maxBytes });
  },
});
