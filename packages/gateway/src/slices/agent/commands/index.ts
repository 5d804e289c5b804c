/** The commands of the built-in agent, in the order in which help shows them. */
import { about } from "./about.ts";
import type { Command } from "./command.ts";
import { conversations } from "./conversations.ts";
import { deviceCommands } from "./devices.ts";
import { modelCommands } from "./model.ts";
import { noteCommands } from "./notes.ts";

export const COMMANDS: readonly Command[] = [
  ...about,
  ...modelCommands,
  ...noteCommands,
  ...conversations,
  ...deviceCommands,
];
