// What was said before the messages of the open conversation, as far as it has been fetched: chapters, one for each
// transcript, and earlier versions of what was asked again. Pure functions.

import type { ChatPastResult } from "@moltbot/protocol";
import { t } from "../words/t.ts";
import { type HistoryMessage, readHistory } from "./history.ts";

/** One transcript, from where the conversation began anew to where it did again. */
export interface Chapter {
  readonly sessionId: string;
  /** When and why it began; unknown for the oldest. */
  readonly beganAt: number | undefined;
  readonly reason: BeginReason | undefined;
  readonly messages: readonly HistoryMessage[];
}

/** Why a conversation began anew. */
export type BeginReason = "new" | "reset" | "idle" | "daily";

/** Messages that another one replaces. */
export interface Branch {
  readonly id: string;
  readonly at: number;
  /** The key of the message that is there now. */
  readonly instead: string;
  readonly messages: number;
}

/** A stretch of everything that was said. */
export interface Past {
  readonly chapters: readonly Chapter[];
  readonly branches: readonly Branch[];
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
}

/** A page with the transcript of now behind it, of which nothing need be on the page. */
export function withCurrent(page: ChatPastResult): Past {
  const past = readPast(page);
  const { sessionId, beganAt, reason } = page.current ?? {};
  if (sessionId === undefined) return past;
  return { ...past, chapters: joinChapters([...past.chapters, { sessionId, beganAt, reason, messages: [] }]) };
}

/** Reads what `chat.past` returns. */
export function readPast({ transcripts, branches, hasOlder, hasNewer }: ChatPastResult): Past {
  const chapters = transcripts.map(({ sessionId, beganAt, reason, messages }) => ({
    ...{ sessionId, beganAt, reason },
    messages: readHistory(messages),
  }));
  return { chapters, branches, hasOlder, hasNewer };
}

/** Two stretches that follow each other, as one. */
export function joined(older: Past, newer: Past): Past {
  return {
    chapters: joinChapters([...older.chapters, ...newer.chapters]),
    branches: newer.branches,
    hasOlder: older.hasOlder,
    hasNewer: newer.hasNewer,
  };
}

/** A transcript that is on two pages is one chapter; what is on both is there once. */
export function joinChapters(chapters: readonly Chapter[]): Chapter[] {
  const known = new Map<string, Chapter>();
  for (const chapter of chapters) {
    const before = known.get(chapter.sessionId);
    known.set(chapter.sessionId, before === undefined ? chapter : { ...before, ...together(before, chapter) });
  }
  return [...known.values()];
}

/** The key by which a fetched page goes on. */
export function edgeOf({ chapters }: Past, which: "first" | "last"): string | undefined {
  const messages = chapters.flatMap((chapter) => chapter.messages);
  return (which === "first" ? messages[0] : messages.at(-1))?.id;
}

/** True when the stretch holds the message. */
export function holds({ chapters }: Past, messageId: string): boolean {
  return chapters.some(({ messages }) => messages.some(({ id }) => id === messageId));
}

/** Why a conversation begins anew, as its reader is told. */
export function beginningText(reason: BeginReason | undefined): string {
  switch (reason) {
    case "new":
      return t("A new conversation, as asked.");
    case "reset":
      return t("The conversation was emptied.");
    case "idle":
      return t("A new conversation, because nobody had written for long.");
    case "daily":
      return t("A new conversation, because a new day had begun.");
    case undefined:
      return t("A new conversation.");
  }
}

function together(before: Chapter, after: Chapter): Pick<Chapter, "messages" | "beganAt" | "reason"> {
  const ids = new Set(before.messages.map(({ id }) => id));
  return {
    beganAt: before.beganAt ?? after.beganAt,
    reason: before.reason ?? after.reason,
    messages: [...before.messages, ...after.messages.filter(({ id }) => !ids.has(id))],
  };
}
