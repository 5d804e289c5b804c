/** Methods about nodes, and those that nodes call (protocol: nodes). */
import { Type } from "@sinclair/typebox";
import { invalidRequest } from "../../../../base/errors.ts";
import { nameOfClient } from "../../../../kit/asked-by.ts";
import {
  DurationMs,
  Id,
  IdempotencyKey,
  MAX_NUMBER,
  Millis,
  NonEmpty,
  Nullable,
  OneOf,
} from "../../../../kit/schema/schema.ts";
import { oneLine } from "../../../../kit/text/one-line.ts";
import { DEFAULT_TIMEOUT_MS, NodeDescription, NodeId, NodeView, QueuedCall } from "../schema.ts";
import { defineMethod } from "../slice.ts";

export const nodeList = defineMethod({
  name: "node.list",
  summary: "All nodes, connected or not.",
  access: "operator.read",
  params: {},
  result: Type.Object({ ts: Millis, nodes: Type.Array(NodeView) }),
  handler: ({ gateway }) => ({ ts: gateway.clock.now(), nodes: gateway.nodes.list() }),
});

export const nodeDescribe = defineMethod({
  name: "node.describe",
  summary: "One node.",
  access: "operator.read",
  params: { nodeId: NodeId },
  result: NodeDescription,
  handler: ({ params, gateway }) => ({ ...gateway.nodes.find(params.nodeId), ts: gateway.clock.now() }),
});

export const nodeRename = defineMethod({
  name: "node.rename",
  summary: "Gives a node a name.",
  access: "operator.pairing",
  params: { nodeId: NodeId, displayName: Type.String({ minLength: 1, maxLength: 128 }) },
  result: Type.Object({ nodeId: NonEmpty, displayName: NonEmpty }),
  handler({ params, gateway }) {
    const name = oneLine(params.displayName, 128);
    if (name === "") throw invalidRequest("displayName required");
    return gateway.nodes.pairing.rename(params.nodeId, name);
  },
});

export const nodeInvite = defineMethod({
  name: "node.invite",
  summary: "Makes a link by which one browser becomes a node: good once, and for ten minutes.",
  access: "operator.pairing",
  params: {
    displayName: Type.Optional(
      Type.String({ minLength: 1, maxLength: 128, description: "The node's name; its own by default." }),
    ),
  },
  result: Type.Object({
    url: Type.String({ description: "The link that reaches farthest. Whoever opens it first is the node." }),
    addresses: Type.Array(
      Type.Object({ url: Type.String(), reach: OneOf("anywhere", "tailnet", "lan", "here"), isSecure: Type.Boolean() }),
      { description: "The link under each address of the gateway; cameras and the like work where it is secure." },
    ),
    expiresAtMs: Millis,
  }),
  handler: ({ params, gateway, caller }) => gateway.nodes.pairing.invitations.link(params.displayName, caller),
});

export const deviceInvite = defineMethod({
  name: "device.invite",
  summary: "Makes a code by which one new device becomes an operator: good once, and for ten minutes.",
  access: "operator.admin",
  params: {},
  result: Type.Object({
    code: Type.String({ description: "Shown as auth.bootstrapToken, alone, with a proven device." }),
    expiresAtMs: Millis,
    addresses: Type.Array(Type.Object({ origin: Type.String(), reach: OneOf("anywhere", "tailnet", "lan", "here") }), {
      description: "Where the gateway is reached; the address that reaches farthest stands first.",
    }),
  }),
  handler: ({ gateway }) => gateway.nodes.pairing.invitations.operatorCode(),
});

export const nodeInvoke = defineMethod({
  name: "node.invoke",
  summary: "Calls a command on a node and answers with its result.",
  access: "operator.write",
  params: {
    nodeId: NodeId,
    command: Type.String({ maxLength: 128 }),
    params: Type.Optional(Type.Unknown()),
    timeoutMs: Type.Optional({ ...DurationMs, description: "The one deadline; 30000 by default, 0 for none." }),
    queueForMs: Type.Optional(
      Type.Integer({
        minimum: 1_000,
        maximum: 86_400_000,
        description: "How long it may wait for a node that is away or asleep; without it, it fails at once.",
      }),
    ),
    idempotencyKey: IdempotencyKey,
  },
  result: Type.Object({
    ok: Type.Literal(true),
    nodeId: NonEmpty,
    command: NonEmpty,
    payload: Type.Unknown(),
    payloadJSON: Nullable(Type.String({ description: "The payload as the node wrote it; null when it is large." })),
    queued: Type.Optional(QueuedCall),
  }),
  four: {
    params: {
      sessionKey: Type.Optional(Id),
      turnSourceChannel: Type.Optional(Id),
      turnSourceTo: Type.Optional(Id),
      turnSourceAccountId: Type.Optional(Id),
      turnSourceThreadId: Type.Optional(Type.Union([Id, Type.Number({ minimum: -MAX_NUMBER, maximum: MAX_NUMBER })])),
    },
  },
  async handler({ params, gateway, caller }) {
    const { nodeId, command, params: given, timeoutMs = DEFAULT_TIMEOUT_MS, idempotencyKey, queueForMs } = params;
    const call = {
      ...{ node: nodeId, command: command.trim(), params: given, timeoutMs, idempotencyKey, caller },
      watcher: caller.protocol >= 4 ? caller.connId : undefined,
      askedBy: nameOfClient(caller),
    };
    const sessionKey = "sessionKey" in params ? (params.sessionKey as string) : undefined;
    const waiting = queueForMs === undefined ? undefined : { waitMs: queueForMs, sessionKey };
    return await gateway.nodes.once({ ...call, sessionKey }, waiting);
  },
});

