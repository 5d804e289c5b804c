/** News that wait for an agent's next turn in a conversation. They are kept in memory: a restart forgets them. */
import { asPeopleRead, type Words } from "../../../kit/text/words.ts";

const MAX_WAITING = 20;

export class Notices {
  readonly #waiting = new Map<string, readonly Words[]>();
  #revision = 0;

  /** Another number whenever something has come or was taken. */
  get revision(): number {
    return this.#revision;
  }

  /** Adds news to those of a session. One that equals the newest is dropped, and so is the oldest beyond 20. */
  add(sessionKey: string, notice: Words): void {
    const waiting = this.#of(sessionKey);
    if (JSON.stringify(waiting.at(-1)) === JSON.stringify(notice)) return;
    this.#waiting.set(sessionKey, [...waiting, notice].slice(-MAX_WAITING));
    this.#revision++;
  }

  /** What waits in a session, as people read it. */
  waiting(sessionKey: string): readonly string[] {
    return this.#of(sessionKey).map(({ text, from }) => asPeopleRead(text, from));
  }

  /** Takes what waits in a session: the agent is shown it once. */
  take(sessionKey: string): readonly Words[] {
    const waiting = this.#of(sessionKey);
    this.#waiting.delete(sessionKey);
    this.#revision++;
    return waiting;
  }

  #of(sessionKey: string): readonly Words[] {
    return this.#waiting.get(sessionKey) ?? [];
  }
}
