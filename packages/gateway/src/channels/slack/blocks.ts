/** Slack's blocks as people read them: what is typed in them as mrkdwn, everything else as cards. */
import type { ChatPostMessageArguments } from "@slack/web-api";
import type { Card, Item } from "../../kit/content/item.ts";
import type { Rule } from "../../kit/rules.ts";
import { shown } from "../../kit/text/sender-text.ts";
import { escaped } from "./format.ts";
import { type KnownNames, readable } from "./readable.ts";

type AnyBlock = NonNullable<Extract<ChatPostMessageArguments, { blocks?: unknown }>["blocks"]>[number];
type LiteralType<Block> = Block extends { readonly type: infer Type } ? (string extends Type ? never : Type) : never;
/** The types of blocks that the client library knows. */
type BlockType = LiteralType<AnyBlock> & string;

type Fields = Readonly<Record<string, unknown>>;

/** What a block is shown as. */
interface Shown {
  readonly lines?: readonly string[];
  readonly facts?: Card["facts"];
  readonly table?: readonly (readonly string[])[];
  readonly buttons?: readonly string[];
  readonly title?: string;
}

const textOnly = { read: ({ text }: Fields): Shown => ({ lines: [textIn(text)] }) };
const decoration = { nobody: "a line between blocks" };

const BLOCKS: { readonly [Type in BlockType]: Rule<(block: Fields) => Shown> } = {
  section: {
    read: ({ text, fields, accessory }) => ({
      lines: [textIn(text), ...listIn(fields).map(textIn)],
      buttons: labelsIn([accessory]),
    }),
  },
  header: textOnly,
  alert: textOnly,
  markdown: textOnly,
  context: { read: ({ elements }) => ({ lines: [listIn(elements).map(textIn).join(" ")] }) },
  actions: { read: ({ elements }) => ({ buttons: labelsIn(listIn(elements)) }) },
  context_actions: { read: ({ elements }) => ({ buttons: labelsIn(listIn(elements)) }) },
  rich_text: { read: (block) => ({ lines: [richText(block)] }) },
  image: { read: ({ title, alt_text }) => ({ lines: [`Picture: ${textIn(title) || textIn(alt_text)}`] }) },
  video: {
    read: ({ title, alt_text, description, video_url }) => ({
      lines: [`Video: ${textIn(title) || textIn(alt_text)}`, textIn(description), textIn(video_url)],
    }),
  },
  file: { read: ({ external_id }) => ({ lines: [`File: ${textIn(external_id)}`] }) },
  table: { read: ({ rows }) => ({ table: tableIn(rows) }) },
  data_table: { read: ({ rows, caption }) => ({ lines: [textIn(caption)], table: tableIn(rows) }) },
  input: {
    read: ({ label, hint }) => ({ facts: [["Asked for", [textIn(label), textIn(hint)].filter(Boolean).join(" — ")]] }),
  },
  card: {
    read: ({ title, subtitle, body, actions }) => ({
      lines: [textIn(title), textIn(subtitle), textIn(body)],
      buttons: labelsIn(listIn(actions)),
    }),
  },
  carousel: { read: ({ elements }) => joined(listIn(elements)) },
  container: {
    read: ({ title, rich_text_title, subtitle, child_blocks }) => {
      const inner = joined(listIn(child_blocks));
      const heading = [textIn(title) || richText(fieldsOf(rich_text_title)), textIn(subtitle)];
      return { ...inner, lines: [...heading, ...(inner.lines ?? [])] };
    },
  },
  task_card: {
    read: ({ title, status, details, output }) => ({
      lines: [`${textIn(title)} (${textIn(status)})`, richText(fieldsOf(details)), richText(fieldsOf(output))],
    }),
  },
  plan: {
    read: ({ title, tasks }) => {
      const inner = joined(listIn(tasks).map((task) => ({ type: "task_card", ...fieldsOf(task) })));
      return { ...inner, lines: [textIn(title), ...(inner.lines ?? [])] };
    },
  },
  divider: decoration,
};

/** What somebody typed: the rich text of a message, as mrkdwn. */
export function typedIn(blocks: unknown): string {
  return listIn(blocks)
    .map(fieldsOf)
    .filter(({ type }) => type === "rich_text")
    .map(richText)
    .filter((text) => text.trim() !== "")
    .join("\n");
}

/** Blocks that nobody typed, as one card; none when there are none. `except` is mrkdwn that is shown already. */
export function cardsIn(
  blocks: unknown,
  names: { readonly userId: string; readonly names: KnownNames },
  except = "",
): Item[] {
  const wanted = listIn(blocks).filter((block) => fieldsOf(block).type !== "rich_text" || except === "");
  const { lines = [], facts = [], table, buttons = [] } = joined(wanted);
  const asRead = (text: string) => shown(readable(text, names.userId, names.names), "slack");
  const text = lines
    .filter((line) => line.trim() !== "" && !except.includes(line))
    .map(asRead)
    .join("\n");
  if (text === "" && facts.length === 0 && !table && buttons.length === 0) return [];
  return [
    {
      kind: "card",
      name: "Card",
      text,
      facts,
      ...(table && { tables: [table.map((row) => row.map(asRead))] }),
      buttons,
    },
  ];
}

