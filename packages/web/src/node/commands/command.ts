// What a command of this browser is: what it needs of the person, and what it does.

import type { Params } from "./params.ts";

/** A call of a command. */
export interface CommandCall {
  readonly params: Params;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** A command that the gateway may ask for. */
export interface NodeCommand {
  readonly name: string;
  /** The capability that the gateway lists for it. */
  readonly cap: string;
  /** Whether it works while the page is in the background. */
  readonly worksHidden: boolean;
  /** The object of the sentence “… asks for”. */
  asksFor(params: Params): string;
  /** Does it; the payload of the answer. Rejects with `NodeFailure`. */
  run(call: CommandCall): Promise<unknown>;
}
