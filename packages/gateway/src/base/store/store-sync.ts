/**
 * Bounds how long a commit may stay without the disk's word. Under load the next commit that waits for the disk brings the
 * earlier ones along; after the last one, this asks the disk without holding the event loop.
 */
import { open } from "node:fs/promises";
import { ignore } from "../errors.ts";

/** The most time between a commit and the request to the disk, ms. */
export const SYNC_WITHIN_MS = 200;

export class LateSync implements Disposable {
  readonly #wal: string;
  #timer: NodeJS.Timeout | undefined;
  #isBehind = false;

  /** `path` is that of the database. */
  constructor(path: string) {
    this.#wal = `${path}-wal`;
  }

  /** Something was committed that the disk may not have. */
  behind(): void {
    this.#isBehind = true;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#isBehind) void this.sync();
    }, SYNC_WITHIN_MS).unref();
  }

  /** A commit has waited for the disk, which now has all before it, too. */
  caughtUp(): void {
    this.#isBehind = false;
  }

  /** Whether something was committed that the disk may not have. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  /** Has the disk confirm the journal. Never rejects. */
  protected async sync(): Promise<void> {
    this.#isBehind = false;
    try {
      await using file = await open(this.#wal, "r+");
      await file.datasync();
    } catch (error) {
      ignore(error, "the next commit that waits for the disk meets its trouble and says so");
    }
  }
}
