/** Changes files so that each change can be undone: what was there before is kept in the state folder, under `doctor/`. */

import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { makePrivateDir, readTextIfExists, writePrivateFile } from "../../base/files.ts";
import { sha256Hex } from "../../base/ids.ts";
import { type Check, isCount, isListOf, isOneOf, isShaped, isText } from "../../base/shape.ts";
import { CliError } from "../language/exit.ts";

/** One change, as it is needed to undo it. */
export type Change =
  | { readonly kind: "mode"; readonly path: string; readonly was: number }
  /** A text was replaced; `copy` is what stood there, and `hash` what was written. */
  | { readonly kind: "text"; readonly path: string; readonly copy: string; readonly hash: string }
  | { readonly kind: "moved"; readonly path: string; readonly to: string }
  | { readonly kind: "made"; readonly path: string }
  /** Something outside of files; `how` names what undoes it. */
  | { readonly kind: "outside"; readonly how: string; readonly what: string };

/** What one run of `doctor --fix` has changed. */
export interface Journal {
  readonly at: string;
  readonly steps: { readonly name: string; readonly changes: Change[] }[];
}

type ChangeOf<Kind> = Extract<Change, { readonly kind: Kind }>;
const CHANGES: readonly Check<Change>[] = [
  isShaped<ChangeOf<"mode">>({ kind: isOneOf("mode"), path: isText, was: isCount }),
  isShaped<ChangeOf<"text">>({ kind: isOneOf("text"), path: isText, copy: isText, hash: isText }),
  isShaped<ChangeOf<"moved">>({ kind: isOneOf("moved"), path: isText, to: isText }),
  isShaped<ChangeOf<"made">>({ kind: isOneOf("made"), path: isText }),
  isShaped<ChangeOf<"outside">>({ kind: isOneOf("outside"), how: isText, what: isText }),
];
const isChange: Check<Change> = (value): value is Change => CHANGES.some((check) => check(value));
const isJournal = isShaped<Journal>({
  at: isText,
  steps: isListOf(isShaped<Journal["steps"][number]>({ name: isText, changes: isListOf(isChange) })),
});

const FOLDER = "doctor";
const FILE = "journal.json";
/** A journal that has been undone. */
const UNDONE = "undone.json";

export class UndoableChanges {
  readonly #folder: string;
  readonly #journal: Journal;
  #copies = 0;

  constructor(stateDir: string, now: Date) {
    this.#journal = { at: now.toISOString(), steps: [] };
    this.#folder = join(stateDir, FOLDER, this.#journal.at.replace(/[:.]/g, "-"));
  }

  /** What comes now belongs to this step. The journal is on disk before each change. */
  begin(name: string): void {
    this.#journal.steps.push({ name, changes: [] });
  }

  chmod(path: string, mode: number): void {
    this.#note({ kind: "mode", path, was: lstatSync(path).mode & 0o7777 });
    chmodSync(path, mode);
  }

  /** Replaces the text of a file; its earlier form is kept. */
  write(path: string, text: string): void {
    makePrivateDir(this.#folder);
    const copy = join(this.#folder, `${++this.#copies}`);
    copyFileSync(path, copy);
    chmodSync(copy, 0o600);
    this.#note({ kind: "text", path, copy, hash: sha256Hex(text) });
    const { mode } = statSync(path);
    writePrivateFile(path, text);
    chmodSync(path, mode & 0o7777);
  }

  /** Keeps a file's text while `work` has somebody else replace it. */
  async during(path: string, work: () => Promise<unknown>): Promise<void> {
    makePrivateDir(this.#folder);
    const copy = join(this.#folder, `${++this.#copies}`);
    copyFileSync(path, copy);
    try {
      await work();
    } finally {
      this.#note({ kind: "text", path, copy, hash: sha256Hex(readFileSync(path)) });
    }
  }

  /** Takes a file out of the way. */
  remove(path: string): void {
    makePrivateDir(this.#folder);
    this.move(path, join(this.#folder, `${++this.#copies}`));
  }

  move(path: string, to: string): void {
    this.#note({ kind: "moved", path, to });
    renameSync(path, to);
  }

  /** Notes a change that was made elsewhere. */
  note(change: Change): void {
    this.#note(change);
  }

  #note(change: Change): void {
    this.#journal.steps.at(-1)?.changes.push(change);
    makePrivateDir(this.#folder);
    writePrivateFile(join(this.#folder, FILE), `${JSON.stringify(this.#journal, undefined, 2)}\n`);
  }
}

/** The newest run that can be undone, and the folder that keeps it. */
export function lastJournal(stateDir: string): { readonly journal: Journal; readonly folder: string } | undefined {
  const all = join(stateDir, FOLDER);
  const names = existsSync(all) ? readdirSync(all).sort().reverse() : [];
  const name = names.find((each) => existsSync(join(all, each, FILE)));
  if (name === undefined) return undefined;
  const folder = join(all, name);
  const value: unknown = parsed(readTextIfExists(join(folder, FILE)));
  if (!isJournal(value))
    throw new CliError(
      `${join(folder, FILE)} is damaged: what was changed cannot be undone by itself. The files in ${folder} are what stood there.`,
    );
  return { journal: value, folder };
}

/** Notes that a run has been undone. */
export function closeJournal(folder: string): void {
  renameSync(join(folder, FILE), join(folder, UNDONE));
}

/** Undoes a change of files; returns why it was not, or undefined when it was. */
export function undoChange(change: Exclude<Change, { kind: "outside" }>): string | undefined {
  const { kind, path } = change;
  if (kind === "mode") {
    if (!existsSync(path)) return `${path} is not there any more`;
    chmodSync(path, change.was);
  } else if (kind === "text") {
    const now = existsSync(path) ? sha256Hex(readFileSync(path)) : undefined;
    if (now !== change.hash) return `${path} was changed since; what stood there is in ${change.copy}`;
    const { mode } = statSync(path);
    writePrivateFile(path, readFileSync(change.copy));
    chmodSync(path, mode & 0o7777);
  } else if (kind === "moved") {
    if (existsSync(path)) return `${path} is there again; what stood there is ${change.to}`;
    if (!existsSync(change.to)) return `${change.to} is not there any more`;
    mkdirSync(join(path, ".."), { recursive: true });
    renameSync(change.to, path);
  } else if (existsSync(path)) {
    const aside = `${path}.undone`;
    rmSync(aside, { force: true });
    renameSync(path, aside);
  }
  return undefined;
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return undefined;
  }
}