function joined(blocks: readonly unknown[]): Shown {
  const all = blocks.map(shownAs);
  const tables = all.flatMap(({ table }) => (table ? [table] : []));
  return {
    lines: all.flatMap(({ lines = [] }) => lines),
    facts: all.flatMap(({ facts = [] }) => facts),
    buttons: all.flatMap(({ buttons = [] }) => buttons),
    ...(tables.length > 0 && { table: tables.flat() }),
  };
}

/** A block of a kind that is not known yet is told by its name, and by its text where it has one. */
function shownAs(block: unknown): Shown {
  const fields = fieldsOf(block);
  const type = String(fields.type);
  const rule = Object.hasOwn(BLOCKS, type) ? BLOCKS[type as BlockType] : undefined;
  if (!rule) return { lines: [textIn(fields.text) || `(a part of the kind ${type}, which cannot be shown)`] };
  return "read" in rule ? rule.read(fields) : {};
}

function tableIn(rows: unknown): string[][] {
  return listIn(rows).map((row) => listIn(row).map((cell) => textIn(cell) || richText(fieldsOf(cell))));
}

/** Labels of what can be tapped or chosen. */
function labelsIn(elements: readonly unknown[]): string[] {
  return elements.flatMap((element) => {
    const { text, placeholder, options, url, positive_button, negative_button } = fieldsOf(element);
    const own = [textIn(text) || textIn(placeholder), textIn(url)].filter(Boolean).join(" ");
    const choices = [...listIn(options), positive_button, negative_button].map((option) =>
      textIn(fieldsOf(option).text),
    );
    return [own, ...choices].filter((label) => label !== "");
  });
}

/** A text object, a text, or an element that is described by one. */
function textIn(value: unknown): string {
  if (typeof value === "string" || typeof value === "number") return String(value);
  const { text, alt_text, value: number } = fieldsOf(value);
  if (typeof text === "string") return fieldsOf(value).type === "plain_text" ? escaped(text) : text;
  if (typeof alt_text === "string") return alt_text;
  return typeof number === "number" ? String(number) : "";
}

/** Rich text as mrkdwn: elements in lists, quotes and sections. */
function richText({ elements, type, style, indent, offset }: Fields): string {
  const parts = listIn(elements).map(fieldsOf);
  switch (type) {
    case "rich_text":
      return parts.map(richText).join("\n");
    case "rich_text_list": {
      const space = "  ".repeat(Math.min(Number(indent ?? 0) || 0, 8));
      const first = 1 + (Number(offset ?? 0) || 0);
      const marker = (index: number) => (style === "ordered" ? `${first + index}.` : "-");
      return parts.map((part, index) => `${space}${marker(index)} ${richText(part)}`).join("\n");
    }
    case "rich_text_quote":
      return parts.map(inline).join("").replace(/^/gm, "> ");
    case "rich_text_preformatted":
      return `\`\`\`\n${parts.map(inline).join("")}\n\`\`\``;
    default:
      return parts.map(inline).join("");
  }
}

/** An element of a line, as Slack's own mrkdwn writes it. */
function inline(element: Fields): string {
  const { type, text, name, url, user_id, channel_id, usergroup_id, range, timestamp, fallback, value, unicode } =
    element;
  const words = typeof text === "string" ? escaped(text) : "";
  switch (type) {
    case "user":
      return `<@${user_id}>`;
    case "channel":
      return `<#${channel_id}>`;
    case "usergroup":
      return `<!subteam^${usergroup_id}>`;
    case "broadcast":
      return `<!${range}>`;
    case "link":
      return words === "" ? `<${url}>` : `<${url}|${words}>`;
    case "emoji":
      return typeof unicode === "string" ? signOf(unicode) : `:${name}:`;
    case "date":
      return `<!date^${timestamp}^{date}|${typeof fallback === "string" ? fallback : timestamp}>`;
    case "color":
      return String(value ?? "");
    default:
      return words || otherPart(element);
  }
}

/** A part of a line of a kind that is not known yet: what it holds, or that there is something. */
function otherPart({ type, elements, url, fallback, alt_text }: Fields): string {
  if (Array.isArray(elements)) return elements.map(fieldsOf).map(inline).join("");
  const shown = [fallback, alt_text, url].find((each) => typeof each === "string" && each !== "");
  if (typeof shown === "string") return escaped(shown);
  return typeof type === "string" && type !== "text"
    ? `(a part of the kind ${escaped(type.slice(0, 40))}, which cannot be shown)`
    : "";
}

/** "1f600-1f3fb" as the sign that it stands for. */
function signOf(unicode: string): string {
  const points = unicode.split("-").map((point) => Number.parseInt(point, 16));
  return points.every((point) => point > 0 && point <= 0x10ffff) ? String.fromCodePoint(...points) : "";
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
