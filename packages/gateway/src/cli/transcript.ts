/** Reads messages as `chat.history` and `chat` events carry them. */

import { isRecord } from "../base/config.ts";

/** The text of a message; other parts (images, tool calls) are named in brackets. */
export function messageText(message: unknown): string {
  const { content } = isRecord(message) ? message : {};
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part: unknown) => {
      if (!isRecord(part)) return "";
      return typeof part.text === "string" ? part.text : `[${String(part.type ?? "attachment")}]`;
    })
    .join("\n");
}

/** When it was said, in epoch milliseconds. */
export function messageTime(message: unknown): number | undefined {
  return isRecord(message) && typeof message.timestamp === "number" ? message.timestamp : undefined;
}
