/**
 * Finds messages by their words. The database is asked in short questions, and others get their turn between them: one
 * question about a word that a million messages hold would keep the process for seconds.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Static } from "@sinclair/typebox";
import type { Store } from "../../../../base/store/store.ts";
import { normalised } from "../../../../base/text/normal-text.ts";
import type { SearchMatch } from "../schema.ts";

type Match = Static<typeof SearchMatch>;

/** A message that holds the words, with how it begins. */
interface Hit {
  readonly place: number;
  readonly chars: number;
  readonly head: string;
}

/** The newest hits that are ranked, at most, each by its first characters. */
const RANKED = 300;
const RANKED_CHARS = 1_000;
/** Words of a query; those behind them are not looked for. */
const MAX_WORDS = 20;
/** A beginning of more words than this is left to the index, which reads all their messages (1,000,000: 0.2 s). */
const MAX_ENDINGS = 256;
/** Snippets of so many characters together are cut in one turn: their texts are read as a whole. */
const TURN_CHARS = 100_000;
/** What is shown of a text that is too long to be read for its snippet. */
const LONG_TEXT_CHARS = 200;

export class MessageSearch {
  readonly #store: Store;
  #hasTerms = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Messages that hold every word, or where few do its beginning; the best of the newest ones first. Not those of one run,
   * if it asks. Only so many of the newest hits are ranked: looking at each of a very common word takes seconds.
   */
  async find(query: string, limit: number, { exceptRun = "" }: { exceptRun?: string } = {}): Promise<Match[]> {
    const words = wordsIn(query);
    if (words.length === 0) return [];
    const whole = words.map(quoted).join(" AND ");
    const hits = this.#newest(whole, exceptRun);
    if (hits.length >= limit) return await this.#matches(whole, best(hits, words, limit));
    const longer = await this.#withBeginnings(words);
    await nextTurn();
    const all = longer === whole ? hits : this.#newest(longer, exceptRun);
    return await this.#matches(longer, best(all, words, limit));
  }

  /** The newest messages that match, newest first. */
  #newest(match: string, exceptRun: string): Hit[] {
    return this.#store.all<Hit>(
      `select seq as place, length(messages.text) as chars, substr(messages.text, 1, ${RANKED_CHARS}) as head
       from messages_search join messages on messages.seq = messages_search.rowid
       where messages_search match ? and coalesce(run_id, '-') <> ? order by messages_search.rowid desc limit ${RANKED}`,
      match,
      exceptRun,
    );
  }

  async #withBeginnings(words: readonly string[]): Promise<string> {
    const alternatives: string[] = [];
    for (const word of words) {
      await nextTurn();
      alternatives.push(isShort(word) ? quoted(word) : this.#orItsBeginning(word));
    }
    return alternatives.join(" AND ");
  }

  /** A word or any that begins with it. Words are named: for a mere beginning the index reads all messages that hold one. */
  #orItsBeginning(word: string): string {
    const beginning = `${quoted(word)}*`;
    // The index takes this for two words.
    if (word.includes("_")) return beginning;
    const longer = this.#wordsFrom(indexed(word)).filter((found) => found !== indexed(word));
    if (longer.length >= MAX_ENDINGS) return beginning;
    return longer.length === 0 ? quoted(word) : `(${[word, ...longer].map(quoted).join(" OR ")})`;
  }

  /** The words in the index that begin so, up to one more than may be named. */
  #wordsFrom(beginning: string): string[] {
    this.#showTerms();
    const words: string[] = [];
    for (let from = beginning; words.length <= MAX_ENDINGS; from = `${words.at(-1)}\u0001`) {
      const found = this.#store.get<{ term: string }>(
        "select term from temp.messages_terms where term >= ? limit 1",
        from,
      );
      if (!found?.term.startsWith(beginning)) break;
      words.push(found.term);
    }
    return words;
  }

  /** A view on the words of the index, of this connection only. Of the kinds that there are, `instance` counts nothing. */
  #showTerms(): void {
    if (this.#hasTerms) return;
    this.#store.run(
      "create virtual table if not exists temp.messages_terms using fts5vocab(main, messages_search, instance)",
    );
    this.#hasTerms = true;
  }

  /** Hits as clients are told of them, in the order given. */
  async #matches(match: string, hits: readonly Hit[]): Promise<Match[]> {
    const found = new Map<number, Match>();
    for (const some of inTurns(hits)) {
      await nextTurn();
      for (const { place, ...told } of this.#told(match, some)) {
        found.set(place, { ...told, snippet: told.snippet.replace(/\s+/g, " ") });
      }
    }
    return hits.flatMap(({ place }) => found.get(place) ?? []);
  }

  #told(match: string, hits: readonly Hit[]): (Match & { readonly place: number })[] {
    const places = hits.map(({ place }) => place);
    // An upper bound, or asking the index for each place (the plus keeps SQLite from it), would read all newer messages.
    return this.#store.all(
      `select seq as place, session_key as sessionKey, id as messageId, role, at as ts,
              case when length(messages.text) <= ${TURN_CHARS} then snippet(messages_search, 0, '', '', '…', 24)
                   else substr(messages.text, 1, ${LONG_TEXT_CHARS}) || '…' end as snippet
       from messages_search join messages on messages.seq = messages_search.rowid
       where messages_search match ? and messages_search.rowid >= ?
         and +messages.seq in (select value from json_each(?))
       order by messages_search.rowid desc limit ?`,
      ...[match, Math.min(...places), JSON.stringify(places), places.length],
    );
  }
}

/** The best hits, the best first. */
function best(hits: readonly Hit[], words: readonly string[], limit: number): Hit[] {
  const wanted = words.map(folded);
  return hits
    .map((hit) => ({ hit, score: scoreOf(hit.head, wanted) }))
    .sort((a, b) => b.score - a.score || b.hit.place - a.hit.place)
    .slice(0, limit)
    .map(({ hit }) => hit);
}

/** Groups of hits whose texts are not too long together. */
function inTurns(hits: readonly Hit[]): Hit[][] {
  const groups: Hit[][] = [];
  let room = 0;
  for (const hit of hits) {
    const chars = Math.min(hit.chars, TURN_CHARS);
    if (chars > room) {
      groups.push([]);
      room = TURN_CHARS;
    }
    groups.at(-1)!.push(hit);
    room -= chars;
  }
  return groups;
}

function wordsIn(query: string): string[] {
  const words = query.match(/[\p{L}\p{N}_]+/gu) ?? [];
  return words.filter((word) => /[^_]/.test(word)).slice(0, MAX_WORDS);
}

function quoted(word: string): string {
  return `"${word}"`;
}

/** The beginnings of so few letters stand for too many words; in scripts without spaces a word is a whole sentence. */
function isShort(word: string): boolean {
  return (
    word.length < 3 &&
    !/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u.test(word)
  );
}

/** A word as it stands in the index: in small letters, and those of the Latin script without their accents (unicode61). */
function indexed(word: string): string {
  const letters = [...normalised(word, "NFC")].map((letter) => {
    const plain = folded(letter);
    return /^[a-z]$/.test(plain) ? plain : letter.toLowerCase();
  });
  return letters.join("");
}

/** Without case and accents. */
function folded(text: string): string {
  return normalised(text, "NFD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase();
}

/** How much a text is about the words: each counts the more often it is there, the less the longer the text is. */
function scoreOf(text: string, words: readonly string[]): number {
  const plain = folded(text);
  const length = plain.length / 200;
  return words.reduce((score, word) => {
    const count = plain.split(word).length - 1;
    return score + count / (count + 0.5 + length);
  }, 0);
}
