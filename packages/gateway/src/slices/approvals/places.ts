/** The places that words of a command may name, and what stands there. Every doubt counts as one place more. */
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { ignore } from "../../base/errors.ts";
import { sha256Hex } from "../../base/ids.ts";
import { isWithin, realOf } from "./programs.ts";

/** What separates a path from what stands before it in one word: `--file=PATH`, `a:PATH`, `@PATH`, `'PATH'`. */
const SEPARATORS = /[=:,;@\s'"`()<>|&]/;
const MAX_PIECES = 40;
/** Larger files are not read to tell whether they have changed. */
const MAX_BYTES = 16 * 1024 * 1024;
/** More than this many files are not looked through, so nothing can be said of them. */
const MAX_FILES = 4_000;

/** All that a word may mean as a path: itself, and what follows an option or a separator in it. */
export function piecesOf(word: string): string[] {
  const pieces = new Set<string>([word]);
  for (const piece of word.split(SEPARATORS)) pieces.add(piece);
  for (const [at, char] of [...word].entries()) if (SEPARATORS.test(char)) pieces.add([...word].slice(at + 1).join(""));
  // Short options are joined with their values, and with one another: -Cdir, -xfFILE.
  if (/^-[^-]/.test(word)) for (let at = 2; at < Math.min(word.length, 8); at++) pieces.add(word.slice(at));
  return [...pieces].filter((piece) => piece !== "").slice(0, MAX_PIECES);
}

/** Where a path leads when it is followed as far as it exists; the rest of it is kept. */
export function placeOf(path: string): string {
  const real = realOf(path);
  if (real !== undefined) return real;
  const above = dirname(path);
  return above === path ? path : join(placeOf(above), basename(path));
}

/**
 * The places that a word may name from a folder, those that are not there yet too: as the system follows links, where
 * `..` is above what a link leads to, and as shells write folders.
 */
export function placesOf(word: string, folder: string): string[] {
  const places = piecesOf(word).flatMap((piece) => [follow(piece, folder).place, placeOf(resolve(folder, piece))]);
  return [...new Set(places)];
}

/** Follows a path step by step: where it leads, and the links that it goes through. */
function follow(path: string, folder: string): { place: string; links: string[] } {
  const links: string[] = [];
  let place = isAbsolute(path) ? "/" : placeOf(folder);
  for (const step of path.split("/")) {
    if (step === "" || step === ".") continue;
    if (step === "..") {
      place = dirname(place);
      continue;
    }
    const next = join(place, step);
    if (isLink(next)) links.push(next);
    place = placeOf(next);
  }
  return { place, links };
}

/** Whether anything is at a place, a broken link included. */
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
 * The link of the agent's that a word's path goes through, or that the folder it names holds and that leads out of it;
 * `isDeep` says whether what is in the folder counts.
 */
export function linkIn(word: string, folder: string, writable: readonly string[], isDeep = true): string | undefined {
  for (const piece of piecesOf(word)) {
    const { place, links } = follow(piece, folder);
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

/** Everything below a folder; undefined when there is too much of it. */
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

/** The content of a file as a fingerprint; undefined when it is none, too large, or cannot be read. */
export function hashOf(path: string): string | undefined {
  try {
    const facts = statSync(path);
    return facts.isFile() && facts.size <= MAX_BYTES ? sha256Hex(readFileSync(path)) : undefined;
  } catch (error) {
    ignore(error, "what cannot be read has no fingerprint");
    return undefined;
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
 * One fingerprint of everything in these folders: names, sizes and the times of the last change, which no program can
 * set. Undefined when there is too much to be looked through.
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

/** What can be told of a file without reading it: the time of its last change is one that no program can set. */
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
