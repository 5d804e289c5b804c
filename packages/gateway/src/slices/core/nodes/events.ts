/** Events to nodes and about them (protocol: events). */
import { Type } from "@sinclair/typebox";
import { defineEvent } from "../../../kit/event.ts";
import { Millis, NonEmpty, Nullable, OneOf } from "../../../kit/schema/schema.ts";
import { NodeHostStats, NodePairRequest, QueuedCall } from "./schema.ts";

export const nodePairRequested = defineEvent({
  name: "node.pair.requested",
  summary: "A node offers commands that wait for approval.",
  audience: "operator.pairing",
  whenSlow: "drop",
  payload: NodePairRequest,
});

export const nodePairResolved = defineEvent({
  name: "node.pair.resolved",
  summary: "The request of a node was approved or rejected.",
  audience: "operator.pairing",
  whenSlow: "drop",
  payload: Type.Object({ requestId: NonEmpty, nodeId: NonEmpty, decision: OneOf("approved", "rejected"), ts: Millis }),
});

export const nodeInvokeRequest = defineEvent({
  name: "node.invoke.request",
  summary: "Asks a node for a command; it answers with node.invoke.result.",
  audience: "directed",
  whenSlow: "close",
  payload: Type.Object({
    id: NonEmpty,
    nodeId: NonEmpty,
    command: NonEmpty,
    paramsJSON: Type.String({ description: "The params as JSON; `{}` when there are none." }),
    timeoutMs: Type.Integer({ minimum: 0, description: "The caller's deadline; 0 when there is none." }),
    idempotencyKey: NonEmpty,
    askedBy: Type.Optional(
      Type.String({
        minLength: 1,
        description: "Who asks, for the person at the node; a client's own name is quoted.",
      }),
    ),
  }),
});

export const nodeInvokeCancel = defineEvent({
  name: "node.invoke.cancel",
  summary: "Nobody waits for a command any more; the node stops it and sends no result.",
  audience: "directed",
  whenSlow: "close",
  payload: Type.Object({ invokeId: NonEmpty, nodeId: NonEmpty, reason: NonEmpty }),
});

export const nodeInvokeInput = defineEvent({
  name: "node.invoke.input",
  summary: "Input for a command that a node works on.",
  audience: "directed",
  whenSlow: "close",
  payload: Type.Object({
    id: NonEmpty,
    nodeId: NonEmpty,
    seq: Type.Integer({ minimum: 0 }),
    payloadJSON: Type.String({ maxLength: 16_384 }),
  }),
});

export const nodeInvokeProgress = defineEvent({
  name: "node.invoke.progress",
  summary: "Output of a command that works, in order, for the connection that asked for it.",
  audience: "directed",
  whenSlow: "drop",
  payload: Type.Object({
    invokeId: NonEmpty,
    idempotencyKey: NonEmpty,
    nodeId: NonEmpty,
    seq: Type.Integer({ minimum: 0 }),
    chunk: Type.String(),
  }),
});

export const nodePresence = defineEvent({
  name: "node.presence",
  summary: "A node came, went, was approved, or says that it is alive or in use.",
  audience: "operator.read",
  whenSlow: "drop",
  payload: Type.Object({
    nodeId: NonEmpty,
    connected: Type.Boolean(),
    reason: OneOf("connected", "disconnected", "changed", "alive", "activity"),
    idleSeconds: Type.Optional(Type.Integer({ minimum: 0 })),
    ts: Millis,
  }),
});

export const nodeQueueChanged = defineEvent({
  name: "node.queue.changed",
  summary: "A call that waits for its node was queued, began, ended or was taken back.",
  audience: "operator.read",
  whenSlow: "drop",
  payload: Type.Object({ call: QueuedCall }),
});

export const nodeHostStats = defineEvent({
  name: "node.hostStats",
  summary: "Load and memory of a node's machine.",
  audience: "operator.read",
  whenSlow: "drop",
  payload: Type.Object({ nodeId: NonEmpty, hostStats: NodeHostStats, ts: Millis }),
});

export const voicewakeChanged = defineEvent({
  name: "voicewake.changed",
  summary: "The words that wake voice input; a node gets them right after hello-ok too.",
  audience: "everyone",
  whenSlow: "drop",
  payload: Type.Object({ triggers: Type.Array(NonEmpty) }),
});

export const talkMode = defineEvent({
  name: "talk.mode",
  summary: "Talk mode was switched.",
  audience: "everyone",
  whenSlow: "drop",
  payload: Type.Object({ enabled: Type.Boolean(), phase: Nullable(Type.String()), ts: Millis }),
});
