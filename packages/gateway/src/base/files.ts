/** Files: atomic and private writes, and where the gateway keeps its state. */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
  writeSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { codeOf, ignore, messageOf, StartError } from "./errors.ts";
import { newId } from "./ids.ts";
import { machineTrouble } from "./process/machine.ts";

export type Env = Readonly<Record<string, string | undefined>>;

/** Reads `NAME` with the product's prefix first, then the older one: `MOLTBOT_X`, then `CLAWDBOT_X`. */
export function envOf(env: Env, name: string): string | undefined {
  return env[`MOLTBOT_${name}`]?.trim() || env[`CLAWDBOT_${name}`]?.trim() || undefined;
}

/**
 * The folder of all state: `MOLTBOT_STATE_DIR`, else `CLAWDBOT_STATE_DIR`, else `~/.moltbot`, or `~/.moltbot-NAME`
 * with a profile. Throws `StartError` when the profile name is not letters, digits, `-` or `_`.
 */
export function resolveStateDir(options: { env: Env; profile?: string | undefined }): string {
  const explicit = envOf(options.env, "STATE_DIR");
  if (explicit && !options.profile) return resolve(expandHome(explicit));
  const profile = options.profile ?? envOf(options.env, "PROFILE");
  if (profile === undefined || profile === "default") return join(homedir(), ".moltbot");
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(profile)) {
    throw new StartError(`The profile name ${JSON.stringify(profile)} is not valid; use letters, digits, "-" and "_".`);
  }
  return join(homedir(), `.moltbot-${profile}`);
}

/**
 * The config file: `MOLTBOT_CONFIG_PATH` or `CLAWDBOT_CONFIG_PATH`, else `moltbot.json` in the state folder, or the
 * `clawdbot.json` of an older installation when that is the only one there.
 */
export function configPath(stateDir: string, env: Env): string {
  const explicit = envOf(env, "CONFIG_PATH");
  if (explicit) return resolve(expandHome(explicit));
  const usual = join(stateDir, "moltbot.json");
  const older = join(stateDir, "clawdbot.json");
  return !existsSync(usual) && existsSync(older) ? older : usual;
}

/** The database of a state folder. */
export function databasePath(stateDir: string): string {
  return join(stateDir, "state.db");
}

/**
 * The file with the key that device tokens are derived from. Only a gateway that has opened its database creates it.
 */
export function tokenKeyPath(stateDir: string): string {
  return join(stateDir, "identity", "device-tokens.key");
}

/** The file with the private key by which push services know this gateway (RFC 8292). */
export function pushKeyPath(stateDir: string): string {
  return join(stateDir, "identity", "web-push.key");
}

/** Replaces a leading `~` by the home folder. */
export function expandHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path;
}

/** Makes a folder that only its owner can enter (0700, whatever the umask). */
export function makePrivateDir(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chmodSync(path, 0o700);
  } catch (error) {
    const trouble = machineTrouble(error);
    throw new StartError(
      trouble
        ? `The folder ${path} cannot be made: ${trouble.says}.`
        : `The folder ${path} cannot be made or entered (${codeOf(error) ?? messageOf(error)}); ` +
            "make it writable for this user, or name another with MOLTBOT_STATE_DIR.",
      { cause: error },
    );
  }
}

/** Makes a file readable for its owner alone (0600): it may have been copied here with a wider mode. */
export function makePrivate(path: string): void {
  try {
    chmodSync(path, 0o600);
  } catch (error) {
    ignore(error, "somebody else's file; whether it can be read is seen when it is");
  }
}

/**
 * Replaces a file in one step: a private temporary file beside it, fsync, rename, fsync of the folder. Mode 0600. For a
 * link, the file that it points to is replaced.
 */
export function writePrivateFile(link: string, data: string | Uint8Array): void {
  const path = existsSync(link) ? realpathSync(link) : link;
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const temporary = join(folder, `.${newId()}.tmp`);
  try {
    const file = openSync(temporary, "wx", 0o600);
    try {
      writeFileSync(file, data);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncDir(folder);
}

/**
 * Writes a file's new text over the old one. A crash in the middle leaves a partial file, so use it only where the file
 * cannot be replaced.
 */
export function rewriteFile(path: string, data: string): void {
  const file = openSync(path, "r+");
  try {
    ftruncateSync(file, 0);
    writeSync(file, data, 0);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncDir(path: string): void {
  try {
    const folder = openSync(path, "r");
    fsyncSync(folder);
    closeSync(folder);
  } catch (error) {
    ignore(error, "some file systems cannot fsync a folder; the rename itself has happened");
  }
}

/** The file's text, or undefined when there is none. Other errors are thrown. */
export function readTextIfExists(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** The text of the first of these files that is there. */
export function readFirst(paths: readonly string[]): string | undefined {
  return paths.map(readTextIfExists).find((text) => text !== undefined);
}

/** The `lstat` of a path; undefined when there is nothing, or it may not be looked at. */
export function lstatIfAny(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    ignore(error, "nothing there, no folder on the way, or none that this user may enter: there is nothing to read");
    return undefined;
  }
}

/** Whether there is a file at `path`. */
export function fileExists(path: string): boolean {
  return existsSync(path);
}
