/** Describes the content of a message in short: for previews, quotes and context. */

import type { Content, MediaRef } from "../channel-message.ts";
import { oneLine } from "../text/one-line.ts";
import { shown } from "../text/sender-text.ts";
import { itemText } from "./item.ts";

/** The text, and descriptions of items and files; "" when it is empty. */
export function describeContent(content: Content, channel: string): string {
  return [shown(content, channel).trim(), beside(content)].filter((part) => part !== "").join("\n");
}

/** The text, or else descriptions of items and files. */
export function headline(content: Content, channel: string): string {
  return shown(content, channel).trim() || beside(content);
}

function beside({ items = [], media, forwarded = [] }: Content): string {
  return [...items.map(itemText), ...forwarded.map(({ text }) => text), ...media.map(fileLabel)].join("\n");
}

/** Whether it holds nothing that could be answered. */
export function isEmpty({ text, items = [], media, forwarded = [] }: Content): boolean {
  return text.trim() === "" && media.length === 0 && items.length === 0 && forwarded.length === 0;
}

/** A file that is named and not shown. */
export function fileLabel({ kind, fileName }: MediaRef): string {
  const name = oneLine(fileName ?? "");
  return name === "" ? `[${kind}]` : `[${kind} “${name}”]`;
}
