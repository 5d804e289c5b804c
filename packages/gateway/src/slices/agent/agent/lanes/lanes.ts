/**
 * Decides when each run begins: one at a time in each conversation, a limited number at once in each lane.
 * Conversations take turns: one that has just been answered goes behind those that wait. This file does not know what
 * runs do.
 */
import type { Clock } from "../../../../base/time/clock.ts";
import { isCronKey, isSubagentKey } from "../../../core/sessions/sessions.ts";
import type { Run } from "../run/run.ts";

/** Conversations of sub-agents and of jobs have lanes of their own, so that they take no places from people. */
export type LaneName = "main" | "subagent" | "cron";

export interface LanesOptions {
  readonly clock: Clock;
  /** The limit of a lane. It is read whenever a run may begin, so that a changed setting holds at once. */
  limit(lane: LaneName): number;
  /** The waiting runs of a conversation that begin next, together; the last of them leads. */
  batch(waiting: readonly Run[]): readonly Run[];
  /** Starts the runs; resolves when they have ended. Must not throw. */
  start(batch: readonly Run[]): Promise<void>;
}

interface Lane {
  readonly name: LaneName;
  /** Conversations whose next run may begin, the one that has waited longest first. */
  readonly ready: Line[];
  taken: number;
}

/** The runs of one conversation. */
interface Line {
  readonly key: string;
  readonly lane: Lane;
  active: Run | undefined;
  waiting: Waiting[];
  isReady: boolean;
  timer: Disposable | undefined;
}

interface Waiting {
  readonly run: Run;
  /** Monotonic time; the runs wait until then for further messages. */
  readonly notBefore: number;
}

/** The longest wait for further messages, as a multiple of the debounce. */
const MAX_DEBOUNCES = 5;

export class Lanes {
  readonly #options: LanesOptions;
  readonly #lines = new Map<string, Line>();
  /** The number of runs that each run waits for. */
  readonly #waits = new Map<Run, number>();
  readonly #lanes: Readonly<Record<LaneName, Lane>> = {
    main: { name: "main", ready: [], taken: 0 },
    subagent: { name: "subagent", ready: [], taken: 0 },
    cron: { name: "cron", ready: [], taken: 0 },
  };

  #isClosed = false;

  constructor(options: LanesOptions) {
    this.#options = options;
  }

  /** The run at work in a conversation. */
  active(key: string): Run | undefined {
    return this.#lines.get(key)?.active;
  }

  /** The runs that wait in a conversation, oldest first. */
  waiting(key: string): Run[] {
    return this.#lines.get(key)?.waiting.map(({ run }) => run) ?? [];
  }

  /** Queues a run; behind another run, it begins not before `debounceMs` have passed without a message. */
  add(run: Run, debounceMs = 0): void {
    const { sessionKey: key } = run.record;
    const line = this.#lines.get(key) ?? this.#newLine(key);
    const now = this.#options.clock.monotonic();
    const latest = (line.waiting[0]?.notBefore ?? now) + MAX_DEBOUNCES * debounceMs;
    line.waiting.push({ run, notBefore: line.active ? Math.min(now + debounceMs, latest) : now });
    this.#arrange(line);
  }

  /** Begins what a limit that has been raised lets begin. */
  limitsChanged(): void {
    for (const lane of Object.values(this.#lanes)) this.#next(lane);
  }

  /** Removes a waiting run that has ended otherwise. */
  remove(run: Run): void {
    const line = this.#lines.get(run.record.sessionKey);
    if (!line) return;
    line.waiting = line.waiting.filter((each) => each.run !== run);
    this.#tidy(line);
  }

  /**
   * Lends the place of a working run to the runs that it waits for, until the last returned value is disposed. Then it
   * goes on at once, even if that is one run more than the limit. Otherwise waiting runs could take all places.
   */
  lend(run: Run): Disposable {
    const line = this.#lines.get(run.record.sessionKey);
    if (line?.active !== run) return { [Symbol.dispose]: () => undefined };
    const { lane } = line;
    const waits = this.#waits.get(run) ?? 0;
    this.#waits.set(run, waits + 1);
    if (waits === 0) lane.taken--;
    this.#next(lane);
    return { [Symbol.dispose]: () => this.#takeBack(run, lane) };
  }

  #takeBack(run: Run, lane: Lane): void {
    const waits = this.#waits.get(run)! - 1;
    if (waits > 0) return void this.#waits.set(run, waits);
    this.#waits.delete(run);
    lane.taken++;
  }

  /** Stops; no further run begins. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    for (const { timer } of this.#lines.values()) timer?.[Symbol.dispose]();
  }

  #newLine(key: string): Line {
    const lane = this.#lanes[isSubagentKey(key) ? "subagent" : isCronKey(key) ? "cron" : "main"];
    const line: Line = { key, lane, active: undefined, waiting: [], isReady: false, timer: undefined };
    this.#lines.set(key, line);
    return line;
  }

  /** Puts a conversation into its list: it waits for its run, for more messages, or for a place. */
  #arrange(line: Line): void {
    if (line.active || line.isReady || this.#isClosed) return;
    if (line.waiting.length === 0) return this.#tidy(line);
    const { clock } = this.#options;
    line.timer?.[Symbol.dispose]();
    line.timer = undefined;
    const waitMs = this.#debounced(line) - clock.monotonic();
    if (waitMs > 0) {
      line.timer = clock.after(waitMs, () => {
        line.timer = undefined;
        this.#arrange(line);
      });
      return;
    }
    line.isReady = true;
    line.lane.ready.push(line);
    this.#next(line.lane);
  }

  /** When the next batch may begin. */
  #debounced({ waiting }: Line): number {
    const batch = new Set(this.#options.batch(waiting.map(({ run }) => run)));
    return Math.max(...waiting.filter(({ run }) => batch.has(run)).map(({ notBefore }) => notBefore));
  }

  #next(lane: Lane): void {
    while (!this.#isClosed && lane.taken < this.#options.limit(lane.name)) {
      const line = lane.ready.shift();
      if (!line) return;
      line.isReady = false;
      const batch = this.#options.batch(line.waiting.map(({ run }) => run));
      line.waiting = line.waiting.filter(({ run }) => !batch.includes(run));
      line.active = batch.at(-1);
      if (!line.active) {
        this.#tidy(line);
        continue;
      }
      lane.taken++;
      // Start later, so that the caller is answered before the run says anything.
      void Promise.resolve()
        .then(() => this.#start(line, batch))
        .finally(() => {
          lane.taken--;
          line.active = undefined;
          this.#arrange(line);
          this.#next(lane);
        });
    }
  }

  async #start(line: Line, batch: readonly Run[]): Promise<void> {
    const open = batch.filter(({ isOver }) => !isOver);
    line.active = open.at(-1);
    if (open.length > 0) await this.#options.start(open);
  }

  #tidy(line: Line): void {
    if (line.active || line.waiting.length > 0) return;
    line.timer?.[Symbol.dispose]();
    line.timer = undefined;
    if (!line.isReady && this.#lines.get(line.key) === line) this.#lines.delete(line.key);
  }
}
