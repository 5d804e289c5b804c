/** The `push` section: notifications for browsers that no page of ours is open in. */
import { type Static, Type } from "@sinclair/typebox";
import { defineSettings } from "../../../kit/settings.ts";

/** Stands where nobody has named a contact. */
export const USUAL_CONTACT = "mailto:web-push@example.com";

const Push = Type.Object({
  enabled: Type.Boolean({
    default: true,
    description: "Whether browsers that asked for it are called when no page is in view.",
  }),
  preview: Type.Boolean({
    default: true,
    description: "Whether a notification shows the beginning of the reply or the command.",
  }),
  contact: Type.String({
    default: USUAL_CONTACT,
    pattern: "^(mailto:[^\\s@<>]+@[^\\s@<>]+|https://\\S+)$",
    description: "How the people of a push service reach you when something is wrong: mailto: or https:.",
  }),
  allowPrivateHosts: Type.Optional(
    Type.Array(Type.String(), {
      description:
        'Push services of your own on private addresses, as exact "host:port"; plain http: is allowed there.',
    }),
  ),
});
export type PushSettings = Static<typeof Push>;

export const push = defineSettings({
  path: "push",
  summary: "Notifications of browsers for approvals and replies while no page is in view.",
  reload: "live",
  schema: Push,
});
