/** Events about canvases. */
import { Type } from "@sinclair/typebox";
import { defineEvent } from "../../../kit/event.ts";
import { NonEmpty, OneOf } from "../../../kit/schema/schema.ts";

export const canvasChanged = defineEvent({
  name: "canvas.changed",
  summary:
    "The canvas of a conversation shows something else, or a file of it changed. Ask canvas.replay for the screen.",
  audience: "operator.read",
  whenSlow: "drop",
  payload: Type.Object({
    sessionKey: NonEmpty,
    kind: OneOf("push", "reset", "edit", "undo", "present", "hide"),
    seq: Type.Optional(Type.Integer({ minimum: 1, description: "The entry of the log." })),
    path: Type.Optional({
      ...NonEmpty,
      description: "The file that changed, or the page to show, without the canvas's folder.",
    }),
    surfaces: Type.Optional(Type.Array(NonEmpty)),
  }),
});
