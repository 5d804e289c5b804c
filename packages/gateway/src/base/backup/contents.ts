/** What a backup takes: everything of a state folder that another machine needs, and what is outside it. */
import type { Dirent } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { ignore } from "../errors.ts";
import { expandHome } from "../files.ts";
import type { BackupRoot } from "./manifest.ts";

/** Something to put into an archive. */
export interface ArchiveSource {
  readonly kind: "file" | "link" | "folder";
  /** `ROOT/path` */
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly isProgram: boolean;
  /** Of a link. */
  readonly target?: string;
}

/**
 * What belongs to this machine or this moment: it is neither backed up nor moved by a restore. The database is taken
 * apart from this.
 */
const LOCAL =
  /^(backup\.lock|gateway\.json|clock\.json|logs|versions|current|restore(-last)?\.json|update(-last)?\.json|restart-sentinel\.json|before-restore-.*|undone-restore-.*|restoring-.*)$/;

/** The file by which one backup is made at a time. */
export const BACKUP_LOCK = "backup.lock";

/** Whether a restore leaves this name of the state folder where it is. */
export function isLocal(name: string): boolean {
  return LOCAL.test(name);
}

const isDatabase = (name: string) => name.startsWith("state.db");
/** What is being written: it is nothing yet. */
const isUnfinished = (name: string) => /^\..*\.tmp$|\.part$/.test(name);

/** The roots of a backup: the state folder, and those of `outside` that are elsewhere. */
export function rootsOf(stateDir: string, outside: { config: string; workspaces: readonly string[] }): BackupRoot[] {
  const isOutside = (path: string) => !isWithin(stateDir, path);
  const workspaces = [...new Set(outside.workspaces.map((path) => resolve(path)))].filter(isOutside);
  const tops = workspaces.filter((path) => !workspaces.some((other) => other !== path && isWithin(other, path)));
  return [
    { name: "state", path: shortened(resolve(stateDir)) },
    ...(isOutside(outside.config) ? [{ name: "config", path: shortened(resolve(outside.config)) }] : []),
    ...tops.map((path, index) => ({ name: `workspace-${index + 1}`, path: shortened(path) })),
  ];
}

/** Where a root is on this machine. */
export function pathOfRoot({ path }: BackupRoot): string {
  return resolve(expandHome(path));
}

/** Folders of the system, in which nothing of ours is. What is in /dev/shm is like what is in /tmp. */
const OF_SYSTEM = /^\/(?:bin|boot|dev(?!\/shm\/.)|etc|lib\d*|proc|run|sbin|sys|usr|var\/(?:run|spool))(?:\/|$)/;
/** Where other programs keep their settings, and what they start: on Linux, macOS and Windows. */
const OF_PROGRAMS = /^(?:\..*|Library|AppData)$/;
/** Hidden folders that hold workspaces: those of the state folders of all brands. */
const OURS = /^\.(?:moltbot|clawdbot|openclaw)/;

/**
 * Whether a restore may put a folder there. A backup says itself where its workspaces stood, and may have been made by anybody:
 * no folder that holds the state or the home is exchanged, and neither settings of other programs nor the system's.
 */
export function mayRestoreTo(path: string, stateDir: string): boolean {
  if (isWithin(path, stateDir) || isWithin(stateDir, path) || isWithin(path, homedir())) return false;
  if (OF_SYSTEM.test(path)) return false;
  return path.split(sep).every((part) => !OF_PROGRAMS.test(part) || OURS.test(part));
}

function shortened(path: string): string {
  const home = homedir();
  return path.startsWith(`${home}${sep}`) ? `~${path.slice(home.length)}` : path;
}

/** Whether `path` is `folder` or is in it. */
export function isWithin(folder: string, path: string): boolean {
  const way = relative(resolve(folder), resolve(path));
  return way === "" || (!isAbsolute(way) && way.split(sep)[0] !== "..");
}

/** Everything below a root, without what is only of this machine. What cannot be looked at is told to `left`. */
export async function* entriesBelow(root: BackupRoot, left: (name: string) => void): AsyncGenerator<ArchiveSource> {
  const top = pathOfRoot(root);
  yield* found(top, { name: root.name, top, left });
}

interface Place {
  readonly name: string;
  readonly top: string;
  readonly left: (name: string) => void;
}

async function* found(path: string, place: Place): AsyncGenerator<ArchiveSource> {
  const { name, top, left } = place;
  const state = await lstat(path).catch((error: unknown) => ignore(error, "it has gone meanwhile"));
  if (!state) return;
  const isProgram = (state.mode & 0o100) !== 0;
  if (state.isFile()) yield { kind: "file", name, path, size: state.size, isProgram };
  else if (state.isSymbolicLink()) {
    const target = await readlink(path);
    const staysInside = !isAbsolute(target) && path !== top && isWithin(top, join(dirname(path), target));
    if (!staysInside) return left(name);
    yield { kind: "link", name, path, size: 0, isProgram: false, target };
  } else if (state.isDirectory()) yield* below(path, place);
}

async function* below(path: string, { name, top, left }: Place): AsyncGenerator<ArchiveSource> {
  let entries: Dirent[];
  try {
    entries = await readdir(path, { withFileTypes: true });
  } catch (error) {
    ignore(error, "it is named among what was left out");
    return left(name);
  }
  if (entries.length === 0) yield { kind: "folder", name, path, size: 0, isProgram: false };
  const isTop = path === top && name === "state";
  for (const entry of entries) {
    if (isUnfinished(entry.name) || (isTop && (isLocal(entry.name) || isDatabase(entry.name)))) continue;
    yield* found(join(path, entry.name), { name: `${name}/${entry.name}`, top, left });
  }
}
