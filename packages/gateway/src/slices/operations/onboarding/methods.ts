/** The methods of the wizard that sets a gateway up. */
import { Type } from "@sinclair/typebox";
import { NonEmpty, OneOf } from "../../../kit/schema/schema.ts";
import { WizardState, WizardStep } from "./schema.ts";
import { defineMethod } from "./slice.ts";

const SessionId = Type.String({ minLength: 1, maxLength: 128 });
const Progress = {
  done: Type.Boolean(),
  step: Type.Optional(WizardStep),
  status: Type.Optional(WizardState),
  error: Type.Optional(Type.String()),
};

export const start = defineMethod({
  name: "wizard.start",
  summary: "Begins to set the gateway up, step by step; there is one wizard at a time.",
  access: "operator.admin",
  params: {
    mode: Type.Optional(OneOf("local", "remote")),
    workspace: Type.Optional(
      Type.String({ maxLength: 4_096, description: "Taken and not used: the settings say where workspaces are." }),
    ),
  },
  result: Type.Object({ sessionId: NonEmpty, ...Progress }),
  handler: ({ params, gateway, caller }) => gateway.onboarding.begin(params.mode ?? "local", caller),
});

export const next = defineMethod({
  name: "wizard.next",
  summary: "Answers the step that is shown and gives the next one; without an answer it shows the step again.",
  access: "operator.admin",
  params: {
    sessionId: SessionId,
    answer: Type.Optional(
      Type.Object({
        stepId: Type.String({ minLength: 1, maxLength: 128 }),
        value: Type.Optional(
          Type.Unknown({ description: "A text of at most 4096 characters, a truth value, a list." }),
        ),
      }),
    ),
  },
  result: Type.Object(Progress),
  handler: ({ params, gateway, caller }) => gateway.onboarding.next(params.sessionId, params.answer, caller),
});

export const cancel = defineMethod({
  name: "wizard.cancel",
  summary: "Ends a wizard; what was saved stays.",
  access: "operator.admin",
  params: { sessionId: SessionId },
  result: Type.Object({ status: WizardState, error: Type.Optional(Type.String()) }),
  handler: ({ params, gateway, caller }) => gateway.onboarding.cancel(params.sessionId, caller),
});

export const status = defineMethod({
  name: "wizard.status",
  summary: "Whether a wizard still runs, and how it ended.",
  access: "operator.admin",
  params: { sessionId: SessionId },
  result: Type.Object({ status: WizardState, error: Type.Optional(Type.String()) }),
  handler: ({ params, gateway, caller }) => gateway.onboarding.status(params.sessionId, caller),
});
