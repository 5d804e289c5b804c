/**
 * The service of reminders. A reminder is a job of cron with a plain message, and a row that says in which conversation and
 * at which place it is said; so it is kept, caught up with and said once as every job is. No model takes part.
 */
import { ignore, invalidRequest } from "../../../base/errors.ts";
import { isZone } from "../../../base/time/date-format.ts";
import type { Base } from "../../../kit/base.ts";
import type { Agent } from "../../agent/agent/agent.ts";
import { chat as chatEvent } from "../../agent/agent/events.ts";
import type { DeliverTo } from "../../agent/agent/run/run-store.ts";
import type { Workspace } from "../../agent/workspace/workspace.ts";
import type { Sessions } from "../../core/sessions/sessions.ts";
import type { Cron } from "../cron/cron.ts";
import { changed } from "../cron/events.ts";
import { type Reminder, ReminderRows } from "./rows.ts";
import type { ReminderShape } from "./schema.ts";

/** What reminders are built from: the base, and the slices above. */
export interface ReminderServices extends Base {
  readonly sessions: Sessions;
  readonly workspace: Workspace;
  readonly agent: Agent;
  readonly cron: Cron;
}

/** Who asks for a reminder, and where. */
export interface Asker {
  readonly principal: string;
  readonly scopes: readonly string[];
  /** The zone of their client, if it says one. */
  readonly timeZone?: string | undefined;
}

export interface ReminderOptions {
  readonly words: string;
  readonly asker: Asker;
  /** Canonical. */
  readonly sessionKey: string;
  readonly route: DeliverTo | undefined;
  /** Names the request: when it is repeated, no second reminder is made. */
  readonly key: string;
}

/** A place on a channel, as clients name it. */
export interface RouteTo {
  readonly channel?: string;
  readonly to?: string;
  readonly accountId?: string;
  readonly threadId?: string;
}

/** A reminder that was made, and how its words were read. */
export interface CreatedReminder {
  readonly reminder: ReminderShape;
  readonly notes: readonly string[];
}

const MAX_TEXT_CHARS = 1_000;
/** How many may wait for a person on a channel, and for all operators together. */
const MAX_OF_PERSON = 50;
const MAX_OF_OPERATORS = 1_000;
const FIRINGS = 3;

export class Reminders implements Disposable {
  readonly #services: ReminderServices;
  readonly #rows: ReminderRows;
  readonly #stack = new DisposableStack();

