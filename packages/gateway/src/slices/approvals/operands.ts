/** Files that a command would run as programs: what stands in them is approved with it. */
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { ignore } from "../../base/errors.ts";
import { sha256Hex } from "../../base/ids.ts";
import { isOpen, type Part } from "./policy.ts";
import { isWithin, realOf } from "./programs.ts";

/** Larger files are told apart by size and time only. */
const MAX_BYTES = 8 * 1024 * 1024;

/** Fingerprints of the files that the agent can change and that this command would run, in order. */
export function runFiles(parts: readonly Part[], cwd: string, writable: readonly string[]): string[] {
  return parts.flatMap((part) => {
    const { command, program } = part;
    const words = program.kind === "problem" || isOpen(part) ? command.argv : [];
    return words.flatMap((word) => (word === undefined ? [] : (fingerprint(word, cwd, writable) ?? [])));
  });
}

/** The file that an argument names when the agent can change it; undefined when there is none. */
export function ownFile(word: string, cwd: string, writable: readonly string[]): string | undefined {
  const value = word.replace(/^--?[\w-]+=/, "");
  const path = value === "" ? undefined : realOf(resolve(cwd, value));
  return path !== undefined && isWithin(path, writable) ? path : undefined;
}

function fingerprint(word: string, cwd: string, writable: readonly string[]): string | undefined {
  const path = ownFile(word, cwd, writable);
  if (path === undefined) return undefined;
  try {
    const facts = statSync(path);
    if (!facts.isFile()) return undefined;
    if (facts.size > MAX_BYTES) return `${path} ${facts.size} ${facts.mtimeMs}`;
    return `${path} ${sha256Hex(readFileSync(path))}`;
  } catch (error) {
    ignore(error, "what cannot be read cannot be run either");
    return `${path} unreadable`;
  }
}
