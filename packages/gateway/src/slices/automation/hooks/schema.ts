/** Hooks as the wire says them. */
import { Type } from "@sinclair/typebox";
import { Millis, NonEmpty, OneOf } from "../../../kit/schema/schema.ts";

/** One address that other programs may call. */
export const HookShape = Type.Object({
  id: NonEmpty,
  path: Type.Optional(Type.String({ description: "The whole path; absent when any that is not another hook's." })),
  source: Type.Optional(NonEmpty),
  action: OneOf("agent", "wake"),
  proof: Type.Union(OneOf("token", "github", "stripe", "hmac", "google").anyOf, {
    description: "What a caller shows: the token of hooks, or a signature.",
  }),
  agentId: Type.Optional(NonEmpty),
  transform: Type.Optional(NonEmpty),
  lastAt: Type.Optional(Millis),
  problem: Type.Optional(Type.String({ description: "Why it cannot be used." })),
});

/** One call of another program, and what became of it. */
export const DeliveryShape = Type.Object({
  id: Type.Integer({ minimum: 1 }),
  at: Millis,
  hook: NonEmpty,
  source: Type.String({ description: "The address that it came from." }),
  outcome: OneOf("accepted", "woken", "skipped", "refused", "failed"),
  status: Type.Integer({ description: "The HTTP status of the answer." }),
  reason: Type.Optional(NonEmpty),
  eventId: Type.Optional(Type.String({ description: "What the sender calls it." })),
  bytes: Type.Integer({ minimum: 0 }),
  repeats: Type.Integer({ minimum: 0, description: "How often it was sent again." }),
  runId: Type.Optional(NonEmpty),
  sessionKey: Type.Optional(NonEmpty),
  runEnd: Type.Optional(OneOf("ok", "error", "aborted")),
  runProblem: Type.Optional(NonEmpty),
});

/** What a mapping would do with a delivery. */
export const TrialShape = Type.Object({
  hook: Type.Optional(NonEmpty),
  outcome: OneOf("accepted", "woken", "skipped", "refused", "failed"),
  reason: Type.Optional(NonEmpty),
  text: Type.Optional(Type.String({ description: "What the agent, or the main conversation, would be told." })),
  agentId: Type.Optional(NonEmpty),
  sessionKey: Type.Optional(NonEmpty),
  deliver: Type.Optional(Type.String({ description: "Where the answer would go, as channel:chat." })),
});
