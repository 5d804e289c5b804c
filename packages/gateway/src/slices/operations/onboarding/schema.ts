/** Wire shapes of the wizard, as clients of both generations read them. */
import { Type } from "@sinclair/typebox";
import { NonEmpty, OneOf } from "../../../kit/schema/schema.ts";

export const WizardStep = Type.Object({
  id: NonEmpty,
  type: OneOf("note", "select", "text", "confirm", "multiselect", "progress", "action"),
  title: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
  options: Type.Optional(
    Type.Array(Type.Object({ value: Type.Unknown(), label: NonEmpty, hint: Type.Optional(Type.String()) })),
  ),
  initialValue: Type.Optional(Type.Unknown()),
  placeholder: Type.Optional(Type.String()),
  sensitive: Type.Optional(Type.Boolean({ description: "What is typed is a secret; do not show it." })),
  executor: Type.Optional(OneOf("gateway", "client")),
});

export const WizardState = OneOf("running", "done", "cancelled", "error");
