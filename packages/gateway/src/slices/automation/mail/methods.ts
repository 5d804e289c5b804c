/** The method of mail: which mailboxes are watched. */
import { Type } from "@sinclair/typebox";
import { MailboxShape } from "./schema.ts";
import { defineMethod } from "./slice.ts";

export const status = defineMethod({
  name: "mail.status",
  summary: "The mailboxes that are watched, and why some are not; hooks.deliveries lists what came.",
  access: "operator.read",
  params: {},
  result: Type.Object({ accounts: Type.Array(MailboxShape) }),
  handler: ({ gateway }) => ({ accounts: gateway.mail.status() }),
});
