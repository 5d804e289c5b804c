/** Files within the folders that the owner of this machine named with `--root`; nothing outside them is read or written. */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  statSync,
  writeSync,
} from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { codeOf, ignore } from "../../base/errors.ts";
import type { NodeCommand } from "./command.ts";
import { badParams, NodeFailure } from "./failure.ts";
import { isWithin } from "./gateway-rules.ts";
import { type Params, positive, requiredText, text } from "./params.ts";

/** The largest file that is sent or written, bytes. Source: the limit of a result's file, 10 MiB. */
const MAX_BYTES = 10 * 1024 * 1024;
const MAX_ENTRIES = 2_000;

/** The commands for files within these folders, real paths. */
export function fileCommands(roots: readonly string[]): NodeCommand[] {
  const command = (name: string, run: (params: Params) => object): NodeCommand => ({
    ...{ name, cap: "file" },
    run: async ({ params }) => withoutRawErrors(() => run(params)),
  });
  return [
    command("fs.listDir", (params) => listFolder(existing(params, roots), roots)),
    command("dir.list", (params) => ({ ok: true, ...listFolder(existing(params, roots), roots) })),
    command("file.stat", (params) => ({ ok: true, ...statOf(existing(params, roots)) })),
    command("file.fetch", (params) => ({ ok: true, ...fetchFile(existing(params, roots), params) })),
    command("file.write", (params) => ({ ok: true, ...writeFile(params, roots, { isNew: false }) })),
    command("file.create", (params) => ({ ok: true, ...writeFile(params, roots, { isNew: true }) })),
  ];
}

/** The real path of something that is there, within a root. */
function existing(params: Params, roots: readonly string[]): string {
  const wanted = resolve(roots[0] ?? "/", text(params, "path") ?? ".");
  let real: string | undefined;
  try {
    real = realpathSync(wanted);
  } catch (error) {
    ignore(error, "what is not there and what is outside are told alike");
  }
  if (real === undefined || !isWithin(real, roots)) throw outside(wanted, roots);
  return real;
}

function outside(path: string, roots: readonly string[]): NodeFailure {
  return badParams(`there is no ${path} within ${roots.join(", ")}`);
}

function listFolder(path: string, roots: readonly string[]) {
  const all = readdirSync(path, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const entries = all.slice(0, MAX_ENTRIES).flatMap((entry) => {
    const place = join(path, entry.name);
    try {
      const { size, mtimeMs } = lstatSync(place);
      return [{ name: entry.name, path: place, size, mtime: Math.round(mtimeMs), isDir: entry.isDirectory() }];
    } catch (error) {
      ignore(error, "it has gone meanwhile");
      return [];
    }
  });
  const parent = dirname(path);
  return {
    path,
    parent: isWithin(parent, roots) ? parent : null,
    home: homedir(),
    entries,
    truncated: all.length > MAX_ENTRIES,
  };
}

function statOf(path: string) {
  const facts = statSync(path);
  const type = facts.isDirectory() ? "directory" : facts.isFile() ? "file" : "other";
  return { path, type, size: facts.size, mtimeMs: Math.round(facts.mtimeMs) };
}

function fetchFile(path: string, params: Params) {
  const limit = Math.min(positive(params, "maxBytes") ?? MAX_BYTES, MAX_BYTES);
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const facts = fstatSync(file);
    if (!facts.isFile()) throw badParams(`${path} is no file`);
    if (facts.size > limit) throw badParams(`${path} has ${facts.size} bytes; at most ${limit} are sent`);
    const bytes = Buffer.alloc(facts.size);
    let length = 0;
    while (length < bytes.length) {
      const read = readSync(file, bytes, length, bytes.length - length, length);
      if (read === 0) break;
      length += read;
    }
    return { path, name: basename(path), size: length, base64: bytes.subarray(0, length).toString("base64") };
  } finally {
    closeSync(file);
  }
}

function writeFile(params: Params, roots: readonly string[], { isNew }: { isNew: boolean }) {
  const wanted = resolve(roots[0] ?? "/", requiredText(params, "path"));
  const base64 = text64(params);
  const bytes = base64 === undefined ? Buffer.from(text(params, "content") ?? "") : Buffer.from(base64, "base64");
  if (bytes.length > MAX_BYTES) throw badParams(`at most ${MAX_BYTES} bytes are written`);
  const folder = folderFor(dirname(wanted), roots);
  const path = join(folder, basename(wanted));
  const how = isNew ? constants.O_EXCL : constants.O_TRUNC;
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | how, 0o600);
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
  } finally {
    closeSync(file);
  }
  return { path, size: bytes.length };
}

function text64({ base64 }: Params): string | undefined {
  if (base64 === undefined || base64 === null) return undefined;
  if (typeof base64 !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) throw badParams("base64 must be base64");
  return base64;
}

/** The real folder for a new file; it is made when its nearest existing parent is within a root. */
function folderFor(folder: string, roots: readonly string[]): string {
  const missing: string[] = [];
  for (let place = folder; ; place = dirname(place)) {
    try {
      const real = realpathSync(place);
      if (!isWithin(real, roots)) throw outside(folder, roots);
      const made = join(real, ...missing);
      mkdirSync(made, { recursive: true, mode: 0o700 });
      return made;
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
      missing.unshift(basename(place));
    }
  }
}

/** Errors of the system in words; what is thrown on purpose stays. */
function withoutRawErrors<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof NodeFailure) throw error;
    throw new NodeFailure("UNAVAILABLE", WORDS[codeOf(error) ?? ""] ?? "the file could not be reached");
  }
}

const WORDS: Readonly<Record<string, string>> = {
  EEXIST: "there is a file of this name already",
  EACCES: "this user may not do that",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is no folder",
  ELOOP: "it is a link, and links are not followed",
  ENOENT: "it is not there",
  ENOSPC: "the disk is full",
};
