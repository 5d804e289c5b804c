/** Tells the main conversation what a hook has brought. */
import type { Notices } from "../../core/notices/notices.ts";
import type { WakeMode } from "./actions/action.ts";

/** What hooks need of whoever wakes the main conversation. */
export interface Waking {
  /** Leaves news for the next turn of a conversation. With a `key`, the same news is left once. */
  note(news: { sessionKey: string; text: string; source: string; key?: string }): void;
  /** Has the main conversation look at what waits. */
  wake(request: { mode: WakeMode; reason: string; sessionKey?: string }): void;
}

/** Without heartbeats the news wait for the next turn. */
export function wakingBy(notices: Notices): Waking {
  return {
    note: ({ sessionKey, text, source }) => notices.add(sessionKey, { text, from: { kind: "event", id: source } }),
    wake() {},
  };
}
