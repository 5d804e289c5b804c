// The rows of the sessions page, and which of them a person wants to see. Pure functions.

import type { SessionsListResult } from "@moltbot/protocol";
import { readSessions, type Session, searchSessions } from "../conversation/sessions.ts";

export type ListedRow = SessionsListResult["sessions"][number];

/** A session as a row of the table. */
export interface Row extends Session {
  readonly agentId: string;
  readonly kind: string;
  readonly tokens: number;
  /** Of the tokens the model can read at once, so much is used, 0 to 1; undefined when its window is not known. */
  readonly fill: number | undefined;
  readonly isMain: boolean;
  readonly isArchived: boolean;
  readonly listed: ListedRow;
}

/** What somebody looks for. */
export interface Filter {
  readonly words: string;
  readonly agentId: string;
  readonly channel: string;
  readonly isArchived: boolean;
}

/** Everything that is not put away. */
export const NO_FILTER: Filter = { words: "", agentId: "", channel: "", isArchived: false };

/** Reads rows of `sessions.list`. */
export function readRows(sessions: readonly ListedRow[], defaults: SessionsListResult["defaults"]): Row[] {
  return readSessions({ sessions: [...sessions], defaults }).sessions.map((session, at) => {
    const listed = sessions[at] as ListedRow;
    const { agentId = session.key.split(":")[1] ?? "", kind, totalTokens, contextTokens } = listed;
    const own = "isMain" in listed ? listed : {};
    return {
      ...session,
      ...{ agentId, kind, listed, tokens: totalTokens },
      fill: contextTokens === undefined ? undefined : Math.min(1, totalTokens / contextTokens),
      isMain: "isMain" in own && own.isMain === true,
      isArchived: "archived" in listed && listed.archived === true,
    };
  });
}

/** The rows that somebody looks for, the newest first. */
export function filtered(rows: readonly Row[], { words, agentId, channel, isArchived }: Filter): Row[] {
  const wanted = rows.filter(
    (row) =>
      row.isArchived === isArchived &&
      (agentId === "" || row.agentId === agentId) &&
      (channel === "" || (row.channel ?? "webchat") === channel),
  );
  const found = new Set(searchSessions(wanted, words));
  return wanted.filter((row) => found.has(row)).sort((one, other) => (other.updatedAt ?? 0) - (one.updatedAt ?? 0));
}

/** The values of a column, each once, in order of the alphabet. */
export function valuesOf(rows: readonly Row[], of: (row: Row) => string): string[] {
  return [...new Set(rows.map(of))].filter((value) => value !== "").sort();
}
