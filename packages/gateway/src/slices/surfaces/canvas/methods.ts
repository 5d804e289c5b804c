/** Methods about canvases: what conversations show, how it came about, and where it is seen. */
import { Type } from "@sinclair/typebox";
import { invalidRequest } from "../../../base/errors.ts";
import { type Caller, hasScope } from "../../../kit/access.ts";
import { nameOfClient } from "../../../kit/asked-by.ts";
import { Id, MAX_NUMBER, Millis, NonEmpty, OneOf, SessionKey } from "../../../kit/schema/schema.ts";
import { CanvasEntry, CanvasScreen, CanvasStatus, ShownOnNode } from "./schema.ts";
import { defineMethod } from "./slice.ts";

const Conversation = Type.Optional({ ...SessionKey, description: "The main conversation by default." });
const Seq = Type.Integer({ minimum: 0, maximum: MAX_NUMBER });
const Node = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: 256,
    description: "Only this node: its id, the beginning of it, or its name.",
  }),
);

export const status = defineMethod({
  name: "canvas.status",
  summary: "Whether and where the canvas is served, and what is wrong with it.",
  access: "operator.read",
  params: {
    agentId: Type.Optional({ ...Id, description: "Whose folder is told; the default agent's by default." }),
  },
  result: CanvasStatus,
  handler: ({ params, gateway, caller }) =>
    gateway.canvas.status({ ...params, withPath: hasScope(caller.scopes, "operator.admin") }),
});

export const open = defineMethod({
  name: "canvas.open",
  summary: "Makes an address under which the canvas is seen, also from elsewhere. Whoever has it sees the canvas.",
  access: "operator.read",
  params: {
    sessionKey: Conversation,
    page: Type.Optional({ ...OneOf("files", "screen"), description: "The files, or the screen of a conversation." }),
    path: Type.Optional(Type.String({ maxLength: 1_024, description: "A file, relative to the canvas's folder." })),
  },
  result: Type.Object({
    url: NonEmpty,
    ttlMs: Type.Integer({ minimum: 0, description: "It ends when it has not been used for so long." }),
  }),
  handler: ({ params, gateway, caller }) => gateway.canvas.addresses.toOpen(caller, params),
});

export const push = defineMethod({
  name: "canvas.push",
  summary: "Draws on the screen of a conversation: A2UI messages, all of them or none.",
  access: "operator.write",
  params: {
    sessionKey: Conversation,
    jsonl: Type.Optional(Type.String({ maxLength: 2 * 1024 * 1024, description: "One message a line." })),
    messages: Type.Optional(
      Type.Array(Type.Unknown(), { maxItems: 1_000, description: "The messages, instead of jsonl." }),
    ),
    node: Node,
  },
  result: Type.Object({
    sessionKey: NonEmpty,
    seq: Type.Integer({ minimum: 1 }),
    surfaces: Type.Array(NonEmpty),
    nodes: Type.Array(ShownOnNode),
  }),
  async handler({ params: { sessionKey, jsonl, messages, node }, gateway, caller }) {
    if ((jsonl === undefined) === (messages === undefined)) throw invalidRequest("give either jsonl or messages");
    const pushed = jsonl === undefined ? { messages: messages! } : { jsonl };
    return await gateway.canvas.drawing.push({ sessionKey, node, ...byPerson(caller) }, pushed);
  },
});

export const reset = defineMethod({
  name: "canvas.reset",
  summary: "Empties the screen of a conversation.",
  access: "operator.write",
  params: { sessionKey: Conversation, node: Node },
  result: Type.Object({ sessionKey: NonEmpty, seq: Type.Integer({ minimum: 1 }), nodes: Type.Array(ShownOnNode) }),
  handler: ({ params, gateway, caller }) => gateway.canvas.drawing.reset({ ...params, ...byPerson(caller) }),
});

export const history = defineMethod({
  name: "canvas.history",
  summary: "What was drawn on a conversation's canvas and which of its files were changed, oldest first.",
  access: "operator.read",
  params: {
    sessionKey: Conversation,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, description: "Default 50; the newest ones." })),
    before: Type.Optional({ ...Seq, description: "Only entries before this one." }),
  },
  result: Type.Object({ sessionKey: NonEmpty, entries: Type.Array(CanvasEntry) }),
  handler: ({ params, gateway }) => gateway.canvas.drawing.history(params),
});

export const replay = defineMethod({
  name: "canvas.replay",
  summary: "The screen of a conversation as it is now, or as it was after an entry.",
  access: "operator.read",
  params: { sessionKey: Conversation, at: Type.Optional({ ...Seq, description: "The entry; now by default." }) },
  result: CanvasScreen,
  handler: ({ params, gateway }) => gateway.canvas.drawing.replay(params),
});

export const undo = defineMethod({
  name: "canvas.undo",
  summary:
    "Takes back the newest push, reset or edit of a conversation's canvas. Taken back twice, the one before goes too.",
  access: "operator.write",
  params: { sessionKey: Conversation },
  result: Type.Object({ sessionKey: NonEmpty, undone: CanvasEntry, seq: Type.Integer({ minimum: 1 }) }),
  handler: ({ params, gateway }) => gateway.canvas.drawing.undo(params.sessionKey, gateway.canvas.folders),
});

export const act = defineMethod({
  name: "canvas.act",
  summary:
    "Passes on what a page on the canvas says when somebody presses a button; the conversation's agent answers it.",
  access: "operator.write",
  params: { sessionKey: Conversation, userAction: Type.Unknown({ description: "As the page said it." }) },
  result: Type.Object({ runId: NonEmpty }),
  handler: ({ params, gateway }) => gateway.canvas.drawing.act(params.sessionKey, params.userAction),
});

export const pluginSurfaceRefresh = defineMethod({
  name: "node.pluginSurface.refresh",
  summary: "Gives a node a new address of the canvas; an earlier one goes on until it ends.",
  access: "node",
  params: { surface: Id },
  result: Type.Object({
    surface: NonEmpty,
    pluginSurfaceUrls: Type.Object({ canvas: NonEmpty }),
    expiresAtMs: Type.Optional(Millis),
  }),
  handler({ params: { surface }, gateway, caller }) {
    if (surface !== "canvas") throw invalidRequest('the only surface is "canvas"');
    const { url, expiresAtMs } = gateway.canvas.addresses.again(caller);
    return { surface, pluginSurfaceUrls: { canvas: url }, ...(expiresAtMs !== undefined && { expiresAtMs }) };
  },
});

function byPerson(caller: Caller) {
  return { author: "person", rights: caller, askedBy: nameOfClient(caller) } as const;
}
