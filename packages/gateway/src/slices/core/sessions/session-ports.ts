/** What conversations ask of models and runs, and what a run leaves in its conversation. */

import type { Static } from "@sinclair/typebox";
import type { SessionDefaults } from "./schema.ts";

/** The facts that a run stores in its session's row. */
export interface RunOutcome {
  /** The transcript of the run; a run of an earlier transcript is not counted. */
  readonly sessionId: string;
  readonly model?: string | undefined;
  readonly usage?: { readonly input: number; readonly output: number; readonly totalTokens: number } | undefined;
  readonly aborted: boolean;
}

/** The questions about conversations that models answers. */
export interface ModelsOfSessions {
  /** The `provider/id` of a model by any of its names. Throws `INVALID_REQUEST` for one that is not known. */
  refOf(name: string): string;
  /** `provider/id` of the model that answers in a conversation, whether it can be reached or not. */
  modelNameOf(sessionKey: string): string | undefined;
  /** The model where nothing was chosen, as lists of conversations say it. */
  sessionDefaults(): Static<typeof SessionDefaults>;
}

/** The questions about conversations that runs answer. */
export interface RunsOfSessions {
  /** Whether nothing works in a conversation any more, after `limitMs` at the latest. */
  whenIdle(sessionKey: string, limitMs: number): Promise<boolean>;
}
