/**
 * Access to the files of one folder only: no link is followed, only regular files are read and written, and the
 * gateway's own files are refused even inside a workspace. Every failure is a sentence for the model.
 */
import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { codeOf, GatewayError, ignore, invalidRequest } from "../../../../base/errors.ts";
import { newId } from "../../../../base/ids.ts";
import { machineTrouble } from "../../../../base/process/machine.ts";
import { segmentsOf } from "../memory/segments.ts";
import { type Entry, FolderHandle } from "./folder-handle.ts";

/** A file that was read. */
export interface FileRead {
  /** Relative to the folder, as answers name it. */
  readonly path: string;
  readonly data: Buffer;
  readonly mtimeMs: number;
}

/** What a write did. */
export interface FileWritten {
  readonly path: string;
  /** Of the file that was replaced; undefined when there was none. */
  readonly replacedBytes: number | undefined;
}

/** A file that is open, until it is disposed. */
export interface OpenedFile extends Disposable {
  readonly fd: number;
  readonly stat: Stats;
  /** From the folder to the file. */
  readonly names: readonly string[];
}

export interface ConfinedOptions {
  /** The folder; links on the way to it are followed. */
  readonly root: string;
  /** Folders and files that are refused wherever they turn up. */
  readonly forbidden?: readonly string[] | undefined;
  /** Paths that are refused, each with the reason. */
  readonly refuses?: ((path: string) => string | undefined) | undefined;
  /** Is told of each file that was written: its path relative to the folder. */
  readonly wrote?: ((path: string, data: string | Uint8Array) => void) | undefined;
}

/** Bytes of one file. */
export const MAX_FILE_BYTES = 10_000_000;

export class Confined {
  readonly #root: string;
  readonly #forbidden: ReadonlySet<string>;
  readonly #refuses: (path: string) => string | undefined;
  readonly #wrote: NonNullable<ConfinedOptions["wrote"]>;

  constructor({ root, forbidden = [], refuses = () => undefined, wrote = () => {} }: ConfinedOptions) {
    this.#root = root;
    this.#wrote = wrote;
    this.#refuses = refuses;
    this.#forbidden = new Set(forbidden.map((path) => statSync(path, { throwIfNoEntry: false })).flatMap(idsOf));
  }

  /** Reads a file of at most `maxBytes`. Throws `INVALID_REQUEST` when it is no such file. */
  read(path: string, maxBytes = MAX_FILE_BYTES): FileRead {
    using file = this.open(path);
    const { fd, stat, names } = file;
    if (stat.size > maxBytes)
      throw invalidRequest(`${path} is too large (${stat.size} bytes; at most ${maxBytes} are read)`);
    return { path: names.join("/"), data: readUpTo(fd, maxBytes), mtimeMs: stat.mtimeMs };
  }

  /** The first `maxBytes` of a file of any size, and its size. Throws `INVALID_REQUEST` when it is no regular file. */
  readStart(path: string, maxBytes: number): { data: Buffer; size: number } {
    using file = this.open(path);
    return { data: readUpTo(file.fd, maxBytes), size: file.stat.size };
  }

