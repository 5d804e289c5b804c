/** Whether people see how the model came to its answer. */
import type { Command } from "../../../../kit/command.ts";
import { defineCommand } from "../slice.ts";

const LEVELS = ["off", "on", "stream"];

const reasoning = defineCommand({
  name: "reasoning",
  usage: "[off | on | stream]",
  needs: "operator.write",
  summary: "whether replies show how the model came to them: quoted above (on), or while it thinks (stream)",
  choices: () => LEVELS,
  run({ args, sessionKey, gateway: { sessions } }) {
    const level = args.trim().toLowerCase();
    if (level === "") return `Reasoning here: ${sessions.get(sessionKey)?.levels.reasoningLevel ?? "off"}.`;
    if (!LEVELS.includes(level)) return `\`/reasoning\` takes ${LEVELS.join(", ")}, or nothing.`;
    sessions.patch(sessionKey, { reasoningLevel: level });
    return `Reasoning here: ${level}.`;
  },
});

export const reasoningCommands: readonly Command[] = [reasoning];
