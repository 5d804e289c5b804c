/** The rows of conversations. */
import { stored } from "../../../base/store/stored.ts";
import type { SessionLevels } from "./patch.ts";

/** A conversation. */
export interface Session {
  readonly key: string;
  /** The id of the current transcript; a reset gives a new one. */
  readonly sessionId: string;
  readonly agentId: string | undefined;
  readonly label: string | undefined;
  readonly levels: SessionLevels;
  /** The place where people of this conversation were last heard, and are answered. */
  readonly route: Route | undefined;
  /** `provider/model` of the last run. */
  readonly lastModel: string | undefined;
  readonly abortedLastRun: boolean;
  /** Whether it stands above the others. */
  readonly pinned: boolean;
  /** Whether it was put away. */
  readonly archived: boolean;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Tokens of the last turn, which show how full the model's window is. */
  readonly totalTokens: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A place on a channel. */
export interface Route {
  readonly channel: string;
  readonly account: string;
  readonly chat: { readonly id: string; readonly threadId?: string | undefined };
  /** The name that people use: a group's title, a person's name. */
  readonly title?: string | undefined;
}

/** A row as the table has it. */
export interface Row {
  readonly key: string;
  readonly sessionId: string;
  readonly agentId: string | null;
  readonly label: string | null;
  readonly details: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** The content of the `details` column. */
interface Details {
  readonly levels?: SessionLevels;
  readonly lastModel?: string | undefined;
  readonly abortedLastRun?: boolean;
  readonly pinned?: boolean;
  readonly archived?: boolean;
  readonly route?: Route | undefined;
}

/** The columns of a `Row`. */
export const COLUMNS =
  "key, session_id as sessionId, agent_id as agentId, label, details, input_tokens as inputTokens, " +
  "output_tokens as outputTokens, total_tokens as totalTokens, created_at as createdAt, updated_at as updatedAt";

/** A conversation as its row says it. */
export function toSession({ details, label, agentId, ...row }: Row): Session {
  const {
    levels = {},
    lastModel,
    abortedLastRun = false,
    route,
    pinned = false,
    archived = false,
  } = stored<Details>(details);
  const owner = { label: label ?? undefined, agentId: agentId ?? undefined };
  return { ...row, ...owner, levels, lastModel, abortedLastRun, route, pinned, archived };
}

/** What the row of a session keeps in one column. */
export function detailsOf({ levels, lastModel, abortedLastRun, route, pinned, archived }: Session): Details {
  return { levels, lastModel, abortedLastRun, route, ...(pinned && { pinned }), ...(archived && { archived }) };
}
