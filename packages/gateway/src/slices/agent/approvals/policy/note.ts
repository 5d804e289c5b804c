/** Describes an entry of the allowlist in words. */
import { basename } from "node:path";
import type { AllowlistEntryShape } from "../schema.ts";
import { isHarmless, isReader } from "./harmless.ts";

/** One sentence without a full stop. An entry of the older kind is called wider than today's rule. */
export function noteOf({ pattern, args, exact }: AllowlistEntryShape): string {
  if (exact !== undefined) {
    const { cwd, background, code, around } = exact;
    const files =
      code.length === 1 ? "the file of code that it names is" : `the ${code.length} files of code that it names are`;
    return [
      `exactly this command, in ${cwd}`,
      ...(background ? ["in the background"] : []),
      ...(code.length > 0 ? [`as long as ${files} what was allowed`] : []),
      ...(around === undefined ? [] : ["as long as nothing in the agents' folders has changed"]),
    ].join(", ");
  }
  if (args !== undefined)
    return "wider than today's rule: it names no folder, so it counts only where commands start and without input, and is asked for again elsewhere";
  if (isHarmless(basename(pattern))) return "with any arguments: it can do no harm with any";
  if (isReader(basename(pattern)))
    return "with any arguments, as long as it reads nothing outside of the agents' folders";
  return "wider than today's rule: it would allow any arguments, so it is asked for again; “always” then keeps the exact command";
}