  constructor(services: ReminderServices) {
    this.#services = services;
    this.#rows = new ReminderRows(services.store);
    services.cron.places.fill({ placeOf: (jobId) => this.#placeOf(jobId) });
    services.bus.on(changed, ({ jobId, action }) => {
      if (action === "removed" || action === "finished") this.#forget(jobId);
    });
  }

  /** Rows whose jobs are gone are not needed any more; a kill may have left some. */
  start(): void {
    for (const { id, jobId, createdAt } of this.#rows.all())
      if (jobId === undefined ? createdAt < this.#services.clock.olderThan(60_000) : !this.#services.cron.find(jobId))
        this.#rows.remove(id);
  }

  [Symbol.dispose](): void {
    this.#stack.dispose();
  }

  /** Makes a reminder of a sentence. Throws `INVALID_REQUEST` with a question or a reason for the person. */
  async add({ words, asker, sessionKey, route, key }: ReminderOptions): Promise<CreatedReminder> {
    const [{ parseReminder }, { plan }] = await Promise.all([
      import("./words/reminder-request.ts"),
      import("./words/schedule-of.ts"),
    ]);
    const { clock, cron } = this.#services;
    const request = parseReminder(words);
    if (request.kind === "unclear") throw invalidRequest(request.why);
    const text = request.text.slice(0, MAX_TEXT_CHARS + 1);
    if (text.length > MAX_TEXT_CHARS)
      throw invalidRequest(`A reminder has at most ${MAX_TEXT_CHARS} characters; keep the rest as a note with /note.`);
    const now = clock.now();
    const tz = this.#zoneOf(asker);
    const { schedule, notes } = plan(request.when, { now, tz });
    this.#requireRoom(asker, key);
    const row = this.#rows.add({ key, principal: asker.principal, sessionKey, route, text, tz, createdAt: now });
    const known = row.jobId === undefined ? undefined : cron.find(row.jobId);
    if (known) return { reminder: await this.#shape(row), notes };
    const added = await cron.add(
      {
        ...{
          name: nameOf(text),
          description: "A reminder.",
          payload: { kind: "systemEvent", text: `Reminder: ${text}` },
        },
        ...{ sessionTarget: "main", agentId: this.#services.sessions.agentOf(sessionKey), deleteAfterRun: true },
        schedule: schedule.kind === "at" ? { kind: "at", at: new Date(schedule.atMs).toISOString() } : schedule,
        ...(route && { delivery: { mode: "announce", channel: route.channel, to: route.chat.id } }),
      },
      `reminder:${key}`,
      4,
    );
    const { id: jobId } = "job" in added ? added.job : added;
    this.#rows.setJob(row.id, jobId);
    return { reminder: await this.#shape({ ...row, jobId }), notes };
  }

  /** The zone in which a person's times are read: that of their client, else of the settings, else of the machine. */
  #zoneOf({ timeZone }: Asker): string {
    return timeZone !== undefined && isZone(timeZone) ? timeZone : this.#services.workspace.timeZone;
  }

  /** A place on a channel. Throws `INVALID_REQUEST` for one that the channel does not know. */
  routeTo({ channel, to, ...more }: RouteTo): DeliverTo | undefined {
    if (channel === undefined && to === undefined) return undefined;
    const { channels } = this.#services.agent;
    if (channel === undefined || to === undefined)
      throw invalidRequest("Name both the channel and to whom, such as --to telegram:4711.");
    const route = channels.now.knows(channel) ? channels.now.route({ channel, to, ...more }) : undefined;
    if (route) return route;
    throw invalidRequest(`There is no channel ${channel.slice(0, 64)}; \`moltbot channels\` lists them.`);
  }

  /** The reminders that somebody may see: operators all, people on channels their own of this conversation. */
  async list(asker: Asker, sessionKey: string): Promise<ReminderShape[]> {
    const mine = this.#rows.all().filter((row) => row.jobId !== undefined && maySee(row, asker, sessionKey));
    return await Promise.all(mine.map((row) => this.#shape(row)));
  }

  /** The next times of all jobs, the soonest first. Jobs that come later than the first `limit` can add none. */
  async upcoming(limit: number): Promise<{ jobId: string; name: string; atMs: number }[]> {
    const { nextSlots } = await import("../../../base/schedule/schedule.ts");
    const { jobs } = this.#services.cron.views.list({ disabled: false, limit, offset: 0, protocol: 4 });
    const firings = jobs.flatMap(({ id, name, state: { nextRunAtMs } }) => {
      const schedule = this.#services.cron.find(id)?.config.schedule;
      if (!schedule || nextRunAtMs === undefined) return [];
      const times = [nextRunAtMs, ...nextSlots(schedule, nextRunAtMs, limit - 1)];
      return times.map((atMs) => ({ jobId: id, name, atMs }));
    });
    return firings.sort((a, b) => a.atMs - b.atMs).slice(0, limit);
  }

  /** Ends a reminder. Throws `INVALID_REQUEST` when there is none of that number for this person. */
  async remove(id: number, asker: Asker, sessionKey: string): Promise<ReminderShape> {
    const row = this.#rows.get(id);
    if (row?.jobId === undefined || !maySee(row, asker, sessionKey))
      throw invalidRequest(`There is no reminder ${id}; \`/reminders\` shows them.`);
    const shape = await this.#shape(row);
    this.#services.cron.remove(row.jobId);
    return shape;
  }

  #requireRoom({ principal }: Asker, key: string): void {
    if (this.#rows.ofKey(key)) return;
    const most = isOnChannel(principal) ? MAX_OF_PERSON : MAX_OF_OPERATORS;
    if (this.#rows.countOf(principal) >= most)
      throw invalidRequest(`${most} reminders wait already; \`/reminders cancel NUMBER\` ends one.`);
  }

  #placeOf(jobId: string) {
    const row = this.#rows.ofJob(jobId) ?? this.#unfinished(jobId);
    if (!row) return undefined;
    const { sessionKey, route } = row;
    return { sessionKey, route, say: (text: string) => this.#say(sessionKey, text) };
  }

  /** A kill came between the job and the note of its id. */
  #unfinished(jobId: string): Reminder | undefined {
    const key = this.#services.cron.find(jobId)?.declarationKey;
    return key?.startsWith("reminder:") ? this.#rows.ofKey(key.slice("reminder:".length)) : undefined;
  }

  /** Says a reminder in a conversation that is on no channel; within the transaction that ends the slot. */
  #say(sessionKey: string, text: string): void {
    const { bus, log, sessions } = this.#services;
    const stored = sessions.transcript.append(sessions.ensure(sessionKey), {
      ...{ role: "assistant", content: [{ type: "text", text }], stopReason: "injected" },
      usage: { input: 0, output: 0, totalTokens: 0 },
    });
    setImmediate(() => {
      try {
        bus.publish(chatEvent, {
          ...{ runId: `reminder-${stored.id.slice(0, 8)}`, sessionKey, seq: 0, state: "final" },
          message: sessions.transcript.wire.of(stored),
        });
      } catch (error) {
        ignore(error, "the reminder stands in the conversation");
        log.debug("a reminder could not be shown at once", { sessionKey });
      }
    });
  }

  #forget(jobId: string): void {
    const row = this.#rows.ofJob(jobId);
    if (row && !this.#services.cron.find(jobId)) this.#rows.remove(row.id);
  }

  async #shape({ id, jobId = "", text, sessionKey, route, tz, createdAt }: Reminder): Promise<ReminderShape> {
    const { nextSlots } = await import("../../../base/schedule/schedule.ts");
    const job = this.#services.cron.find(jobId);
    const first = job?.enabled ? job.nextAt : undefined;
    const schedule = job?.config.schedule;
    return {
      ...{ id, jobId, text, sessionKey, tz, createdAtMs: createdAt },
      ...(route && { channel: route.channel, to: route.chat.id }),
      repeats: schedule !== undefined && schedule.kind !== "at",
      nextAtMs: first === undefined || !schedule ? [] : [first, ...nextSlots(schedule, first, FIRINGS - 1)],
    };
  }
}

function maySee(row: Reminder, { principal }: Asker, sessionKey: string): boolean {
  return !isOnChannel(principal) || (row.principal === principal && row.sessionKey === sessionKey);
}

function isOnChannel(principal: string): boolean {
  return principal.startsWith("channel:");
}

function nameOf(text: string): string {
  return text.replace(/\s+/g, " ").slice(0, 60).toWellFormed();
}
