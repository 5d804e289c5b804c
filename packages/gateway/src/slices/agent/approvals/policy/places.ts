/** Finds the places that words of a command may name, and what is there. Every doubt counts as one more place. */
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { ignore } from "../../../../base/errors.ts";
import { sha256Hex } from "../../../../base/ids.ts";
import { isWithin, realOf } from "./programs.ts";

/** Characters before a path within a word: `--file=PATH`, `a:PATH`, `@PATH`, `'PATH'`. */
const SEPARATORS = /[=:,;@\s'"`()<>|&]/g;
/** A word with more of them is not examined; it needs approval. */
const MAX_PIECES = 100;
/** Pieces of all words of a call together. */
const MAX_ALL = 1_000;
/** The most steps of a path that are followed. */
const MAX_STEPS = 128;
/** The longest path and name that a system accepts. Source: PATH_MAX and NAME_MAX of Linux. */
const MAX_PATH = 4_096;
const MAX_NAME = 255;
/** The largest file whose content is hashed, bytes. */
const MAX_BYTES = 16 * 1024 * 1024;
/** The most files that are examined; with more, nothing is known of the folder. */
const MAX_FILES = 4_000;

/** The paths that a word may mean. With `isAll` false there are too many, so nothing is known of it. */
export interface Pieces {
  readonly pieces: readonly string[];
  readonly isAll: boolean;
}

/**
 * All paths that a word may mean: itself, and what follows an option or a separator in it. Texts that no system accepts
 * as a path are left out.
 */
export function piecesOf(word: string): Pieces {
  const pieces = new Set<string>();
  for (const piece of candidates(word)) {
    if (piece === "" || !canBePath(piece)) continue;
    if (pieces.size >= MAX_PIECES || isDeep(piece)) return { pieces: [...pieces], isAll: false };
    pieces.add(piece);
  }
  return { pieces: [...pieces], isAll: true };
}

function* candidates(word: string): Generator<string> {
  yield word;
  // Short options may be joined with values and with one another: -Cdir, -xfFILE.
  if (/^-[^-]/.test(word)) for (let at = 2; at < Math.min(word.length, 8); at++) yield word.slice(at);
  let last = 0;
  for (const { index } of word.matchAll(SEPARATORS)) {
    yield word.slice(last, index);
    last = index + 1;
    yield word.slice(last);
  }
  yield word.slice(last);
}

function canBePath(piece: string): boolean {
  if (piece.length > MAX_PATH) return false;
  const first = piece.indexOf("/");
  return (first === -1 ? piece.length : first) <= MAX_NAME;
}

function isDeep(piece: string): boolean {
  let steps = 0;
  for (let at = piece.indexOf("/"); at !== -1; at = piece.indexOf("/", at + 1)) if (++steps > MAX_STEPS) return true;
  return false;
}

/** Whether words, each or together, may name more places than can be examined. */
export function namesTooMuch(words: readonly string[]): boolean {
  let room = MAX_ALL;
  return words.some((word) => {
    const { pieces, isAll } = piecesOf(word);
    room -= pieces.length;
    return !isAll || room < 0;
  });
}

/** One step from a real place: its target, and whether it exists. A broken link is its own target. */
export function stepFrom(place: string, step: string): { place: string; isThere: boolean; isLink: boolean } {
  const next = join(place, step);
  try {
    const facts = lstatSync(next, { throwIfNoEntry: false });
    if (facts === undefined) return { place: next, isThere: false, isLink: false };
    if (!facts.isSymbolicLink()) return { place: next, isThere: true, isLink: false };
  } catch (error) {
    ignore(error, "what cannot be looked at leads nowhere");
    return { place: next, isThere: false, isLink: false };
  }
  const real = realOf(next);
  return { place: real ?? next, isThere: real !== undefined, isLink: true };
}

/** Resolves a path as far as it exists; the rest is kept. */
export function placeOf(path: string): string {
  if (path.length > MAX_PATH) return path;
  return realOf(path) ?? follow(path, "/").place;
}

/**
 * The places that a word may name from a folder, including places that do not exist yet. Links are followed as the
 * system does, where `..` is the parent of a link's target, and also as shells write folders. Incomplete when
 * `namesTooMuch` says so.
 */
export function placesOf(word: string, folder: string): string[] {
  const from = placeOf(folder);
  const places = piecesOf(word).pieces.flatMap((piece) => {
    const { place } = follow(piece, from);
    return piece.includes("..") ? [place, placeOf(resolve(folder, piece))] : [place];
  });
  return [...new Set(places)];
}

/** Follows a path from a real folder step by step, as far as it exists; returns its target and the links on the way. */
function follow(path: string, folder: string): { place: string; links: string[] } {
  const links: string[] = [];
  let place = isAbsolute(path) ? "/" : folder;
  let isThere = true;
  for (const step of path.split("/")) {
    if (step === "" || step === ".") continue;
    if (step === "..") {
      place = dirname(place);
      isThere = true;
    } else if (!isThere) place = join(place, step);
    else {
      const next = stepFrom(place, step);
      if (next.isLink) links.push(join(place, step));
      ({ place, isThere } = next);
    }
  }
  return { place, links };
}

/** Whether something is at a place, a broken link included. */
export function exists(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    ignore(error, "nothing there is an answer");
    return false;
  }
}

