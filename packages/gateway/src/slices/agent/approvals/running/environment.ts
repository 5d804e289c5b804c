/** The shell and the environment of commands; nothing of the gateway's own environment is in it. */
import { accessSync, constants } from "node:fs";
import { homedir, userInfo } from "node:os";
import { ignore } from "../../../../base/errors.ts";
import type { Env } from "../../../../base/files.ts";
import { hidesSomething } from "../../../../base/text/visible.ts";
import { pathFolders } from "../policy/programs.ts";
import { isHarmlessVariable } from "../shell/names.ts";
import type { ShellKind } from "../shell/shell.ts";

/** The shell that runs commands. */
export interface Shell {
  readonly kind: ShellKind;
  readonly path: string;
  /** Arguments before the command. */
  readonly args: readonly string[];
}

const BASH = ["/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash", "/opt/homebrew/bin/bash"];
const USUAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Finds bash and runs it without start files; otherwise the system's shell. */
export function findShell(): Shell {
  const bash = BASH.find(isExecutable);
  if (bash !== undefined) return { kind: "bash", path: bash, args: ["--noprofile", "--norc", "-c"] };
  return { kind: "sh", path: "/bin/sh", args: ["-c"] };
}

/** The environment of every command: search path, user, locale. */
export function baseEnvironment(env: Env, writable: readonly string[]): Record<string, string> {
  const path = pathFolders(env.PATH ?? USUAL_PATH, writable).join(":");
  const kept = Object.fromEntries(
    ["LANG", "TZ", "TMPDIR"].flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
  );
  return { ...kept, PATH: path, HOME: env.HOME ?? homedir(), USER: userName(), TERM: "dumb" };
}

/** The reasons to ask because of further variables of a command, as sentences without a full stop. */
export function environmentProblems(given: Readonly<Record<string, string>>, cwd: string): string[] {
  const hidden = [...Object.values(given), cwd].some(hidesSomething);
  return [
    ...Object.entries(given).flatMap(([name, value]) => (isHarmlessVariable(name, value) ? [] : `it is given ${name}`)),
    ...(hidden ? ["its folder or a variable holds characters that cannot be seen, or are not what they seem"] : []),
  ];
}

function userName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    ignore(error, "a user without an entry has no name");
    return "user";
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    ignore(error, "the next place is looked at");
    return false;
  }
}
