// What the sidebar lists: conversations in groups, or those that were found by their names. Pure functions.

import { grouped, rowFor, type Session, searchSessions } from "../conversation/sessions.ts";
import type { State } from "../store/state.ts";

/** A line of the list: the name of a group, or a conversation. */
export interface Entry {
  readonly key: string;
  readonly heading?: string;
  readonly session?: Session;
}

/** The lines in order, and how many conversations are among them. */
export function listed(state: State, words: string): { readonly entries: readonly Entry[]; readonly found: number } {
  const found = searchSessions(rows(state), words);
  const asEntry = (session: Session): Entry => ({ key: `session ${session.key}`, session });
  if (words.trim() !== "") return { entries: found.map(asEntry), found: found.length };
  const entries = grouped(found).flatMap(({ title, sessions }) => [
    { key: `group ${title}`, heading: title },
    ...sessions.map(asEntry),
  ]);
  return { entries, found: found.length };
}

/** The gateway's list, with the main session always there, and the open one even before its first message. */
function rows({ sessions, sessionKey, mainKey, leaving }: State): readonly Session[] {
  const missing = [sessionKey, mainKey].filter((key) => key !== "" && !sessions.some((row) => row.key === key));
  const local = [...new Set(missing)].map((key) => rowFor(key, mainKey));
  return [...local, ...sessions].filter(({ key }) => key !== leaving?.key);
}
