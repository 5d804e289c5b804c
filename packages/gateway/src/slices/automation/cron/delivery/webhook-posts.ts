/**
 * Posts to other programs. Each is a row before it is sent, stored with what it tells of; it is tried again after a kill or a
 * failure, and names itself in `Idempotency-Key`, so that a receiver can tell a repeat.
 */

import type { Settings } from "../../../../base/config/config.ts";
import { messageOf, TellableError } from "../../../../base/errors.ts";
import { insertInto } from "../../../../base/store/statement.ts";
import { ROWS_PER_STEP } from "../../../../base/store/store-upkeep.ts";
import type { CronServices } from "../services.ts";
import type { CronSettings } from "../settings.ts";

interface Row {
  readonly id: number;
  readonly origin: string;
  readonly url: string;
  readonly body: string;
  readonly attempts: number;
  readonly slotId: number | null;
}

export interface NewPost {
  /** Names it; a second one with the name is not stored. */
  readonly origin: string;
  /** The slot whose delivery it is; absent for other news. */
  readonly slotId?: number;
  readonly url: string;
  readonly body: object;
}

/** A receiver that hangs must not hold up the others. */
const MAX_AT_ONCE = 4;
const LIMIT_MS = 15_000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** The pauses before the tries after the first. */
const AGAIN_MS = [5_000, 30_000, 300_000, 1_800_000];

export class WebhookPosts implements Disposable {
  readonly #services: CronServices;
  readonly #settings: Settings<CronSettings>;
  readonly #sending = new Set<number>();
  readonly #leaving = new AbortController();
  #timer: Disposable | undefined;

  constructor(services: CronServices, settings: Settings<CronSettings>) {
    this.#services = services;
    this.#settings = settings;
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#leaving.abort(new TellableError("the gateway stops"));
  }

  /** Stores a post, safe within a transaction; `look` sends it. */
  add({ origin, slotId, url, body }: NewPost): void {
    const { store, clock, host } = this.#services;
    const now = clock.now();
    store.run(
      ...insertInto(
        "cron_posts",
        {
          ...{ origin, url },
          slot_id: slotId,
          body: host.redact(JSON.stringify(body)),
          state: "waiting",
          not_before: now,
          queued_at: now,
        },
        "on conflict (origin) do nothing",
      ),
    );
  }

  /** What has become of the post that delivers a slot. */
  ofSlot(
    origin: string,
  ): { readonly state: "waiting" | "sent" | "failed"; readonly problem: string | null } | undefined {
    return this.#services.store.get("select state, problem from cron_posts where origin = ?", origin);
  }

  /** Sends what is due. */
  look(): void {
    if (this.#leaving.signal.aborted) return;
    const { store, clock } = this.#services;
    this.#timer?.[Symbol.dispose]();
    const room = MAX_AT_ONCE - this.#sending.size;
    const rows = store.all<Row>(
      `select id, origin, url, body, attempts, slot_id as slotId from cron_posts where state = 'waiting' and not_before <= ?
       order by not_before, id limit ?`,
      ...[clock.now(), MAX_AT_ONCE + this.#sending.size],
    );
    for (const row of rows.filter(({ id }) => !this.#sending.has(id)).slice(0, room)) void this.#send(row);
    const sql = "select min(not_before) as at from cron_posts where state = 'waiting' and not_before > ?";
    const at = store.get<{ at: number | null }>(sql, clock.now())?.at;
    if (at != null) this.#timer = clock.after(Math.min(60_000, at - clock.now()), () => this.look());
  }

  prune(before: number): boolean {
    const where = "queued_at < ? and state <> 'waiting'";
    return this.#services.store.deleteSome("cron_posts", where, [before], ROWS_PER_STEP);
  }

  async #send(row: Row): Promise<void> {
    this.#sending.add(row.id);
    const failure = await this.#post(row).then(
      () => undefined,
      (error: unknown) => ({ problem: messageOf(error), isRefused: isRefusal(error) }),
    );
    this.#sending.delete(row.id);
    if (this.#leaving.signal.aborted) return;
    this.#note(row, failure);
    this.look();
  }

  #note({ id, url, attempts }: Row, failure: { problem: string; isRefused: boolean } | undefined): void {
    const { store, clock, log } = this.#services;
    const { problem, isRefused = false } = failure ?? {};
    const pause = isRefused ? undefined : AGAIN_MS[attempts];
    const state = problem === undefined ? "sent" : pause === undefined ? "failed" : "waiting";
    if (state === "failed")
      log.warn("what a job should post was not taken", { host: URL.parse(url)?.host ?? "", problem: problem ?? "" });
    store.run(
      "update cron_posts set state = ?, attempts = attempts + 1, not_before = ?, problem = ? where id = ?",
      ...[state, clock.now() + (pause ?? 0), problem ?? null, id],
    );
  }

  /** Names the trace of the run that a post tells of. */
  #trace(slotId: number | null): Readonly<Record<string, string>> {
    const { store, agent } = this.#services;
    if (slotId === null) return {};
    const slot = store.get<{ runId: string | null }>("select run_id as runId from cron_slots where id = ?", slotId);
    return slot?.runId ? agent.tracing.headersFor(slot.runId) : {};
  }

  async #post({ url, body, origin, slotId }: Row): Promise<void> {
    const { FetchError, safeFetch } = await import("../../../../base/net/safe-fetch.ts");
    const { webhookToken, webhookPrivateHosts } = this.#settings.current;
    using answer = await safeFetch(url, {
      ...{ clock: this.#services.clock, signal: this.#leaving.signal, maxBytes: MAX_ANSWER_BYTES, limitMs: LIMIT_MS },
      ...{ method: "POST", body, allowPrivateHosts: webhookPrivateHosts },
      headers: {
        ...this.#trace(slotId),
        ...{ "content-type": "application/json", "idempotency-key": origin },
        ...(webhookToken !== undefined && { authorization: `Bearer ${webhookToken}` }),
      },
    });
    if (answer.url.href !== new URL(url).href)
      throw new FetchError("it redirects; name the address that takes the post");
    if (answer.status < 200 || answer.status > 299) throw new FetchError(`it answered ${answer.status}`);
  }
}

/** Whether it would fail again however often it is tried. */
function isRefusal(error: unknown): boolean {
  return typeof error === "object" && error !== null && "isRefused" in error && error.isRefused === true;
}
