/** News that wait for an agent's next turn in a conversation. They are kept in memory: a restart forgets them. */
import { asPeopleRead, type Words } from "../../../kit/text/words.ts";

const MAX_WAITING = 20;

interface Notice {
  readonly words: Words;
  /** What it is about, where only the newest of it matters. */
  readonly about: string | undefined;
}

export class Notices {
  readonly #waiting = new Map<string, readonly Notice[]>();
  #revision = 0;

  /** Another number whenever something has come or was taken. */
  get revision(): number {
    return this.#revision;
  }

  /**
   * Adds news to those of a session. One that equals the newest is dropped, and so is the oldest beyond 20. Of news with
   * the same `about` only the newest is kept.
   */
  add(sessionKey: string, words: Words, about?: string): void {
    const waiting = this.#of(sessionKey);
    if (JSON.stringify(waiting.at(-1)?.words) === JSON.stringify(words)) return;
    const others = about === undefined ? waiting : waiting.filter((notice) => notice.about !== about);
    this.#waiting.set(sessionKey, [...others, { words, about }].slice(-MAX_WAITING));
    this.#revision++;
  }

  /** What waits in a session, as people read it. */
  waiting(sessionKey: string): readonly string[] {
    return this.#of(sessionKey).map(({ words: { text, from } }) => asPeopleRead(text, from));
  }

  /** Takes what waits in a session: the agent is shown it once. */
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
