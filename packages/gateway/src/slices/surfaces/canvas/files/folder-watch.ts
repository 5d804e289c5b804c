/**
 * Watches a folder and those in it, and says which files have changed since it looked last. It looks only where the system
 * says that something happened, never by time. Beyond the limits of a root it gives up and says so.
 */
import { type FSWatcher, lstatSync, type Stats, statSync, watch } from "node:fs";
import { join } from "node:path";
import { ignore } from "../../../../base/errors.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import { entriesOf, ROOT_LIMITS } from "./root.ts";

/** What a file looks like from outside; another text is another state. */
export type FileState = string;

export interface Changes {
  /** Files that are new or different, and files that have gone, relative to the root and with "/". */
  readonly written: readonly string[];
  readonly gone: readonly string[];
  /** Whether only folders came or went. */
  readonly isFoldersOnly: boolean;
}

export interface FolderWatchOptions {
  readonly root: string;
  readonly clock: Pick<Clock, "after" | "monotonic">;
  changed(changes: Changes): void;
  /** Called once: what is too much, as a sentence. */
  gaveUp(why: string): void;
  /** Called once: another folder replaces the root, or none. */
  replaced(): void;
}

interface Watched {
  readonly watcher: FSWatcher;
  /** The inode of the folder; a new folder of the same name has another one. */
  readonly inode: number | undefined;
  readonly files: Map<string, { readonly state: FileState; readonly bytes: number }>;
  readonly folders: Set<string>;
}

/** After the last write, ms (source: what apps of January see). */
const SETTLE_MS = 75;
/** Files that are written without a pause are shown this often, ms. */
const LONGEST_MS = 1_500;
/** Each watched folder holds one of the system's watches. */
const MAX_FOLDERS = 500;

export class FolderWatch implements Disposable {
  readonly #options: FolderWatchOptions;
  readonly #folders = new Map<string, Watched>();
  readonly #dirty = new Set<string>();
  #dirtySince: number | undefined;
  #timer: Disposable | undefined;
  #isOver = false;

