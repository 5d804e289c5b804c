/** Methods with which nodes are approved, and those of January 2026 that pair nodes by a token of their own. */
import { Type } from "@sinclair/typebox";
import { defined } from "../../../../base/defined.ts";
import { Id, NonEmpty } from "../../../../kit/schema/schema.ts";
import { NodeId, NodePairRequest, NodeView } from "../schema.ts";
import { defineMethod } from "../slice.ts";

export const nodePairList = defineMethod({
  name: "node.pair.list",
  summary: "Nodes that wait for approval, with the commands that they offer, and those that are paired.",
  access: "operator.pairing",
  params: {},
  result: Type.Object({ pending: Type.Array(NodePairRequest), paired: Type.Array(NodeView) }),
  handler: ({ gateway }) => gateway.nodes.pairing.list(),
});

const RequestId = Type.String({ minLength: 1, maxLength: 256, description: "A request's id, or its node's." });

const Token = Type.Optional({ ...NonEmpty, description: "For node.pair.verify; it is told this once." });

export const nodePairApprove = defineMethod({
  name: "node.pair.approve",
  summary: "Approves a node, or the commands that it offers.",
  access: "operator.pairing",
  params: { requestId: RequestId },
  result: Type.Object({
    requestId: NonEmpty,
    node: Type.Object({ ...NodeView.properties, token: Token }),
    token: Token,
  }),
  handler({ params, gateway, caller }) {
    const { node, token, ...approved } = gateway.nodes.pairing.approve(params.requestId, caller);
    // January's clients read it of the node.
    return { ...approved, node: { ...node, ...defined({ token }) }, ...defined({ token }) };
  },
});

export const nodePairReject = defineMethod({
  name: "node.pair.reject",
  summary: "Rejects a node, or the commands that it offers.",
  access: "operator.pairing",
  params: { requestId: RequestId },
  result: Type.Object({ requestId: NonEmpty, nodeId: NonEmpty }),
  handler: ({ params, gateway }) => gateway.nodes.pairing.reject(params.requestId),
});

export const nodePairRemove = defineMethod({
  name: "node.pair.remove",
  summary: "Takes the role of a node from a device, and ends its connections.",
  access: "operator.pairing",
  params: { nodeId: NodeId },
  result: Type.Object({ nodeId: NonEmpty, removed: Type.Literal(true) }),
  handler: ({ params, gateway, caller }) => gateway.nodes.pairing.remove(params.nodeId, caller),
});

/** What is shown to people has no signs that steer a terminal. */
const PLAIN = "^[^\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]*$";
const Short = Type.Optional(Type.String({ maxLength: 256, pattern: PLAIN }));
const Names = Type.Optional(Type.Array(Type.String({ maxLength: 128, pattern: PLAIN }), { maxItems: 256 }));

export const nodePairRequest = defineMethod({
  name: "node.pair.request",
  summary: "Asks for a token of its own for a node that does not connect itself; January 2026 only.",
  access: "operator.pairing",
  params: {
    nodeId: Id,
    displayName: Short,
    platform: Short,
    version: Short,
    coreVersion: Short,
    uiVersion: Short,
    deviceFamily: Short,
    modelIdentifier: Short,
    caps: Names,
    commands: Names,
    remoteIp: Short,
    silent: Type.Optional(Type.Boolean()),
  },
  result: Type.Object({ status: Type.Literal("pending"), request: NodePairRequest, created: Type.Boolean() }),
  handler: ({ params, gateway }) => gateway.nodes.pairing.requestToken(params),
});

export const nodePairVerify = defineMethod({
  name: "node.pair.verify",
  summary: "Whether a token is that of a node which was approved by node.pair.request; January 2026 only.",
  access: "operator.pairing",
  params: { nodeId: Id, token: Type.String({ minLength: 1, maxLength: 256 }) },
  result: Type.Object({ ok: Type.Boolean(), node: Type.Optional(NodeView) }),
  handler({ params, gateway }) {
    const node = gateway.nodes.pairing.verify(params.nodeId, params.token);
    return node ? { ok: true, node } : { ok: false };
  },
});
