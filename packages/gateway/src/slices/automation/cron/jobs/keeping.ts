/** Forgets what is old: runs that were listed long enough, what was posted, and conversations that nobody continues. */
import type { Settings } from "../../../../base/config/config.ts";
import type { Step } from "../../../../base/store/store-upkeep.ts";
import type { Slots } from "../runs/slots.ts";
import type { CronServices } from "../services.ts";
import type { CronSettings } from "../settings.ts";
import type { Posts } from "../told/posts.ts";
import type { Jobs } from "./jobs.ts";

const DAY_MS = 24 * 3_600_000;
const HOUR_MS = 3_600_000;
/** How many runs of one job are listed. */
const MAX_RUNS = 2_000;
/** How many conversations one step deletes: each may hold much. */
const PER_STEP = 5;

const JOBS_PER_STEP = 50;

interface Rows {
  readonly jobs: Jobs;
  readonly slots: Slots;
  readonly posts: Posts;
}

export class Keeping {
  readonly #services: CronServices;
  readonly #settings: Settings<CronSettings>;
  readonly #rows: Rows;
  #prunedTo = "";

  constructor(services: CronServices, settings: Settings<CronSettings>, rows: Rows) {
    this.#services = services;
    this.#settings = settings;
    this.#rows = rows;
  }

  /** Each does a bounded part of its work, and says whether more is left. */
  steps(): Step[] {
    const { slots, posts } = this.#rows;
    const { clock } = this.#services;
    const before = () => clock.olderThan(this.#settings.current.keepDays * DAY_MS);
    return [
      () => slots.prune(before()),
      () => this.#pruneSurplus(),
      () => posts.prune(before()),
      () => this.#pruneConversations(),
      () => this.#pruneTranscripts(),
    ];
  }

  /** A few jobs at a time, in the order of their ids. */
  #pruneSurplus(): boolean {
    const { jobs, slots } = this.#rows;
    const ids = jobs.idsAfter(this.#prunedTo, JOBS_PER_STEP);
    for (const id of ids) {
      if (slots.pruneSurplus(id, MAX_RUNS)) return true;
      this.#prunedTo = id;
    }
    if (ids.length === JOBS_PER_STEP) return true;
    this.#prunedTo = "";
    return false;
  }

  #pruneConversations(): boolean {
    const { sessions, clock } = this.#services;
    const { sessionHours, maxSessions } = this.#settings.current;
    const before = clock.olderThan(sessionHours * HOUR_MS);
    const keys = sessions.solitary.leftAlone({ before, most: maxSessions, limit: PER_STEP, except: this.#atWork() });
    for (const key of keys) sessions.delete(key);
    return keys.length === PER_STEP;
  }

  /** A job that works often begins many transcripts under one key. */
  #pruneTranscripts(): boolean {
    const { sessions, clock } = this.#services;
    return sessions.solitary.forgetPast(clock.olderThan(this.#settings.current.sessionHours * HOUR_MS));
  }

  #atWork(): ReadonlySet<string> {
    return new Set(this.#services.agent.runs.open().map(({ record }) => record.sessionKey));
  }
}
