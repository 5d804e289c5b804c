/** Files that are in a text as Base64: they are told apart from what people wrote. */

/** Frames from this size on are mostly pictures. */
export const LARGE_CHARS = 65_536;

/** The place where the base64 of a file may begin; only a long run of its characters is one. */
const FILE_START = /"(?:data|content|qrDataUrl|url)":"(?:data:[\w/+.-]+;base64,)?(?=[A-Za-z0-9+/]{512})/g;

const FILE_END = /={0,2}"/y;

/**
 * Applies `change` to the text around base64 files, and `inFile` to the files. A file is a string that holds nothing
 * else; a text that only begins like one is text.
 */
export function betweenFiles(text: string, change: (part: string) => string, inFile: (run: string) => string): string {
  const parts: string[] = [];
  let isSame = true;
  const add = (part: string, changed: string) => {
    parts.push(changed);
    isSame &&= changed === part;
  };
  let from = 0;
  for (const { start, end } of filesIn(text)) {
    const before = text.slice(from, start);
    add(before, change(before));
    const file = text.slice(start, end);
    add(file, inFile(file));
    from = end;
  }
  const rest = text.slice(from);
  add(rest, change(rest));
  // Skip the joining when nothing changed: it takes longer than the search.
  return isSame ? text : parts.join("");
}

function* filesIn(text: string): Generator<{ readonly start: number; readonly end: number }> {
  let end = 0;
  for (;;) {
    FILE_START.lastIndex = end;
    const found = FILE_START.exec(text);
    if (!found) return;
    const start = found.index + found[0].length;
    end = base64End(text, start);
    FILE_END.lastIndex = end;
    if (FILE_END.test(text)) yield { start, end };
  }
}

/** The end of a run of base64. A loop, because a pattern takes four times as long over a picture. */
export function base64End(text: string, start: number): number {
  let at = start;
  while (at < text.length && IN_BASE64[text.charCodeAt(at)] === 1) at++;
  return at;
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** 1 for each character code that is in Base64, 0 for the others. */
export const IN_BASE64 = Uint8Array.from({ length: 128 }, (_, code) =>
  Number(BASE64.includes(String.fromCharCode(code))),
);
