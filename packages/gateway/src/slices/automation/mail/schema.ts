/** A mailbox as the wire says it. */
import { type Static, Type } from "@sinclair/typebox";
import { Millis, NonEmpty, OneOf } from "../../../kit/schema/schema.ts";

export const MailboxShape = Type.Object({
  account: NonEmpty,
  host: NonEmpty,
  user: NonEmpty,
  mailbox: NonEmpty,
  state: OneOf("off", "connecting", "watching", "waiting", "failed"),
  problem: Type.Optional(Type.String({ description: "Why it is not watched, and what to do." })),
  lastMailAtMs: Type.Optional(Millis),
  lastUid: Type.Optional(Type.Integer({ minimum: 0 })),
});
export type MailboxShape = Static<typeof MailboxShape>;