  /** Opens a file; the caller disposes it. Throws `INVALID_REQUEST` when it is no regular file. */
  open(path: string): OpenedFile {
    const names = this.#namesOf(path);
    const name = this.#fileName(names, path);
    using folder = this.folder(names.slice(0, -1));
    const fd = folder.openFile(name);
    try {
      const stat = fstatSync(fd);
      this.#requireFile(stat, path);
      return { fd, stat, names, [Symbol.dispose]: () => closeSync(fd) };
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** Size and time of a file, without opening it; undefined when there is no such regular file. */
  stat(path: string): Stats | undefined {
    const stat = this.lstat(path);
    return stat?.isFile() ? stat : undefined;
  }

  /** The `lstat` of a path; undefined when nothing is there. */
  lstat(path: string): Stats | undefined {
    const names = this.#namesOf(path);
    try {
      using folder = this.folder(names.slice(0, -1));
      return folder.stat(this.#fileName(names, path));
    } catch (error) {
      if (error instanceof GatewayError) return undefined;
      throw error;
    }
  }

  /**
   * Writes a file in one step, with the mode of the one it replaces (0600 for a new one); makes the folders on the way.
   * Throws `INVALID_REQUEST` for what is no regular file, or is in a second place as well (a hard link).
   */
  write(path: string, data: string | Uint8Array): FileWritten {
    const names = this.#namesOf(path);
    const name = this.#fileName(names, path);
    if (names.some((each) => each.toLowerCase() === ".git"))
      throw invalidRequest(`${path} belongs to git; change it with git itself`);
    if (Buffer.byteLength(data) > MAX_FILE_BYTES)
      throw invalidRequest(`the text is too long for a file (at most ${MAX_FILE_BYTES} bytes)`);
    try {
      using folder = this.folder(names.slice(0, -1), { make: true });
      const before = folder.stat(name);
      if (before) this.#requireWritable(before, path);
      replace(folder, name, data, before ? before.mode & 0o777 : 0o600);
      this.#wrote(names.join("/"), data);
      return { path: names.join("/"), replacedBytes: before?.size };
    } catch (error) {
      throw writeProblem(error, path);
    }
  }

  /** What is in a folder, by name. */
  entries(path: string, limit: number): Entry[] {
    const names = this.#namesOf(path);
    using folder = this.folder(names);
    return folder.entries(limit).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Opens the folder at the end of these names. The caller disposes it. Throws `INVALID_REQUEST` when there is none. */
  folder(names: readonly string[], { make = false } = {}): FolderHandle {
    let here = this.#open();
    try {
      this.#requireAllowed(here.facts, "the workspace");
      for (const name of names) {
        const next = here.enter(name, { make });
        here[Symbol.dispose]();
        here = next;
        this.#requireAllowed(here.facts, name);
      }
      return here;
    } catch (error) {
      here[Symbol.dispose]();
      throw error;
    }
  }

  /** Why a path is not to be read, if so. */
  refusal(path: string): string | undefined {
    return this.#refuses(path);
  }

  #open(): FolderHandle {
    try {
      return FolderHandle.open(this.#root);
    } catch (error) {
      if (codeOf(error) === undefined) throw error;
      throw new GatewayError("UNAVAILABLE", `the folder cannot be opened (${codeOf(error)})`, { cause: error });
    }
  }

  #namesOf(path: string): string[] {
    const names = segmentsOf(path, this.#root);
    const why = this.#refuses(names.join("/"));
    if (why !== undefined) throw invalidRequest(why);
    return names;
  }

  #fileName(names: readonly string[], path: string): string {
    const name = names.at(-1);
    if (name === undefined) throw invalidRequest(`${JSON.stringify(path)} is a folder, not a file`);
    return name;
  }

  #requireAllowed(stat: Stats, name: string): void {
    if (idsOf(stat).some((id) => this.#forbidden.has(id)))
      throw invalidRequest(`${name} is part of the gateway's own state and is not for the agent`);
  }

  #requireFile(stat: Stats, path: string): void {
    if (stat.isDirectory()) throw invalidRequest(`${path} is a folder, not a file`);
    if (!stat.isFile()) throw invalidRequest(`${path} is not a regular file`);
    this.#requireAllowed(stat, path);
  }

  #requireWritable(stat: Stats, path: string): void {
    if (stat.isSymbolicLink()) throw invalidRequest(`${path} is a link, and links are not followed`);
    this.#requireFile(stat, path);
    if (stat.nlink > 1)
      throw invalidRequest(`${path} stands in a second place as well (a hard link); it is not changed`);
  }
}

function idsOf(stat: Stats | undefined): string[] {
  return stat ? [`${stat.dev}:${stat.ino}`] : [];
}

/** The whole file, and no more than `maxBytes` of one that grows meanwhile. */
function readUpTo(fd: number, maxBytes: number): Buffer {
  const chunks: Buffer[] = [];
  for (let total = 0; total < maxBytes; ) {
    const chunk = Buffer.allocUnsafe(Math.min(256 * 1024, maxBytes - total));
    const count = readSync(fd, chunk);
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    total += count;
  }
  return Buffer.concat(chunks);
}

function replace(folder: FolderHandle, name: string, data: string | Uint8Array, mode: number): void {
  const temporary = `.${newId()}.tmp`;
  const fd = folder.createFile(temporary, 0o600);
  try {
    try {
      writeFileSync(fd, data);
      fchmodSync(fd, mode);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(folder.at(temporary), folder.at(name));
  } catch (error) {
    rmSync(folder.at(temporary), { force: true });
    throw error;
  }
  try {
    fsyncSync(folder.fd);
  } catch (error) {
    ignore(error, "some file systems cannot fsync a folder; the rename itself has happened");
  }
}

function writeProblem(error: unknown, path: string): unknown {
  const trouble = machineTrouble(error);
  if (trouble) return new GatewayError("UNAVAILABLE", `${path} was not written: ${trouble.says}`, { cause: error });
  const code = codeOf(error);
  return code === "EACCES" || code === "EPERM" ? invalidRequest(`${path} may not be written by this user`) : error;
}
