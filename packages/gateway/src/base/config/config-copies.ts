/** Copies of the config file: the last good text, and the texts that were replaced. */
import { copyFileSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { detailOf } from "../errors.ts";
import { makePrivateDir, readTextIfExists, writePrivateFile } from "../files.ts";
import type { Log } from "../log.ts";
import type { Clock } from "../time/clock.ts";

const HISTORY_KEPT = 50;

/** Where the file is, and the state folder, which takes the copies when the file's own folder cannot be written. */
interface Places {
  readonly path: string;
  readonly fallbackFolder: string;
}

export class ConfigCopies {
  readonly #places: Places;
  readonly #log: Log;
  readonly #clock: Clock;

  constructor({ path, fallbackFolder, log, clock }: Places & { readonly log: Log; readonly clock: Clock }) {
    this.#places = { path, fallbackFolder };
    this.#log = log;
    this.#clock = clock;
  }

  /** Keeps a text that is valid. */
  keepLastGood(raw: string): void {
    this.#besides(lastGoodPaths(this.#places), (path) => {
      if (readTextIfExists(path) !== raw) writePrivateFile(path, raw);
    });
  }

  /** Keeps a copy beside the file, or in the state folder when that cannot be written. */
  #besides(paths: readonly string[], keep: (path: string) => void): void {
    for (const [index, path] of paths.entries()) {
      try {
        return keep(path);
      } catch (error) {
        if (index === paths.length - 1)
          this.#log.warn("a copy of the config file cannot be kept", { error: detailOf(error) });
      }
    }
  }

  /** Keeps the file as it is now, before another text replaces it. */
  keepHistory(): void {
    this.#besides(historyDirs(this.#places), (folder) => this.#keepHistoryIn(folder));
  }

  #keepHistoryIn(folder: string): void {
    makePrivateDir(folder);
    const stamp = new Date(this.#clock.now()).toISOString().replace(/[:.]/g, "-");
    copyFileSync(this.#places.path, join(folder, `${stamp}.json5`));
    const kept = readdirSync(folder).sort();
    for (const old of kept.slice(0, Math.max(0, kept.length - HISTORY_KEPT)))
      rmSync(join(folder, old), { force: true });
  }
}

/** Folders of replaced config texts, oldest first by name: beside the file, else in the state folder. */
export function historyDirs({ path, fallbackFolder }: Places): string[] {
  return besides(path, fallbackFolder, ".history");
}

/** Paths of the last good text: beside the file, else in the state folder. */
export function lastGoodPaths({ path, fallbackFolder }: Places): string[] {
  return besides(path, fallbackFolder, ".last-good");
}

function besides(path: string, fallbackFolder: string, ending: string): string[] {
  return [...new Set([`${path}${ending}`, join(fallbackFolder, `${basename(path)}${ending}`)])];
}
