/**
 * What a shell command would run, found by parsing it. It never runs anything and knows no policy: it says which programs
 * are called with which arguments, and what about the command cannot be told from its text.
 */
import type { Analysis, ShellKind } from "./shell/types.ts";
import { Walk } from "./shell/walk.ts";
import { hidesSomething } from "./text.ts";

export type { Analysis, ShellKind, SimpleCommand } from "./shell/types.ts";

const MAX_CHARS = 20_000;

/** Analyses a command for the shell that will run it. Never throws: what cannot be understood is a reason to ask. */
export async function analyse(command: string, shell: ShellKind = "bash"): Promise<Analysis> {
  if (command.length > MAX_CHARS) return { commands: [], unclear: ["it is too long to be looked through"] };
  const { parse } = await import("unbash");
  const walk = new Walk(parse);
  try {
    walk.text(command, { shell, depth: 0 });
  } catch {
    return { commands: [], unclear: ["its syntax is not understood"] };
  }
  const { commands, unclear } = walk.analysis;
  return {
    commands,
    unclear: hidesSomething(command) ? [...unclear, "it holds characters that cannot be seen"] : unclear,
  };
}
