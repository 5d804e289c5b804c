/** What the analysis of a shell command says. */

/** One command that a script runs. */
export interface SimpleCommand {
  /** The program and its arguments; undefined stands for what is known only when it runs. */
  readonly argv: readonly [string, ...(string | undefined)[]];
  /** Further arguments come when it runs: from `xargs`, from `find`. */
  readonly isOpenEnded: boolean;
  /** It only starts other commands of this list: `env`, `timeout`, `bash -c '…'`. */
  readonly isLookedThrough: boolean;
  readonly input: InputForm;
}

/** Where a command's input comes from: nowhere, another command, or the script itself. Files that are read are unclear. */
export type InputForm = "none" | "pipe" | "heredoc";

/** A word as the script writes it; `literal` is what it is whenever it runs, if that is known. */
export interface WrittenWord {
  readonly text: string;
  readonly literal: string | undefined;
}

/**
 * A place where the shell itself looks for files: it puts their names into words, or tells whether they are there. The
 * path is undefined when it is known only when it runs.
 */
export interface Sought {
  readonly text: string;
  readonly path: string | undefined;
}

/** A script as the policy sees it. */
export interface Analysis {
  /** Every command that it can run, in the order in which it is written; shell builtins that change nothing left out. */
  readonly commands: readonly SimpleCommand[];
  /** Why it must be asked for whatever is on the allowlist, as sentences without a full stop; empty when all is clear. */
  readonly unclear: readonly string[];
  /**
   * The folders that the script enters before anything else, one after the other, so that each command runs in the last
   * of them; empty when it stays where it starts. Undefined when it cannot be told where a command runs.
   */
  readonly enters: readonly string[] | undefined;
  /** Every word, those of scripts within it too, in the order in which they are met. */
  readonly words: readonly WrittenWord[];
  /** The words that follow `cd` and its like, each a folder that some command may run in. */
  readonly folders: readonly string[];
  /** Where the shell looks for files: patterns and `~` in arguments, words that can become patterns, `[ -f FILE ]`, `cd FOLDER`. */
  readonly sought: readonly Sought[];
  /** Every value that a variable of the script is given, as it is written. */
  readonly values: readonly { readonly name: string; readonly text: string }[];
}

/** What is said of a script that could not be looked through. */
export const NOTHING: Analysis = {
  commands: [],
  unclear: [],
  enters: undefined,
  words: [],
  folders: [],
  sought: [],
  values: [],
};

/** The shell that runs it: what only bash understands is not clear to another. */
export type ShellKind = "bash" | "sh";
