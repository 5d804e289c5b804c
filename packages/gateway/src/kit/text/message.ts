/** A text as a sequence of places; any stretch of it can be rendered as a message. */
import type { Block, FenceBlock, TextBlock } from "./blocks.ts";
import type { Dialect } from "./dialect.ts";
import { fencePiece, joined, type Piece, plainPiece, quotePiece, textPiece } from "./pieces.ts";

/** Blocks one after the other. A place is an offset in their texts, without the gaps between them. */
export class Document {
  readonly blocks: readonly Block[];
  readonly length: number;
  readonly #starts: readonly number[];

  constructor(blocks: readonly Block[]) {
    const starts: number[] = [];
    let length = 0;
    for (const { text } of blocks) {
      starts.push(length);
      length += text.length;
    }
    this.blocks = blocks;
    this.length = length;
    this.#starts = starts;
  }

  /** The block that holds the character after the place, and where it begins. */
  at(place: number): { readonly index: number; readonly block: Block; readonly start: number } | undefined {
    let [low, high] = [0, this.blocks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= place) low = middle + 1;
      else high = middle;
    }
    const [block, start] = [this.blocks[low - 1], this.#starts[low - 1]];
    return block && start !== undefined && place < this.length ? { index: low - 1, block, start } : undefined;
  }

  /** The text between two places, as blocks. */
  slice(from: number, to: number): Block[] {
    const blocks: Block[] = [];
    for (let place = from; place < to; ) {
      const found = this.at(place);
      if (!found) break;
      const { block, start } = found;
      const end = Math.min(to, start + block.text.length);
      const part =
        block.kind === "text"
          ? textPart(block, place - start, end - start)
          : fencePart(block, place - start, end - start);
      if (part.text.trim() !== "") blocks.push(part);
      place = end;
    }
    return blocks;
  }

  /** The first place from here on that is worth beginning a message with. */
  skipSpace(from: number): number {
    let place = from;
    for (let found = this.at(place); found; found = this.at(place)) {
      const { block, start } = found;
      const isInside = place > start;
      if (block.kind === "fence") return isInside && block.text[place - start] === "\n" ? place + 1 : place;
      const space = isInside ? (/^\s*/.exec(block.text.slice(place - start, place - start + 256))?.[0].length ?? 0) : 0;
      if (space === 0) return place;
      place += space;
    }
    return place;
  }
}

function textPart(block: TextBlock, from: number, to: number): TextBlock {
  if (from === 0 && to === block.text.length) return block;
  const runs: TextBlock["runs"][number][] = [];
  let start = 0;
  for (const run of block.runs) {
    const text = run.text.slice(Math.max(0, from - start), Math.max(0, to - start));
    if (text !== "") runs.push({ ...run, text });
    start += run.text.length;
    if (start >= to) break;
  }
  return { ...block, text: block.text.slice(from, to), runs };
}

function fencePart(block: FenceBlock, from: number, to: number): FenceBlock {
  const text = block.text.slice(from, to);
  return { ...block, text: text.endsWith("\n") ? text.slice(0, -1) : text };
}

/** Renders blocks as one message; neighbours of the same quote become one quote. */
export function messagePiece(blocks: readonly Block[], dialect: Dialect): Piece {
  const pieces: Piece[] = [];
  for (let at = 0; at < blocks.length; ) {
    const first = blocks[at];
    if (!first) break;
    if (at > 0) pieces.push(spacePiece(first.gap));
    if (first.kind === "fence") {
      pieces.push(fencePiece(first, dialect));
      at += 1;
      continue;
    }
    const group = groupOf(blocks, at, first);
    const inner = group.flatMap((block, index) => {
      const piece = textPiece(trimmed(block, at === 0 && index === 0), dialect);
      return index > 0 ? [spacePiece(block.gap), piece] : [piece];
    });
    pieces.push(first.quote === undefined ? joined(inner) : quotePiece(joined(inner), dialect));
    at += group.length;
  }
  return joined(pieces);
}

/** Renders blocks as plain text, for when no mark of the dialect fits. */
export function barePiece(blocks: readonly Block[], dialect: Dialect): Piece {
  return joined(
    blocks.flatMap(({ gap, text }, index) =>
      index > 0 ? [spacePiece(gap), plainPiece(text, dialect)] : [plainPiece(text, dialect)],
    ),
  );
}

/** The text blocks of one quote from `start` on; one block where there is no quote. */
function groupOf(blocks: readonly Block[], start: number, first: TextBlock): TextBlock[] {
  const group = [first];
  for (let at = start + 1; first.quote !== undefined; at += 1) {
    const next = blocks[at];
    if (next?.kind !== "text" || next.quote !== first.quote) break;
    group.push(next);
  }
  return group;
}

/** Trims spaces at the end of a block, and at the beginning of a message. */
function trimmed(block: TextBlock, isFirst: boolean): TextBlock {
  const end = block.text.trimEnd().length;
  const start = isFirst ? block.text.length - block.text.trimStart().length : 0;
  return textPart(block, start, end);
}

function spacePiece(space: string): Piece {
  return { text: space, plain: space, ranges: [] };
}
