/** `moltbot onboard` — from nothing to a gateway that answers: old state, service, model, channel, phone, link. */

import { defineCommand } from "../language/command.ts";

export const onboard = defineCommand({
  summary: "Set moltbot up: a model, a channel, a service, a phone; each step can be skipped",
  flags: {
    "skip-import": { kind: "switch", summary: "Do not offer the state of an older gateway" },
    "skip-service": { kind: "switch", summary: "Do not offer to install the service" },
  },
  examples: ["moltbot onboard", "moltbot onboard --gateway home"],
  run: async (call) => (await import("../onboarding/onboard.ts")).onboardHere(call),
});
