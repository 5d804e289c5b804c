/** Reads column types that SQL does not have. */

/** A row whose content cannot be what was written. It has the code of SQLite's own finding of damage. */
class DamagedRow extends Error {
  /** SQLITE_CORRUPT (sqlite.org/rescode.html). */
  readonly errcode = 11;
}

/** The value of a JSON column. Throws an error that counts as damage of the database when the text is not JSON. */
export function stored<T>(json: unknown): T {
  try {
    return JSON.parse(json as string) as T;
  } catch (error) {
    throw new DamagedRow("a column that must hold JSON holds something else", { cause: error });
  }
}
