/** A run before it is stored. */

import type { StoredPart } from "../../../core/sessions/messages/stored-message.ts";
import type { RunRequest, RunSource } from "./run-store.ts";

/** A new run. */
export interface NewRun {
  readonly id: string;
  readonly source: RunSource;
  readonly principal: string;
  /** Canonical. */
  readonly sessionKey: string;
  readonly request: RunRequest;
  /** The message as the transcript keeps it. */
  readonly content: readonly StoredPart[];
  /** Whether the message begins a new conversation. */
  readonly startsAnew?: boolean;
  /** The message of a person that this one replaces; what followed it becomes a branch. */
  readonly replaces?: string | undefined;
  /** Whether the message is on disk elsewhere and is handed over again when its run is not found. */
  readonly isKeptElsewhere?: boolean;
}
