/** Cuts a note into the pieces that a search finds: a heading with what follows it, a paragraph, some items of a list. */

/** A piece of a note. */
export interface Chunk {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly text: string;
}

const CHUNK_CHARS = 700;
const MAX_LINE_CHARS = 2_000;

/** Every line that says something is in exactly one piece; a new one begins at each heading and when one is long enough. */
export function chunksOf(text: string): Chunk[] {
  const chunks: { line: number; text: string }[] = [];
  let isOpen = false;
  for (const [index, whole] of text.split(/\r?\n/).entries()) {
    const line = whole.trimEnd().slice(0, MAX_LINE_CHARS);
    const last = chunks.at(-1);
    const isFull = last !== undefined && last.text.length + line.length > CHUNK_CHARS;
    if (line.trim() === "") {
      isOpen &&= last !== undefined && isHeading(last.text);
    } else if (last && isOpen && !isFull && !isHeading(line)) {
      last.text += `\n${line}`;
    } else {
      chunks.push({ line: index + 1, text: line });
      isOpen = true;
    }
  }
  return chunks;
}

function isHeading(line: string): boolean {
  return /^#{1,6} [^\n]*$/.test(line);
}
