/**
 * Finds by parsing what a shell command would run. It never runs anything and knows no policy. It says which programs
 * are called with which arguments, and what cannot be known from the text.
 */
import { hidesSomething } from "../../../../base/text/visible.ts";
import { ScriptWalker } from "./script-walker.ts";
import { type Analysis, NOTHING, type ShellKind } from "./types.ts";

export type { Analysis, ShellKind, SimpleCommand } from "./types.ts";

const MAX_CHARS = 20_000;

/**
 * Analyses a command for the shell that will run it. Never throws: an unclear part is a reason to ask. `takesInput`
 * says that input can be written to it while it runs.
 */
export async function analyse(
  command: string,
  shell: ShellKind = "bash",
  { takesInput = false }: { takesInput?: boolean } = {},
): Promise<Analysis> {
  if (command.length > MAX_CHARS) return { ...NOTHING, unclear: ["it is too long to be looked through"] };
  const { parse } = await import("unbash");
  const walk = new ScriptWalker(parse);
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
