/** Reads a statement journal: from its end, to go on with it, and from a place on, to replay it. */
import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { codeOf, TellableError } from "../../errors.ts";
import { firstHead, fullFiles } from "./files.ts";
import {
  bytesOfPart,
  entryOfParts,
  type JournalLine,
  type JournalPosition,
  keyOf,
  parseLine,
  unsealedLine,
  type WrittenLine,
} from "./line.ts";

const PIECE_BYTES = 1024 * 1024;

/** Where a file of a journal ends. */
export interface JournalEnd extends JournalPosition {
  /** Bytes up to the end of the last whole transaction. */
  readonly bytes: number;
}

/** The end of the last whole transaction of a file; undefined when it holds none. */
export function endOf(file: number): JournalEnd | undefined {
  const { size } = fstatSync(file);
  for (let length = PIECE_BYTES; ; length *= 4) {
    const from = Math.max(0, size - length);
    const bytes = Buffer.alloc(size - from);
    readSync(file, bytes, 0, bytes.length, from);
    const found = lastIn(bytes, from === 0);
    if (found) return { ...positionAfter(found.line), bytes: from + found.end };
    if (from === 0) return undefined;
  }
}

/** The end of the last whole transaction of the file at a path. */
export function endOfFile(path: string): JournalEnd | undefined {
  const file = openSync(path, "r");
  try {
    return endOf(file);
  } finally {
    closeSync(file);
  }
}

function lastIn(bytes: Buffer, isWhole: boolean): { line: WrittenLine; end: number } | undefined {
  for (let stop = bytes.lastIndexOf(10); stop >= 0; ) {
    const before = stop === 0 ? -1 : bytes.lastIndexOf(10, stop - 1);
    if (before < 0 && !isWhole) return undefined;
    const line = parseLine(bytes.toString("utf8", before + 1, stop));
    if (line && (line.kind !== "part" || line.part === line.parts)) return { line, end: stop + 1 };
    stop = before;
  }
  return undefined;
}

function positionAfter({ kind, chain, seq }: WrittenLine): JournalPosition {
  return { chain, seq: kind === "void" ? seq - 1 : seq };
}

/** How a journal is read. */
export interface ReadOptions {
  readonly passphrase?: string | undefined;
  /** Files that end before this place are not read. */
  readonly from?: JournalPosition;
}

/**
 * The lines of a journal, in order. Stops at a transaction that is cut off at the end. Throws `TellableError` when one
 * before it is damaged, or the passphrase is another one.
 */
export function* readJournal(path: string, { passphrase, from }: ReadOptions = {}): Generator<JournalLine> {
  let before: JournalLine | undefined;
  const keys = new Map<string, Buffer>();
  for (const file of filesFrom(path, from))
    for (const line of linesOf(file, { path, passphrase, keys, before: () => before })) {
      before = line;
      yield line;
    }
}

/** The files in order. One that becomes full while it is read has its number by then, and others may follow it. */
function* filesFrom(path: string, from: JournalPosition | undefined): Generator<number> {
  let done = from === undefined ? 0 : lastBefore(path, from);
  for (;;) {
    // Opened first: what becomes full afterwards is in the list.
    const newest = opened(path);
    const next = fullFiles(path).find(({ number }) => number > done);
    const file = next ? opened(next.path) : newest;
    let becameFull = false;
    try {
      if (file !== undefined) yield file;
      becameFull = !next && file !== undefined && isFull(path, file, done);
    } finally {
      for (const each of new Set([file, newest])) if (each !== undefined) closeSync(each);
    }
    if (!next && !becameFull) return;
    done = next ? next.number : done + 1;
  }
}

/** Whether the newest file has been put aside since it was opened. */
function isFull(path: string, file: number, done: number): boolean {
  const next = fullFiles(path).find(({ number }) => number > done);
  return next !== undefined && statSync(next.path).ino === fstatSync(file).ino;
}

/** The number of the last file that ends before a place; 0 when that is not known. */
function lastBefore(path: string, { chain, seq }: JournalPosition): number {
  const full = fullFiles(path);
  const isBefore = (file: string) => {
    const head = existsSync(file) ? firstHead(file) : undefined;
    return head?.chain === chain && head.seq <= seq;
  };
  const index = isBefore(path) ? full.length : full.findLastIndex((each) => isBefore(each.path));
  return index < 1 ? 0 : full[index - 1]!.number;
}

function opened(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

interface Reading {
  readonly path: string;
  readonly passphrase: string | undefined;
  /** By the salt of the head: files of one run of a gateway have the same. */
  readonly keys: Map<string, Buffer>;
  /** The line before the one that is read. */
  before(): JournalLine | undefined;
}

function* linesOf(file: number, reading: Reading): Generator<JournalLine> {
  const { path, before } = reading;
  let key: Buffer | undefined;
  let pieces: Buffer[] = [];
  const damaged = () => new TellableError(`the journal ${path} is damaged ${behind(before())}`);
  for (const text of textsOf(file)) {
    const line = parseLine(text);
    if (!line) throw damaged();
    if (line.sealed !== undefined && key === undefined)
      throw new TellableError(`the journal ${path} is damaged: an encrypted line has no head`);
    if (line.kind === "part") {
      if (line.part !== pieces.length + 1) throw damaged();
      pieces.push(bytesOfPart(line, key));
      if (line.part < line.parts) continue;
      yield entryOfParts(pieces);
      pieces = [];
      continue;
    }
    if (pieces.length > 0) throw damaged();
    if (line.kind === "head") key = keyFrom(line.salt, reading);
    yield line.sealed === undefined ? line : unsealedLine(line.sealed, key!);
  }
}

function behind(line: JournalLine | undefined): string {
  if (!line || line.kind === "void") return "at its beginning; take a later backup";
  return `behind ${new Date(line.at).toISOString()}; choose a moment before that with --at`;
}

function keyFrom(salt: string | undefined, { passphrase, keys }: Reading): Buffer | undefined {
  if (salt === undefined) return undefined;
  if (passphrase !== undefined) {
    const key = keys.get(salt) ?? keyOf(passphrase, Buffer.from(salt, "base64"));
    keys.set(salt, key);
    return key;
  }
  throw new TellableError("the journal is encrypted; give its passphrase in MOLTBOT_BACKUP_PASSPHRASE");
}

function* textsOf(file: number): Generator<string> {
  const piece = Buffer.alloc(PIECE_BYTES);
  let rest = Buffer.alloc(0);
  for (;;) {
    const count = readSync(file, piece, 0, piece.length, null);
    if (count === 0) return;
    const bytes = Buffer.concat([rest, piece.subarray(0, count)]);
    let at = 0;
    for (let stop = bytes.indexOf(10); stop >= 0; stop = bytes.indexOf(10, at)) {
      yield bytes.toString("utf8", at, stop);
      at = stop + 1;
    }
    rest = bytes.subarray(at);
  }
}
