/** What the analysis of a shell command says. */

/** One command that a script runs. */
export interface SimpleCommand {
  /** The program and its arguments; undefined stands for what is known only when it runs. */
  readonly argv: readonly [string, ...(string | undefined)[]];
  /** Further arguments come when it runs: from `xargs`, from `find`. */
  readonly isOpenEnded: boolean;
  /** It only starts other commands of this list: `env`, `timeout`, `bash -c '…'`. */
  readonly isLookedThrough: boolean;
}

/** A script as the policy sees it. */
export interface Analysis {
  /** Every command that it can run, in the order in which it is written; shell builtins that change nothing left out. */
  readonly commands: readonly SimpleCommand[];
  /** Why it must be asked for whatever is on the allowlist, as sentences without a full stop; empty when all is clear. */
  readonly unclear: readonly string[];
}

/** The shell that runs it: what only bash understands is not clear to another. */
export type ShellKind = "bash" | "sh";
