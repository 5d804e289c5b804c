/**
 * Telegram's HTML: what its parser accepts, and what a reader sees of it. Strict, as the Bot API is: an unknown tag or a
 * tag that is not closed refuses the whole message (Bot API: formatting options, HTML style).
 */

export interface Entity {
  readonly type: string;
  readonly offset: number;
  readonly length: number;
  readonly url?: string;
  readonly language?: string;
}

/** The reason for which the Bot API would refuse the text. */
export class MarkupError extends Error {}

const TYPES: Readonly<Record<string, string>> = {
  b: "bold",
  strong: "bold",
  i: "italic",
  em: "italic",
  u: "underline",
  ins: "underline",
  s: "strikethrough",
  strike: "strikethrough",
  del: "strikethrough",
  "tg-spoiler": "spoiler",
  span: "spoiler",
  a: "text_link",
  "tg-emoji": "custom_emoji",
  code: "code",
  pre: "pre",
  blockquote: "blockquote",
};

const CHARACTERS: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"' };

interface OpenTag {
  readonly name: string;
  readonly offset: number;
  readonly attributes: string;
}

/** Reads HTML as the Bot API does. Throws `MarkupError` with the Bot API's own words. */
export function readHtml(html: string): { text: string; entities: Entity[] } {
  const open: OpenTag[] = [];
  const entities: Entity[] = [];
  let text = "";
  let at = 0;
  while (at < html.length) {
    const rest = html.slice(at);
    if (rest.startsWith("<")) {
      const offset = Buffer.byteLength(html.slice(0, at));
      const tag = /^<(\/?)([a-z0-9-]*)((?:\s+[a-z-]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>"']+))?)*)\s*>/i.exec(rest);
      if (!tag) throw new MarkupError(`Unclosed start tag at byte offset ${offset}`);
      const name = tag[2]!.toLowerCase();
      at += tag[0].length;
      if (tag[1]) entities.push(...closed(open.pop(), name, text.length, offset));
      else open.push(opened(name, tag[3] ?? "", text.length, offset));
      continue;
    }
    const character = /^&(?:#(\d+)|#x([0-9a-f]+)|(lt|gt|amp|quot));/i.exec(rest);
    if (character) {
      const [whole, decimal, hex, named] = character;
      text += named
        ? CHARACTERS[named.toLowerCase()]
        : String.fromCodePoint(decimal ? Number(decimal) : Number.parseInt(hex!, 16));
      at += whole.length;
      continue;
    }
    text += html[at];
    at += 1;
  }
  const last = open.at(-1);
  if (last) throw new MarkupError(`Can't find end tag corresponding to start tag "${last.name}"`);
  return { text, entities: entities.sort((one, other) => one.offset - other.offset || other.length - one.length) };
}

function opened(name: string, attributes: string, offset: number, at: number): OpenTag {
  const isSpoilerSpan = /class\s*=\s*["']?tg-spoiler/.test(attributes);
  if (!Object.hasOwn(TYPES, name) || (name === "span" && !isSpoilerSpan))
    throw new MarkupError(`Unsupported start tag "${name}" at byte offset ${at}`);
  return { name, offset, attributes };
}

function closed(tag: OpenTag | undefined, name: string, end: number, at: number): Entity[] {
  if (!tag) throw new MarkupError(`Unexpected end tag at byte offset ${at}`);
  if (name && tag.name !== name)
    throw new MarkupError(`Unmatched end tag at byte offset ${at}, expected "</${tag.name}>", found "</${name}>"`);
  const length = end - tag.offset;
  if (length === 0) return [];
  const url = /href\s*=\s*["']?([^"'\s>]+)/.exec(tag.attributes)?.[1];
  const language = /class\s*=\s*["']?language-([^"'\s>]+)/.exec(tag.attributes)?.[1];
  return [
    {
      type: TYPES[tag.name]!,
      offset: tag.offset,
      length,
      ...(url && { url: readHtml(url).text }),
      ...(language && { language }),
    },
  ];
}
