/**
 * Databases of the other gateway. They are copied first, with what is in their write-ahead logs: opening one where it
 * is would write beside it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { ignore, TellableError } from "../../../../base/errors.ts";
import { isTransient } from "../../../../base/process/machine.ts";
import { type Fields, fieldsOf } from "./fields.ts";
import type { SourceFolder } from "./source.ts";

const MAX_BYTES = 2 * 1024 * 1024 * 1024 - 1;
/** How a database begins (sqlite.org/fileformat.html). */
const SQLITE_HEAD = "SQLite format 3\0";
const MAX_ROWS = 2_000_000;

/** A copy of a database, which is removed in the end. */
export class SourceDatabase implements Disposable {
  readonly #database: DatabaseSync;
  readonly #folder: string;
  readonly #source: SourceFolder;
  readonly #file: string;

  private constructor(database: DatabaseSync, place: { folder: string; source: SourceFolder; file: string }) {
    this.#database = database;
    this.#folder = place.folder;
    this.#source = place.source;
    this.#file = place.file;
  }

  /** Opens a copy; undefined, with a note, when there is none or it is damaged. */
  static async open(source: SourceFolder, file: string): Promise<SourceDatabase | undefined> {
    if (!source.has(file)) return undefined;
    const { DatabaseSync } = await import("node:sqlite");
    const folder = mkdtempSync(join(tmpdir(), "moltbot-import-"));
    try {
      const copy = join(folder, "copy.sqlite");
      if (!source.copyTo(copy, file, { most: MAX_BYTES, head: SQLITE_HEAD }))
        throw new TellableError("it is no database");
      if (source.has(`${file}-wal`)) source.copyTo(`${copy}-wal`, `${file}-wal`, { most: MAX_BYTES });
      const database = new DatabaseSync(copy);
      const [check] = database.prepare("pragma quick_check(1)").all();
      if (Object.values(check ?? {})[0] === "ok") return new SourceDatabase(database, { folder, source, file });
      database.close();
    } catch (error) {
      if (isTransient(error)) {
        rmSync(folder, { recursive: true, force: true });
        throw error;
      }
      ignore(error, "the sentence below says all that helps");
    }
    rmSync(folder, { recursive: true, force: true });
    source.warn(file, "is not a whole database");
    return undefined;
  }

  /** The rows of a query; none, with a note, when a table or column is not there. */
  rows(sql: string, ...values: SQLInputValue[]): Fields[] {
    try {
      const rows = this.#database.prepare(`${sql} limit ${MAX_ROWS}`).all(...values);
      return rows.map((row) => fieldsOf({ ...row }));
    } catch {
      this.#source.warn(this.#file, `does not hold what is expected: ${sql.replace(/^.* from /, "")}`);
      return [];
    }
  }

  has(table: string): boolean {
    return (
      this.#database.prepare("select 1 from sqlite_master where type = 'table' and name = ?").get(table) !== undefined
    );
  }

  [Symbol.dispose](): void {
    this.#database.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
