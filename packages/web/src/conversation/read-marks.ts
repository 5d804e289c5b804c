// Up to where somebody has read each conversation, in this browser: the time of the newest message that was on the screen.

import { recall, remember } from "../visit/storage.ts";
import type { HistoryMessage } from "./history.ts";

/** The id of the first message that came after what was read; undefined when all was read, or nothing ever. */
export function firstUnread(sessionKey: string, history: readonly HistoryMessage[]): string | undefined {
  const readAt = Number(recall(nameOf(sessionKey)) ?? Number.NaN);
  return history.find((message) => isSaid(message) && message.at > readAt)?.id;
}

/** Everything that was said so far is read. */
export function markRead(sessionKey: string, history: readonly HistoryMessage[]): void {
  const newest = history.findLast(isSaid)?.at;
  const name = nameOf(sessionKey);
  if (newest !== undefined && newest > Number(recall(name) ?? 0)) remember(name, String(newest));
}

/** The conversation is gone. */
export function forgetMark(sessionKey: string): void {
  remember(nameOf(sessionKey), undefined);
}

function nameOf(sessionKey: string): string {
  return `read.${sessionKey}`;
}

function isSaid({ role }: HistoryMessage): boolean {
  return role === "user" || role === "assistant" || role === "note";
}
