/**
 * Checks and copies the database's file in a process of its own. No thread of the gateway may open the file: the lock
 * on the database belongs to the process, and closing any other handle of the file releases it. The other process reads
 * the file but not the journal, so the gateway keeps the file unchanged while it is checked, and while a copy is
 * matched with it (`Store.holdStill`).
 */

import { spawn, spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { setPriority } from "node:os";
import { text } from "node:stream/consumers";
import { ignore, TellableError } from "../errors.ts";
import type { Clock } from "../time/clock.ts";
import { within } from "../time/deadline.ts";

/** The result of a check of every page. `says` is SQLite's first complaint, for the log. */
export type Finding = { readonly isWhole: true } | { readonly isWhole: false; readonly says: string };

/** The time limit, ms: a check of 500 MB takes 2 s, a copy 1 s (2026, two cores). */
const LIMIT_MS = 15 * 60_000;
/** The time limit for the backup before an update, ms: the start waits for it. */
const LIMIT_OF_START_MS = 60_000;

/**
 * The program, as text, because a bundle has no second file; it needs only Node. Arguments: the action, the file, and
 * for a copy its target and the share of time to rest, because the gateway's own commits wait for the same disk.
 * `immutable` keeps SQLite from taking locks and from reading the journal.
 */
const PROGRAM = `
const { constants } = require("node:fs");
const { copyFile, open } = require("node:fs/promises");
const { DatabaseSync } = require("node:sqlite");
const { pathToFileURL } = require("node:url");
const { setTimeout: sleep } = require("node:timers/promises");
const [work, path, target, rest] = process.argv.slice(1);
const CHUNK_BYTES = 1024 * 1024;
// A commit of the gateway waits for the chunk that is being written: chunks are as large as the disk writes in so many ms.
const [LEAST_BYTES, MOST_BYTES, SYNC_MS] = [128 * 1024, 8 * 1024 * 1024, 10];
const say = (answer) => process.stdout.write(JSON.stringify(answer));
// Stop when the gateway has gone.
if (rest !== "0") process.stdin.on("close", () => process.exit(1)).resume();
if (work === "check") check();
else if (work === "dump") dump();
else (work === "copy" ? copy() : match()).then(() => { say({ isWhole: true }); process.exit(0); }, (error) => { say({ code: error.code ?? "" }); process.exit(1); });

function check() {
  try {
    const db = new DatabaseSync(pathToFileURL(path).href + "?immutable=1", { readOnly: true });
    const [row] = db.prepare("pragma quick_check(1)").all();
    const [says = "nothing"] = Object.values(row ?? {});
    const hasTables = db.prepare("select count(*) as n from sqlite_schema").get().n > 0;
    say(says !== "ok" ? { isWhole: false, says } : hasTables ? { isWhole: true } : { isWhole: false, says: "it has no tables" });
  } catch (error) {
    say({ isWhole: false, says: error.errstr ?? String(error.code) });
  }
  process.exit(0);
}

// Search indexes are left out: they follow from the tables, and their form is SQLite's own matter.
function dump() {
  const { createHash } = require("node:crypto");
  const db = new DatabaseSync(pathToFileURL(path).href + "?immutable=1", { readOnly: true });
  const names = db.prepare("select name, wr from pragma_table_list where schema = 'main' and type = 'table' and name not like 'sqlite!_%' escape '!' order by name").all();
  const [all, tables] = [createHash("sha256"), {}];
  for (const { name, wr } of names) {
    const key = db.prepare("select name from pragma_table_info(?) where pk > 0 order by pk").all(name).map((each) => '"' + each.name + '"');
    const rows = db.prepare('select ' + (wr ? "" : "rowid, ") + '* from "' + name + '" order by ' + (wr ? key.join() : "rowid"));
    rows.setReadBigInts(true);
    rows.setReturnArrays(true);
    tables[name] = 0;
    all.update(JSON.stringify(name));
    let waiting = "";
    for (const row of rows.iterate()) {
      tables[name]++;
      waiting += "[" + row.map(textOf).join() + "]";
      if (waiting.length < 65536) continue;
      all.update(waiting);
      waiting = "";
    }
    all.update(waiting);
  }
  const versions = Object.fromEntries(db.prepare("select slice, version from schema_versions").all().map((row) => [row.slice, row.version]));
  say({ isWhole: true, dump: all.digest("hex"), tables, versions });
  process.exit(0);
}

// JSON in which texts, whole numbers and bytes cannot be taken for each other.
function textOf(value) {
  if (typeof value === "string") return JSON.stringify("s" + value);
  if (typeof value === "bigint") return '"i' + value + '"';
  return ArrayBuffer.isView(value) ? '"b' + Buffer.from(value).toString("base64") + '"' : JSON.stringify(value);
}

async function copy() {
  if (await cloned()) return;
  const [from, to] = [await open(path, "r"), await open(target, "wx", 0o600)];
  const chunk = Buffer.allocUnsafe(MOST_BYTES);
  let size = CHUNK_BYTES;
  for (;;) {
    const startedAt = performance.now();
    const { bytesRead } = await from.read(chunk, 0, rest === "0" ? MOST_BYTES : size);
    if (bytesRead === 0) break;
    await to.writeFile(chunk.subarray(0, bytesRead));
    if (rest === "0") continue;
    const writtenAt = performance.now();
    await to.datasync();
    const syncedAt = performance.now();
    const wanted = syncedAt - writtenAt < SYNC_MS ? size * 2 : size / 2;
    size = Math.min(MOST_BYTES, Math.max(LEAST_BYTES, wanted));
    await sleep((syncedAt - startedAt) * Number(rest));
  }
  await to.sync();
}

// Some file systems give a second name to the same bytes until one of both changes: no byte is copied.
async function cloned() {
  try {
    await copyFile(path, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") throw error;
    return false;
  }
}

async function match() {
  const [from, to] = [await open(path, "r"), await open(target, "r+")];
  const [wanted, found] = [Buffer.allocUnsafe(CHUNK_BYTES), Buffer.allocUnsafe(CHUNK_BYTES)];
  let at = 0;
  for (;;) {
    const { bytesRead } = await from.read(wanted, 0, CHUNK_BYTES, at);
    if (bytesRead === 0) break;
    const chunk = wanted.subarray(0, bytesRead);
    const there = await to.read(found, 0, bytesRead, at);
    if (!chunk.equals(found.subarray(0, there.bytesRead))) await writeAll(to, chunk, at);
    at += bytesRead;
  }
  await to.truncate(at);
  await to.sync();
}

async function writeAll(to, bytes, at) {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await to.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}`;

const argumentsOf = (work: readonly string[]) => ["--no-warnings", "-e", PROGRAM, ...work];

interface Apart {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Checks the database in the file at `path`. Throws when the check cannot be done, and the signal's reason. */
export async function checkInSubprocess(path: string, apart: Apart): Promise<Finding> {
  return (await runApart(["check", path], apart)) as Finding;
}

/**
 * The content of a database that nobody writes to, as one hash: two files with the same rows have the same one, however
 * their pages lie. Throws when it cannot be read.
 */
export async function dumpInSubprocess(path: string, apart: Apart): Promise<DatabaseDump> {
  const { dump, tables, versions } = (await runApart(["dump", path], apart)) as DatabaseDump;
  return { dump, tables, versions };
}

/** The content of a database, for comparing. */
export interface DatabaseDump {
  /** SHA-256 of all rows of all tables, in order. */
  readonly dump: string;
  /** Rows by table. */
  readonly tables: Readonly<Record<string, number>>;
  /** The version of each slice's tables. */
  readonly versions: Readonly<Record<string, number>>;
}

/**
 * Copies a file slowly to `target`, which must not exist. Data that is written to the file meanwhile may be missing or
 * torn; `matchInSubprocess` corrects that. Removes a partial copy and throws when it fails.
 */
export async function copyInSubprocess(path: string, target: string, apart: Apart): Promise<void> {
  await makeApart(["copy", path, target, "1"], target, apart);
}

/** Makes a copy the same as the file, which must be held still; only reads what is the same. Fails as `copyInSubprocess` does. */
export async function matchInSubprocess(path: string, target: string, apart: Apart): Promise<void> {
  await makeApart(["match", path, target, "1"], target, apart);
}

async function makeApart(work: readonly string[], target: string, apart: Apart): Promise<void> {
  try {
    await runApart(work, apart);
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  }
}

/** Copies a file as fast as the disk allows, and blocks for a minute at most. Returns whether the copy exists. */
export function copyNow(path: string, target: string): boolean {
  const { status } = spawnSync(process.execPath, argumentsOf(["copy", path, target, "0"]), {
    env: {},
    stdio: "ignore",
    timeout: LIMIT_OF_START_MS,
    killSignal: "SIGKILL",
  });
  if (status !== 0) rmSync(target, { force: true });
  return status === 0;
}

async function runApart(work: readonly string[], { clock, signal }: Apart): Promise<unknown> {
  signal.throwIfAborted();
  const child = spawn(process.execPath, argumentsOf(work), { env: {}, stdio: ["pipe", "pipe", "ignore"] });
  using _killed = { [Symbol.dispose]: () => void child.kill("SIGKILL") };
  const { promise: failed, reject } = Promise.withResolvers<never>();
  child.once("error", reject);
  child.stdin.on("error", (error) => ignore(error, "its output says how it went"));
  giveWay(child.pid);
  const late = () => new TellableError("it took too long");
  const output = await within(Promise.race([text(child.stdout), failed]), { ms: LIMIT_MS, clock, signal, late });
  const answer: unknown = JSON.parse(output || "{}");
  if ((answer as Partial<Finding>).isWhole === undefined)
    throw Object.assign(new TellableError("it gave no answer"), answer);
  return answer;
}

/** Gives the process the lowest priority. */
function giveWay(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, 10);
  } catch (error) {
    ignore(error, "it works all the same");
  }
}
