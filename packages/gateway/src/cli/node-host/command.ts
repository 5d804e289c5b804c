/** What a command of a node is: to add one, write a value of this type and name it in `commands.ts`. */
import type { Params } from "./params.ts";

/** One call of a command. */
export interface Invoke {
  readonly params: Params;
  /** Aborts when the gateway cancels the call, when its time is up, and when the connection is gone. */
  readonly signal: AbortSignal;
  /** Milliseconds that are left; no limit when undefined. */
  readonly leftMs: number | undefined;
  /** Sends output while the command works; callers of protocol 4 see it at once. */
  progress(text: string): void;
  /** Reports an event of this node, such as `exec.finished`. */
  report(event: string, payload: object): Promise<void>;
}

export interface NodeCommand {
  readonly name: string;
  /** The capability that it belongs to. */
  readonly cap: "system" | "file" | "browser";
  /** Answers the call, or throws `NodeFailure`. */
  run(invoke: Invoke): Promise<object>;
}
