/** A reminder as the wire says it. */
import { type Static, Type } from "@sinclair/typebox";
import { Millis, NonEmpty } from "../../../kit/schema/schema.ts";

export const ReminderShape = Type.Object({
  id: Type.Integer({ minimum: 1, description: "Its number, as people say it." }),
  jobId: NonEmpty,
  text: Type.String(),
  sessionKey: Type.String({ description: "The conversation in which it was asked for, and is said." }),
  channel: Type.Optional(NonEmpty),
  to: Type.Optional(NonEmpty),
  tz: NonEmpty,
  repeats: Type.Boolean(),
  nextAtMs: Type.Array(Millis, { description: "When it comes: the next three times." }),
  createdAtMs: Millis,
});
export type ReminderShape = Static<typeof ReminderShape>;
