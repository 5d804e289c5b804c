/** Stores recordings: one private file each, found by small rows. The oldest are deleted when there are too many. */
import { readdirSync, rmSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ignore } from "../../../base/errors.ts";
import { makePrivateDir } from "../../../base/files.ts";
import { sha256Hex } from "../../../base/ids.ts";
import type { Store } from "../../../base/store/store.ts";
import type { Clock } from "../../../base/time/clock.ts";
import { fromJson, type Recording } from "./recording.ts";

const KEPT_MS = 7 * 24 * 3600_000;
const MAX_KEPT = 200;
const MAX_BYTES = 200 * 1024 * 1024;

export class RecordingStore {
  readonly #folder: string;
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(options: { stateDir: string; store: Store; clock: Clock }) {
    this.#folder = join(options.stateDir, "recordings");
    this.#store = options.store;
    this.#clock = options.clock;
  }

  /** Puts a recording there as text; it is on disk when this resolves. */
  async put(runId: string, text: string): Promise<void> {
    makePrivateDir(this.#folder);
    const path = this.#path(runId);
    try {
      await writeFile(`${path}.new`, text, { mode: 0o600 });
      await rename(`${path}.new`, path);
    } catch (error) {
      await rm(`${path}.new`, { force: true });
      throw error;
    }
    this.#store.run(
      "insert or replace into recordings (run_id, at, bytes) values (?, ?, ?)",
      ...[runId, this.#clock.now(), Buffer.byteLength(text)],
    );
    this.prune();
  }

  has(runId: string): boolean {
    return this.#store.get("select 1 from recordings where run_id = ?", runId) !== undefined;
  }

  /** The recording of a run; undefined when there is none. */
  async get(runId: string): Promise<Recording | undefined> {
    if (!this.has(runId)) return undefined;
    try {
      return fromJson(JSON.parse(await readFile(this.#path(runId), "utf8")));
    } catch (error) {
      ignore(error, "a file that is gone or damaged is no recording");
      return undefined;
    }
  }

  /** Removes what is too old or too much. */
  prune(): void {
    const rows = this.#store.all<{ runId: string; at: number; bytes: number }>(
      "select run_id as runId, at, bytes from recordings order by at desc, rowid desc",
    );
    let bytes = 0;
    for (const [index, row] of rows.entries()) {
      bytes += row.bytes;
      const isOld = row.at < this.#clock.olderThan(KEPT_MS);
      if (index < MAX_KEPT && bytes <= MAX_BYTES && !isOld) continue;
      this.#store.run("delete from recordings where run_id = ?", row.runId);
      void rm(this.#path(row.runId), { force: true });
    }
  }

  /** Removes files that no row knows: a crash came between the two. */
  tidy(): void {
    const known = new Set(
      this.#store
        .all<{ runId: string }>("select run_id as runId from recordings")
        .map(({ runId }) => this.#path(runId)),
    );
    for (const name of namesIn(this.#folder)) {
      const path = join(this.#folder, name);
      if (!known.has(path)) rmSync(path, { force: true });
    }
  }

  /** The path of a recording. Callers choose run ids, so a file is not named by one. */
  #path(runId: string): string {
    return join(this.#folder, `${sha256Hex(runId).slice(0, 40)}.json`);
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    ignore(error, "nothing has been recorded yet");
    return [];
  }
}
