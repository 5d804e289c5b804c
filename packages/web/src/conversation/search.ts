// Search in everything that was ever said. Typing asks the gateway when it pauses, and never twice at once.

import type { SessionsSearchResult } from "@moltbot/protocol";

/** A message that was found. */
export type Match = SessionsSearchResult["matches"][number];

/** What is searched for, and what was found; `matches` are those of `query` unless `isBusy`. */
export interface SearchState {
  readonly query: string;
  readonly matches: readonly Match[];
  readonly isBusy: boolean;
}

/** What the search needs of the page. */
export interface SearchPort {
  /** Undefined when it cannot be asked now. */
  readonly find: (query: string) => Promise<readonly Match[] | undefined>;
  readonly onChange: () => void;
}

/** How long typing must pause before the gateway is asked, in milliseconds. */
const PAUSE_MS = 250;
/** Fewer letters stand for too much. */
const MIN_LETTERS = 2;

const NOTHING: SearchState = { query: "", matches: [], isBusy: false };

/** The search of one page. */
export class Search {
  #state: SearchState = NOTHING;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAsking = false;
  readonly #port: SearchPort;

  constructor(port: SearchPort) {
    this.#port = port;
  }

  get state(): SearchState {
    return this.#state;
  }

  /** The words are these now. */
  type(text: string): void {
    const query = text.trim();
    if (query === this.#state.query) return;
    clearTimeout(this.#timer);
    if (query.length < MIN_LETTERS) return this.#set({ ...NOTHING, query });
    this.#set({ query, matches: this.#state.matches, isBusy: true });
    this.#timer = setTimeout(() => void this.#ask(), PAUSE_MS);
  }

  /** One question at a time: what was typed meanwhile is asked when the answer is there. */
  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const { query } = this.#state;
    const matches = query.length < MIN_LETTERS ? [] : await this.#port.find(query);
    this.#isAsking = false;
    if (query !== this.#state.query) return await this.#ask();
    this.#set({ query, matches: matches ?? [], isBusy: false });
  }

  #set(state: SearchState): void {
    this.#state = state;
    this.#port.onChange();
  }
}

/** Pieces of a text, each with whether it is one of the words that were searched for. */
export function marked(text: string, query: string): { readonly text: string; readonly isHit: boolean }[] {
  const words = query.match(/[\p{L}\p{N}_]+/gu) ?? [];
  if (words.length === 0) return [{ text, isHit: false }];
  const { plain, places } = folded(text);
  const wanted = words.map((word) => folded(word).plain.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}_])(?:${wanted.join("|")})[\\p{L}\\p{N}_]*`, "gu");
  const pieces: { text: string; isHit: boolean }[] = [];
  let from = 0;
  for (const { 0: hit, index } of plain.matchAll(pattern)) {
    const [start = 0, end = text.length] = [places[index], places[index + hit.length]];
    if (start > from) pieces.push({ text: text.slice(from, start), isHit: false });
    pieces.push({ text: text.slice(start, end), isHit: true });
    from = end;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), isHit: false });
  return pieces;
}

/** Without case and accents, as the gateway's index has it; and where each letter is in the text. */
function folded(text: string): { plain: string; places: number[] } {
  let plain = "";
  const places: number[] = [];
  let at = 0;
  for (const letter of text) {
    const bare = letter
      .normalize("NFD")
      .replace(/\p{M}+/gu, "")
      .toLowerCase();
    for (let index = 0; index < bare.length; index++) places.push(at);
    plain += bare;
    at += letter.length;
  }
  places.push(at);
  return { plain, places };
}
