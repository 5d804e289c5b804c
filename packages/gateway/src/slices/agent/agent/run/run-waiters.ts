/** Lets callers wait for a run that has not been created yet. */
import { onAbort } from "../../../../base/time/deadline.ts";

export class RunWaiters {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Wakes the callers that wait for this run. */
  notify(id: string): void {
    for (const arrived of this.#waiting.get(id) ?? []) arrived();
  }

  /** Resolves when a run of this id comes, or when the signal aborts. */
  async wait(id: string, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting.add(resolve));
    using _aborted = onAbort(signal, resolve);
    await promise;
    waiting.delete(resolve);
    if (waiting.size === 0) this.#waiting.delete(id);
  }
}
