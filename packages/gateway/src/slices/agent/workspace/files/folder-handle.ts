/**
 * One open folder, and the way to what is in it that no link can bend. On Linux every step goes through the open folder
 * itself (as `openat` does), so what is renamed meanwhile does not matter; elsewhere what was opened is compared with
 * what the path leads to.
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { codeOf, invalidRequest } from "../../../../base/errors.ts";

const HAS_FDS = existsSync("/proc/self/fd");
const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** The kind of an entry; links are not followed. */
export type Kind = "file" | "folder" | "link" | "other";

/** A name in a folder. */
export interface Entry {
  readonly name: string;
  readonly kind: Kind;
}

export class FolderHandle implements Disposable {
  /** Without links, as it was when the folder was opened. */
  readonly path: string;
  readonly #fd: number;

  private constructor(fd: number, path: string) {
    this.#fd = fd;
    this.path = path;
  }

  /** Opens the folder at a path of ours; links on the way to it are the owner's and are followed. */
  static open(path: string): FolderHandle {
    const real = realpathSync(path);
    return new FolderHandle(openSync(real, FOLDER), real);
  }

  /** Opens a folder in this one; `make` makes it (0700) when there is none. Throws `INVALID_REQUEST` when it is none. */
  enter(name: string, { make = false } = {}): FolderHandle {
    if (make && this.stat(name) === undefined) mkdirSync(this.at(name), { mode: 0o700 });
    const fd = this.#open(name, FOLDER);
    return new FolderHandle(fd, join(this.path, name));
  }

  /** Opens what is under a name, never through a link and never waiting. The caller closes it. */
  openFile(name: string): number {
    return this.#open(name, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  }

  /** Opens a new file for writing, with exactly this mode. Throws when the name is taken. The caller closes it. */
  createFile(name: string, mode: number): number {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    return openSync(this.at(name), flags, mode);
  }

  /** The facts of an entry, links not followed; undefined when there is none. */
  stat(name: string): Stats | undefined {
    return lstatSync(this.at(name), { throwIfNoEntry: false });
  }

  /** Up to `limit` names in the order in which the disk has them. */
  entries(limit: number): Entry[] {
    const found: Entry[] = [];
    const folder = opendirSync(HAS_FDS ? `/proc/self/fd/${this.#fd}` : this.path);
    try {
      for (let entry = folder.readSync(); entry && found.length < limit; entry = folder.readSync()) {
        const isLink = entry.isSymbolicLink();
        const kind = isLink ? "link" : entry.isDirectory() ? "folder" : entry.isFile() ? "file" : "other";
        found.push({ name: entry.name, kind });
      }
    } finally {
      folder.closeSync();
    }
    return found;
  }

  /** The path by which system calls reach a name in this very folder. */
  at(name: string): string {
    return HAS_FDS ? `/proc/self/fd/${this.#fd}/${name}` : join(this.path, name);
  }

  /** This folder's own facts. */
  get facts(): Stats {
    return fstatSync(this.#fd);
  }

  /** The descriptor, for fsync. */
  get fd(): number {
    return this.#fd;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #open(name: string, flags: number): number {
    let fd: number;
    try {
      fd = openSync(this.at(name), flags);
    } catch (error) {
      throw this.#refusal(name, error);
    }
    if (HAS_FDS || this.#isAsNamed(fd, name)) return fd;
    closeSync(fd);
    throw invalidRequest(`${name} is a link, and links are not followed`);
  }

  #isAsNamed(fd: number, name: string): boolean {
    const path = join(this.path, name);
    const [opened, named] = [fstatSync(fd), statSync(path, { throwIfNoEntry: false })];
    return realpathSync(path) === path && opened.dev === named?.dev && opened.ino === named.ino;
  }

  #refusal(name: string, error: unknown): unknown {
    const stat = this.stat(name);
    if (!stat) return invalidRequest(`there is no ${name} there`);
    if (stat.isSymbolicLink()) return invalidRequest(`${name} is a link, and links are not followed`);
    switch (codeOf(error)) {
      case "ENOTDIR":
        return invalidRequest(`${name} is not a folder`);
      case "ENXIO":
      case "EOPNOTSUPP":
        return invalidRequest(`${name} is not a file`);
      case "EACCES":
        return invalidRequest(`${name} may not be read by this user`);
      default:
        return error;
    }
  }
}
