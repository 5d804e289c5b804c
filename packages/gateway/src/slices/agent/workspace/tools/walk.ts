/** All files below a folder of a workspace, in order, without what nobody looks for. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { GatewayError, ignore } from "../../../../base/errors.ts";
import type { Confined } from "../files/confined.ts";

/** Folders that hold other people's files, or a program's. */
const SKIPPED: ReadonlySet<string> = new Set([".git", "node_modules"]);
const MAX_ENTRIES = 5_000;
const MAX_DEPTH = 20;

/** One name on the way. */
export interface Step {
  /** Relative to the workspace. */
  readonly path: string;
  readonly kind: "file" | "folder" | "link" | "other";
  readonly depth: number;
  /** A folder whose inside is left out. */
  readonly isClosed: boolean;
}

/** Walks depth first, folders and files by name; gives way to other work after each folder. Stops when the signal aborts. */
export async function* walk(
  files: Confined,
  from: string,
  { depth: maxDepth = MAX_DEPTH, signal }: { depth?: number; signal: AbortSignal },
): AsyncGenerator<Step> {
  const inside = async function* (path: string, depth: number): AsyncGenerator<Step> {
    await nextTurn();
    signal.throwIfAborted();
    for (const { name, kind } of entriesOf(files, path, depth)) {
      const here = path === "" ? name : `${path}/${name}`;
      if (files.refusal(here) !== undefined) continue;
      const isClosed = kind === "folder" && SKIPPED.has(name);
      yield { path: here, kind, depth, isClosed };
      if (kind === "folder" && !isClosed && depth < maxDepth) yield* inside(here, depth + 1);
    }
  };
  yield* inside(from.replace(/^(?:\.\/)+|^\.$|\/+$/g, ""), 1);
}

function entriesOf(files: Confined, path: string, depth: number) {
  try {
    return files.entries(path, MAX_ENTRIES);
  } catch (error) {
    if (depth === 1 || !(error instanceof GatewayError)) throw error;
    ignore(error, "a folder that vanished or may not be read is passed over");
    return [];
  }
}
