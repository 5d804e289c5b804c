/** What a backup says of itself: its first entry tells what it is, its last one lists what it holds. */
import { TellableError } from "../errors.ts";
import { isCount, isListOf, isOneOf, isOptional, isRecordOf, isShaped, isText } from "../shape.ts";
import type { JournalPosition } from "../store/journal/line.ts";
import type { DatabaseDump } from "../store/store-subprocess.ts";
import { broken } from "./tar.ts";

/** A folder or file that is backed up. `state` is the state folder; others are outside it. */
export interface BackupRoot {
  /** `state`, `config`, `workspace-1` …: the first part of the names of its files. */
  readonly name: string;
  /** The path that the file had; a path below the home folder begins with `~/`. */
  readonly path: string;
}

/** The head of a backup: the first entry of its archive. */
export interface BackupHead {
  readonly version: 1;
  readonly product: "moltbot";
  readonly productVersion: string;
  /** The time for which the database was taken, epoch ms. */
  readonly createdAt: number;
  /** Bytes of all files together, unpacked: what a restore needs. */
  readonly bytes: number;
  readonly host: string;
  /** Where in the statement journal the database stood. */
  readonly journal?: JournalPosition;
}

/** One file. */
export interface BackupFile {
  /** `ROOT/path`. */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  /** The owner may run it. */
  readonly isProgram?: true;
  /** The file in the archive with the content, where several files have one content. */
  readonly at?: string;
}

/** The last entry of an archive. */
export interface Manifest extends BackupHead {
  readonly roots: readonly BackupRoot[];
  readonly files: readonly BackupFile[];
  /** Links that stay inside their root. */
  readonly links: readonly { readonly path: string; readonly target: string }[];
  readonly folders: readonly string[];
  /** What could not be read, or changed while it was. */
  readonly left: readonly string[];
  readonly database: DatabaseDump;
}

export const HEAD_NAME = "backup.json";
export const MANIFEST_NAME = "manifest.json";
/** The most bytes that a manifest may have: some hundred thousand files. */
export const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;

const HEAD = {
  version: isOneOf(1),
  product: isOneOf("moltbot"),
  productVersion: isText,
  createdAt: isCount,
  bytes: isCount,
  host: isText,
  journal: isOptional(isShaped<JournalPosition>({ chain: isText, seq: isCount })),
};
const isHead = isShaped<BackupHead>(HEAD);
const isManifest = isShaped<Manifest>({
  ...HEAD,
  roots: isListOf(isShaped<BackupRoot>({ name: isText, path: isText })),
  files: isListOf(
    isShaped<BackupFile>({
      ...{ path: isText, size: isCount, sha256: isText },
      ...{ isProgram: isOptional(isOneOf(true)), at: isOptional(isText) },
    }),
  ),
  links: isListOf(isShaped<Manifest["links"][number]>({ path: isText, target: isText })),
  folders: isListOf(isText),
  left: isListOf(isText),
  database: isShaped<DatabaseDump>({ dump: isText, tables: isRecordOf(isCount), versions: isRecordOf(isCount) }),
});

const isOfNewer = isShaped<{ product: "moltbot"; productVersion: string; version: number }>({
  ...{ product: isOneOf("moltbot"), productVersion: isText },
  version: (value) => isCount(value) && value > 1,
});

/** Reads the head. Throws `TellableError` when it is none, or that of a newer form. */
export function readHead(text: string): BackupHead {
  const value = parsed(text);
  if (isOfNewer(value))
    throw new TellableError(`the backup was made by moltbot ${value.productVersion}; update moltbot`);
  if (!isHead(value)) throw broken();
  return value;
}

/** The most files that an archive may have: a manifest could not list more. */
export const MAX_FILES = MAX_MANIFEST_BYTES / 100;
/** The names that roots have. */
const ROOT_NAME = /^(?:state|config|workspace-\d{1,6})$/;

/** Reads the manifest; files and links lead nowhere but into their root. Throws `TellableError` when it is none. */
export function readManifest(text: string): Manifest {
  const manifest = parsed(text);
  if (!isManifest(manifest)) throw broken();
  const files = manifest.files.flatMap(({ path, at }) => (at === undefined ? [path] : [path, at]));
  const names = [...files, ...manifest.links.map(({ path }) => path), ...manifest.folders];
  const roots = new Set(manifest.roots.map(({ name }) => name));
  if (roots.size < manifest.roots.length || [...roots].some((name) => !ROOT_NAME.test(name))) throw broken();
  for (const name of names) if (!roots.has(safeName(name).split("/")[0]!)) throw broken();
  const links = new Map(manifest.links.map(({ path, target }) => [path, target]));
  for (const path of links.keys()) if (leadsOut(path, links)) throw broken();
  return manifest;
}

/** As many links as a system follows for one path. */
const MAX_LINKS = 40;

/** Whether a path leaves its root when the links on its way are followed, as the system follows them. */
function leadsOut(path: string, links: ReadonlyMap<string, string>): boolean {
  const ahead = path.split("/").toReversed();
  const passed: string[] = [];
  let followed = 0;
  for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
    if (part === "" || part === ".") continue;
    if (part !== "..") passed.push(part);
    // The first part is the root's own name.
    else if (passed.length === 1) return true;
    else passed.pop();
    const target = part === ".." ? undefined : links.get(passed.join("/"));
    if (target === undefined) continue;
    if (/^[/\\]|^[A-Za-z]:|\0/.test(target)) return true;
    if (++followed > MAX_LINKS) return false;
    passed.pop();
    ahead.push(...target.split("/").toReversed());
  }
  return false;
}

/** A name inside an archive that leads nowhere else. Throws `TellableError` for any other. */
export function safeName(name: unknown): string {
  if (typeof name !== "string" || name === "" || /[\0\\]/.test(name)) throw broken();
  if (name.split("/").some((part) => part === "" || part === "." || part === "..")) throw broken();
  return name;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw broken(cause);
  }
}

/** A backup in figures. */
export function reportOf(path: string, { createdAt, productVersion, host, files, bytes, left, database }: Manifest) {
  return {
    ...{ path, at: createdAt, version: productVersion, host, files: files.length, bytes, left: [...left] },
    rows: Object.values(database.tables).reduce((sum, count) => sum + count, 0),
  };
}
