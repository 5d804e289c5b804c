/**
 * The built-in agent, which works without a model: it knows commands and never pretends to be a language model. It also
 * runs slash commands when a model is connected.
 */

import { type Command, type CommandCall, mayUse, peerOf, senderOf } from "../../../../kit/command.ts";
import { kindOf } from "../../../core/sessions/sessions.ts";
import type { AgentServices } from "../services.ts";
import { connectHint } from "./connect-hint.ts";
import { isGreeting, smallTalk } from "./small-talk.ts";

/** A command and its arguments. */
export interface Invocation {
  readonly command: Command;
  readonly args: string;
}

/** Who has said a sentence, and whether only commands can answer it. */
export interface MeantBy {
  readonly starter: Pick<CommandCall["starter"], "scopes">;
  readonly isAlone: boolean;
}

/** The commands there are, found by their names. */
export class Commands {
  readonly #definitions: () => readonly Command[];
  #byName: ReadonlyMap<string, Command> | undefined;

  /** `definitions` are asked for when the first command is looked for. */
  constructor(definitions: () => readonly Command[]) {
    this.#definitions = definitions;
  }

  get all(): readonly Command[] {
    return this.#definitions();
  }

  /** The command that a message beginning with a slash calls, if there is one of that name. */
  slash(message: string): Invocation | undefined {
    return this.#find(/^\/([a-z]+)(?:[\s:]+([\s\S]*))?$/i, message);
  }

  /** The command that a message begins with, slash or not. */
  loose(message: string): Invocation | undefined {
    return this.#find(/^\/?([a-z]+)[!?.]*(?:[\s:]+([\s\S]*))?$/i, message);
  }

  /** The command that a sentence means, if its sender may use it. */
  async meant(message: string, { starter, isAlone }: MeantBy): Promise<Invocation | undefined> {
    for (const command of this.all) {
      if (!command.meant || !mayUse(command, starter)) continue;
      const args = await command.meant(message, isAlone);
      if (args !== undefined) return { command, args };
    }
    return undefined;
  }

  #named(): ReadonlyMap<string, Command> {
    this.#byName ??= new Map(
      this.all.flatMap((command) => [command.name, ...(command.aliases ?? [])].map((name) => [name, command] as const)),
    );
    return this.#byName;
  }

  #find(pattern: RegExp, message: string): Invocation | undefined {
    const match = pattern.exec(message.trim());
    const command = match && this.#named().get(match[1]!.toLowerCase());
    return command ? { command, args: match[2]?.trim() ?? "" } : undefined;
  }
}

/** What the command answers. A caller who may not use it is told so. Throws what the command throws. */
export async function runCommand({ command, args }: Invocation, call: Omit<CommandCall, "args">): Promise<string> {
  if (!mayUse(command, call.starter)) return refusal(command, call.starter);
  if (command.isPrivate && tellsGroup(call))
    return `Everybody here would read the answer. Write \`/${command.name}\` to me in a direct chat.`;
  return await command.run({ ...call, args });
}

/** Whether a group reads what its owner is told. A peer is told of the group alone. */
export function tellsGroup({ sessionKey, starter }: Pick<CommandCall, "sessionKey" | "starter">): boolean {
  return kindOf(sessionKey) === "group" && senderOf(starter) !== undefined && peerOf(starter) === undefined;
}

function refusal(command: Command, starter: CommandCall["starter"]): string {
  const { name, needs } = command;
  const scopes = [needs ?? []].flat();
  if (senderOf(starter) === undefined)
    return `/${name} needs the ${scopes.join(" or ")} scope, and this connection does not have it.`;
  const isForPeers = mayUse(command, { scopes: ["operator.write"] });
  return `/${name} is for ${isForPeers ? "people whom the owner of this gateway has let in" : "the owner of this gateway"}.`;
}

/** The answer to a message that is no command when no model is connected. */
export function unknownAnswer(services: Pick<AgentServices, "models">, message: string): string {
  const answer = smallTalk(message);
  if (answer !== undefined) return isGreeting(message) ? `${answer}\n\n${connectHint(services)}` : answer;
  return `${connectHint(services)}\n\nUntil then I know commands: type \`help\` to see them.`;
}
