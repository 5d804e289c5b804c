/** Brings a version into the state folder, beside the one that runs. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { isRecord } from "../config/config.ts";
import { ignore, TellableError } from "../errors.ts";
import { type Env, expandHome, makePrivateDir } from "../files.ts";
import { newId } from "../ids.ts";
import { copyPackage, manifestText } from "./copy.ts";
import { clearLeftovers } from "./leftovers.ts";
import { versionFolder, versionName, versionsFolder } from "./record.ts";

/** Downloads may take this long, ms. */
const FETCH_MS = 15 * 60_000;
/** A look at the registry may take this long, ms. */
const LOOK_MS = 15_000;
const NPM = process.platform === "win32" ? "npm.cmd" : "npm";

/** The newest version that the package registry has. Throws `TellableError` when it does not answer. */
export async function newestVersion(signal: AbortSignal): Promise<string> {
  // A person waits: without a network npm would try again for minutes.
  const once = ["--fetch-retries=0", `--fetch-timeout=${LOOK_MS}`];
  const answer = await npm(["view", "moltbot", "version", "--json", ...once], signal);
  return versionName(JSON.parse(answer));
}

/** What to fetch: a version of the registry, or the folder of a package. */
export interface PackageSource {
  readonly version?: string | undefined;
  readonly from?: string | undefined;
  /** The version that runs: its folder stays as it is. */
  readonly running: string;
}

/**
 * Puts a version into its folder: all of it or nothing. npm compares what it loads with the checksums of the registry, and no
 * script of a package runs. Returns the version. Throws `TellableError` with what to do.
 */
export async function fetchVersion(stateDir: string, wanted: PackageSource, signal: AbortSignal): Promise<string> {
  const { version, from, running } = wanted;
  // A folder that is no package is refused before anything is copied.
  if (from !== undefined) await versionIn(resolve(expandHome(from)));
  makePrivateDir(versionsFolder(stateDir));
  await clearLeftovers(stateDir);
  const fresh = `${versionsFolder(stateDir)}/.${newId()}.tmp`;
  await mkdir(fresh, { mode: 0o700 });
  try {
    if (from !== undefined) await copyPackage(resolve(expandHome(from)), fresh, signal);
    else
      await npm(["install", "--prefix", fresh, "--ignore-scripts", "--no-audit", "--no-fund", named(version)], signal);
    const found = await versionIn(fresh);
    if (found === running) {
      await rm(fresh, { recursive: true, force: true });
      return found;
    }
    const target = versionFolder(stateDir, found);
    await rm(target, { recursive: true, force: true });
    await rename(fresh, target);
    return found;
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw error;
  }
}

/** The version that a package's folder says of itself. Throws `TellableError` when it is no package of ours. */
async function versionIn(folder: string): Promise<string> {
  const place = existsSync(join(folder, "node_modules", "moltbot")) ? join(folder, "node_modules", "moltbot") : folder;
  let manifest: unknown;
  try {
    manifest = JSON.parse((await manifestText(join(place, "package.json"))) ?? "");
  } catch (cause) {
    throw new TellableError(`${folder} holds no package of moltbot`, { cause });
  }
  if (!isRecord(manifest) || manifest.name !== "moltbot") throw new TellableError(`${folder} is no package of moltbot`);
  return versionName(manifest.version);
}

function named(version: string | undefined): string {
  return version === undefined ? "moltbot@latest" : `moltbot@${versionName(version)}`;
}

/** What npm needs: no secret of the gateway is among it. */
function ofNpm(env: Env): NodeJS.ProcessEnv {
  const wanted = /^(PATH|HOME|USERPROFILE|APPDATA|SystemRoot|TMPDIR|TEMP|npm_config_\w+|https?_proxy|no_proxy)$/i;
  const given = Object.entries(env).filter(([name]) => wanted.test(name));
  // npm asks for its own newest version else, which nobody wants to know.
  return { ...Object.fromEntries(given), npm_config_update_notifier: "false" };
}

async function npm(args: readonly string[], signal: AbortSignal): Promise<string> {
  const child = spawn(NPM, args, {
    env: ofNpm(process.env),
    stdio: ["ignore", "pipe", "pipe"],
    signal: AbortSignal.any([signal, AbortSignal.timeout(FETCH_MS)]),
    shell: false,
  });
  const failed = once(child, "error").then(([cause]) => {
    throw new TellableError("npm does not run or takes too long; install the version with npm yourself", { cause });
  });
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  ended.catch((error: unknown) => ignore(error, "npm does not run, which is told"));
  const [out, errors, [code]] = await Promise.race([ended, failed]);
  if (code === 0) return out;
  const reason = /code (E[A-Z0-9]+)/.exec(errors)?.[1] ?? `exit code ${code}`;
  if (reason === "ENOSPC") throw new TellableError("the disk is full; free some space and try again");
  throw new TellableError(
    `npm could not fetch the version (${reason}); check its name and the network, then try again`,
  );
}
