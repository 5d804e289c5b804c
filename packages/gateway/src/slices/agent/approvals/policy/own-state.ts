/**
 * Detects whether a command names the gateway's own state: its state folder with the approvals file and the database,
 * its config with copies, and its process. Such a command always needs approval. The agents' own folders are excluded,
 * although they are usually inside the state folder.
 */
import { readdirSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { ignore } from "../../../../base/errors.ts";
import type { Analysis } from "../shell/shell.ts";
import { piecesOf, placeOf, stepFrom } from "./places.ts";
import { isWithin } from "./programs.ts";
import { ANY, alternatives, isLike, MAX_TEXT, matchAt, ONE, SET, UNKNOWN, WILD } from "./wild-names.ts";

export interface OwnStateOptions {
  readonly stateDir: string;
  readonly configPath: string;
  /** The agents' folders. */
  readonly workspaces: readonly string[];
}

/** The folder of a script, and its variables before it sets any. */
export interface Running {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

const MAX_FOLDERS = 32;
const MAX_FOUND = 2_000;
/** The most steps of paths that are examined for one command, and the most names that are compared with a pattern. */
const MAX_STEPS = 4_000;
const MAX_COMPARED = 20_000;
/** Steps and comparisons, counting those that were met before. */
const MAX_WORK = 40_000;
const MAX_LOOKS = 2_000;
const TOO_MUCH = "it names more places than can be looked at";
const STREAM = /^\/dev\/(null|std(in|out|err)|fd\/\d+)$/;
/** Files of a process in /proc: its environment, its open files, its folders. */
const PROCESS = /^\/proc\/(self|thread-self|\d+)(\/|$)/;

export class OwnState {
  readonly #roots: readonly string[];
  readonly #exempt: readonly string[];
  readonly #config: string;
  readonly #names: readonly string[];
  /** Files that must not be reached by another name. */
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

  /** The part of the own state that a place is, for a sentence; undefined when it is none. */
  at(place: string): string | undefined {
    const path = folded(place);
    if (isWithin(path, this.#roots) && !isWithin(path, this.#exempt)) return "the gateway's own state";
    // The config file and its copies beside it.
    if (path === this.#config || (dirname(path) === dirname(this.#config) && path.startsWith(this.#config)))
      return "the gateway's config";
    if (PROCESS.test(place)) return "a process and what it was given";
    return this.#isHardLink(place) ? "the gateway's own state under another name" : undefined;
  }

  /** Whether the own state is below a place. */
  isBelow(place: string): boolean {
    return [...this.#roots, this.#config].some((root) => root !== folded(place) && isWithin(root, [folded(place)]));
  }

  /** The reason to ask for a text that is input of a program; undefined when there is none. */
  inText(text: string, running: Running): string | undefined {
    const words = text.split(/[\s'"`,;()[\]{}<>|&]+/).map((word) => ({ text: word, literal: undefined }));
    return this.named({ words, folders: [], values: [] }, text, running);
  }

  /**
   * The reason to ask for a command, as a sentence without a full stop; undefined when it names none of the own state.
   */
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
      for (const base of [...bases])
        for (const place of look.placesOf(word, base)) if (!bases.includes(place)) bases.push(place);
      if (bases.length > MAX_FOLDERS) break;
    }
    for (const place of bases.slice(1)) {
      const what = this.at(place);
      if (what !== undefined) return `it goes to ${what}`;
    }
    if (bases.length > MAX_FOLDERS || words.length * bases.length > MAX_LOOKS) return TOO_MUCH;
    const seen = new Set<string>();
    for (const word of words) {
      if (STREAM.test(word.text)) continue;
      const places = [...new Set(bases.flatMap((base) => look.placesOf(word.text, base)))].filter(
        (place) => !seen.has(place),
      );
      for (const place of places) seen.add(place);
      const what = places.map((place) => this.at(place)).find((each) => each !== undefined);
      if (what !== undefined) return `it names ${what}`;
      if (look.isCut) return TOO_MUCH;
      // A named folder can be the base of other paths: `-C ..`, `--directory=..`.
      if (bases.length < MAX_FOLDERS) bases.push(...places.filter((place) => this.isBelow(place)).slice(0, 4));
    }
    return look.isCut ? TOO_MUCH : undefined;
  }

  #isHardLink(place: string): boolean {
    try {
      const facts = statSync(place, { throwIfNoEntry: false });
      if (facts === undefined || facts.nlink < 2) return false;
      const { ino, dev } = facts;
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

/** Lower case where the system ignores capitals. */
function folded(path: string): string {
  return path.toLowerCase();
}

/** Expands words of a script as the shell will, as far as that can be known. One object for each command. */
class Look {
  readonly #values: ReadonlyMap<string, string>;
  readonly #steps = new Map<string, ReturnType<typeof stepFrom>>();
  readonly #folders = new Map<string, string>();
  readonly #words = new Map<string, readonly string[]>();
  #compared = 0;
  #work = 0;
  #isCut = false;

  constructor({ cwd, env }: Running, values: Analysis["values"]) {
    const known = new Map(Object.entries({ ...env, PWD: cwd, OLDPWD: cwd }));
    this.#values = known;
    for (const { name, text } of values) {
      const value = this.#readAnew(text)[0] ?? UNKNOWN;
      // With more than one value, it is unknown which one counts.
      known.set(name, known.has(name) && known.get(name) !== value ? UNKNOWN : value);
    }
  }

  /** Whether something was too large to be examined. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** The places that a word, or a part of it, may name from a folder; for a pattern, only existing ones. */
  placesOf(word: string, folder: string): string[] {
    const found = new Set<string>();
    for (const text of this.#read(word)) {
      const { pieces, isAll } = piecesOf(text);
      if (!isAll) this.#isCut = true;
      for (const piece of pieces) {
        if (this.#isCut || piece.startsWith(UNKNOWN)) continue;
        const paths = isAbsolute(piece) || !piece.includes("..") ? [piece] : [piece, resolve(folder, piece)];
        for (const path of paths) for (const place of this.#matches(path, folder)) found.add(place);
        if (found.size > MAX_FOUND) this.#isCut = true;
      }
    }
    return [...found];
  }

  /** The texts that a word may expand to. */
  #read(word: string): readonly string[] {
    const known = this.#words.get(word);
    if (known) return known;
    const texts = this.#readAnew(word);
    this.#words.set(word, texts);
    return texts;
  }

  #readAnew(word: string): string[] {
    const home = this.#values.get("HOME") ?? UNKNOWN;
    let text = word.replace(/^~(?=\/|$)/, home).replace(/([=:])~(?=\/|$)/g, (_, before: string) => before + home);
    text = text.replace(/^~\+/, this.#values.get("PWD") ?? UNKNOWN);
    const out: string[] = [];
    let chars = 0;
    let quote = "";
    let isBraced = false;
    const add = (piece: string) => {
      // Neighbouring signs for any number of characters are one.
      if ((piece === ANY || piece === UNKNOWN) && (out.at(-1) === ANY || out.at(-1) === UNKNOWN)) return;
      out.push(piece);
      chars += piece.length;
    };
    for (let at = 0; at < text.length; at++) {
      const char = text[at]!;
      if (quote !== "'" && char === "\\") add(text[++at] ?? "");
      else if (char === quote) quote = "";
      else if (quote === "" && (char === "'" || char === '"')) quote = char;
      else if (quote !== "'" && char === "$" && matchAt(VARIABLE, text, at)) {
        const [all, brace, name = ""] = matchAt(VARIABLE, text, at)!;
        const end = at + all.length;
        const close = brace === "" ? end - 1 : text.indexOf("}", end);
        add((brace === "" || close === end ? this.#values.get(name) : undefined) ?? UNKNOWN);
        at = close === -1 ? end - 1 : close;
      } else if (quote !== "'" && (char === "`" || (char === "$" && text[at + 1] === "("))) {
        // The output of a command is unknown; skip it.
        add(UNKNOWN);
        break;
      } else if (quote === "" && char === "*") add(ANY);
      else if (quote === "" && char === "?") add(ONE);
      else if (quote === "" && char === "[" && matchAt(SET, text, at)) {
        add(ONE);
        at += matchAt(SET, text, at)![0].length - 1;
      } else {
        isBraced ||= quote === "" && char === "{";
        add(char);
      }
      if (chars > MAX_TEXT) {
        this.#isCut = true;
        break;
      }
    }
    const { texts, isCut } = alternatives(out.join(""));
    // Quoted braces are plain characters, which only some programs expand.
    if (isCut && !isBraced) return [out.join("")];
    if (isCut) this.#isCut = true;
    return texts;
  }

  /** The places that a path with patterns stands for. */
  #matches(path: string, folder: string): string[] {
    let places = [isAbsolute(path) ? "/" : this.#folder(folder)];
    for (const step of path.split("/")) {
      if (step === "" || step === ".") continue;
      if (step === "..") places = places.map((place) => dirname(place));
      else if (!WILD.test(step)) places = places.map((place) => this.#step(place, step));
      else {
        const pattern = step.toLowerCase();
        // In some shells a pattern that begins with a point also matches the parent folder.
        const isAbove = pattern.startsWith(".") && isLike("..", pattern);
        places = places.flatMap((place) => [...(isAbove ? [dirname(place)] : []), ...this.#like(place, pattern)]);
      }
      places = [...new Set(places)];
      if (places.length > MAX_FOUND) this.#isCut = true;
      if (this.#isCut) return [];
    }
    return places;
  }

  #like(place: string, pattern: string): string[] {
    if (this.#isCut) return [];
    const names = namesIn(place);
    this.#compared += names.length + 1;
    if (this.#compared > MAX_COMPARED) this.#isCut = true;
    return names.filter((name) => isLike(name.toLowerCase(), pattern)).map((name) => this.#step(place, name));
  }

  #folder(folder: string): string {
    const place = this.#folders.get(folder) ?? placeOf(folder);
    this.#folders.set(folder, place);
    return place;
  }

  #step(place: string, step: string): string {
    const path = join(place, step);
    if (++this.#work > MAX_WORK) this.#isCut = true;
    const known = this.#steps.get(path);
    if (known) return known.place;
    if (this.#steps.size >= MAX_STEPS) this.#isCut = true;
    if (this.#isCut) return path;
    // Nothing exists below a place that does not exist.
    const above = this.#steps.get(place);
    const next = above?.isThere === false ? { place: path, isThere: false, isLink: false } : stepFrom(place, step);
    this.#steps.set(path, next);
    return next.place;
  }
}

const VARIABLE = /\$(\{?)(\w{1,255})/y;

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).slice(0, MAX_COMPARED);
  } catch (error) {
    ignore(error, "what cannot be looked into stands for nothing");
    return [];
  }
}
