/** Divides a text into messages. */

import type { Dialect } from "./dialect.ts";
import { barePiece, type Document, messagePiece } from "./message.ts";
import type { Piece } from "./pieces.ts";
import { wholeCharacter } from "./window.ts";

/** The longest message, in the dialect's own measure. `first` is for the first one, when it is a caption. */
export interface MessageLimits {
  readonly first?: number | undefined;
  readonly rest: number;
}

/**
 * Messages within the limits, none of them blank. Each takes as much as it can, and ends, in this order, between blocks,
 * lines, sentences, words; inside a word only when it is longer than a message. A code block is divided only when it is
 * longer than a message, and then between lines.
 */
export function divide(document: Document, dialect: Dialect, limits: MessageLimits): Piece[] {
  const pieces: Piece[] = [];
  let guess = limits.rest;
  for (let from = document.skipSpace(0); from < document.length; ) {
    const limit = pieces.length === 0 ? (limits.first ?? limits.rest) : limits.rest;
    const { piece, end } = new Cut(document, dialect, from, { this: limit, next: limits.rest, guess }).best();
    if (piece.plain.trim() !== "") pieces.push(piece);
    guess = end - from;
    from = document.skipSpace(end);
  }
  return pieces;
}

/**
 * The least part of a message that must be filled before it may end at a weaker boundary; emptier messages look torn.
 */
const FULL_ENOUGH = 1 / 4;

type Write = typeof messagePiece;

/** The search for the end of one message. */
class Cut {
  readonly #document: Document;
  readonly #dialect: Dialect;
  readonly #from: number;
  readonly #limit: number;
  readonly #nextLimit: number;
  /** How far the last message went. */
  readonly #guess: number;

  constructor(
    document: Document,
    dialect: Dialect,
    from: number,
    limit: { this: number; next: number; guess: number },
  ) {
    this.#document = document;
    this.#dialect = dialect;
    this.#from = from;
    this.#limit = limit.this;
    this.#nextLimit = limit.next;
    this.#guess = Math.min(limit.guess, limit.this);
  }

