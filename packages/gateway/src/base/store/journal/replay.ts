/** Brings a database forward by a statement journal. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { codeOf, TellableError } from "../../errors.ts";
import { openStore, type Store, type Tables } from "../store.ts";
import { changesRows } from "../store-recording.ts";
import type { JournalEntry, JournalLine } from "./line.ts";
import { readJournal } from "./reading.ts";

export interface ReplayOptions {
  readonly journal: string;
  readonly passphrase?: string | undefined;
  readonly tables: readonly Tables[];
  /** Where the database is now. */
  readonly from: { readonly chain: string; readonly seq: number };
  /** The last moment that is taken over, epoch ms; all there is without it. */
  readonly until?: number | undefined;
}

/** What a replay has done. */
export interface Replayed {
  readonly transactions: number;
  readonly seq: number;
  /** The time of the last one, epoch ms. */
  readonly at: number | undefined;
}

/**
 * Replays on the database at `path`, which nobody else may use. Throws `TellableError` when the journal does not go on
 * where the database is, or when a transaction is missing in between. The event loop has its turn in between. Afterwards
 * the database counts no transactions: no journal goes on from there.
 */
export async function replay(path: string, options: ReplayOptions): Promise<Replayed> {
  const { from, tables, until = Number.POSITIVE_INFINITY } = options;
  let versions: Readonly<Record<string, number>> | undefined;
  let store: Store | undefined;
  let [transactions, seq] = [0, from.seq];
  let at: number | undefined;
  let restedAt = performance.now();
  try {
    for (const line of committed(readJournal(options.journal, { from, passphrase: options.passphrase }), from.chain)) {
      if (line.kind === "head") versions = line.versions;
      if (line.kind === "head" || line.seq <= from.seq) continue;
      if (line.at > until) break;
      if (line.seq !== seq + 1) throw new TellableError(MISSING);
      if (versions) {
        store?.[Symbol.dispose]();
        store = openStore(path, ofVersions(tables, versions));
        versions = undefined;
      }
      apply(store!, line);
      transactions++;
      if (performance.now() - restedAt > REST_AFTER_MS) {
        await nextTurn();
        restedAt = performance.now();
      }
      [seq, at] = [line.seq, line.at];
    }
    store ??= openStore(path, []);
    store.unrecorded();
  } finally {
    store?.[Symbol.dispose]();
  }
  return { transactions, seq, at };
}

/** The longest that the event loop is held, ms. */
const REST_AFTER_MS = 10;

const STRANGE =
  "the journal holds what does not belong to this database: it cannot bring this backup forward; restore without --at";
const MISSING = "transactions are missing in the journal: it cannot bring this backup forward; take a later backup";

/**
 * The heads and the transactions of a chain; what was taken back is left out. What comes before damage is given before
 * that is thrown: the moment that is wanted may lie before it.
 */
function* committed(lines: Iterable<JournalLine>, chain: string) {
  let waiting: JournalEntry | undefined;
  try {
    for (const line of lines) {
      if (line.chain !== chain) continue;
      const before = line.kind === "void" ? undefined : waiting;
      waiting = line.kind === "entry" ? line : undefined;
      if (before) yield before;
      if (line.kind === "head") yield line;
    }
  } catch (damage) {
    if (waiting) yield waiting;
    throw damage;
  }
  if (waiting) yield waiting;
}

/** What searching said once to its own connection, and earlier builds recorded. */
const OWN_VIEW = /^create virtual table if not exists temp\.messages_terms using fts5vocab\(/;

function apply(store: Store, { statements }: JournalEntry): void {
  const changes = statements.filter(([sql]) => !OWN_VIEW.test(sql));
  // Other statements reach other files: `attach` opens any database of this machine.
  if (!changes.every(([sql]) => changesRows(sql))) throw new TellableError(STRANGE);
  try {
    store.transaction(() => {
      for (const [sql, ...values] of changes) store.run(sql, ...values);
    });
  } catch (cause) {
    if (codeOf(cause) !== "ERR_SQLITE_ERROR") throw cause;
    throw new TellableError(STRANGE, { cause });
  }
}

/** The tables as they were at these versions. */
function ofVersions(tables: readonly Tables[], versions: Readonly<Record<string, number>>): Tables[] {
  return tables
    .filter(({ slice }) => versions[slice] !== undefined)
    .map((each) => ({ ...each, steps: each.steps.slice(0, versions[each.slice]) }));
}
