/** Wire shapes of heartbeats (protocol: event heartbeat). */
import { Type } from "@sinclair/typebox";
import { Millis, NonEmpty, Nullable, OneOf } from "../../../kit/schema/schema.ts";

export const HeartbeatOutcome = Type.Object({
  ts: Millis,
  status: OneOf("sent", "ok-empty", "ok-token", "skipped", "failed"),
  to: Type.Optional(Type.String()),
  preview: Type.Optional(Type.String({ maxLength: 200 })),
  durationMs: Type.Optional(Type.Integer({ minimum: 0 })),
  hasMedia: Type.Optional(Type.Boolean()),
  reason: Type.Optional(Type.String({ description: "Why it was skipped, or what failed." })),
  channel: Type.Optional(Type.String()),
  silent: Type.Optional(Type.Boolean({ description: "Whether nobody was told." })),
  indicatorType: Type.Optional(OneOf("ok", "alert", "error")),
  agentId: Type.Optional(NonEmpty),
  sessionKey: Type.Optional(NonEmpty),
});

export const HeartbeatAgent = Type.Object({
  agentId: NonEmpty,
  enabled: Type.Boolean(),
  every: NonEmpty,
  everyMs: Nullable(Type.Integer({ minimum: 0 })),
  nextAtMs: Nullable(Millis),
  sessionKey: NonEmpty,
  target: NonEmpty,
  waiting: Type.Integer({ minimum: 0, description: "System events that wait." }),
  turnsToday: Type.Integer({ minimum: 0 }),
  maxTurnsPerDay: Type.Integer({ minimum: 0 }),
  verdict: Type.Object({
    asks: Type.Boolean({ description: "Whether a heartbeat would ask the model now." }),
    reason: NonEmpty,
    detail: NonEmpty,
  }),
});