  constructor(options: FolderWatchOptions) {
    this.#options = options;
    this.#add("", { isFirst: true });
    if (!this.#isOver) this.#checkTotals();
  }

  /** All files, relative to the root, and what each looks like from outside. */
  files(): ReadonlyMap<string, FileState> {
    const all = [...this.#folders].flatMap(([folder, { files }]) =>
      [...files].map(([name, { state }]) => [pathOf(folder, name), state] as const),
    );
    return new Map(all);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#timer?.[Symbol.dispose]();
    for (const { watcher } of this.#folders.values()) watcher.close();
    this.#folders.clear();
  }

  #giveUp(why: string): void {
    if (this.#isOver) return;
    this[Symbol.dispose]();
    this.#options.gaveUp(why);
  }

  /** Watches a folder and those in it; returns the files that it found. */
  #add(folder: string, { isFirst }: { isFirst: boolean }): string[] {
    if (this.#isOver || this.#folders.has(folder)) return [];
    if (depthOf(folder) >= ROOT_LIMITS.depth) return [];
    if (this.#folders.size >= MAX_FOLDERS) {
      this.#giveUp(`the canvas's folder holds more than ${MAX_FOLDERS} folders; keep fewer there`);
      return [];
    }
    const watcher = this.#watch(folder);
    if (!watcher) return [];
    const watched: Watched = { watcher, inode: this.#inodeOf(folder), files: new Map(), folders: new Set() };
    this.#folders.set(folder, watched);
    const found = this.#look(folder, watched).written;
    return isFirst ? [] : found;
  }

  #watch(folder: string): FSWatcher | undefined {
    const path = join(this.#options.root, folder);
    try {
      const watcher = watch(path, { persistent: false }, (_event, name) => {
        // A dotfile is never served, so that nobody needs to hear of it.
        if (typeof name === "string" && name.startsWith(".")) return;
        this.#touched(folder);
      });
      watcher.on("error", (error) => {
        ignore(error, "the folder has gone; the one above says so");
        this.#drop(folder);
      });
      return watcher;
    } catch (error) {
      if (folder === "" || (error as { code?: unknown }).code === "ENOSPC")
        this.#giveUp("the system watches too many files already; raise fs.inotify.max_user_watches");
      return undefined;
    }
  }

  #touched(folder: string): void {
    if (this.#isOver) return;
    const { clock } = this.#options;
    this.#dirty.add(folder);
    this.#dirtySince ??= clock.monotonic();
    const left = this.#dirtySince + LONGEST_MS - clock.monotonic();
    this.#timer?.[Symbol.dispose]();
    this.#timer = clock.after(Math.max(0, Math.min(SETTLE_MS, left)), () => this.#settled());
  }

  #settled(): void {
    this.#dirtySince = undefined;
    const folders = [...this.#dirty];
    this.#dirty.clear();
    if (this.#inodeOf("") !== this.#folders.get("")?.inode) {
      this[Symbol.dispose]();
      return this.#options.replaced();
    }
    const written: string[] = [];
    const gone: string[] = [];
    let foldersChanged = false;
    for (const folder of folders) {
      const watched = this.#folders.get(folder);
      if (!watched) continue;
      const seen = this.#look(folder, watched);
      written.push(...seen.written);
      gone.push(...seen.gone);
      foldersChanged ||= seen.foldersChanged;
    }
    this.#checkTotals();
    if (this.#isOver) return;
    const isFoldersOnly = written.length === 0 && gone.length === 0;
    if (!isFoldersOnly || foldersChanged) this.#options.changed({ written, gone, isFoldersOnly });
  }

  /** Compares a folder with what is known of it, and learns. */
  #look(folder: string, watched: Watched): { written: string[]; gone: string[]; foldersChanged: boolean } {
    const entries = entriesOf(join(this.#options.root, folder), ROOT_LIMITS.files + 1);
    const names = new Set(entries.map(({ name }) => name));
    const written: string[] = [];
    const gone: string[] = [];
    let foldersChanged = false;
    for (const name of [...watched.files.keys()]) {
      if (names.has(name)) continue;
      watched.files.delete(name);
      gone.push(pathOf(folder, name));
    }
    for (const name of [...watched.folders]) {
      if (names.has(name)) continue;
      watched.folders.delete(name);
      foldersChanged = true;
      gone.push(...this.#drop(pathOf(folder, name)));
    }
    for (const { name, isFolder } of entries) {
      const path = pathOf(folder, name);
      if (isFolder) {
        if (watched.folders.has(name) && this.#folders.get(path)?.inode === this.#inodeOf(path)) continue;
        gone.push(...this.#drop(path));
        watched.folders.add(name);
        foldersChanged = true;
        written.push(...this.#add(path, { isFirst: false }));
        continue;
      }
      const now = this.#stateOf(path);
      if (now === undefined || watched.files.get(name)?.state === now.state) continue;
      watched.files.set(name, now);
      written.push(path);
    }
    return { written, gone, foldersChanged };
  }

  #inodeOf(folder: string): number | undefined {
    return statSync(join(this.#options.root, folder), { throwIfNoEntry: false })?.ino;
  }

  #stateOf(path: string): { state: FileState; bytes: number } | undefined {
    const stat = lstatSync(join(this.#options.root, path), { throwIfNoEntry: false });
    if (!stat?.isFile()) return undefined;
    return { state: stateOf(stat), bytes: stat.size };
  }

  /** Forgets a folder and those in it; returns the files that were there. */
  #drop(folder: string): string[] {
    const gone: string[] = [];
    for (const [path, { watcher, files }] of [...this.#folders]) {
      if (path !== folder && !path.startsWith(`${folder}/`)) continue;
      watcher.close();
      this.#folders.delete(path);
      gone.push(...[...files.keys()].map((name) => pathOf(path, name)));
    }
    return gone;
  }

  #checkTotals(): void {
    let count = 0;
    let bytes = 0;
    for (const { files } of this.#folders.values()) {
      count += files.size;
      for (const file of files.values()) bytes += file.bytes;
    }
    if (count > ROOT_LIMITS.files)
      this.#giveUp(`the canvas's folder holds more than ${ROOT_LIMITS.files} files; keep fewer there`);
    else if (bytes > ROOT_LIMITS.totalBytes)
      this.#giveUp(`the canvas's folder holds more than ${ROOT_LIMITS.totalBytes / 1024 / 1024} MiB; keep less there`);
  }
}

export function stateOf({ ino, size, mtimeMs }: Stats): FileState {
  return `${size} ${mtimeMs} ${ino}`;
}

function pathOf(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

function depthOf(folder: string): number {
  return folder === "" ? 0 : folder.split("/").length;
}
