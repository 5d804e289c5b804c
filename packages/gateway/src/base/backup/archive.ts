/** Writes a backup: a tar file, compressed, and encrypted when there is a passphrase. */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createZstdCompress } from "node:zlib";
import { ignore, TellableError } from "../errors.ts";
import { makeFolder } from "./backup-folder.ts";
import { sealing } from "./cipher.ts";
import { type ArchiveSource, entriesBelow } from "./contents.ts";
import {
  type BackupFile,
  type BackupHead,
  type BackupRoot,
  HEAD_NAME,
  MANIFEST_NAME,
  type Manifest,
} from "./manifest.ts";
import { tarEnd, tarHeader, tarPadding } from "./tar.ts";

/** What goes into a backup. */
export interface Contents {
  readonly roots: readonly BackupRoot[];
  /** The copy of the database. */
  readonly database: string;
  readonly about: Pick<Manifest, "createdAt" | "productVersion" | "journal">;
  /** What the copy holds; it is wanted when everything else is written. */
  readonly dump: Promise<Manifest["database"]>;
}

export interface WriteOptions {
  readonly passphrase?: string | undefined;
  readonly signal: AbortSignal;
}

/** Files up to this size are read as one piece, and kept once where several are the same. */
const SMALL_BYTES = 4 * 1024 * 1024;
/** A piece of a larger file; hashing and sealing one takes about a millisecond. */
const PIECE_BYTES = 256 * 1024;

/** Writes a backup to `target`: in full, or not at all. Returns its manifest. */
export async function writeArchive(target: string, contents: Contents, options: WriteOptions): Promise<Manifest> {
  const partial = `${target}.partial`;
  makeFolder(dirname(target));
  const manifest = Promise.withResolvers<Manifest>();
  manifest.promise.catch((error: unknown) => ignore(error, "the pipeline throws it"));
  try {
    const bytes = Readable.from(tarOf(contents, manifest.resolve), { objectMode: true, highWaterMark: 1 });
    const params = { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 };
    const pressed = createZstdCompress({ params });
    const file = createWriteStream(partial, { flags: "wx", mode: 0o600, flush: true });
    const { passphrase, signal } = options;
    if (passphrase === undefined) await pipeline(bytes, pressed, file, { signal });
    else await pipeline(bytes, pressed, sealing(passphrase), file, { signal });
    await rename(partial, target);
    await syncFolder(dirname(target));
    return await manifest.promise;
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  await folder.sync().catch((error: unknown) => ignore(error, "some file systems cannot; the rename has happened"));
  await folder.close();
}

async function* tarOf(contents: Contents, done: (manifest: Manifest) => void): AsyncGenerator<Buffer> {
  const { roots, about, dump } = contents;
  const left: string[] = [];
  const all: ArchiveSource[] = [];
  for (const root of roots) for await (const each of entriesBelow(root, (name) => left.push(name))) all.push(each);
  const { size } = await stat(contents.database);
  const database: ArchiveSource = { kind: "file", name: "", path: contents.database, size, isProgram: false };
  const files = all.filter(({ kind }) => kind === "file");
  const head: BackupHead = {
    ...{ version: 1, product: "moltbot", productVersion: about.productVersion, createdAt: about.createdAt },
    bytes: files.reduce((sum, each) => sum + each.size, size),
    host: hostname(),
    ...(about.journal && { journal: about.journal }),
  };
  yield* small(HEAD_NAME, Buffer.from(JSON.stringify(head)));
  const book: Book = { entries: [], bySum: new Map(), left };
  yield* entryOf({ ...database, name: "state/state.db" }, book);
  if (left.includes("state/state.db")) throw new TellableError("the copy of the database has gone; try again");
  for (const file of files) yield* entryOf(file, book);
  const manifest: Manifest = {
    ...head,
    ...about,
    roots,
    files: book.entries,
    links: all.flatMap(({ name, target }) => (target === undefined ? [] : [{ path: name, target }])),
    folders: all.filter(({ kind }) => kind === "folder").map(({ name }) => name),
    left,
    database: await dump,
  };
  yield* small(MANIFEST_NAME, Buffer.from(JSON.stringify(manifest)));
  yield tarEnd();
  done(manifest);
}

function* small(name: string, bytes: Buffer): Generator<Buffer> {
  yield tarHeader({ name, size: bytes.length });
  yield bytes;
  yield tarPadding(bytes.length);
}

/** What has been written so far. */
interface Book {
  readonly entries: BackupFile[];
  /** The file in the archive by its content. */
  readonly bySum: Map<string, string>;
  readonly left: string[];
}

async function* entryOf(found: ArchiveSource, book: Book): AsyncGenerator<Buffer> {
  const { name, size, isProgram } = found;
  const more = isProgram ? { isProgram: true as const } : {};
  if (size <= SMALL_BYTES) {
    const bytes = await readFile(found.path).catch((error: unknown) => ignore(error, "it is named among what is left"));
    if (!bytes) return void book.left.push(name);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const at = book.bySum.get(sha256);
    book.entries.push({ path: name, size: bytes.length, sha256, ...more, ...(at !== undefined && { at }) });
    if (at !== undefined) return;
    book.bySum.set(sha256, name);
    return yield* small(name, bytes);
  }
  const file = await open(found.path, "r").catch((error: unknown) => ignore(error, "it is named among what is left"));
  if (!file) return void book.left.push(name);
  await using _closed = file;
  const hash = createHash("sha256");
  yield tarHeader({ name, size });
  for (let at = 0; at < size; ) {
    const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, size - at));
    const { bytesRead } = await file.read(piece, 0, piece.length, at);
    // A file that has become shorter is filled up: the header has promised its size.
    const bytes = bytesRead === 0 ? piece.fill(0) : piece.subarray(0, bytesRead);
    if (bytesRead === 0 && book.left.at(-1) !== name) book.left.push(name);
    hash.update(bytes);
    at += bytes.length;
    yield bytes;
  }
  book.entries.push({ path: name, size, sha256: hash.digest("hex"), ...more });
  yield tarPadding(size);
}
