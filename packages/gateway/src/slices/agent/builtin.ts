/**
 * The agent that works without a model: it knows commands and never pretends to be a language model. Slash commands
 * are its work too when a model is connected.
 */

import { type Command, type CommandCall, mayUse, senderOf } from "./commands/command.ts";
import { connectHint } from "./commands/connect-hint.ts";
import { COMMANDS } from "./commands/index.ts";

/** What a command is given, beside what was said to it. */
type Caller = Omit<CommandCall, "args" | "commands">;

/** A command with what was said to it. */
export interface Invocation {
  readonly command: Command;
  readonly args: string;
}

const BY_NAME = new Map(
  COMMANDS.flatMap((command) => [command.name, ...(command.aliases ?? [])].map((name) => [name, command] as const)),
);

/** The command that a message beginning with a slash calls, if there is one of that name. */
export function slashCommand(message: string): Invocation | undefined {
  const match = /^\/([a-z]+)(?:[\s:]+([\s\S]*))?$/i.exec(message.trim());
  const command = match && BY_NAME.get(match[1]!.toLowerCase());
  return command ? { command, args: match[2]?.trim() ?? "" } : undefined;
}

/** The command that a message begins with, slash or not. */
export function looseCommand(message: string): Invocation | undefined {
  const match = /^\/?([a-z]+)[!?.]*(?:[\s:]+([\s\S]*))?$/i.exec(message.trim());
  const command = match && BY_NAME.get(match[1]!.toLowerCase());
  return command ? { command, args: match[2]?.trim() ?? "" } : undefined;
}

/** What the command answers. A caller who may not use it is told so. Throws what the command throws. */
export async function runCommand({ command, args }: Invocation, call: Caller): Promise<string> {
  if (command.needs && !mayUse(command, call.starter)) {
    if (senderOf(call.starter) !== undefined)
      return `/${command.name} is for those whom the owner of this gateway let in.`;
    return call.starter.principal.startsWith("channel:")
      ? `/${command.name} is for people whom the owner has let in.`
      : `/${command.name} needs the ${command.needs} scope, and this connection does not have it.`;
  }
  return await command.run({ ...call, args, commands: COMMANDS });
}

/** What is answered to a message that is no command when no model is connected. */
export function unknownAnswer(call: Pick<CommandCall, "agent">): string {
  return `${connectHint(call)}\n\nUntil then I know commands: type \`help\` to see them.`;
}
