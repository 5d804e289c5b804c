// What the page showed last, for when it is opened and the gateway cannot be reached. It is forgotten with the credentials.

import type { State } from "./state.ts";
import { recall, remember } from "./storage.ts";

const NAME = "last";
/** Conversations and messages that are kept; the rest comes with the connection. */
const SESSIONS = 100;
const MESSAGES = 50;
/** Browsers give a page a few million characters in all. */
const MOST_CHARACTERS = 400_000;

/** What is kept of a page's state, and from when it is. */
type Last = Pick<State, "sessions" | "agents" | "sessionKey" | "mainKey" | "defaultModel" | "history" | "pages"> & {
  readonly asOf: number;
};

/** Keeps what is shown now; call it while the gateway is there. */
export function keepLast({ sessions, agents, sessionKey, mainKey, defaultModel, history, pages }: State): void {
  const last: Last = {
    ...{ asOf: Date.now(), agents, sessionKey, mainKey, defaultModel, pages },
    sessions: sessions.slice(0, SESSIONS),
    // Pictures and files come with the connection.
    history: history?.slice(-MESSAGES).map((message) => ({
      ...message,
      attachments: message.attachments.map(({ content: _content, ...rest }) => ({ ...rest, content: undefined })),
    })),
  };
  const text = JSON.stringify(last);
  remember(NAME, text.length <= MOST_CHARACTERS ? text : JSON.stringify({ ...last, history: undefined, pages: {} }));
}

/** What an earlier visit has kept; undefined when there is nothing, or it cannot be read. */
export function lastState(): Last | undefined {
  const text = recall(NAME);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Last;
  } catch {
    return undefined; // another version of the page wrote it, or half of it is there
  }
}

export function forgetLast(): void {
  remember(NAME, undefined);
}
