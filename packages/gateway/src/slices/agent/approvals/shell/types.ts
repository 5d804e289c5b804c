/** The result of analysing a shell command. */

/** One command that a script runs. */
export interface SimpleCommand {
  /** The program and its arguments; undefined for one that is known only at run time. */
  readonly argv: readonly [string, ...(string | undefined)[]];
  /** Whether further arguments come at run time, from `xargs` or `find`. */
  readonly isOpenEnded: boolean;
  /** Whether it only starts other commands of this list: `env`, `timeout`, `bash -c '…'`. */
  readonly isLookedThrough: boolean;
  readonly input: InputForm;
}

/** The source of a command's input: none, another command, or the script itself. Input from files is unclear. */
export type InputForm = "none" | "pipe" | "heredoc";

/** A word as written; `literal` is its value at run time, if that is known. */
export interface WrittenWord {
  readonly text: string;
  readonly literal: string | undefined;
}

/**
 * A place where the shell itself looks for files, because it puts their names into words or tells whether they exist.
 * The path is undefined when it is known only at run time.
 */
export interface Sought {
  readonly text: string;
  readonly path: string | undefined;
}

/** A script as the policy sees it. */
export interface Analysis {
  /** Every command that it can run, in the order of the text, without builtins that change nothing. */
  readonly commands: readonly SimpleCommand[];
  /** Reasons to ask whatever is on the allowlist, as sentences without a full stop; empty when all is clear. */
  readonly unclear: readonly string[];
  /**
   * The folders that the script enters before anything else, one after the other; every command runs in the last one.
   * Empty when it stays where it starts. Undefined when the folder of a command is unknown.
   */
  readonly enters: readonly string[] | undefined;
  /** Every word, also of inner scripts, in the order of the text. */
  readonly words: readonly WrittenWord[];
  /** The arguments of `cd` and similar builtins, each a possible working folder. */
  readonly folders: readonly string[];
  /**
   * The places where the shell looks for files: patterns and `~` in arguments, words that can become patterns, `[ -f
   * FILE ]`, `cd FOLDER`.
   */
  readonly sought: readonly Sought[];
  /** Every value that a variable of the script gets, as written. */
  readonly values: readonly { readonly name: string; readonly text: string }[];
}

/** The analysis of a script that could not be parsed. */
export const NOTHING: Analysis = {
  commands: [],
  unclear: [],
  enters: undefined,
  words: [],
  folders: [],
  sought: [],
  values: [],
};

/** The shell that runs it; forms of bash are unclear to other shells. */
export type ShellKind = "bash" | "sh";
