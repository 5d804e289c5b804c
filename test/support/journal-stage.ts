/** A database of birds whose transactions are recorded, and what a replay of its journal gives. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readJournal } from "../../packages/gateway/src/base/store/journal/reading.ts";
import { replay } from "../../packages/gateway/src/base/store/journal/replay.ts";
import { openStore, type Store, type Tables } from "../../packages/gateway/src/base/store/store.ts";
import { dumpInSubprocess } from "../../packages/gateway/src/base/store/store-subprocess.ts";
import { systemClock } from "../../packages/gateway/src/base/time/clock.ts";
import { LIMIT_MS } from "./time-limit.ts";

export const BIRDS: Tables = {
  slice: "birds",
  steps: [
    "create table birds (id integer primary key autoincrement, name text unique, song blob, weight real) strict",
    "create virtual table found using fts5(name, content='birds', content_rowid='id')",
    "create trigger heard after insert on birds begin insert into found(rowid, name) values (new.id, new.name); end",
    "create table nests (bird integer references birds(id) on delete cascade, at integer) strict",
  ],
};

export interface RecordedOptions {
  readonly passphrase?: string | undefined;
  readonly fileBytes?: number;
}

export interface ReplayedOptions extends RecordedOptions {
  readonly until?: number;
}

export class JournalStage implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "moltbot-journal-"));
  readonly path = join(this.folder, "state.db");
  readonly journal: string;
  readonly failures: unknown[] = [];
  /** The next transaction has this time. */
  now = 1_000;

  /** The journal stands in `journals`, where that is said. */
  constructor(journals = this.folder) {
    this.journal = join(journals, "birds.journal");
  }

  /** Opens the database, and goes on with its journal. */
  recorded({ passphrase, fileBytes }: RecordedOptions = {}): Store {
    const store = openStore(this.path, [BIRDS]);
    store.record({
      ...{ path: this.journal, passphrase, now: () => this.now++ },
      ...(fileBytes !== undefined && { fileBytes }),
      failed: (error) => void this.failures.push(error),
    });
    return store;
  }

  async dump(file = this.path): Promise<string> {
    const { dump } = await dumpInSubprocess(file, { clock: systemClock, signal: AbortSignal.timeout(LIMIT_MS) });
    return dump;
  }

  /** Replays the first chain of the journal on a new file; gives its dump. */
  async replayed({ passphrase, until }: ReplayedOptions = {}): Promise<string> {
    const fresh = `${this.path}.replayed`;
    for (const end of ["", ".closed"]) rmSync(`${fresh}${end}`, { force: true });
    openStore(fresh, [BIRDS])[Symbol.dispose]();
    const head = readJournal(this.journal, { passphrase }).next().value;
    const from = { chain: head!.chain, seq: 1 };
    await replay(fresh, { journal: this.journal, tables: [BIRDS], from, passphrase, until });
    return await this.dump(fresh);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const addBird = (store: Store, name: string) => store.run("insert into birds (name) values (?)", name);
