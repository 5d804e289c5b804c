/** Forgets what is old: runs that were listed long enough, what was posted, and conversations that nobody continues. */
import type { Settings } from "../../../../base/config/config.ts";
import type { Step } from "../../../../base/store/store-upkeep.ts";
import type { WebhookPosts } from "../delivery/webhook-posts.ts";
import type { Slots } from "../runs/slots.ts";
import type { CronServices } from "../services.ts";
import type { CronSettings } from "../settings.ts";

const DAY_MS = 24 * 3_600_000;
const HOUR_MS = 3_600_000;
/** How many runs of one job are listed. */
const MAX_RUNS = 2_000;
/** How many conversations one step deletes: each may hold much. */
const PER_STEP = 5;

interface Rows {
  readonly slots: Slots;
  readonly posts: WebhookPosts;
}

export class Retention {
  readonly #services: CronServices;
  readonly #settings: Settings<CronSettings>;
  readonly #rows: Rows;

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
      () => slots.pruneSurplus(MAX_RUNS),
      () => posts.prune(before()),
      () => this.#pruneConversations(),
      () => this.#pruneTranscripts(),
    ];
  }

  #pruneConversations(): boolean {
    const { sessions, clock } = this.#services;
    const { sessionHours, maxSessions } = this.#settings.current;
    const before = clock.olderThan(sessionHours * HOUR_MS);
    const keys = sessions.unattended.expired({ before, most: maxSessions, limit: PER_STEP, except: this.#atWork() });
    for (const key of keys) sessions.delete(key);
    return keys.length === PER_STEP;
  }

  /** A job that works often begins many transcripts under one key. */
  #pruneTranscripts(): boolean {
    const { sessions, clock } = this.#services;
    return sessions.unattended.forgetPast(clock.olderThan(this.#settings.current.sessionHours * HOUR_MS));
  }

  #atWork(): ReadonlySet<string> {
    return new Set(this.#services.agent.runs.open().map(({ record }) => record.sessionKey));
  }
}
