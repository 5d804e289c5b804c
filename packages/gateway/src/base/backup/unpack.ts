/** Reads a backup from its beginning to its end: checks every hash, and writes the files where that is wanted. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, mkdir, open, rename, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createZstdDecompress } from "node:zlib";
import { codeOf, TellableError } from "../errors.ts";
import { isSealed, opening, SEALED_HEAD_BYTES } from "./cipher.ts";
import {
  type BackupHead,
  HEAD_NAME,
  MANIFEST_NAME,
  MAX_FILES,
  MAX_MANIFEST_BYTES,
  type Manifest,
  readHead,
  readManifest,
  safeName,
} from "./manifest.ts";
import { broken, readTar, type TarEntry } from "./tar.ts";

export interface ReadOptions {
  readonly passphrase?: string | undefined;
  readonly signal: AbortSignal;
  /** An empty folder, into which the files are written; without it they are only checked. */
  readonly into?: string;
  /** Called with the head before anything is written. */
  readonly begin?: (head: BackupHead) => Promise<void>;
}

/** A gap between what the head says and what there is: names, and files that grew while they were read. */
const SLACK_BYTES = 64 * 1024 * 1024;

/** Whether a backup is encrypted. Throws `TellableError` when there is no such file. */
export async function needsPassphrase(path: string): Promise<boolean> {
  const file = await open(path, "r").catch((cause: unknown) => {
    if (codeOf(cause) !== "ENOENT") throw cause;
    throw new TellableError(`${path} is not there; \`moltbot backup list\` shows what there is`, { cause });
  });
  await using _closed = file;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(SEALED_HEAD_BYTES), 0, SEALED_HEAD_BYTES, 0);
  return isSealed(buffer.subarray(0, bytesRead));
}

/** Whether a file begins as a backup does. */
export async function isBackup(path: string): Promise<boolean> {
  await using file = await open(path, "r");
  const { buffer, bytesRead } = await file.read(Buffer.alloc(SEALED_HEAD_BYTES), 0, SEALED_HEAD_BYTES, 0);
  const head = buffer.subarray(0, bytesRead);
  return isSealed(head) || head.subarray(0, ZSTD.length).equals(ZSTD);
}

/** How zstd begins (RFC 8878, 3.1.1). */
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** Reads a backup and checks all of it. Throws `TellableError` when a single bit is not as it was written. */
export async function readArchive(path: string, options: ReadOptions): Promise<Manifest> {
  const { passphrase, signal, into, begin } = options;
  const isClosed = await needsPassphrase(path);
  if (isClosed && passphrase === undefined)
    throw new TellableError("the backup is encrypted; give its passphrase in MOLTBOT_BACKUP_PASSPHRASE");
  const reading = new Reading(into, begin);
  const take = (source: AsyncIterable<Buffer>) => readTar(source, (entry, bytes) => reading.take(entry, bytes));
  const file = createReadStream(path, { highWaterMark: 256 * 1024 });
  try {
    if (isClosed) await pipeline(file, opening(passphrase!), createZstdDecompress(), take, { signal });
    else await pipeline(file, createZstdDecompress(), take, { signal });
    return await reading.end();
  } catch (error) {
    const code = codeOf(error) ?? "";
    throw code.startsWith("ZSTD_") || code === "Z_BUF_ERROR" || CLASHES.has(code) ? broken(error) : error;
  }
}

/** What the system says of names that cannot stand side by side, such as a file and a folder of one name. */
const CLASHES: ReadonlySet<string> = new Set(["EEXIST", "ENOTDIR", "EISDIR", "ENAMETOOLONG"]);

/** Reads only what a backup says of itself at its beginning. Throws `TellableError` when that cannot be read. */
export async function readArchiveHead(path: string, options: ReadOptions): Promise<BackupHead> {
  let found: BackupHead | undefined;
  const enough = new TellableError("the head was read");
  const begin = async (head: BackupHead) => {
    found = head;
    throw enough;
  };
  try {
    await readArchive(path, { ...options, begin });
  } catch (error) {
    if (error !== enough) throw error;
  }
  if (!found) throw broken();
  return found;
}

interface Seen {
  readonly size: number;
  readonly sha256: string;
}

/** What has been read so far of one archive. */
class Reading {
  readonly #into: string | undefined;
  readonly #begin: ReadOptions["begin"];
  readonly #seen = new Map<string, Seen>();
  #head: BackupHead | undefined;
  #manifest: Manifest | undefined;
  #bytesLeft = 0;

  constructor(into: string | undefined, begin: ReadOptions["begin"]) {
    this.#into = into;
    this.#begin = begin;
  }

  async take({ name, size }: TarEntry, bytes: AsyncIterable<Buffer>): Promise<void> {
    if (!this.#head) {
      if (name !== HEAD_NAME) throw broken();
      this.#head = readHead(await textOf(bytes, size));
      this.#bytesLeft = this.#head.bytes + SLACK_BYTES;
      return await this.#begin?.(this.#head);
    }
    if (name === MANIFEST_NAME) {
      this.#manifest = readManifest(await textOf(bytes, size));
      return;
    }
    this.#bytesLeft -= size;
    if (this.#bytesLeft < 0 || this.#seen.size >= MAX_FILES || this.#manifest) throw broken();
    this.#seen.set(safeName(name), await this.#file(name, size, bytes));
  }

  /** Compares what was read with the list, and completes what was written. */
  async end(): Promise<Manifest> {
    const manifest = this.#manifest;
    if (!manifest) throw broken();
    for (const { path, at = path, size, sha256 } of manifest.files) {
      const seen = this.#seen.get(at);
      if (seen?.sha256 !== sha256 || seen.size !== size) throw broken();
    }
    const listed = new Set(manifest.files.map(({ path }) => path));
    if (!listed.has("state/state.db") || [...this.#seen.keys()].some((name) => !listed.has(name))) throw broken();
    if (this.#into !== undefined) await complete(this.#into, manifest);
    return manifest;
  }

  async #file(name: string, size: number, bytes: AsyncIterable<Buffer>): Promise<Seen> {
    const hash = createHash("sha256");
    const target = this.#into === undefined ? undefined : join(this.#into, name);
    if (target !== undefined) await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    const file = target === undefined ? undefined : await open(target, "wx", 0o600);
    try {
      for await (const piece of bytes) {
        hash.update(piece);
        await file?.writeFile(piece);
      }
      await file?.datasync();
    } finally {
      await file?.close();
    }
    return { size, sha256: hash.digest("hex") };
  }
}

async function textOf(bytes: AsyncIterable<Buffer>, size: number): Promise<string> {
  if (size > MAX_MANIFEST_BYTES) throw broken();
  const pieces: Buffer[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}

/** Files with the content of another one, modes, empty folders; links last, so that nothing is written through one. */
async function complete(into: string, { files, folders, links }: Manifest): Promise<void> {
  for (const { path, at } of files) {
    if (at === undefined) continue;
    await mkdir(dirname(join(into, path)), { recursive: true, mode: 0o700 });
    await copyFile(join(into, at), join(into, path));
  }
  for (const { path, isProgram } of files) {
    if (isProgram !== true) continue;
    await using file = await open(join(into, path), "r");
    await file.chmod(0o700);
  }
  for (const path of folders) await mkdir(join(into, path), { recursive: true, mode: 0o700 });
  for (const { path, target } of links) {
    const place = join(into, path);
    await mkdir(dirname(place), { recursive: true, mode: 0o700 });
    const fresh = `${place}.link.part`;
    await symlink(target, fresh);
    await rename(fresh, place);
  }
}
