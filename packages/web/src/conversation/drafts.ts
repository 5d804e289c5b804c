// What was typed in a conversation and not sent: kept, so that neither a reload nor a lost connection loses it.

import { recall, remember } from "../visit/storage.ts";

export function draftOf(sessionKey: string): string {
  return recall(`draft.${sessionKey}`) ?? "";
}

/** An empty text removes the draft. */
export function keepDraft(sessionKey: string, text: string): void {
  remember(`draft.${sessionKey}`, text);
}
