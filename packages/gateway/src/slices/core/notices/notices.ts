/** News for an agent's next turn in a conversation. They are kept in memory: a restart drops them. */
import { asPeopleRead, type Words } from "../../../kit/text/words.ts";

const MAX_WAITING = 20;

interface Notice {
  readonly words: Words;
  /** The subject, when only the newest news of a subject matters. */
  readonly about: string | undefined;
}

export class Notices {
  readonly #waiting = new Map<string, readonly Notice[]>();
  #revision = 0;

  /** Changes whenever news was added or taken. */
  get revision(): number {
    return this.#revision;
  }

  /**
   * Adds news to a session. News equal to the newest is dropped, and so is the oldest beyond 20. Of news with one
   * `about`, only the newest is kept.
   */
  add(sessionKey: string, words: Words, about?: string): void {
    const waiting = this.#of(sessionKey);
    if (JSON.stringify(waiting.at(-1)?.words) === JSON.stringify(words)) return;
    const others = about === undefined ? waiting : waiting.filter((notice) => notice.about !== about);
    this.#waiting.set(sessionKey, [...others, { words, about }].slice(-MAX_WAITING));
    this.#revision++;
  }

  /** The waiting news of a session, as people read them. */
  waiting(sessionKey: string): readonly string[] {
    return this.#of(sessionKey).map(({ words: { text, from } }) => asPeopleRead(text, from));
  }

  /** Takes the waiting news of a session; the agent sees them once. */
  take(sessionKey: string): readonly Words[] {
    const waiting = this.#of(sessionKey);
    this.#waiting.delete(sessionKey);
    this.#revision++;
    return waiting.map(({ words }) => words);
  }

  #of(sessionKey: string): readonly Notice[] {
    return this.#waiting.get(sessionKey) ?? [];
  }
}
