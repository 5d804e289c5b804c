/** What columns of the database hold beside SQL's own types. */

/** What the database holds cannot be what was written there. Known by the code of SQLite's own finding of damage. */
class DamagedRow extends Error {
  /** SQLITE_CORRUPT (sqlite.org/rescode.html). */
  readonly errcode = 11;
}

/** The JSON in a column. Throws an error that counts as damage of the database when it is none. */
export function stored<T>(json: unknown): T {
  try {
    return JSON.parse(json as string) as T;
  } catch (error) {
    throw new DamagedRow("a column that must hold JSON holds something else", { cause: error });
  }
}
