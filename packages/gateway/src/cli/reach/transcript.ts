/** Reads messages as `chat.history` and `chat` events carry them. */

import { isRecord } from "../../base/config/config.ts";

/** The text of a message; other parts (images, tool calls) are named in brackets. */
export function messageText(message: unknown): string {
  const { content } = isRecord(message) ? message : {};
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part: unknown) => {
      if (!isRecord(part)) return "";
      if (typeof part.text === "string") return part.text;
      if (part.type === "thinking") return "[thought]";
      return part.type === "toolCall" ? toolLine(part) : `[${String(part.type ?? "attachment")}]`;
    })
    .join("\n");
}

const MAX_ARGUMENTS = 100;

function toolLine({ name, arguments: args }: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify(args ?? {});
  return `[${String(name)} ${text.length > MAX_ARGUMENTS ? `${text.slice(0, MAX_ARGUMENTS)}…` : text}]`;
}

/** When it was said, in epoch milliseconds. */
export function messageTime(message: unknown): number | undefined {
  return isRecord(message) && typeof message.timestamp === "number" ? message.timestamp : undefined;
}