  best(): { piece: Piece; end: number } {
    const marked = this.#furthest(messagePiece);
    const write = marked > this.#from ? messagePiece : barePiece;
    const furthest = marked > this.#from ? marked : this.#furthest(barePiece);
    if (furthest <= this.#from) return this.#oneCharacter();
    const end = furthest >= this.#document.length ? furthest : this.#before(furthest);
    const piece = this.#piece(end, write);
    return this.#fits(piece) ? { piece, end } : { piece: this.#piece(furthest, write), end: furthest };
  }

  #piece(end: number, write: Write): Piece {
    return write(this.#document.slice(this.#from, end), this.#dialect);
  }

  /** Measures the plain form too, because it is sent when a platform cannot read the marks. */
  #fits(piece: Piece, limit = this.#limit): boolean {
    const { text, plain } = piece;
    if (this.#dialect.measure(piece) > limit) return false;
    return text === plain || this.#dialect.measure({ text: plain, plain }) <= limit;
  }

  /** The furthest end for which the message is within the limit; `from` when there is none. */
  #furthest(write: Write): number {
    const { length } = this.#document;
    const reaches = (end: number) => this.#fits(this.#piece(end, write));
    const margin = (this.#guess >> 3) + 1;
    let low = this.#from;
    let high = Math.min(length, low + Math.min(this.#limit, this.#guess + margin));
    const likely = low + this.#guess - margin;
    if (likely > low && likely < high && reaches(likely)) low = likely;
    while (reaches(high)) {
      if (high === length) return length;
      low = high;
      high = Math.min(length, high + Math.max(1, Math.ceil((high - this.#from) / 8)));
    }
    // An exact end is not needed: a long text is divided near a word boundary anyway.
    const near = Math.floor(this.#limit / 256);
    while (high - low > 1 && (low === this.#from || high - low > near)) {
      const middle = (low + high) >> 1;
      if (reaches(middle)) low = middle;
      else high = middle;
    }
    return low;
  }

  /** Takes one character even when the limit is below that, so that the division ends. */
  #oneCharacter(): { piece: Piece; end: number } {
    const found = this.#document.at(this.#from);
    const unit = found?.block.text.codePointAt(this.#from - found.start) ?? 0;
    const end = this.#from + (unit > 0xffff ? 2 : 1);
    return { piece: this.#piece(end, barePiece), end };
  }

  /** The best end at or before `furthest`, where the text must go on in another message. */
  #before(furthest: number): number {
    const found = this.#document.at(furthest);
    if (!found || found.start === furthest) return this.#boundary(furthest) ?? furthest;
    const { block, start } = found;
    const least = this.#from + (furthest - this.#from) * FULL_ENOUGH;
    const boundary = this.#boundary(start) ?? this.#from;
    if (boundary > this.#from && (boundary >= least || this.#isShortFence(found.index))) return boundary;

    const begin = Math.max(this.#from, start);
    const ends = block.kind === "fence" ? fenceEnds : textEnds;
    const inside = ends(block.text.slice(begin - start, furthest - start + 1)).map((end) =>
      this.#notInAddress(begin + end),
    );
    const full = inside.find((end) => end > begin && end >= least);
    if (full !== undefined) return full;
    if (boundary > this.#from) return boundary;
    const any = inside.findLast((end) => end > begin);
    return any ?? this.#hard(furthest);
  }

  /** The last end of a block up to `end`; a heading stays with what it is above. */
  #boundary(end: number): number | undefined {
    for (let place = end; place > this.#from; ) {
      const before = this.#document.at(place - 1);
      if (before?.block.kind !== "text" || before.block.heading === undefined) return place;
      place = before.start;
    }
    return undefined;
  }

  /** Whether it is a code block that fits into the next message. */
  #isShortFence(index: number): boolean {
    const block = this.#document.blocks[index];
    if (block?.kind !== "fence" || block.text.length > this.#nextLimit) return false;
    return this.#fits(messagePiece([block], this.#dialect), this.#nextLimit);
  }

  /** The place itself, or the start of the address or link that it is inside of. */
  #notInAddress(place: number): number {
    const found = this.#document.at(place);
    if (found?.block.kind !== "text" || place === found.start) return place;
    let start = found.start;
    let linkStart = start;
    let link: object | undefined;
    for (const run of found.block.runs) {
      if (run.link !== link) linkStart = start;
      link = run.link;
      const end = start + run.text.length;
      if (place > start && place < end && run.isAddress) return start;
      if (place > linkStart && place < end && link) return linkStart;
      if (end >= place) return place;
      start = end;
    }
    return place;
  }

  /** The last resort: an end inside a word, but never inside what a reader takes for one character. */
  #hard(furthest: number): number {
    const kept = this.#notInAddress(furthest);
    if (kept > this.#from) furthest = kept;
    const found = this.#document.at(furthest);
    if (!found || found.start === furthest) return furthest;
    const { text } = found.block;
    const at = furthest - found.start;
    const windowStart = wholeCharacter(text, Math.max(0, this.#from - found.start, at - 64));
    const window = text.slice(windowStart, at + 64);
    const grapheme = GRAPHEMES.segment(window).containing(at - windowStart);
    const end = found.start + windowStart + (grapheme?.index ?? at - windowStart);
    return end > this.#from ? end : Math.max(this.#from + 1, found.start + wholeCharacter(text, at));
  }
}

const GRAPHEMES = new Intl.Segmenter("en", { granularity: "grapheme" });

/**
 * The places where a message may end in a stretch of a paragraph, best first; the last place of each kind. The stretch
 * is one unit longer than the limit.
 */
function textEnds(stretch: string): number[] {
  const line = stretch.lastIndexOf("\n");
  const sentence = [...stretch.matchAll(/[.!?…。！？][)\]"'”’»]*(?=\s|$)|[。！？]/g)].at(-1);
  const word = /\s\S*$/.exec(stretch)?.index ?? 0;
  const isWholeSentence = sentence && sentence.index + sentence[0].length < stretch.length;
  return [line, isWholeSentence ? sentence.index + sentence[0].length : 0, word];
}

function fenceEnds(stretch: string): number[] {
  return [stretch.lastIndexOf("\n")];
}
