/** The folder that the canvas serves: what of it may be read, and how much it may hold (security: files). */
import { mkdirSync, opendirSync, realpathSync, rmSync, type Stats } from "node:fs";
import { join } from "node:path";
import { GatewayError, ignore, invalidRequest, StartError } from "../../../../base/errors.ts";
import { makePrivateDir } from "../../../../base/files.ts";
import { Confined, type OpenedFile } from "../../../agent/workspace/workspace.ts";

/** Source: the limits of canvas files; a root beyond them was chosen by mistake. */
export const ROOT_LIMITS = {
  fileBytes: 10 * 1024 * 1024,
  totalBytes: 200 * 1024 * 1024,
  files: 5_000,
  nameBytes: 255,
  depth: 16,
} as const;

/** Texts up to this size are kept, so that a difference can be shown and taken back; bytes. */
export const MAX_TEXT_BYTES = 64 * 1024;

/** A file as the log knows it. */
export interface Looked {
  readonly stat: Stats;
  readonly data: Buffer | undefined;
}

/** What a path of the root is. */
export type Found =
  | { readonly kind: "file"; readonly stat: Stats; read(): Buffer; open(): OpenedFile }
  | { readonly kind: "folder" }
  | { readonly kind: "none" }
  | { readonly kind: "large" };

export interface RootOptions {
  readonly path: string;
  /** Files and folders that are refused wherever they turn up. */
  forbidden(): readonly string[];
}

export class Root {
  readonly path: string;
  readonly #forbidden: RootOptions["forbidden"];

  constructor({ path, forbidden }: RootOptions) {
    this.path = path;
    this.#forbidden = forbidden;
  }

  /** Makes the folder (0700) when there is none. Throws `UNAVAILABLE` with what to do when that is not possible. */
  prepare(): void {
    try {
      mkdirSync(join(this.path, ".."), { recursive: true, mode: 0o700 });
      if (!this.exists) makePrivateDir(this.path);
    } catch (error) {
      ignore(error instanceof StartError, "the sentence for a canvas names its own setting");
      throw new GatewayError("UNAVAILABLE", "the canvas's folder cannot be made; set canvasHost.root to one that can", {
        cause: error,
      });
    }
  }

  get exists(): boolean {
    try {
      realpathSync(this.path);
      return true;
    } catch (error) {
      ignore(error, "there is nothing to read");
      return false;
    }
  }

  /** Looks for a path without links, dotfiles, or anything that is no regular file or folder. */
  find(names: readonly string[]): Found {
    if (!this.exists || !areServed(names)) return { kind: "none" };
    if (names.length === 0) return { kind: "folder" };
    const files = new Confined({ root: this.path, forbidden: this.#forbidden() });
    const path = names.join("/");
    try {
      const stat = files.lstat(path);
      if (stat?.isDirectory()) return { kind: "folder" };
      // A file with a second name may be one of another folder.
      if (!stat?.isFile() || stat.nlink > 1) return { kind: "none" };
      if (stat.size > ROOT_LIMITS.fileBytes) return { kind: "large" };
      return {
        ...{ kind: "file", stat, open: () => files.open(path) },
        read: () => files.read(path, ROOT_LIMITS.fileBytes).data,
      };
    } catch (error) {
      if (error instanceof GatewayError) return { kind: "none" };
      throw error;
    }
  }

  /** A file's facts, and its bytes when it is small; undefined when it is no file. */
  look(path: string): Looked | undefined {
    const found = this.find(path.split("/"));
    if (found.kind !== "file") return undefined;
    const { stat } = found;
    if (stat.size > MAX_TEXT_BYTES) return { stat, data: undefined };
    try {
      return { stat, data: found.read() };
    } catch (error) {
      if (error instanceof GatewayError) return undefined;
      throw error;
    }
  }

  /** Takes a file away. Throws `INVALID_REQUEST` when there is none. */
  remove(path: string): void {
    const names = path.split("/");
    if (this.find(names).kind !== "file") throw invalidRequest(`there is no file ${path} in the canvas any more`);
    const files = new Confined({ root: this.path, forbidden: this.#forbidden() });
    using folder = files.folder(names.slice(0, -1));
    rmSync(folder.at(names.at(-1)!));
  }

  /** Writes a file in one step. Throws `INVALID_REQUEST` for what is no regular file. */
  write(path: string, data: string | Uint8Array): void {
    this.prepare();
    new Confined({ root: this.path, forbidden: this.#forbidden() }).write(path, data);
  }
}

/** Whether names may be asked for: no dotfiles, and neither too long nor too deep. */
export function areServed(names: readonly string[]): boolean {
  if (names.length > ROOT_LIMITS.depth) return false;
  return names.every(
    (name) => name !== "" && !name.startsWith(".") && Buffer.byteLength(name) <= ROOT_LIMITS.nameBytes,
  );
}

/** An entry of a folder that counts: dotfiles, links and what is no file are left out. */
export interface Listed {
  readonly name: string;
  readonly isFolder: boolean;
}

/** The entries of a folder, at most `limit`. None when it cannot be read. */
export function entriesOf(path: string, limit: number): Listed[] {
  const found: Listed[] = [];
  try {
    using folder = opened(path);
    for (let entry = folder.dir.readSync(); entry && found.length < limit; entry = folder.dir.readSync()) {
      const isFolder = entry.isDirectory();
      const counts = (isFolder || entry.isFile()) && areServed([entry.name]) && entry.name !== "node_modules";
      if (counts) found.push({ name: entry.name, isFolder });
    }
  } catch (error) {
    ignore(error, "a folder that has gone, or may not be entered, has nothing to show");
  }
  return found;
}

function opened(path: string) {
  const dir = opendirSync(path);
  return { dir, [Symbol.dispose]: () => dir.closeSync() };
}
