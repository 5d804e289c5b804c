/** Finds the file of a command's program as the shell will, with the PATH that the shell gets. */
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, sep } from "node:path";
import { ignore } from "../../../../base/errors.ts";

/** The folders of programs, and the agent's own folders. */
export interface ProgramFolders {
  /** Absolute folders, in order. */
  readonly path: readonly string[];
  /** Real paths of folders that the agent can write to. */
  readonly writable: readonly string[];
  /** Folders of the system and its package managers; the usual ones when absent. */
  readonly system?: readonly string[] | undefined;
}

/** A program that was found, or why it must be asked for as a sentence without a full stop. */
export type Program =
  | {
      readonly kind: "found";
      /** The absolute path with links followed; of a file with many names, the called name. */
      readonly path: string;
      /** Whether it is a program of the system, in its place and under its own name. */
      readonly isSystem: boolean;
    }
  | { readonly kind: "problem"; readonly why: string };

/** Programs that act by the name they are called by; following the link would mean all their names. */
const MANY_NAMES = /^(busybox|toybox|coreutils|uutils|sbase-box|mise|asdf|volta-shim|proto|shim)$/;

/** Source: the Filesystem Hierarchy Standard 3.0, Homebrew, MacPorts, Nix, Guix, snap. */
const SYSTEM: readonly string[] = [
  ...["/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/lib", "/usr/libexec"],
  ...["/opt/homebrew", "/usr/local/Cellar", "/usr/local/opt", "/home/linuxbrew/.linuxbrew", "/opt/local/bin"],
  ...["/nix/store", "/gnu/store", "/run/current-system", "/snap"],
];

/** The reliable folders of a PATH: absolute, and not the agent's own. */
export function pathFolders(path: string, writable: readonly string[]): string[] {
  return path.split(":").filter((folder) => isAbsolute(folder) && !isWithin(realOf(folder) ?? folder, writable));
}

/** Finds the program of a command's first word. */
export function findProgram(name: string, { path, writable, system = SYSTEM }: ProgramFolders): Program {
  if (name.includes("/") && !isAbsolute(name)) return problem(`${name} is found from the folder it runs in`);
  const candidates = isAbsolute(name) ? [name] : path.map((folder) => join(folder, name));
  const found = candidates.find(isExecutable);
  const file = found && realOf(found);
  const folder = found && realOf(dirname(found));
  if (found === undefined || file === undefined || folder === undefined)
    // The text must not reveal whether a file exists outside the system's folders.
    return problem(
      isAbsolute(name) && !isWithin(name, system) ? `${name} is not on the allowlist` : `there is no program ${name}`,
    );
  if (isWithin(file, writable) || isWithin(folder, writable))
    return problem(`${name} is a file that the agent can change`);
  const isShared = MANY_NAMES.test(basename(file)) && basename(file) !== basename(found);
  const isSystem = isWithin(file, system) && (isShared || isNamed(basename(file), basename(name)));
  return { kind: "found", path: isShared ? join(folder, basename(found)) : file, isSystem };
}

/**
 * Whether a file matches the name it was called by: `python3.11` for `python3`, `gls` of Homebrew for `ls`, `dash` for
 * `sh`.
 */
function isNamed(file: string, name: string): boolean {
  if (file === name || file === `g${name}` || (name === "sh" && /^(da|ba)sh$/.test(file))) return true;
  return file.startsWith(name) && /^\d*(\.\d+)*$/.test(file.slice(name.length));
}

/** Whether a path is one of these folders or inside one. */
export function isWithin(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep));
}

/** The path with all links followed; undefined when it does not exist. */
export function realOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    ignore(error, "nothing there is an answer");
    return undefined;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch (error) {
    ignore(error, "the next folder is looked at");
    return false;
  }
}

function problem(why: string): Program {
  return { kind: "problem", why };
}
