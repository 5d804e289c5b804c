/** Methods about calls under way, calls that wait for their node, and small questions that wait for a node. */
import { Type } from "@sinclair/typebox";
import { Id, IdempotencyKey, NonEmpty } from "../../../../kit/schema/schema.ts";
import { NodeId, PendingNodeItem, QueuedCall } from "../schema.ts";
import { defineMethod } from "../slice.ts";

export const nodeInvokeCancelled = defineMethod({
  name: "node.invoke.cancel",
  summary: "Ends a call of node.invoke; its caller is told at once, whatever the node does.",
  access: "operator.write",
  params: { idempotencyKey: { ...IdempotencyKey, description: "That of the call." } },
  result: Type.Object({ cancelled: Type.Boolean({ description: "False when no such call of yours works." }) }),
  handler: ({ params, gateway, caller: { principal } }) => ({
    cancelled: gateway.nodes.calls.invokes.cancel({ ...params, principal }),
  }),
});

export const nodeInvokeInputSent = defineMethod({
  name: "node.invoke.input",
  summary: "Hands input to a command that a node works on.",
  access: "operator.write",
  params: {
    idempotencyKey: { ...IdempotencyKey, description: "That of the call." },
    payloadJSON: Type.String({ maxLength: 16_384 }),
  },
  result: Type.Object({ seq: Type.Integer({ minimum: 0 }) }),
  handler: ({ params: { idempotencyKey, payloadJSON }, gateway, caller: { principal } }) =>
    gateway.nodes.calls.invokes.input({ principal, idempotencyKey }, payloadJSON),
});

export const nodeQueueList = defineMethod({
  name: "node.queue.list",
  summary: "Calls that wait for their node, and how those of the last day ended.",
  access: "operator.read",
  params: {},
  result: Type.Object({ calls: Type.Array(QueuedCall) }),
  handler: ({ gateway }) => ({ calls: gateway.nodes.calls.queue.list() }),
});

export const nodeQueueCancel = defineMethod({
  name: "node.queue.cancel",
  summary: "Takes back a call that waits for its node.",
  access: "operator.write",
  params: { id: Id },
  result: Type.Object({ call: QueuedCall }),
  handler: ({ params, gateway }) => ({ call: gateway.nodes.calls.queue.cancel(params.id) }),
});

const Items = Type.Array(PendingNodeItem);
const Revision = Type.Integer({ minimum: 0 });

export const nodePendingEnqueue = defineMethod({
  name: "node.pending.enqueue",
  summary: "Leaves a small question for a node; of each type one waits.",
  access: "operator.write",
  params: {
    nodeId: NodeId,
    type: PendingNodeItem.properties.type,
    priority: Type.Optional(PendingNodeItem.properties.priority),
    expiresInMs: Type.Optional(Type.Integer({ minimum: 1_000, maximum: 86_400_000 })),
    wake: Type.Optional(Type.Boolean({ description: "Whether a node that is away is woken; true by default." })),
  },
  result: Type.Object({
    nodeId: NonEmpty,
    revision: Revision,
    queued: PendingNodeItem,
    wakeTriggered: Type.Boolean(),
  }),
  handler: ({ params, gateway }) => gateway.nodes.leave(params),
});

export const nodePendingDrain = defineMethod({
  name: "node.pending.drain",
  summary: "Takes the questions that wait for the node which asks.",
  access: "node",
  params: { maxItems: Type.Optional(Type.Integer({ minimum: 1, maximum: 10 })) },
  result: Type.Object({ nodeId: NonEmpty, revision: Revision, items: Items, hasMore: Type.Boolean() }),
  handler({ params, gateway, caller }) {
    const nodeId = caller.deviceId ?? "";
    return { nodeId, ...gateway.nodes.pendingWork.drain(nodeId, params.maxItems) };
  },
});

export const nodePendingPull = defineMethod({
  name: "node.pending.pull",
  summary: "The questions that wait for the node which asks; they wait until node.pending.ack.",
  access: "node",
  params: {},
  result: Type.Object({ nodeId: NonEmpty, revision: Revision, items: Items }),
  handler({ gateway, caller }) {
    const nodeId = caller.deviceId ?? "";
    const { revision, items } = gateway.nodes.pendingWork.pull(nodeId);
    return { nodeId, revision, items };
  },
});

export const nodePendingAck = defineMethod({
  name: "node.pending.ack",
  summary: "Says which questions the node has taken.",
  access: "node",
  params: { ids: Type.Array(Id, { maxItems: 100 }) },
  result: Type.Object({ nodeId: NonEmpty, revision: Revision, ackedIds: Type.Array(NonEmpty) }),
  handler({ params, gateway, caller }) {
    const nodeId = caller.deviceId ?? "";
    const { revision, acked } = gateway.nodes.pendingWork.ack(nodeId, params.ids);
    return { nodeId, revision, ackedIds: acked };
  },
});
