// What the page showed last, for when it is opened and the gateway cannot be reached. It is forgotten with the credentials, and
// after two weeks. What tools were given and what they answered is not kept: files and secrets are among it.

import type { HistoryMessage } from "../conversation/history.ts";
import type { State } from "../store/state.ts";
import { recall, remember } from "./storage.ts";

const NAME = "last";
/** Conversations and messages that are kept; the rest comes with the connection. */
const SESSIONS = 100;
const MESSAGES = 50;
/** Browsers give a page a few million characters in all. */
const MOST_CHARACTERS = 400_000;
const KEPT_MS = 14 * 24 * 3_600_000;

/** What is kept of a page's state, and from when it is. */
type Last = Pick<State, "sessions" | "agents" | "sessionKey" | "mainKey" | "defaultModel" | "history" | "pages"> & {
  readonly asOf: number;
};

/** Keeps what is shown now; call it while the gateway is there. */
export function keepLast({ sessions, agents, sessionKey, mainKey, defaultModel, history, pages }: State): void {
  const last: Last = {
    ...{ asOf: Date.now(), agents, sessionKey, mainKey, defaultModel, pages },
    sessions: sessions.slice(0, SESSIONS),
    history: history?.slice(-MESSAGES).map(withoutContents),
  };
  const text = JSON.stringify(last);
  remember(NAME, text.length <= MOST_CHARACTERS ? text : JSON.stringify({ ...last, history: undefined, pages: {} }));
}

/** What an earlier visit has kept; undefined when there is nothing, or it cannot be read. */
export function lastState(): Last | undefined {
  const text = recall(NAME);
  if (text === undefined) return undefined;
  try {
    const last = JSON.parse(text) as Last;
    if (Date.now() - last.asOf < KEPT_MS) return last;
    forgetLast();
    return undefined;
  } catch {
    return undefined; // another version of the page wrote it, or half of it is there
  }
}

export function forgetLast(): void {
  remember(NAME, undefined);
}

/** Pictures, files, and what tools did come with the connection. */
function withoutContents(message: HistoryMessage): HistoryMessage {
  const { role, text, parts, attachments, answer } = message;
  return {
    ...message,
    text: role === "tool" ? "" : text,
    answer: answer && { ...answer, meta: undefined },
    attachments: attachments.map(({ mimeType, fileName }) => ({ mimeType, fileName, content: undefined })),
    parts: parts.map((part) => {
      if (part.kind !== "call") return part;
      const { id, name, state } = part.call;
      return { kind: "call", call: { id, name, state, args: undefined } };
    }),
  };
}
