/** Methods that wake the agent, and say what its heartbeats do. */
import { Type } from "@sinclair/typebox";
import { invalidRequest } from "../../../base/errors.ts";
import { Id, NonEmpty, Nullable, OneOf } from "../../../kit/schema/schema.ts";
import { HeartbeatAgent, HeartbeatOutcome } from "./schema.ts";
import { defineMethod } from "./slice.ts";

export const wake = defineMethod({
  name: "wake",
  summary: "Leaves a system event for the main conversation, and with mode now has the agent look at it at once.",
  access: "operator.write",
  params: { mode: OneOf("now", "next-heartbeat"), text: NonEmpty },
  result: Type.Object({ ok: Type.Boolean({ description: "False when the text is blank." }) }),
  handler({ params, gateway: { heartbeat, sessions } }) {
    const text = params.text.trim();
    if (text === "") return { ok: false };
    heartbeat.note({ sessionKey: sessions.mainKey(), text, source: "an operator of the gateway" });
    heartbeat.wake({ mode: params.mode, reason: "wake" });
    return { ok: true };
  },
});

export const lastHeartbeat = defineMethod({
  name: "last-heartbeat",
  summary: "The outcome of the last heartbeat, or null before the first one.",
  access: "operator.read",
  open: true,
  params: {},
  result: Nullable(HeartbeatOutcome),
  handler: ({ gateway }) => gateway.heartbeat.last ?? null,
});

export const setHeartbeats = defineMethod({
  name: "set-heartbeats",
  summary: "Switches all heartbeats off or on, until the gateway restarts.",
  access: "operator.admin",
  open: true,
  params: { enabled: Type.Optional(Type.Unknown({ description: "A boolean." })) },
  result: Type.Object({ ok: Type.Literal(true), enabled: Type.Boolean() }),
  handler({ params: { enabled }, gateway }) {
    if (typeof enabled !== "boolean") throw invalidRequest("invalid set-heartbeats params: enabled (boolean) required");
    gateway.heartbeat.enabled = enabled;
    return { ok: true as const, enabled };
  },
});

export const heartbeatStatus = defineMethod({
  name: "heartbeat.status",
  summary: "What the heartbeat of each agent would do now, and why.",
  access: "operator.read",
  params: {},
  result: Type.Object({
    enabled: Type.Boolean(),
    agents: Type.Array(HeartbeatAgent),
    last: Nullable(HeartbeatOutcome),
    news: Type.Array(Type.String(), { description: "What counts as news." }),
  }),
  handler: ({ gateway }) => gateway.heartbeat.status(),
});

export const heartbeatNow = defineMethod({
  name: "heartbeat.now",
  summary: "Has an agent's heartbeat look now. With force, it asks the model although nothing is new.",
  access: "operator.write",
  params: { agentId: Type.Optional(Id), force: Type.Optional(Type.Boolean()) },
  result: Type.Object({
    asks: Type.Boolean(),
    reason: NonEmpty,
    detail: NonEmpty,
    runId: Type.Optional(NonEmpty),
  }),
  handler({ params: { agentId, force = false }, gateway: { heartbeat, workspace } }) {
    return heartbeat.now(workspace.requireAgent(agentId), { force });
  },
});
