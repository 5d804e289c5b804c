/** Versions that lie side by side in a state folder, and what is on record of an update that is under way. */
import { existsSync, lstatSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { ignore, TellableError } from "../errors.ts";
import { readTextIfExists, writePrivateFile } from "../files.ts";
import { isCount, isListOf, isOneOf, isOptional, isShaped, isText } from "../shape.ts";

/** An update under way, or how the last one ended. */
export interface UpdateRecord {
  /**
   * `ready`: the gateway tries it at its next start. `trial`: it is being tried. `undo`: the gateway goes on as the version
   * from before at its restart. `done`, `failed`, `undone`: it is over.
   */
  readonly phase: "ready" | "trial" | "undo" | "done" | "failed" | "undone";
  readonly from: string;
  readonly to: string;
  /** What `current` pointed to before; undefined when there was no such link. */
  readonly before?: string | undefined;
  /** How long the new version is watched, ms. */
  readonly watchMs: number;
  /** The most memory that it may take, bytes. */
  readonly maxBytes: number;
  /** The accounts that were connected, each as `channel account`. */
  readonly connected: readonly string[];
  /** How the version from before is started: the words behind Node's name, up to the program. */
  readonly program: readonly string[];
  /** The backup from before the update. */
  readonly backup?: string | undefined;
  /** Of the database's tables before the update. */
  readonly schema?: string | undefined;
  /** Why it failed. */
  readonly why?: string | undefined;
  readonly at: number;
}

const isUpdate = isShaped<UpdateRecord>({
  phase: isOneOf("ready", "trial", "undo", "done", "failed", "undone"),
  ...{ from: isText, to: isText, before: isOptional(isText), at: isCount },
  ...{ watchMs: isCount, maxBytes: isCount, connected: isListOf(isText), program: isListOf(isText) },
  ...{ backup: isOptional(isText), schema: isOptional(isText), why: isOptional(isText) },
});

export const updatePath = (stateDir: string) => join(stateDir, "update.json");
export const versionsFolder = (stateDir: string) => join(stateDir, "versions");
const linkOf = (stateDir: string) => join(stateDir, "current");

const lastPath = (stateDir: string) => join(stateDir, "update-last.json");

/** The update under way; undefined when there is none, or its record cannot be read. */
export function readUpdate(stateDir: string): UpdateRecord | undefined {
  return readRecord(updatePath(stateDir));
}

/** How the last update ended. */
export function lastUpdate(stateDir: string): UpdateRecord | undefined {
  return readRecord(lastPath(stateDir));
}

function readRecord(path: string): UpdateRecord | undefined {
  try {
    const record: unknown = JSON.parse(readTextIfExists(path) ?? "null");
    return isUpdate(record) ? record : undefined;
  } catch (error) {
    ignore(error, "a record that cannot be read is none: the version that runs stays");
    return undefined;
  }
}

/** Puts an update on record: one under way apart from one that is over, so that a start sees at once whether there is one. */
export function writeUpdate(stateDir: string, record: UpdateRecord): void {
  const text = JSON.stringify(record);
  if (["ready", "trial", "undo"].includes(record.phase)) return writePrivateFile(updatePath(stateDir), text);
  try {
    writePrivateFile(lastPath(stateDir), text);
  } catch (error) {
    ignore(error, "a full disk must not keep an update alive that is over; the log tells how it ended");
  }
  rmSync(updatePath(stateDir), { force: true });
}

const VERSION = /^\d{1,5}\.\d{1,5}\.\d{1,5}(-[0-9A-Za-z.-]{1,40})?$/;

/** A version's name as packages have it. Throws `TellableError` for anything else. */
export function versionName(text: unknown): string {
  if (typeof text === "string" && VERSION.test(text)) return text;
  throw new TellableError(`${JSON.stringify(text)} is not a version; one looks like 2026.11.0`);
}

/** The folder of an installed version. */
export function versionFolder(stateDir: string, version: string): string {
  return join(versionsFolder(stateDir), versionName(version));
}

/** The program of an installed version; undefined when it is not there. */
export function programOf(folder: string): string | undefined {
  const places = [join(folder, "node_modules", "moltbot"), folder];
  return places.map((place) => join(place, "bin", "moltbot.mjs")).find((path) => existsSync(path));
}

/** The version that `current` names. */
export function currentVersion(stateDir: string): string | undefined {
  if (lstatSync(linkOf(stateDir), { throwIfNoEntry: false })?.isSymbolicLink() !== true) return undefined;
  return basename(readlinkSync(linkOf(stateDir)));
}

/** Points `current` to a version in one step; without one it is removed. */
export function pointTo(stateDir: string, version: string | undefined): void {
  if (version === undefined) return rmSync(linkOf(stateDir), { force: true });
  // A full disk must not keep a start from finishing what is decided.
  if (currentVersion(stateDir) === version) return;
  const fresh = `${linkOf(stateDir)}.new`;
  rmSync(fresh, { force: true });
  symlinkSync(join("versions", versionName(version)), fresh);
  renameSync(fresh, linkOf(stateDir));
}

/** Versions beside the current one that stay, for the way back. */
const VERSIONS_KEPT = 2;

/** Removes old versions and what a kill has left of downloads; the last two, the current one and `inUse` stay. */
export function pruneVersions(stateDir: string, ...inUse: readonly string[]): string[] {
  const folder = versionsFolder(stateDir);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const versions = names.filter((name) => VERSION.test(name)).sort((a, b) => (isNewer(a, b) ? -1 : 1));
  const kept = new Set([...versions.slice(0, VERSIONS_KEPT), currentVersion(stateDir), ...inUse]);
  const old = [...versions.filter((name) => !kept.has(name)), ...names.filter((name) => /^\..+\.tmp$/.test(name))];
  for (const name of old) rmSync(join(folder, name), { recursive: true, force: true });
  return old;
}

/** Whether version `a` is newer than `b`, by their numbers. */
export function isNewer(a: string, b: string): boolean {
  const [one, other] = [a, b].map((text) => text.split("-")[0]!.split(".").map(Number));
  const at = one!.findIndex((number, index) => number !== other![index]);
  return at >= 0 && one![at]! > (other![at] ?? 0);
}
