/** Events about commands that wait for approval. */
import { Type } from "@sinclair/typebox";
import { defineEvent } from "../../../kit/event.ts";
import { Millis, NonEmpty } from "../../../kit/schema/schema.ts";
import { PendingApproval } from "./schema.ts";

export const approvalRequested = defineEvent({
  name: "exec.approval.requested",
  summary: "A command waits for somebody to allow it.",
  audience: "operator.approvals",
  whenSlow: "drop",
  payload: PendingApproval,
});

export const approvalResolved = defineEvent({
  name: "exec.approval.resolved",
  summary: "A command was allowed, denied or taken back; not sent when nobody answered in time.",
  audience: "operator.approvals",
  whenSlow: "drop",
  payload: Type.Object({
    id: NonEmpty,
    decision: NonEmpty,
    resolvedBy: Type.Optional(Type.String()),
    ts: Millis,
  }),
});
