/** Watches the config file and what it includes, also through editors that replace files, mounts and links. */
import { type FSWatcher, statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { detailOf } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Clock } from "../time/clock.ts";

const WATCH_DEBOUNCE_MS = 200;
/** How often the file is checked beside the folder's watch: a watch does not report changed mounts and links. */
const LOOK_EVERY_MS = 2_000;

/** What is watched beside the file, and who is told. */
interface WatchHost {
  /** The paths of the files that it includes now. */
  included(): readonly string[];
  onChange(): void;
}

export class ConfigWatch implements Disposable {
  readonly #path: string;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #host: WatchHost;
  #watcher: FSWatcher | undefined;
  #looking: Disposable | undefined;
  #debounce: Disposable | undefined;

  constructor(options: { readonly path: string; readonly log: Log; readonly clock: Clock }, host: WatchHost) {
    this.#path = options.path;
    this.#log = options.log;
    this.#clock = options.clock;
    this.#host = host;
  }

  /** Watches the folder (editors replace files, so the file itself cannot be watched). */
  start(): void {
    const name = basename(this.#path);
    this.#watcher = watch(dirname(this.#path), { persistent: false }, (_event, changed) => {
      if (changed !== null && changed !== name) return;
      this.#debounce?.[Symbol.dispose]();
      this.#debounce = this.#clock.after(WATCH_DEBOUNCE_MS, () => this.#host.onChange());
    });
    this.#watcher.on("error", (error) =>
      this.#log.warn("the config folder cannot be watched", { error: detailOf(error) }),
    );
    let seen = this.#traces();
    this.#looking = this.#clock.every(LOOK_EVERY_MS, () => {
      const now = this.#traces();
      if (now === seen) return;
      seen = now;
      this.#host.onChange();
    });
  }

  /** A text that changes when the file or an included file may have changed. Costs microseconds. */
  #traces(): string {
    return [this.#path, ...this.#host.included()].map(traceOf).join();
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
    this.#looking?.[Symbol.dispose]();
    this.#debounce?.[Symbol.dispose]();
  }
}

/** Identity, size and time of a file; "" when it does not exist. */
function traceOf(path: string): string {
  const file = statSync(path, { throwIfNoEntry: false });
  return file ? `${file.dev}:${file.ino}:${file.size}:${file.mtimeMs}` : "";
}