export const nodeInvokeResult = defineMethod({
  name: "node.invoke.result",
  summary: "A node's answer to node.invoke.request.",
  access: "node",
  params: {
    id: Id,
    nodeId: Id,
    ok: Type.Boolean(),
    payload: Type.Optional(Type.Unknown()),
    payloadJSON: Type.Optional(Type.Unknown({ description: "The payload as JSON text." })),
    error: Type.Optional(
      Nullable(Type.Object({ code: Type.Optional(Type.String()), message: Type.Optional(Type.String()) })),
    ),
  },
  result: Type.Object({ ok: Type.Literal(true), ignored: Type.Optional(Type.Literal(true)) }),
  handler({ params, gateway, caller }) {
    return gateway.nodes.calls.invokes.result(caller, params)
      ? { ok: true as const }
      : { ok: true as const, ignored: true as const };
  },
});

export const nodeInvokeProgressed = defineMethod({
  name: "node.invoke.progress",
  summary: "A piece of output of a command that a node works on.",
  access: "node",
  params: {
    invokeId: Id,
    nodeId: Id,
    seq: Type.Integer({ minimum: 0, maximum: MAX_NUMBER }),
    chunk: Type.String({ maxLength: 16_384 }),
  },
  result: Type.Object({ ok: Type.Literal(true), ignored: Type.Optional(Type.Literal(true)) }),
  handler({ params, gateway, caller }) {
    const isTaken = gateway.nodes.calls.invokes.progress(caller, params);
    return isTaken ? { ok: true as const } : { ok: true as const, ignored: true as const };
  },
});

export const nodeEvent = defineMethod({
  name: "node.event",
  summary: "Something that a node reports.",
  access: "node",
  params: {
    event: Type.String({ minLength: 1, maxLength: 128 }),
    payload: Type.Optional(Type.Unknown()),
    payloadJSON: Type.Optional(Type.String()),
  },
  result: Type.Object({ ok: Type.Literal(true) }),
  handler({ params, gateway, caller }) {
    gateway.nodes.reports.take(caller, params.event, payloadOf(params));
    return { ok: true as const };
  },
  four: {
    result: Type.Object({
      ok: Type.Literal(true),
      event: NonEmpty,
      handled: Type.Boolean(),
      reason: Type.Optional(NonEmpty),
    }),
    handler({ params, gateway, caller }) {
      const { event } = params;
      return { ok: true as const, event, ...gateway.nodes.reports.take(caller, event, payloadOf(params)) };
    },
  },
});

export const voicewakeGet = defineMethod({
  name: "voicewake.get",
  summary: "The words that wake voice input.",
  access: "operator.read",
  open: true,
  params: {},
  result: Type.Object({ triggers: Type.Array(NonEmpty) }),
  handler: ({ gateway }) => ({ triggers: gateway.nodes.voiceWake.triggers() }),
});

export const voicewakeSet = defineMethod({
  name: "voicewake.set",
  summary: "Sets the words that wake voice input; without any, the usual ones count.",
  access: "operator.write",
  open: true,
  params: { triggers: Type.Optional(Type.Unknown({ description: "A list of texts: at most 32 of 64 characters." })) },
  result: Type.Object({ triggers: Type.Array(NonEmpty) }),
  handler({ params: { triggers }, gateway }) {
    if (!Array.isArray(triggers)) throw invalidRequest("voicewake.set requires triggers: string[]");
    return { triggers: gateway.nodes.voiceWake.set(triggers.filter((each) => typeof each === "string")) };
  },
});

export const talkModeSet = defineMethod({
  name: "talk.mode",
  summary: "Switches talk mode, and tells everybody.",
  access: "operator.write",
  params: { enabled: Type.Boolean(), phase: Type.Optional(Nullable(Type.String({ maxLength: 64 }))) },
  result: Type.Object({ enabled: Type.Boolean(), phase: Nullable(Type.String()), ts: Millis }),
  handler: ({ params: { enabled, phase = null }, gateway }) => gateway.nodes.talk({ enabled, phase }),
});

/** Nodes send text; one that sends the value itself is understood too. */
function payloadOf({ payload, payloadJSON }: { payload?: unknown; payloadJSON?: string }): unknown {
  if (payloadJSON === undefined) return payload;
  try {
    return JSON.parse(payloadJSON) as unknown;
  } catch {
    throw invalidRequest("payloadJSON must be JSON");
  }
}
