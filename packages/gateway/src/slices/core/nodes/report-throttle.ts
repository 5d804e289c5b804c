/**
 * Throttles the events about reports of nodes: the first of each kind and node at once, then the newest once a second. A
 * node may report as often as it likes; every operator's client would hear of each report.
 */
import type { Clock } from "../../../base/time/clock.ts";

const PAUSE_MS = 1_000;

interface Pause {
  readonly timer: Disposable;
  /** Tells the newest of what has come meanwhile. */
  next: (() => void) | undefined;
}

export class ReportThrottle implements Disposable {
  readonly #clock: Pick<Clock, "after">;
  readonly #pauses = new Map<string, Pause>();

  constructor(clock: Pick<Clock, "after">) {
    this.#clock = clock;
  }

  /** Tells now, or when the pause of this subject is over, unless something newer comes before. */
  tell(subject: string, tell: () => void): void {
    const pause = this.#pauses.get(subject);
    if (pause) {
      pause.next = tell;
      return;
    }
    const timer = this.#clock.after(PAUSE_MS, () => this.#over(subject));
    this.#pauses.set(subject, { timer, next: undefined });
    tell();
  }

  /** Nothing that waits is told any more. */
  [Symbol.dispose](): void {
    for (const { timer } of this.#pauses.values()) timer[Symbol.dispose]();
    this.#pauses.clear();
  }

  #over(subject: string): void {
    const next = this.#pauses.get(subject)?.next;
    this.#pauses.delete(subject);
    if (next) this.tell(subject, next);
  }
}
