/** The commands of the built-in agent, in the order in which help shows them. */

import type { Command } from "../../../../kit/command.ts";
import { about } from "./about.ts";
import { compactCommands } from "./compact.ts";
import { conversations } from "./conversations.ts";
import { deviceCommands } from "./devices.ts";
import { modelCommands } from "./model.ts";
import { noteCommands } from "./notes.ts";
import { reasoningCommands } from "./reasoning.ts";
import { usageCommands } from "./usage.ts";

export const commands: readonly Command[] = [
  ...about,
  ...modelCommands,
  ...usageCommands,
  ...reasoningCommands,
  ...compactCommands,
  ...noteCommands,
  ...conversations,
  ...deviceCommands,
];
