/** The files around the database: its copies, what they are called, and whether there is room for another. */
import { readdirSync, statfsSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { codeOf } from "../errors.ts";

/** A copy of the database that the gateway has made. */
export interface Copy {
  readonly path: string;
  readonly name: string;
  /** When it was made, epoch ms. */
  readonly at: number;
}

/** The daily copy and the one before it. */
export const dailyOf = (path: string) => [`${path}.daily`, `${path}.daily.1`] as const;

/** The prefix of copies from before an update. */
export const backupPrefix = (path: string) => `${path}.backup-`;

/** All copies of the database at `path` that hold something, newest first. */
export function copiesOf(path: string): Copy[] {
  const daily = dailyOf(path).map((each) => basename(each));
  const prefix = basename(backupPrefix(path));
  return namesIn(dirname(path))
    .filter((name) => daily.includes(name) || name.startsWith(prefix))
    .flatMap((name) => copyAt(join(dirname(path), name)))
    .sort((a, b) => b.at - a.at || (a.name < b.name ? -1 : 1));
}

function copyAt(path: string): Copy[] {
  const state = statSync(path, { throwIfNoEntry: false });
  return state && state.size > 0 ? [{ path, name: basename(path), at: state.mtimeMs }] : [];
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

/** Free space that a copy needs, as a multiple of the file's size: it leaves as much again. */
const ROOM_FACTOR = 2;

/** The bytes that a copy of the database at `path` needs, and the bytes that its disk has free. */
export function roomFor(path: string): { readonly needed: number; readonly free: number } {
  const { bavail, bsize } = statfsSync(dirname(path));
  return { needed: ROOM_FACTOR * statSync(path).size, free: bavail * bsize };
}
