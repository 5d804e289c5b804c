/**
 * The files of a statement journal. The newest has the name of the journal; those before it have a number behind
 * that name and are never written again. A file holds lines of one chain.
 */
import { closeSync, openSync, readdirSync, readSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { codeOf } from "../../errors.ts";
import { type JournalHead, type JournalPosition, parseLine } from "./line.ts";

/** A file that is full. */
interface FullFile {
  readonly path: string;
  readonly number: number;
}

/** The full files of the journal at `path`, oldest first. */
export function fullFiles(path: string): FullFile[] {
  const name = `${basename(path)}.`;
  return namesIn(dirname(path))
    .filter((each) => each.startsWith(name) && /^[1-9]\d{0,8}$/.test(each.slice(name.length)))
    .map((each) => ({ path: join(dirname(path), each), number: Number(each.slice(name.length)) }))
    .sort((a, b) => a.number - b.number);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

/** Gives the newest file its number: the next line begins a new one. */
export function putAside(path: string): void {
  renameSync(path, `${path}.${(fullFiles(path).at(-1)?.number ?? 0) + 1}`);
}

/** What the files of a journal take. */
export function journalSize(path: string): { files: number; bytes: number } {
  const all = [...fullFiles(path).map((each) => each.path), path];
  const sizes = all.flatMap((each) => statSync(each, { throwIfNoEntry: false })?.size ?? []);
  return { files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** More than a head takes, bytes. */
const HEAD_BYTES = 64 * 1024;
/** A head may have one line before it: that of a transaction that was taken back. */
const LINES_BEFORE = 2;

/** The first head of a file; undefined when it has none. */
export function firstHead(path: string): JournalHead | undefined {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(HEAD_BYTES);
    const lines = bytes.toString("utf8", 0, readSync(file, bytes, 0, HEAD_BYTES, 0)).split("\n");
    const found = lines.slice(0, LINES_BEFORE).map(parseLine);
    return found.find((line): line is JournalHead => line?.kind === "head");
  } finally {
    closeSync(file);
  }
}

/** When a chain began, by the oldest file of it that is left, epoch ms; undefined when there is none. */
export function chainBegunAt(path: string, chain: string): number | undefined {
  for (const file of [...fullFiles(path).map((each) => each.path), path]) {
    const head = isThere(file) ? firstHead(file) : undefined;
    if (head?.chain === chain) return head.at;
  }
  return undefined;
}

/** The full files that no backup at one of these places needs to be brought forward. */
function needlessFiles(path: string, places: readonly JournalPosition[]): FullFile[] {
  const files = fullFiles(path);
  const heads = [...files.map((each) => each.path), path].map((each) => (isThere(each) ? firstHead(each) : undefined));
  const firsts = places.map(({ chain, seq }) =>
    heads.findLastIndex((head) => head?.chain === chain && head.seq <= seq),
  );
  // A backup whose chain is not found may rest on a file that cannot be read now.
  if (firsts.includes(-1)) return [];
  return files.filter((_, index) => {
    const { chain } = heads[index] ?? {};
    const ofChain = places.flatMap((place, at) => (place.chain === chain ? [firsts[at]!] : []));
    return chain !== undefined && !ofChain.some((first) => first <= index);
  });
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Removes full files that no backup at one of these places needs. Returns how many bytes they took. */
export function pruneJournal(path: string, places: readonly JournalPosition[], isDry: boolean): number {
  let bytes = 0;
  for (const { path: file } of needlessFiles(path, places)) {
    bytes += statSync(file).size;
    if (!isDry) rmSync(file, { force: true });
  }
  return bytes;
}
