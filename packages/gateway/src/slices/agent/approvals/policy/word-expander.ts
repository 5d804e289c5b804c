/** The places that words of a script may name, as the shell will expand them. */
import { readdirSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { ignore } from "../../../../base/errors.ts";
import type { Analysis } from "../shell/shell.ts";
import { piecesOf, placeOf, stepFrom } from "./places.ts";
import { ANY, alternatives, isLike, MAX_TEXT, matchAt, ONE, SET, UNKNOWN, WILD } from "./wildcards.ts";

/** The folder of a script, and its variables before it sets any. */
export interface ScriptContext {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

const MAX_FOUND = 2_000;
/** The most steps of paths that are examined for one command, and the most names that are compared with a pattern. */
const MAX_STEPS = 4_000;
const MAX_COMPARED = 20_000;
/** Steps and comparisons, counting those that were met before. */
const MAX_WORK = 40_000;

/** Expands words of a script as the shell will, as far as that can be known. One object for each command. */
export class WordExpander {
  readonly #values: ReadonlyMap<string, string>;
  readonly #steps = new Map<string, ReturnType<typeof stepFrom>>();
  readonly #folders = new Map<string, string>();
  readonly #words = new Map<string, readonly string[]>();
  #compared = 0;
  #work = 0;
  #isCut = false;

  constructor({ cwd, env }: ScriptContext, values: Analysis["values"]) {
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
