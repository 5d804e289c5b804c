/** Databases for the tests of the store: a place of its own for each test, and tables of two versions. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import type { Tables } from "../../packages/gateway/src/base/store/store.ts";

/** Where a test keeps its database. */
export interface StorePlace {
  readonly folder: string;
  /** The file of the database, which nobody has made yet. */
  readonly path: string;
}

/** Gives a new folder at each call; all of them are removed after the last test of the file. */
export function storePlaces(): () => StorePlace {
  const root = mkdtempSync(join(tmpdir(), "moltbot-store-"));
  after(() => rmSync(root, { recursive: true }));
  return () => {
    const folder = mkdtempSync(join(root, "test-"));
    return { folder, path: join(folder, "state.db") };
  };
}

export const birds: Tables = { slice: "birds", steps: ["create table birds (name text primary key) strict"] };
/** The next version of `birds`. */
export const ringed: Tables = { ...birds, steps: [...birds.steps, "alter table birds add column ring integer"] };

/** The names of the backups that a change of the tables has left in a folder. */
export function backupsIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.startsWith("state.db.backup-"));
}
