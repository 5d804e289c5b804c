/** How a command ends: the exit codes, and the error that carries one. */
import { TellableError } from "../../base/errors.ts";

/** The exit codes of every command, for scripts. */
export const EXIT = {
  ok: 0,
  /** The command could not do its work; the sentence on stderr says why. */
  failed: 1,
  /** The command line itself is wrong: an unknown flag, a missing value, bad JSON. */
  usage: 2,
  /** No gateway answers at the address. */
  unreachable: 3,
  /** The gateway refuses this caller: wrong token or password, missing scope, pairing not approved. */
  unauthorised: 4,
  /** The gateway, or the agent run, did not finish in time. */
  timeout: 5,
} as const;

/** What each code says, for the manual. */
export const EXIT_MEANINGS: Readonly<Record<ExitCode | 78, string>> = {
  0: "It worked. Of doctor: the gateway runs and nothing is broken, though there may be things to look at.",
  1: "The command could not do its work; the sentence on stderr says why. Of doctor: something must be mended.",
  2: "The command line is wrong: an unknown command, flag or setting, a missing value.",
  3: "No gateway answers at the address. Of doctor: nothing is broken, but the gateway does not run.",
  4: "The gateway refuses this caller: a wrong token or password, a missing scope, a device that is not approved.",
  5: "The gateway, or the run of the agent, did not finish in time.",
  78: "It cannot run, and would end the same way again: Node is too old, and for the gateway a refused setting or a damaged database.",
};

/** One of the codes in `EXIT`. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A failure whose message is all the reader needs; it is printed on stderr without a stack. */
export class CliError extends TellableError {
  override readonly name = "CliError";
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = EXIT.failed, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** Short for a command line that is wrong. */
export function usageError(message: string): CliError {
  return new CliError(message, EXIT.usage);
}