/**
 * A link of the agent's that a word's path goes through, or that is in the folder it names and leads out of it; with
 * `isDeep`, the content of the folder counts too.
 */
export function linkIn(word: string, folder: string, writable: readonly string[], isDeep = true): string | undefined {
  const { pieces, isAll } = piecesOf(word);
  if (!isAll) return word;
  const from = placeOf(folder);
  for (const piece of pieces) {
    const { place, links } = follow(piece, from);
    const through = links.find((link) => isWithin(link, writable));
    if (through !== undefined) return through;
    if (!isDeep || !isWithin(place, writable)) continue;
    const held = filesBelow(place);
    const out = held === undefined ? place : held.find((each) => isLink(each) && !isWithin(placeOf(each), [place]));
    if (out !== undefined) return out;
  }
  return undefined;
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch (error) {
    ignore(error, "nothing there is no link");
    return false;
  }
}

/** All files below a folder; undefined when there are too many. */
function filesBelow(folder: string): string[] | undefined {
  const found: string[] = [];
  const folders = [folder];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    for (const entry of entriesOf(next)) {
      const path = join(next, entry.name);
      found.push(path);
      if (entry.isDirectory()) folders.push(path);
    }
    if (found.length > MAX_FILES) return undefined;
  }
  return found;
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    ignore(error, "a file, or a folder that cannot be looked into, holds nothing that runs");
    return [];
  }
}

/** The hash of a file; undefined when it is no file, is too large, or cannot be read. */
export function hashOf(path: string): string | undefined {
  try {
    const facts = statSync(path);
    return facts.isFile() && facts.size <= MAX_BYTES ? sha256Hex(readFileSync(path)) : undefined;
  } catch (error) {
    ignore(error, "what cannot be read has no fingerprint");
    return undefined;
  }
}

/**
 * Whether everybody on the machine can write to a folder or one above it. A folder that cannot be examined counts as
 * such.
 */
export function isForAnybody(folder: string): boolean {
  for (let place = folder; ; place = dirname(place)) {
    try {
      if ((statSync(place).mode & 0o002) !== 0) return true;
    } catch (error) {
      ignore(error, "it may be made by anybody");
      return true;
    }
    if (place === dirname(place)) return false;
  }
}

/** Whether a path is a file. */
export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch (error) {
    ignore(error, "nothing there is no file");
    return false;
  }
}

/**
 * One fingerprint of everything in these folders: names, sizes and change times, which no program can set. Undefined
 * when there is too much.
 */
export function stateOf(folders: readonly string[]): string | undefined {
  const hash = createHash("sha256");
  for (const folder of folders) {
    const files = filesBelow(folder);
    if (files === undefined) return undefined;
    hash.update(`${folder}\0${factsOf(folder)}\0`);
    for (const file of files.toSorted()) hash.update(`${file}\0${factsOf(file)}\0`);
  }
  return hash.digest("hex");
}

/** Facts of a file without reading it, with its change time, which no program can set. */
export function factsOf(path: string): string {
  try {
    const { size, ino, mode, ctimeNs } = lstatSync(path, { bigint: true });
    const target = isLink(path) ? readlinkSync(path) : "";
    return `${size} ${ino} ${mode} ${ctimeNs} ${target}`;
  } catch (error) {
    ignore(error, "it has gone meanwhile");
    return "gone";
  }
}
