/** What a backup says of itself: its first entry tells what it is, its last one lists what it holds. */
import { isRecord } from "../config/config.ts";
import type { JournalPosition } from "../store/journal.ts";
import type { DatabaseDump } from "../store/store-apart.ts";
import { broken } from "./tar.ts";

/** A folder or file that is backed up. `state` is the state folder; others stand outside it. */
export interface Root {
  /** `state`, `config`, `workspace-1` …: the first part of the names of its files. */
  readonly name: string;
  /** Where it was; below the home folder it begins with `~/`. */
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
  readonly roots: readonly Root[];
  readonly files: readonly BackupFile[];
  /** Links that stay inside their root. */
  readonly links: readonly { readonly path: string; readonly target: string }[];
  readonly folders: readonly string[];
  /** What could not be read, or changed while it was. */
  readonly left: readonly string[];
  readonly database: DatabaseDump;
  /** Where in the statement journal the database stood. */
  readonly journal?: JournalPosition;
}

export const HEAD_NAME = "backup.json";
export const MANIFEST_NAME = "manifest.json";
/** The most bytes that a manifest may have: some hundred thousand files. */
export const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;

/** Reads the head. Throws `TellableError` when it is none. */
export function readHead(text: string): BackupHead {
  const value = parsed(text);
  const isHead = value.product === "moltbot" && value.version === 1 && isCount(value.bytes) && isCount(value.createdAt);
  if (!isHead) throw broken();
  return value as unknown as BackupHead;
}

/** Reads the manifest; names of files lead nowhere but into their root. Throws `TellableError` when it is none. */
export function readManifest(text: string): Manifest {
  const value = parsed(text);
  const lists = [value.roots, value.files, value.links, value.folders];
  const isManifest = lists.every(Array.isArray) && isRecord(value.database);
  if (!isManifest) throw broken();
  const manifest = value as unknown as Manifest;
  const files = manifest.files.flatMap(({ path, at }) => (at === undefined ? [path] : [path, at]));
  const names = [...files, ...manifest.links.map(({ path }) => path), ...manifest.folders];
  const roots = new Set(manifest.roots.map(({ name }) => name));
  for (const name of names) if (!roots.has(safeName(name).split("/")[0]!)) throw broken();
  return manifest;
}

/** A name inside an archive that leads nowhere else. Throws `TellableError` for any other. */
export function safeName(name: unknown): string {
  if (typeof name !== "string" || name === "" || /[\0\\]/.test(name)) throw broken();
  if (name.split("/").some((part) => part === "" || part === "." || part === "..")) throw broken();
  return name;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value as Record<string, unknown>;
  } catch (cause) {
    throw broken(cause);
  }
  throw broken();
}

/** A backup in figures. */
export function reportOf(path: string, { createdAt, productVersion, host, files, bytes, left, database }: Manifest) {
  return {
    ...{ path, at: createdAt, version: productVersion, host, files: files.length, bytes, left: [...left] },
    rows: Object.values(database.tables).reduce((sum, count) => sum + count, 0),
  };
}
