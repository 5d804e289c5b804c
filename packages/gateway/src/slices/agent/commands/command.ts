/** What a command is. A slice adds commands by adding to a table of these. */
import { hasScope, type Scope } from "../../../kit/access.ts";
import type { Agent } from "../agent.ts";
import type { Starter } from "../run-store.ts";
import type { AgentServices } from "../services.ts";

/** What a command is given. */
export interface CommandCall {
  /** What follows the command's name, trimmed. */
  readonly args: string;
  readonly runId: string;
  /** Canonical. */
  readonly sessionKey: string;
  readonly starter: Starter;
  readonly services: AgentServices;
  readonly agent: Agent;
  /** All commands there are. */
  readonly commands: readonly Command[];
  readonly signal: AbortSignal;
}

/** A command of the built-in agent. */
export interface Command {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** What follows the name, as help shows it. */
  readonly usage?: string;
  readonly summary: string;
  /** The scope that its caller must hold beyond the one for sending messages. */
  readonly needs?: Scope;
  /** Answers in Markdown. Throws `GatewayError` with a sentence for the person. */
  run(call: CommandCall): string | Promise<string>;
}

/** Whether whoever started the run holds what a command needs. */
export function mayUse({ needs }: Pick<Command, "needs">, { scopes }: Pick<Starter, "scopes">): boolean {
  return needs === undefined || hasScope(new Set(scopes), needs);
}

/** Whom a run over a channel was started by, as "channel:id"; undefined when it was not. */
export function senderOf({ principal }: Pick<Starter, "principal">): string | undefined {
  return principal.startsWith("channel:") ? principal.slice("channel:".length) : undefined;
}

/** The first word and what follows it. */
export function firstWord(args: string): { word: string; rest: string } {
  const match = /^(\S*)\s*([\s\S]*)$/.exec(args.trim());
  return { word: match?.[1] ?? "", rest: match?.[2] ?? "" };
}
