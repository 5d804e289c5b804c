/** What uses the space of a state folder, by kind. */
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../errors.ts";

/** What something in the state folder is. */
export type StateKind =
  | "database"
  | "database copies"
  | "media"
  | "recordings"
  | "workspaces"
  | "logs"
  | "versions"
  | "earlier restores"
  | "backups"
  | "journal"
  | "other";

export interface StateSize {
  readonly kind: StateKind;
  readonly files: number;
  readonly bytes: number;
}

const KINDS: readonly (readonly [RegExp, StateKind])[] = [
  [/^state\.db\.(daily|backup-|damaged|salvaged|restored|empty)/, "database copies"],
  [/^state\.db-wal\.damaged/, "database copies"],
  [/^state\.db/, "database"],
  [/^media$/, "media"],
  [/^recordings$/, "recordings"],
  [/^workspaces?$/, "workspaces"],
  [/^logs$/, "logs"],
  [/^(versions|current)$/, "versions"],
  [/^(before-restore|undone-restore|restoring)-/, "earlier restores"],
];

/** The sizes by kind, the largest first; kinds that take nothing are left out. */
export async function stateSizes(stateDir: string, backups: string, journal: Size): Promise<StateSize[]> {
  const sums = new Map<StateKind, { files: number; bytes: number }>();
  const add = (kind: StateKind, { files, bytes }: Size) => {
    const sum = sums.get(kind) ?? { files: 0, bytes: 0 };
    sums.set(kind, { files: sum.files + files, bytes: sum.bytes + bytes });
  };
  for (const name of await namesIn(stateDir))
    add(KINDS.find(([pattern]) => pattern.test(name))?.[1] ?? "other", await sizeOf(join(stateDir, name)));
  add("backups", await sizeOf(backups));
  add("journal", journal);
  return [...sums]
    .map(([kind, size]) => ({ kind, ...size }))
    .filter(({ files }) => files > 0)
    .sort((a, b) => b.bytes - a.bytes);
}

/** Files and their bytes. */
export interface Size {
  readonly files: number;
  readonly bytes: number;
}

/** What a file or a folder takes. */
export async function sizeOf(path: string): Promise<Size> {
  const state = await lstat(path).catch((error: unknown) => {
    if (codeOf(error) !== "ENOENT") throw error;
  });
  if (!state) return { files: 0, bytes: 0 };
  if (!state.isDirectory()) return { files: 1, bytes: state.size };
  let [files, bytes] = [0, 0];
  for (const name of await namesIn(path)) {
    const size = await sizeOf(join(path, name));
    files += size.files;
    bytes += size.bytes;
  }
  return { files, bytes };
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}
