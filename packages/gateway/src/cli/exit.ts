/** How a command ends: the exit codes, and the error that carries one. */
import { TellableError } from "../base/errors.ts";

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
