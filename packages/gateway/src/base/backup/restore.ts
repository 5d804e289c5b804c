/** Prepares a restore: reads a backup into a folder of its own, proves it there, and plans the exchange. */

import { existsSync } from "node:fs";
import { copyFile, cp, mkdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { TellableError } from "../errors.ts";
import { openStore, type Tables } from "../store/store.ts";
import { checkInSubprocess, dumpInSubprocess } from "../store/store-subprocess.ts";
import type { Clock } from "../time/clock.ts";
import { requireRoom } from "./backup-folder.ts";
import { mayRestoreTo, pathOfRoot } from "./contents.ts";
import type { Manifest } from "./manifest.ts";
import type { RestorePlan } from "./swap.ts";
import { readArchive } from "./unpack.ts";

export interface RestoreOptions {
  readonly passphrase?: string | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The tables of this program. */
  readonly tables: readonly Tables[];
  /** Where the config of this machine is. */
  readonly configPath: string;
  /** Brings the unpacked database to a later time. */
  readonly advance?: (database: string, manifest: Manifest) => Promise<void>;
}

/** A restore that only waits for its moves. */
export interface PreparedRestore {
  readonly plan: RestorePlan;
  readonly manifest: Manifest;
  /** Folders outside the state folder that were put elsewhere, because their place is not on this machine, or is no place for a workspace. */
  readonly elsewhere: readonly string[];
}

/**
 * Unpacks and proves a backup beside the state of a folder, which stays as it is. Throws `TellableError` when the backup
 * cannot be used here; then nothing is left of it.
 */
export async function prepareRestore(
  stateDir: string,
  file: string,
  options: RestoreOptions,
): Promise<PreparedRestore> {
  const stamp = new Date(options.clock.now()).toISOString().replace(/[:.]/g, "-");
  const staging = join(stateDir, `restoring-${stamp}`);
  await mkdir(staging, { recursive: true, mode: 0o700 });
  try {
    const manifest = await unpackProved(file, staging, options);
    const aside = join(stateDir, `before-restore-${stamp}`);
    const { moves, elsewhere } = await outsideMoves(manifest, { staging, stamp, stateDir, options });
    const plan: RestorePlan = {
      ...{ phase: "ready", moves: [], outside: moves, source: join(staging, "state"), aside, staging },
      what: basename(file),
    };
    return { plan, manifest, elsewhere };
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  }
}

/** Unpacks a backup into an empty folder and proves its database: it is whole, complete and of no newer version. */
export async function unpackProved(
  file: string,
  into: string,
  { passphrase, clock, signal, tables, advance }: Omit<RestoreOptions, "configPath">,
): Promise<Manifest> {
  const begin = ({ bytes }: { bytes: number }) => requireRoom(into, bytes);
  const manifest = await readArchive(file, { passphrase, signal, into, begin });
  const database = join(into, "state", "state.db");
  const apart = { clock, signal };
  const finding = await checkInSubprocess(database, apart);
  const { dump } = finding.isWhole ? await dumpInSubprocess(database, apart) : { dump: "" };
  if (dump !== manifest.database.dump) throw new TellableError("the database in the backup is not what was put there");
  await advance?.(database, manifest);
  // Brings the tables up to date, or says that the backup is of a newer version.
  using store = openStore(database, tables);
  // No journal goes on from here: what it wrote since the backup is not in this database.
  store.unrecorded();
  return manifest;
}

/** What a restore does outside of the state folder. */
export interface OutsideChanges {
  /** Places there whose content it exchanges. */
  readonly outside: readonly string[];
  /** Places for which it puts what the backup has into the state folder: they are not on this machine, or no place for a workspace. */
  readonly elsewhere: readonly string[];
}

/** Where things are on this machine. */
interface Machine {
  readonly stateDir: string;
  readonly configPath: string;
}

/** What a restore of a backup would do outside of the state folder. */
export function reachOf({ roots, files, links, folders }: Manifest, machine: Machine): OutsideChanges {
  const names = [...files, ...links].map(({ path }) => path);
  const isThere = new Set([...names, ...folders].map((path) => path.split("/")[0]));
  const places = placesOf(roots, machine).filter(({ root }) => isThere.has(root.name));
  return {
    outside: places.flatMap(({ wanted, hasPlace }) => (hasPlace ? [wanted] : [])),
    elsewhere: places.flatMap(({ root, hasPlace }) => (hasPlace ? [] : [root.path])),
  };
}

/** The roots that are outside the state folder, and whether they can be there on this machine. */
function placesOf(roots: Manifest["roots"], { stateDir, configPath }: Machine) {
  return roots
    .filter(({ name }) => name !== "state")
    .map((root) => {
      const isConfig = root.name === "config";
      const wanted = isConfig ? configPath : pathOfRoot(root);
      return { root, wanted, hasPlace: existsSync(dirname(wanted)) && (isConfig || mayRestoreTo(wanted, stateDir)) };
    });
}

interface Outside {
  readonly staging: string;
  readonly stamp: string;
  readonly stateDir: string;
  readonly options: RestoreOptions;
}

/** What is outside the state folder is made ready beside its place, so that it moves there by a rename. */
async function outsideMoves({ roots, files }: Manifest, { staging, stamp, stateDir, options }: Outside) {
  const moves: (readonly [string, string])[] = [];
  const elsewhere: string[] = [];
  await using undone = new AsyncDisposableStack();
  for (const { root, wanted, hasPlace } of placesOf(roots, { stateDir, configPath: options.configPath })) {
    const from = join(staging, root.name);
    if (!existsSync(from)) continue;
    if (!hasPlace) {
      elsewhere.push(`${root.path} → ${join(stateDir, await putInState(root.name, staging, stamp))}`);
      continue;
    }
    const near = `${wanted}.restoring-${stamp}`;
    undone.defer(() => rm(near, { recursive: true, force: true }));
    const isFile = files.some(({ path }) => path === root.name);
    await (isFile ? copyFile(from, near) : cp(from, near, { recursive: true, verbatimSymlinks: true }));
    if (existsSync(wanted)) moves.push([wanted, `${wanted}.before-restore-${stamp}`]);
    moves.push([near, wanted]);
  }
  undone.move();
  return { moves, elsewhere };
}

/** Makes a root part of the unpacked state, with which it moves. Returns its place in the state folder. */
async function putInState(root: string, staging: string, stamp: string): Promise<string> {
  const free = existsSync(join(staging, "state", "restored", root)) ? `${root}-${stamp}` : root;
  const place = join("restored", free);
  await mkdir(join(staging, "state", "restored"), { recursive: true, mode: 0o700 });
  await rename(join(staging, root), join(staging, "state", place));
  return place;
}
