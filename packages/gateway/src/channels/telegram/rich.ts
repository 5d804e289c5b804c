/** Rich messages of the Bot API, which bots compose of blocks: their text in the order in which it is shown. */
import type { RichMessage } from "grammy/types";
import type { Item } from "../../kit/content/item.ts";

/** Deeper than anything that is shown. */
const MAX_DEPTH = 30;

/** The message as a card: its blocks as text, tables as tables, buttons as labels. */
export function richCard(message: RichMessage): { items: readonly Item[] } {
  const found: Found = { lines: [], tables: [], buttons: [] };
  collect(message, found, 0);
  const text = found.lines.filter((line) => line.trim() !== "").join("\n");
  return { items: [{ kind: "card", name: "Card", text, tables: found.tables, buttons: found.buttons }] };
}

interface Found {
  readonly lines: string[];
  readonly tables: string[][][];
  readonly buttons: string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Blocks hold blocks, items and text under names of their own; whatever is not one of these has nothing to read. */
function collect(value: unknown, found: Found, depth: number): void {
  if (depth > MAX_DEPTH || typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const each of value) collect(each, found, depth + 1);
    return;
  }
  const { blocks, items, cells, buttons, summary, label, caption, credit } = value as Fields;
  const line = [label, summary].map((part) => inline(part, depth)).join(" ");
  found.lines.push(line.trim(), inline(value, depth));
  for (const inner of [blocks, items]) collect(inner, found, depth + 1);
  if (Array.isArray(cells)) found.tables.push(cells.map((row) => tableRow(row, depth)));
  if (Array.isArray(buttons)) found.buttons.push(...buttons.map((button) => inline(button, depth)));
  for (const inner of [caption, credit]) found.lines.push(inline(inner, depth));
}

function tableRow(row: unknown, depth: number): string[] {
  return Array.isArray(row) ? row.map((cell) => inline(cell, depth)) : [];
}

/** A text with everything that is nested in it. */
function inline(value: unknown, depth: number): string {
  if (typeof value === "string") return value;
  if (depth > MAX_DEPTH || typeof value !== "object" || value === null) return "";
  if (Array.isArray(value)) return value.map((each) => inline(each, depth + 1)).join("");
  const { text, alternative_text, expression, url, button } = value as Fields;
  const words = [text, alternative_text, expression, button].map((part) => inline(part, depth + 1)).join("");
  return typeof url === "string" && url !== words ? `${words} (${url})`.trim() : words;
}
