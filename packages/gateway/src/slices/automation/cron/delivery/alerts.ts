/** Tells people how jobs fare: of failures in a row, of jobs that were switched off, and when all is well again. */
import type { Settings } from "../../../../base/config/config.ts";
import type { DeliverTo } from "../../../agent/agent/run/run-store.ts";
import type { Job, JobState } from "../jobs/jobs.ts";
import type { CronServices } from "../services.ts";
import type { CronSettings } from "../settings.ts";
import { findPlace, type Place } from "./place.ts";
import type { WebhookPosts } from "./webhook-posts.ts";

/** Why people are told of a job. They are not told of the same cause again for a while. */
export type Cause = "failed" | "delivery" | "skipped" | "disabled";

export interface News {
  readonly cause: Cause | "well";
  readonly text: string;
  /** How often in a row. */
  readonly count: number;
  /** Names the message, so that it is stored once. */
  readonly origin: string;
}

const TTL_MS = 24 * 3_600_000;

/** How one job's failures are told. */
interface Rules extends Place {
  readonly after: number;
  readonly cooldownMs: number;
  readonly includeSkipped: boolean;
}

export class Alerts {
  readonly #services: CronServices;
  readonly #settings: Settings<CronSettings>;
  readonly #posts: WebhookPosts;

  constructor(services: CronServices, settings: Settings<CronSettings>, posts: WebhookPosts) {
    this.#services = services;
    this.#settings = settings;
    this.#posts = posts;
  }

  /**
   * Tells people, unless the job's rules say no or they were told just now. Within a transaction. Returns what the job's state
   * keeps of it, and the chat that has a message to send.
   */
  tell(job: Job, state: JobState, news: News): { alert: JobState["alert"]; to?: DeliverTo } {
    const rules = this.#rulesOf(job);
    const { alert } = state;
    if (!rules) return { alert };
    const now = this.#services.clock.now();
    if (news.cause === "well") {
      if (!alert || alert.cause === "skipped") return { alert: undefined };
      return { alert: undefined, ...this.#say(job, rules, news) };
    }
    if (!isWorthTelling(news, rules)) return { alert };
    const isKnown = alert?.cause === news.cause && now - alert.at < rules.cooldownMs && now >= alert.at;
    return isKnown ? { alert } : { alert: { cause: news.cause, at: now }, ...this.#say(job, rules, news) };
  }

  /** Sends words to a place that a job names. Within a transaction. */
  send(
    job: Job,
    place: Place,
    { text, origin, body }: Pick<News, "text" | "origin"> & { body?: object },
  ): DeliverTo | undefined {
    const { messaging, notices, sessions } = this.#services;
    const found = findPlace(this.#services, job.config, place);
    if (found.kind === "address") {
      this.#posts.add({ origin, url: found.url, body: body ?? { jobId: job.id, jobName: job.config.name, text } });
      return undefined;
    }
    if (found.kind === "chat") {
      const payload = { content: { kind: "markdown" as const, markdown: text } };
      messaging.outbox.add({ ...found.route, origin, ttlMs: TTL_MS, payload });
      return found.route;
    }
    // Nobody can be told; the agent hears of it with its next turn, and none is made for it.
    notices.add(sessions.mainKey(job.config.agentId), { text, from: { kind: "event", id: `cron:${job.id}` } });
    return undefined;
  }

  #say(job: Job, rules: Rules, news: News): { to?: DeliverTo } {
    const to = this.send(job, rules, {
      ...{ text: news.text, origin: `cron-alert:${news.origin}:${news.cause}` },
      body: { jobId: job.id, jobName: job.config.name, action: "alert", cause: news.cause, text: news.text },
    });
    return to ? { to } : {};
  }

  #rulesOf({ config }: Job): Rules | undefined {
    const { failureAlert: all } = this.#settings.current;
    const own = config.failureAlert;
    if (own === false || (own === undefined && !all.enabled)) return undefined;
    const { delivery } = config;
    const isNamed = (place: Place | undefined) => place?.to !== undefined || place?.channel !== undefined;
    const places = [own, delivery.failureDestination, all, delivery.mode === "announce" ? delivery : undefined];
    const { mode, channel, to, accountId, threadId }: Place = places.find(isNamed) ?? {};
    return {
      ...{ mode: mode === "webhook" ? mode : "announce", channel, to, accountId, threadId },
      after: own?.after ?? all.after,
      cooldownMs: own?.cooldownMs ?? all.cooldownMs,
      includeSkipped: own?.includeSkipped ?? all.includeSkipped,
    };
  }
}

function isWorthTelling({ cause, count }: News, { after, includeSkipped }: Rules): boolean {
  if (cause === "disabled" || cause === "delivery") return true;
  return count >= after && (cause !== "skipped" || includeSkipped);
}
