/**
 * Whether a command names what is the gateway's own: its state folder with the approvals file and the database, its config
 * and the copies of that, and its process. Such a command is asked for whatever is allowed. The agents' own folders are
 * not meant, although they usually stand in the state folder.
 */
import { readdirSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { ignore } from "../../base/errors.ts";
import { piecesOf, placeOf } from "./places.ts";
import { isWithin } from "./programs.ts";
import type { Analysis } from "./shell.ts";

export interface OwnStateOptions {
  readonly stateDir: string;
  readonly configPath: string;
  /** The agents' folders. */
  readonly workspaces: readonly string[];
}

/** Where a script runs, and what its variables are before it sets any. */
export interface Running {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Stands for any number of characters of a name, for one of them, and for what nobody knows. */
const ANY = "\ue000";
const ONE = "\ue001";
const UNKNOWN = "\ue002";
const WILD = new RegExp(`[${ANY}${ONE}${UNKNOWN}]`);

const MAX_FOLDERS = 32;
const MAX_FOUND = 400;
const MAX_ALTERNATIVES = 32;
const MAX_LOOKS = 2_000;
const STREAM = /^\/dev\/(null|std(in|out|err)|fd\/\d+)$/;
/** Of a process: what it was given, what it has open, where it is. */
const PROCESS = /^\/proc\/(self|thread-self|\d+)(\/|$)/;

export class OwnState {
  readonly #roots: readonly string[];
  readonly #exempt: readonly string[];
  readonly #config: string;
  readonly #names: readonly string[];
  /** Files that must not be reached under another name. */
  readonly #files: readonly string[];

  constructor({ stateDir, configPath, workspaces }: OwnStateOptions) {
    const state = [...new Set([resolve(stateDir), placeOf(resolve(stateDir))])];
    this.#roots = state.map(folded);
    this.#exempt = workspaces
      .flatMap((folder) => [resolve(folder), placeOf(resolve(folder))])
      .map(folded)
      .filter((folder) => isWithin(folder, this.#roots) && !this.#roots.includes(folder));
    this.#config = folded(placeOf(resolve(configPath)));
    this.#files = [
      join(resolve(stateDir), "exec-approvals.json"),
      join(resolve(stateDir), "state.db"),
      resolve(configPath),
    ];
    this.#names = ["exec-approvals.json", basename(configPath)].map(folded);
  }

  /** What of it a place is, for a sentence; undefined when it is nothing of it. */
  at(place: string): string | undefined {
    const path = folded(place);
    if (isWithin(path, this.#roots) && !isWithin(path, this.#exempt)) return "the gateway's own state";
    // The config file and its copies beside it.
    if (path === this.#config || (dirname(path) === dirname(this.#config) && path.startsWith(this.#config)))
      return "the gateway's config";
    if (PROCESS.test(place)) return "a process and what it was given";
    return this.#isHardLink(place) ? "the gateway's own state under another name" : undefined;
  }

  /** Whether it stands below a place. */
  isBelow(place: string): boolean {
    return [...this.#roots, this.#config].some((root) => root !== folded(place) && isWithin(root, [folded(place)]));
  }

  /** Why a text that is no command of a shell must be asked for: input of a program. */
  inText(text: string, running: Running): string | undefined {
    const words = text.split(/[\s'"`,;()[\]{}<>|&]+/).map((word) => ({ text: word, literal: undefined }));
    return this.named({ words, folders: [], values: [] }, text, running);
  }

  /** Why a command must be asked for, as a sentence without a full stop; undefined when it names nothing of it. */
  named(
    { words, folders, values }: Pick<Analysis, "words" | "folders" | "values">,
    command: string,
    running: Running,
  ): string | undefined {
    const text = folded(command.replace(/["'\\]/g, ""));
    const name = this.#names.find((each) => text.includes(each));
    if (name !== undefined) return `it names ${name}, which is the gateway's own`;
    const look = new Look(running, values);
    const bases = [running.cwd];
    for (const word of folders) {
      for (const base of [...bases]) bases.push(...look.placesOf(word, base));
      bases.splice(MAX_FOLDERS);
    }
    for (const place of bases.slice(1)) {
      const what = this.at(place);
      if (what !== undefined) return `it goes to ${what}`;
    }
    if (words.length * bases.length > MAX_LOOKS) return "it names more places than can be looked at";
    for (const word of words) {
      if (STREAM.test(word.text)) continue;
      const places = bases.flatMap((base) => look.placesOf(word.text, base));
      const what = places.map((place) => this.at(place)).find((each) => each !== undefined);
      if (what !== undefined) return `it names ${what}`;
      // A folder that is named can be the one that the rest is looked for in: `-C ..`, `--directory=..`.
      if (bases.length < MAX_FOLDERS) bases.push(...places.filter((place) => this.isBelow(place)).slice(0, 4));
    }
    return undefined;
  }

  #isHardLink(place: string): boolean {
    try {
      const { ino, dev, nlink } = statSync(place);
      if (nlink < 2) return false;
      return this.#files.some((path) => {
        const own = statSync(path, { throwIfNoEntry: false });
        return own?.ino === ino && own.dev === dev;
      });
    } catch (error) {
      ignore(error, "nothing there is no link to it");
      return false;
    }
  }
}

/** Systems that do not tell capitals apart find a file under either. */
function folded(path: string): string {
  return path.toLowerCase();
}

/** Reads words of a script as the shell will, as far as that can be told. */
class Look {
  readonly #values: ReadonlyMap<string, string>;

  constructor({ cwd, env }: Running, values: Analysis["values"]) {
    const known = new Map(Object.entries({ ...env, PWD: cwd, OLDPWD: cwd }));
    this.#values = known;
    for (const { name, text } of values) {
      const value = this.#read(text)[0] ?? UNKNOWN;
      // More than one value: nobody knows which one counts.
      known.set(name, known.has(name) && known.get(name) !== value ? UNKNOWN : value);
    }
  }

  /** The places that a word, or a part of it, may name from a folder; only what is there where a pattern stands for it. */
  placesOf(word: string, folder: string): string[] {
    const found = new Set<string>();
    for (const text of this.#read(word))
      for (const piece of piecesOf(text)) {
        if (piece.startsWith(UNKNOWN)) continue;
        for (const path of [piece, ...(isAbsolute(piece) ? [] : [resolve(folder, piece)])])
          for (const place of matches(path, folder)) found.add(place);
        if (found.size > MAX_FOUND) break;
      }
    return [...found];
  }

  /** The texts that a word may become. */
  #read(word: string): string[] {
    const home = this.#values.get("HOME") ?? UNKNOWN;
    let text = word.replace(/^~(?=\/|$)/, home).replace(/([=:])~(?=\/|$)/g, `$1${home}`);
    text = text.replace(/^~\+/, this.#values.get("PWD") ?? UNKNOWN);
    let out = "";
    let quote = "";
    for (let at = 0; at < text.length; at++) {
      const char = text[at]!;
      const rest = text.slice(at);
      if (quote !== "'" && char === "\\") out += text[++at] ?? "";
      else if (char === quote) quote = "";
      else if (quote === "" && (char === "'" || char === '"')) quote = char;
      else if (quote !== "'" && /^\$\{?\w/.test(rest)) {
        const [all, name, how] = /^\$\{(\w+)([^}]*)\}/.exec(rest) ?? /^\$\{?(\w+)()/.exec(rest)!;
        out += (how === "" ? this.#values.get(name!) : undefined) ?? UNKNOWN;
        at += all.length - 1;
      } else if (quote !== "'" && /^(\$\(|`)/.test(rest)) {
        // What comes out of a command: the rest of the word is not followed.
        out += UNKNOWN;
        break;
      } else if (quote === "" && char === "*") out += ANY;
      else if (quote === "" && char === "?") out += ONE;
      else if (quote === "" && char === "[" && /^\[[^/]+\]/.test(rest)) {
        out += ONE;
        at += /^\[[^/]+?\]/.exec(rest)![0].length - 1;
      } else out += char;
    }
    return alternatives(out);
  }
}

/** `{a,b}` as the words that it stands for; what is nested too deeply stands for anything. */
function alternatives(text: string): string[] {
  let texts = [text];
  for (let round = 0; round < 6; round++) {
    const next = texts.flatMap((each) => {
      const found = /\{([^{}]*,[^{}]*)\}/.exec(each);
      if (!found) return [each];
      const [all, inner = ""] = found;
      return inner.split(",").map((part) => each.replace(all, () => part));
    });
    texts = next.slice(0, MAX_ALTERNATIVES);
  }
  return texts;
}

/** The places that a path with patterns stands for. */
function matches(path: string, folder: string): string[] {
  let places = [isAbsolute(path) ? "/" : placeOf(folder)];
  for (const step of path.split("/")) {
    if (step === "" || step === ".") continue;
    if (step === "..") places = places.map((place) => dirname(place));
    else if (!WILD.test(step)) places = places.map((place) => placeOf(join(place, step)));
    else {
      const pattern = new RegExp(
        `^${[...step].map((char) => (char === ONE ? "." : char === ANY || char === UNKNOWN ? ".*" : escaped(char))).join("")}$`,
        "is",
      );
      places = places.flatMap((place) =>
        namesIn(place)
          .filter((name) => pattern.test(name))
          .map((name) => placeOf(join(place, name))),
      );
    }
    places = [...new Set(places)].slice(0, MAX_FOUND);
  }
  return places;
}

function escaped(char: string): string {
  return /[.*+?^${}()|[\]\\/]/.test(char) ? `\\${char}` : char;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).slice(0, 5_000);
  } catch (error) {
    ignore(error, "what cannot be looked into stands for nothing");
    return [];
  }
}
