/** Canvases on the wire. */
import { type Static, Type } from "@sinclair/typebox";
import { Millis, NonEmpty, OneOf } from "../../../kit/schema/schema.ts";

/** One entry of a canvas's log. */
export const CanvasEntry = Type.Object({
  seq: Type.Integer({ minimum: 1, description: "Its number; later ones have higher numbers, over all conversations." }),
  at: Millis,
  kind: OneOf("push", "reset", "edit", "undo", "base"),
  author: OneOf("agent", "person", "gateway"),
  summary: Type.String({ description: "What it did, in one line." }),
  path: Type.Optional({ ...NonEmpty, description: "Of an edit: the file, relative to the canvas's folder." }),
  diff: Type.Optional(Type.String({ description: "Of an edit: what changed, as `diff -u` shows it." })),
  bytes: Type.Integer({ minimum: 0 }),
  undoneBy: Type.Optional(Type.Integer({ minimum: 1, description: "The entry that took it back." })),
});
export type CanvasEntry = Static<typeof CanvasEntry>;

/** What became of a push on a node. */
export const ShownOnNode = Type.Object({
  nodeId: NonEmpty,
  ok: Type.Boolean(),
  error: Type.Optional(Type.String()),
});

/** A screen as it is, or was. */
export const CanvasScreen = Type.Object({
  sessionKey: NonEmpty,
  seq: Type.Integer({ minimum: 0, description: "The entry after which it looked so; 0 when nothing has been shown." }),
  surfaces: Type.Array(NonEmpty),
  messages: Type.Array(Type.Unknown(), { description: "A2UI 0.9 messages that draw it on an empty page." }),
});

/** How the canvas is served. */
export const CanvasStatus = Type.Object({
  enabled: Type.Boolean(),
  port: Type.Optional(Type.Integer({ minimum: 1, description: "Its own port, when that is open." })),
  path: Type.Optional({ ...NonEmpty, description: "The folder that is served; for administrators." }),
  liveReload: Type.Boolean(),
  viewers: Type.Integer({ minimum: 0, description: "Pages that are open and listen." }),
  problems: Type.Array(NonEmpty, { description: "What does not work, as sentences." }),
});
