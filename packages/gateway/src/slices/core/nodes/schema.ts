/** Wire shapes of nodes (protocol: nodes). */
import { type Static, Type } from "@sinclair/typebox";
import { Millis, NonEmpty, OneOf } from "../../../kit/schema/schema.ts";

/** Source: the command line of January 2026 waits so long when it is told nothing, ms. */
export const DEFAULT_TIMEOUT_MS = 30_000;

/** A node as callers name it. */
export const NodeId = Type.String({ maxLength: 256, description: "A node's id, the beginning of it, or its name." });

const Names = Type.Array(NonEmpty);
const Permissions = Type.Record(Type.String(), Type.Boolean());

/** Load and memory of a node's machine, as the node tells it. */
export const NodeHostStats = Type.Object({
  cpuCount: Type.Integer({ minimum: 1, maximum: 4096 }),
  loadAverage: Type.Optional(Type.Array(Type.Number({ minimum: 0 }), { minItems: 3, maxItems: 3 })),
  memoryTotalBytes: Type.Integer({ minimum: 0 }),
  memoryFreeBytes: Type.Integer({ minimum: 0 }),
  diskTotalBytes: Type.Optional(Type.Integer({ minimum: 0 })),
  diskAvailableBytes: Type.Optional(Type.Integer({ minimum: 0 })),
});

/** A node's battery, where it tells of one in a report that it is alive or in use. */
export const NodeBattery = Type.Object({
  level: Type.Number({ minimum: 0, maximum: 1 }),
  charging: Type.Optional(Type.Boolean()),
});

const nodeFields = {
  nodeId: NonEmpty,
  displayName: Type.Optional(NonEmpty),
  platform: Type.Optional(NonEmpty),
  version: Type.Optional(NonEmpty),
  deviceFamily: Type.Optional(NonEmpty),
  modelIdentifier: Type.Optional(NonEmpty),
  remoteIp: Type.Optional(NonEmpty),
  caps: Names,
  commands: Type.Array(NonEmpty, { description: "What it can be asked for now: declared, allowed and approved." }),
  pathEnv: Type.Optional(Type.String()),
  permissions: Type.Optional(Permissions),
  connectedAtMs: Type.Optional(Millis),
  paired: Type.Boolean(),
  connected: Type.Boolean(),
  approvalState: OneOf("approved", "pending-approval", "pending-reapproval", "unapproved"),
  pendingRequestId: Type.Optional({ ...NonEmpty, description: "Approve it with node.pair.approve." }),
  pendingDeclaredCommands: Type.Optional(Names),
  pendingDeclaredCaps: Type.Optional(Names),
  pendingDeclaredPermissions: Type.Optional(Permissions),
  hint: Type.Optional({ ...NonEmpty, description: "What to type so that it can be used, in words." }),
  idleSeconds: Type.Optional(Type.Integer({ minimum: 0, description: "Since somebody last used it." })),
  usedIn: Type.Optional({ ...OneOf("app", "system"), description: "Whether that was in its app, or anywhere on it." }),
  lastSeenAtMs: Type.Optional({ ...Millis, description: "When it was last connected." }),
  battery: Type.Optional(NodeBattery),
  lastAliveAtMs: Type.Optional(Millis),
  hostStats: Type.Optional(NodeHostStats),
  waitingCalls: Type.Optional(Type.Integer({ minimum: 1, description: "Calls that wait until it can do them." })),
};

/** One node: a paired device with the role `node`, connected or not. */
export const NodeView = Type.Object(nodeFields);
export type NodeShape = Static<typeof NodeView>;

/** One node with the time of the answer. */
export const NodeDescription = Type.Object({ ...nodeFields, ts: Millis });

/** What waits for a person: a new node, or the commands that a node offers. */
export const NodePairRequest = Type.Object({
  requestId: NonEmpty,
  nodeId: NonEmpty,
  kind: { ...OneOf("device", "commands", "token"), description: "`token` is one of node.pair.request." },
  displayName: Type.Optional(NonEmpty),
  platform: Type.Optional(NonEmpty),
  remoteIp: Type.Optional(NonEmpty),
  caps: Type.Optional(Names),
  commands: Type.Optional(Names),
  permissions: Type.Optional(Permissions),
  isRepair: Type.Optional(Type.Boolean({ description: "It was approved before and asks for more." })),
  silent: Type.Optional(Type.Boolean()),
  ts: Millis,
});
export type NodePairShape = Static<typeof NodePairRequest>;

/** A call that waits for its node, or waited. */
export const QueuedCall = Type.Object({
  id: NonEmpty,
  nodeId: NonEmpty,
  command: NonEmpty,
  state: {
    ...OneOf("waiting", "working", "done", "failed", "expired", "cancelled", "unknown"),
    description: "`unknown`: the gateway ended while the node worked, so nobody knows whether it took effect.",
  },
  sessionKey: Type.Optional({ ...NonEmpty, description: "The conversation that is told the result." }),
  createdAtMs: Millis,
  expiresAtMs: Millis,
  endedAtMs: Type.Optional(Millis),
  payload: Type.Optional(Type.Unknown({ description: "The result, when it is small." })),
  error: Type.Optional(NonEmpty),
});
export type QueuedCallShape = Static<typeof QueuedCall>;

/** A question that waits for a node. */
export const PendingNodeItem = Type.Object({
  id: NonEmpty,
  type: OneOf("status.request", "location.request"),
  priority: OneOf("normal", "high"),
  createdAtMs: Millis,
  expiresAtMs: Millis,
});
