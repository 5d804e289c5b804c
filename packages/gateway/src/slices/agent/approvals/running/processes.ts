/**
 * Runs commands in the background: a few, each for a limited time, visible only to the conversation that started them.
 */

import { GatewayError, invalidRequest } from "../../../../base/errors.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { Shell } from "./environment.ts";
import { type Ending, type Job, RunningCommand } from "./runner.ts";

/** The owner of a background command. */
export interface Owner {
  readonly agentId: string;
  readonly sessionKey: string;
}

/** A background command, running or ended. */
export interface BackgroundCommand extends Owner {
  readonly id: string;
  readonly command: string;
  readonly running: RunningCommand;
  readonly ending: Ending | undefined;
}

const MAX_RUNNING = 8;
const MAX_KEPT = 24;
const KEPT_MS = 30 * 60_000;

interface Entry extends BackgroundCommand {
  ending: Ending | undefined;
  endedAt: number;
}

export class Processes implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  #count = 0;

  constructor(options: { clock: Clock }) {
    this.#clock = options.clock;
  }

  /** Whether any runs. */
  get isBusy(): boolean {
    return [...this.#entries.values()].some(({ ending }) => !ending);
  }

  /** Throws `UNAVAILABLE` when the most allowed commands are running. */
  requireRoom(): void {
    if ([...this.#entries.values()].filter(({ ending }) => !ending).length < MAX_RUNNING) return;
    throw new GatewayError(
      "UNAVAILABLE",
      `${MAX_RUNNING} commands run in the background already; end one of them first`,
    );
  }

  /** Starts a command in the background; it ends after `limitMs` at the latest. */
  start(job: Job, owner: Owner, { shell, limitMs }: { shell: Shell; limitMs: number }): BackgroundCommand {
    this.requireRoom();
    this.#forget();
    const running = new RunningCommand(job, { shell, clock: this.#clock });
    const entry: Entry = {
      ...{ ...owner, id: `p${++this.#count}`, command: job.command, running },
      ...{ ending: undefined, endedAt: 0 },
    };
    this.#entries.set(entry.id, entry);
    const limit = this.#clock.after(limitMs, () => running.stop(`ran for more than ${Math.round(limitMs / 1000)} s`));
    void running.ended.then((ending) => {
      limit[Symbol.dispose]();
      entry.ending = ending;
      entry.endedAt = this.#clock.now();
    });
    return entry;
  }

  list({ agentId, sessionKey }: Owner): BackgroundCommand[] {
    return [...this.#entries.values()].filter((each) => each.agentId === agentId && each.sessionKey === sessionKey);
  }

  /** Throws `INVALID_REQUEST` when the conversation has no such command. */
  require(id: string | undefined, owner: Owner): BackgroundCommand {
    const mine = this.list(owner);
    const entry = mine.find((each) => each.id === id);
    if (entry) return entry;
    const known = mine.length === 0 ? "none runs" : `there are ${mine.map((each) => each.id).join(", ")}`;
    throw invalidRequest(`no background command ${id ?? "without an id"}; ${known}`);
  }

  /** Ends them all. */
  async [Symbol.asyncDispose](): Promise<void> {
    const running = [...this.#entries.values()].filter(({ ending }) => !ending);
    for (const each of running) each.running.stop("was ended because the gateway stops");
    await Promise.all(running.map((each) => each.running.ended));
  }

  #forget(): void {
    const before = this.#clock.olderThan(KEPT_MS);
    const ended = [...this.#entries.values()].filter(({ ending }) => ending);
    const surplus = Math.max(0, this.#entries.size - MAX_KEPT);
    for (const [index, { id, endedAt }] of ended.entries()) {
      if (index < surplus || endedAt < before) this.#entries.delete(id);
    }
  }
}
