/**
 * What a shell command would run, found by parsing it. It never runs anything and knows no policy: it says which programs
 * are called with which arguments, and what about the command cannot be told from its text.
 */
import { hidesSomething } from "../../../../base/text/visible.ts";
import { type Analysis, NOTHING, type ShellKind } from "./types.ts";
import { Walk } from "./walk.ts";

export type { Analysis, ShellKind, SimpleCommand } from "./types.ts";

const MAX_CHARS = 20_000;

/**
 * Analyses a command for the shell that will run it. Never throws: what cannot be understood is a reason to ask.
 * `takesInput` says that it can be written to while it runs.
 */
export async function analyse(
  command: string,
  shell: ShellKind = "bash",
  { takesInput = false }: { takesInput?: boolean } = {},
): Promise<Analysis> {
  if (command.length > MAX_CHARS) return { ...NOTHING, unclear: ["it is too long to be looked through"] };
  const { parse } = await import("unbash");
  const walk = new Walk(parse);
  try {
    walk.whole(command, { shell, input: takesInput ? "pipe" : "none" });
  } catch {
    return { ...NOTHING, unclear: ["its syntax is not understood"] };
  }
  const { analysis } = walk;
  if (!hidesSomething(command)) return analysis;
  const unclear = "it holds characters that cannot be seen, or are not what they seem";
  return { ...analysis, unclear: [...analysis.unclear, unclear] };
}
