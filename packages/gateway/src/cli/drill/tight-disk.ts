/**
 * A disk that can be filled and freed again. For root it is a small file system in memory; for others the process may write
 * no file beyond a few kilobytes, which needs no rights on Linux.
 */
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "../../base/errors.ts";
import { CliError } from "../language/exit.ts";

export interface TightDisk extends Disposable {
  /** Where the state folder goes. */
  readonly folder: string;
  /** How the fault is made, for people. */
  readonly how: string;
  /** Whether it is a file system of its own, so that what writes to it meets a full one. */
  readonly isMounted: boolean;
  /** From now on the process with this id can write no more. */
  fill(pid: number): void;
  /** There is room again. */
  free(pid: number): void;
}

export interface TightDiskOptions {
  /** The disk's size, bytes. */
  readonly bytes: number;
  /** How many files and folders it holds; then files run out, not bytes. */
  readonly inodes?: number;
}

const FILL = "filled-by-the-drill";
/** Sizes of the writes that fill a disk, bytes: large ones first, then smaller ones for what is left. */
const PIECES = [1 << 20, 1 << 12, 1 << 8];
/** What a process may write to one file while its disk counts as full, bytes: less than a probe of the gateway. */
const FILE_LIMIT = 4_096;

/** Makes such a disk at `folder`. Undefined where this machine offers no way. */
export function tightDisk(folder: string, { bytes, inodes }: TightDiskOptions): TightDisk | undefined {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const limits = [`size=${bytes}`, "mode=700", ...(inodes === undefined ? [] : [`nr_inodes=${inodes}`])].join(",");
  if (succeeds("mount", ["-t", "tmpfs", "-o", limits, "tmpfs", folder]))
    return new SmallFileSystem(folder, inodes !== undefined);
  if (inodes === undefined && succeeds("prlimit", ["--version"])) return new SmallFiles(folder);
  return undefined;
}

/** A file system of its own, in memory. */
class SmallFileSystem implements TightDisk {
  readonly folder: string;
  readonly how = "a small file system in memory";
  readonly isMounted = true;
  readonly #fill: string;
  readonly #byFiles: boolean;

  constructor(folder: string, byFiles: boolean) {
    this.folder = folder;
    this.#fill = join(folder, FILL);
    this.#byFiles = byFiles;
  }

  fill(): void {
    mkdirSync(this.#fill, { recursive: true });
    if (this.#byFiles) untilFull(() => this.#add(0));
    else for (const piece of PIECES) untilFull(() => this.#add(piece));
  }

  free(): void {
    rmSync(this.#fill, { recursive: true, force: true });
  }

  [Symbol.dispose](): void {
    spawnSync("umount", ["--lazy", this.folder], { stdio: "ignore" });
  }

  /** Bytes go to the end of one file; no bytes are a new file. */
  #add(bytes: number): void {
    const name = bytes === 0 ? String(readdirSync(this.#fill).length) : "bytes";
    const file = openSync(join(this.#fill, name), "a", 0o600);
    try {
      if (bytes > 0 && writeSync(file, Buffer.alloc(bytes)) < bytes)
        throw Object.assign(new Error(), { code: "ENOSPC" });
    } finally {
      closeSync(file);
    }
  }
}

/** A process that may write only small files (RLIMIT_FSIZE); the limit is put on it while it runs. */
class SmallFiles implements TightDisk {
  readonly folder: string;
  readonly how = "a limit on the size of its files";
  readonly isMounted = false;

  constructor(folder: string) {
    this.folder = folder;
  }

  fill(pid: number): void {
    this.#limit(pid, String(FILE_LIMIT));
  }

  free(pid: number): void {
    if (existsSync(`/proc/${pid}`)) this.#limit(pid, "unlimited");
  }

  [Symbol.dispose](): void {}

  #limit(pid: number, bytes: string): void {
    if (!succeeds("prlimit", ["--pid", String(pid), `--fsize=${bytes}:`]))
      throw new CliError(`The size of the files of process ${pid} cannot be limited.`);
  }
}

/** Repeats `work` until the disk takes no more. */
function untilFull(work: () => void): void {
  for (;;) {
    try {
      work();
    } catch (error) {
      if (codeOf(error) === "ENOSPC") return;
      throw error;
    }
  }
}

function succeeds(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: "ignore" }).status === 0;
}
