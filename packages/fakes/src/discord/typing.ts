/** Where the account is seen typing: Discord shows it for ten seconds, or until a message comes. */

const TYPING_MS = 10_000;

export class Typing implements Disposable {
  /** How often it was shown so far. */
  count = 0;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get channelIds(): readonly string[] {
    return [...this.#timers.keys()];
  }

  start(channelId: string): undefined {
    this.stop(channelId);
    const timer = setTimeout(() => {
      this.#timers.delete(channelId);
      this.#onChange();
    }, TYPING_MS);
    timer.unref();
    this.#timers.set(channelId, timer);
    this.count += 1;
    this.#onChange();
  }

  stop(channelId: string): void {
    clearTimeout(this.#timers.get(channelId));
    this.#timers.delete(channelId);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }
}
