/**
 * Detects whether a command names the gateway's own state: its state folder with the approvals file and the database,
 * its config with copies, and its process. Such a command always needs approval. The agents' own folders are excluded,
 * although they are usually inside the state folder.
 */
import { statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { ignore } from "../../../../base/errors.ts";
import type { Analysis } from "../shell/shell.ts";
import { placeOf } from "./places.ts";
import { isWithin } from "./programs.ts";
import { type ScriptContext, WordExpander } from "./word-expander.ts";

export interface OwnStateOptions {
  readonly stateDir: string;
  readonly configPath: string;
  /** The agents' folders. */
  readonly workspaces: readonly string[];
}

const MAX_FOLDERS = 32;
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
  inText(text: string, running: ScriptContext): string | undefined {
    const words = text.split(/[\s'"`,;()[\]{}<>|&]+/).map((word) => ({ text: word, literal: undefined }));
    return this.named({ words, folders: [], values: [] }, text, running);
  }

  /**
   * The reason to ask for a command, as a sentence without a full stop; undefined when it names none of the own state.
   */
  named(
    { words, folders, values }: Pick<Analysis, "words" | "folders" | "values">,
    command: string,
    running: ScriptContext,
  ): string | undefined {
    const text = folded(command.replace(/["'\\]/g, ""));
    const name = this.#names.find((each) => text.includes(each));
    if (name !== undefined) return `it names ${name}, which is the gateway's own`;
    const look = new WordExpander(running, values);
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
