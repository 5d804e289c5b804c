/** Copies the folder of a package, which anybody may have packed: all of it, or a sentence that says what is wrong with it. */

import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readdir, readlink, symlink } from "node:fs/promises";
import { join, posix } from "node:path";
import { codeOf, TellableError } from "../errors.ts";

/** Many times what moltbot has with all that it depends on. */
const MAX_ENTRIES = 50_000;
const MAX_BYTES = 2 * 1024 ** 3;
const CHUNK_BYTES = 1024 * 1024;
/** What a manifest of a package may have, bytes. */
const MAX_MANIFEST_BYTES = 1024 * 1024;
/** Without waiting for a pipe, and through no link that has taken a file's place. */
const READ = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
/** What says that somebody changes the folder meanwhile. */
const CHANGED: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "EISDIR", "ENXIO"]);

/** One thing in the folder; `name` is relative to it. */
type Entry =
  | { readonly kind: "folder"; readonly name: string }
  | { readonly kind: "link"; readonly name: string; readonly target: string }
  | { readonly kind: "file"; readonly name: string; readonly stats: BigIntStats };

/**
 * Copies a folder into an empty one. Throws `TellableError` before anything is copied when it is too large, or holds a link that
 * leads out of it, a device, or a name that no package has; and when it changes while it is read.
 */
export async function copyPackage(from: string, into: string, signal: AbortSignal): Promise<void> {
  try {
    const entries = await entriesOf(from, signal);
    for (const entry of entries) {
      signal.throwIfAborted();
      if (entry.kind === "folder") await mkdir(join(into, entry.name), { mode: 0o700 });
      if (entry.kind === "file") await copyFile(from, into, entry);
    }
    // Links come last, so that nothing is written through one.
    for (const entry of entries) if (entry.kind === "link") await symlink(entry.target, join(into, entry.name));
  } catch (error) {
    throw CHANGED.has(codeOf(error) ?? "") ? changed(from, error) : error;
  }
}

/** The text of a package's manifest; undefined when there is no regular file of a reasonable size. */
export async function manifestText(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path, READ);
    const stats = await file.stat();
    if (!stats.isFile() || stats.size > MAX_MANIFEST_BYTES) return undefined;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(stats.size), 0, stats.size, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } catch (error) {
    if (CHANGED.has(codeOf(error) ?? "")) return undefined;
    throw error;
  }
}

/** All that the folder holds, each folder before what is in it. */
async function entriesOf(from: string, signal: AbortSignal): Promise<Entry[]> {
  const found: Entry[] = [];
  let bytes = 0n;
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    signal.throwIfAborted();
    const names = await readdir(join(from, folder));
    if (found.length + names.length > MAX_ENTRIES) throw refused(from, `holds more than ${MAX_ENTRIES} files`);
    for (const each of names) {
      const entry = await entryOf(from, folder === "" ? each : `${folder}/${each}`);
      found.push(entry);
      if (entry.kind === "folder") folders.push(entry.name);
      if (entry.kind === "file") bytes += entry.stats.size;
      if (bytes > MAX_BYTES) throw refused(from, `is larger than ${MAX_BYTES / 1024 ** 3} GB`);
    }
  }
  return found;
}

async function entryOf(from: string, name: string): Promise<Entry> {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: no package has them in a name
  if (/[\x00-\x1f\x7f\\]/.test(name)) throw refused(from, `has a file with an odd name, ${JSON.stringify(name)}`);
  const path = join(from, name);
  const stats = await lstat(path, { bigint: true });
  if (stats.isDirectory()) return { kind: "folder", name };
  if (stats.isFile()) return { kind: "file", name, stats };
  if (!stats.isSymbolicLink()) throw refused(from, `holds ${name}, which is neither a file nor a folder`);
  const target = await readlink(path);
  if (leadsOut(name, target)) throw refused(from, `has a link that leads out of it, ${name}`);
  return { kind: "link", name, target };
}

/** Whether a link leads out of the folder, or may: what follows a name with `..` depends on where that name leads. */
function leadsOut(name: string, target: string): boolean {
  if (posix.isAbsolute(target) || /^[A-Za-z]:|\\/.test(target)) return true;
  const parts = target.split("/").filter((part) => part !== "" && part !== ".");
  const firstName = parts.findIndex((part) => part !== "..");
  if (firstName >= 0 && parts.includes("..", firstName)) return true;
  const place = posix.join(posix.dirname(name), target);
  return place === ".." || place.startsWith("../");
}

async function copyFile(from: string, into: string, { name, stats }: Entry & { readonly kind: "file" }): Promise<void> {
  await using source = await open(join(from, name), READ);
  const now = await source.stat({ bigint: true });
  if (now.ino !== stats.ino || now.dev !== stats.dev || now.size !== stats.size) throw changed(from);
  await using copy = await open(join(into, name), "wx", (now.mode & 0o100n) === 0n ? 0o600 : 0o700);
  if ((await copied(source, copy, Number(now.size))) !== Number(now.size)) throw changed(from);
}

/** Copies to the end of a file, and at most one byte more than it had. Returns how many bytes there were. */
async function copied(source: FileHandle, copy: FileHandle, size: number): Promise<number> {
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size + 1));
  let total = 0;
  while (total <= size) {
    const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, size + 1 - total), null);
    if (bytesRead === 0) break;
    await copy.writeFile(buffer.subarray(0, bytesRead));
    total += bytesRead;
  }
  return total;
}

function refused(from: string, what: string): TellableError {
  return new TellableError(`${from} ${what}; name the folder of a package as npm installs it`);
}

function changed(from: string, cause?: unknown): TellableError {
  return new TellableError(`${from} changes while it is read; try again when nothing writes to it`, { cause });
}
