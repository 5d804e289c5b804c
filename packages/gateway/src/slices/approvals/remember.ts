/** What “always” means for a command: an entry for each of its programs, or nothing when that would allow anything. */
import { ownFile } from "./operands.ts";
import { type AllowEntry, coveredBy, isOpen, type Part } from "./policy.ts";
import { isWithin, realOf } from "./programs.ts";
import { readsFolder } from "./shell/names.ts";
import type { Analysis } from "./shell.ts";

/**
 * The entries that let this very command run again without being asked for. Undefined when no entries could: something in
 * it is not clear, or it runs a file that the agent can change.
 */
export function entriesFor(
  analysis: Analysis,
  parts: readonly Part[],
  { more, cwd, writable }: { more: readonly string[]; cwd: string; writable: readonly string[] },
): Omit<AllowEntry, "id">[] | undefined {
  if (analysis.unclear.length > 0 || more.length > 0 || parts.length === 0) return undefined;
  const entries: Omit<AllowEntry, "id">[] = [];
  for (const part of parts) {
    const { program, command } = part;
    if (program.kind === "problem" || /[*?]/.test(program.path)) return undefined;
    if (coveredBy(part, entries)) continue;
    if (!isOpen(part)) {
      entries.push({ pattern: program.path });
      continue;
    }
    const args = command.argv.slice(1).filter((arg) => arg !== undefined);
    const isExact = args.length === command.argv.length - 1 && !command.isOpenEnded;
    const isOwn = readsFolder(command.argv[0]) ? isWithin(realOf(cwd) ?? cwd, writable) : false;
    if (!isExact || isOwn || args.some((arg) => ownFile(arg, cwd, writable) !== undefined)) return undefined;
    entries.push({ pattern: program.path, args });
  }
  return entries;
}
