/** The beginnings of messages, as lists of conversations show them. */

import type { Static } from "@sinclair/typebox";
import type { Store } from "../../../../base/store/store.ts";
import type { PreviewItem } from "../schema.ts";

/** Before the words of a voice message; a title is what was said. */
const TRANSCRIPT_MARK = /^\[transcript\] /;
/** Where the first text of somebody is looked for: in a long conversation of one side there is none. */
const FIRST_MESSAGES = 200;

export class Previews {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The last messages with text, shortened, oldest first. */
  preview(sessionId: string, { limit, maxChars }: { limit: number; maxChars: number }): Static<typeof PreviewItem>[] {
    const rows = this.#store.all<{ role: string; text: string }>(
      `select role, substr(text, 1, ?) as text from messages
       where session_id = ? and archived_at is null and text <> '' order by seq desc limit ?`,
      maxChars * 2,
      sessionId,
      limit,
    );
    return rows.reverse().map(({ role, text }) => ({ role: previewRole(role), text: shorten(text, maxChars) }));
  }

  /** The first message of a person, shortened: the title of a conversation without a name. */
  title(sessionId: string): string | undefined {
    return this.#firstText("role = 'user' and text not like '/%'", "asc", sessionId, 60);
  }

  /** The newest message, shortened. */
  newest(sessionId: string): string | undefined {
    return this.#firstText("true", "desc", sessionId, 120);
  }

  #firstText(condition: string, order: "asc" | "desc", sessionId: string, maxChars: number): string | undefined {
    const row = this.#store.get<{ text: string }>(
      `select substr(text, 1, 400) as text from (
         select seq, role, text from messages
         where session_id = ? and archived_at is null order by seq ${order} limit ${FIRST_MESSAGES}
       ) where text <> '' and ${condition} order by seq ${order} limit 1`,
      sessionId,
    );
    const line = row?.text.replace(TRANSCRIPT_MARK, "").replace(/\s+/g, " ").trim();
    return line ? shorten(line, maxChars) : undefined;
  }
}

function previewRole(role: string): Static<typeof PreviewItem>["role"] {
  return role === "user" || role === "assistant" || role === "system" ? role : "other";
}

/** At most `maxChars` characters, the last one an ellipsis when something was cut; never half a character. */
function shorten(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  return `${text.slice(0, maxChars - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}
