// The jobs over the protocol client: reads them page by page, and keeps them current from events.

import type { CronEvent, GatewayClient } from "@moltbot/protocol";
import type { PageHost } from "../view.ts";
import type { Job } from "./state.ts";

/** The most that the gateway hands out at once. */
const PAGE = 200;

/** All jobs of a gateway. */
export class AllJobs {
  #known = new Map<string, Job>();
  #jobs: readonly Job[] | undefined;
  readonly #host: PageHost;
  readonly #onChange: () => void;

  constructor(host: PageHost, onChange: () => void) {
    this.#host = host;
    this.#onChange = onChange;
  }

  /** In the order in which they come; undefined until the gateway has answered. */
  get jobs(): readonly Job[] | undefined {
    return this.#jobs;
  }

  /** Reads everything; what is there is shown as it comes. */
  async load(): Promise<void> {
    const fresh = new Map<string, Job>();
    for (let offset = 0, isMore = true; isMore; ) {
      const params = { includeDisabled: true, limit: PAGE, offset };
      const answer = await this.#host.ask("cron.list", params);
      if (answer === undefined) return;
      for (const job of answer.jobs) fresh.set(job.id, job);
      offset += answer.jobs.length;
      isMore = answer.jobs.length > 0 && answer.hasMore === true;
      if (this.#known.size < fresh.size) this.#show(fresh);
    }
    this.#show(fresh);
  }

  /** Takes in what an event says. False when it says too little, and everything is to be read again. */
  hear({ jobId, action, job }: CronEvent): boolean {
    if (this.#jobs === undefined) return false;
    const known = new Map(this.#known);
    if (action === "removed") known.delete(jobId);
    else if (job === undefined) return false;
    else known.set(jobId, job);
    this.#show(known);
    return true;
  }

  /** Leaves one out that is removed. */
  forget(id: string): void {
    this.#show(new Map([...this.#known].filter(([each]) => each !== id)));
  }

  #show(known: Map<string, Job>): void {
    this.#known = known;
    this.#jobs = [...known.values()].sort((one, other) => dueAt(one) - dueAt(other));
    this.#onChange();
  }

  get #gateway(): GatewayClient {
    return this.#host.gateway();
  }
}

/** What is paused, or never comes, is last. */
function dueAt({ enabled, state }: Job): number {
  return enabled ? (state.nextRunAtMs ?? Number.MAX_SAFE_INTEGER - 1) : Number.MAX_SAFE_INTEGER;
}

/** The jobs whose names hold these words. */
export function jobsNamed(jobs: readonly Job[], words: string): readonly Job[] {
  const wanted = words.trim().toLowerCase();
  return wanted === "" ? jobs : jobs.filter(({ name }) => name.toLowerCase().includes(wanted));
}
