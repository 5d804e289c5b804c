/** A command: what a person can type in any conversation, on every surface, model or no model. */
import { hasScope, type Scope } from "./access.ts";
import type { Base } from "./base.ts";

/** Who typed it, and what they may do. */
export interface CommandStarter {
  readonly principal: string;
  readonly scopes: readonly string[];
  readonly name: string;
  readonly deviceId?: string | undefined;
  /** The time zone that their client names; nobody has checked it. */
  readonly timeZone?: string | undefined;
}

/** What a command is given. */
export interface CommandCall<Gateway = Base> {
  /** What follows the command's name, trimmed. */
  readonly args: string;
  readonly runId: string;
  /** Canonical. */
  readonly sessionKey: string;
  readonly starter: CommandStarter;
  readonly gateway: Gateway;
  readonly signal: AbortSignal;
}

/** What everyone may know of a command. */
interface CommandFacts {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** What follows the name, as help shows it. */
  readonly usage?: string;
  readonly summary: string;
  /** The scope that its caller must hold beyond the one for sending messages; of several, any one. */
  readonly needs?: Scope | readonly Scope[];
  /** Whether it tells the owner of other conversations, or of the gateway: not where a group reads the answer. */
  readonly isPrivate?: boolean;
}

/** A command. A slice exports its own as `commands`. */
export interface Command extends CommandFacts {
  /** Words that may follow, for completion and for menus of channels: at most 25. */
  choices?(gateway: Base, sessionKey: string): readonly string[];
  /**
   * The arguments when a sentence without a slash means this command; undefined when it does not. `isAlone`: no model can
   * answer it instead.
   */
  meant?(message: string, isAlone: boolean): string | undefined | Promise<string | undefined>;
  /** Answers in Markdown. Throws `GatewayError` with a sentence for the person. */
  run(call: CommandCall): string | Promise<string>;
}

/** Defines a command; `choices`, `meant` and `run` as in `Command`. */
export type DefineCommand<Gateway> = (
  definition: CommandFacts & {
    readonly choices?: (gateway: Gateway, sessionKey: string) => readonly string[];
    readonly meant?: NonNullable<Command["meant"]>;
    readonly run: (call: CommandCall<Gateway>) => string | Promise<string>;
  },
) => Command;

/** `defineCommand` for commands that reach the base alone. Slices have their own. */
export const defineCommand: DefineCommand<Base> = (definition) => definition;

/** Whether the starter of a run holds a scope that the command needs. */
export function mayUse({ needs }: Pick<Command, "needs">, { scopes }: Pick<CommandStarter, "scopes">): boolean {
  const held = new Set(scopes);
  return needs === undefined || [needs].flat().some((scope) => hasScope(held, scope));
}

/** The sender who started a run over a channel, as "channel:id"; undefined for runs that were started otherwise. */
export function senderOf({ principal }: Pick<CommandStarter, "principal">): string | undefined {
  return principal.startsWith("channel:") ? principal.slice("channel:".length) : undefined;
}

/**
 * The id of somebody on a channel who is not the owner, as "channel:id"; undefined for the owner and for connections. A
 * peer sees their own conversation and what they made themselves, whatever scopes being let in has given them.
 */
export function peerOf(starter: Pick<CommandStarter, "principal" | "scopes">): string | undefined {
  return hasScope(new Set(starter.scopes), "operator.admin") ? undefined : senderOf(starter);
}

/** The first word and what follows it. */
export function firstWord(args: string): { word: string; rest: string } {
  const match = /^(\S*)\s*([\s\S]*)$/.exec(args.trim());
  return { word: match?.[1] ?? "", rest: match?.[2] ?? "" };
}
