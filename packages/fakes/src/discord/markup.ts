/** What a reader sees of a message: Discord's Markdown without its marks. */

const FENCE = /```(?:[\w+-]*\n)?([\s\S]*?)\n?```/g;
const CODE = /`([^`\n]+)`/g;
const PAIRS = [/\*\*([\s\S]+?)\*\*/g, /__([\s\S]+?)__/g, /~~([\s\S]+?)~~/g, /\|\|([\s\S]+?)\|\|/g];
const ITALIC = [/\*([^\s*][^*]*)\*/g, /(?<![\p{L}\p{N}])_([^_]+)_(?![\p{L}\p{N}])/gu];
const LINK = /\[([^\]]+)\]\(<?([^)>]+)>?\)/g;
const LINE_START = /^(?:#{1,3} |-# |>>> |> )/gm;

/** Removes marks and escapes. What is in code is kept as it is. */
export function withoutMarkup(raw: string): string {
  const kept: string[] = [];
  const keep = (text: string) => `\uE000${kept.push(text) - 1}\uE000`;
  let text = raw
    .replace(FENCE, (_, code: string) => keep(code))
    .replace(CODE, (_, code: string) => keep(code))
    .replace(/\\([^\p{L}\p{N}\s])/gu, (_, mark: string) => keep(mark))
    .replace(LINE_START, "")
    .replace(LINK, "$1");
  for (const pair of PAIRS) text = text.replace(pair, "$1");
  for (const mark of ITALIC) text = text.replace(mark, "$1");
  return text.replace(/\uE000(\d+)\uE000/g, (_, index: string) => kept[Number(index)] ?? "");
}
