/**
 * The service of heartbeats: from time to time, and when it is woken, each agent looks whether there is news, and only then
 * asks its model. News are rows (core/notices), so a kill loses none. See docs/heartbeat.md.
 */
import { defined } from "../../../base/defined.ts";
import { detailOf, GatewayError } from "../../../base/errors.ts";
import { newId } from "../../../base/ids.ts";
import type { RunOutcome, RunRecord } from "../../agent/agent/run/run-store.ts";
import type { RunObserver } from "../../agent/agent/runs.ts";
import { ACK_MAX_CHARS, recordEnd, targetOf } from "./delivery.ts";
import { heartbeat as heartbeatEvent } from "./events.ts";
import { everyOf, judge, maxTurnsOf, NEWS, type Subject, type Verdict } from "./judge.ts";
import { OK_WORD } from "./reply.ts";
import type { HeartbeatServices } from "./services.ts";
import { HeartbeatTurns, type Outcome } from "./turns.ts";

/** News for the next heartbeat. */
export interface HeartbeatNews {
  /** Canonical. */
  readonly sessionKey: string;
  readonly text: string;
  /** Who says so, as models and people read it: "hook:github". */
  readonly source: string;
  /** News with a key that was noted within the last week are not noted again. */
  readonly key?: string;
  /** How many news of this source wait; the oldest are dropped. */
  readonly most?: number;
}

export interface WakeRequest {
  readonly mode: "now" | "next-heartbeat";
  readonly reason: string;
  /** The conversation whose news are looked at; the default agent's main one when absent. */
  readonly sessionKey?: string;
}

/** Wakes within this time are one (protocol: wake). */
const COALESCE_MS = 250;
/** When to look again while the conversation is busy (protocol: wake). */
const BUSY_MS = 1_000;
/** More turns within a minute than this wait: something wakes the agent again and again. */
const MAX_IN_A_MINUTE = 5;
const MINUTE_MS = 60_000;
const PROMPT =
  "Heartbeat: nobody has written. Read HEARTBEAT.md if it exists, look at the news above if there are any, and do what they " +
  "ask for as far as your owner wants it. Do not repeat old tasks from earlier in the conversation. If nothing needs the " +
  `attention of your owner, answer ${OK_WORD} and nothing else; otherwise answer with what they should know.`;
/** Ids of runs begin with this: what heartbeats say does not keep a conversation young (core/sessions). */
const RUN_PREFIX = "beat-";

export class Heartbeat implements RunObserver, Disposable {
  readonly #services: HeartbeatServices;
  readonly #turns: HeartbeatTurns;
  readonly #timers = new Map<
    string,
    { readonly everyMs: number; readonly nextAt: number; readonly timer: Disposable }
  >();
  readonly #soon = new Map<string, Disposable>();
  readonly #stack = new DisposableStack();
  #isOn = true;
  #last: Outcome | undefined;

  constructor(services: HeartbeatServices) {
    this.#services = services;
    this.#turns = new HeartbeatTurns(services);
    this.#stack.use(services.agent.runs.observers.add(this));
    services.agent.runs.visibility.fill({
      isShown: () => services.messaging.heartbeatShown.showOk,
      saysNothing: (runId) => this.#turns.saidNothing(runId),
    });
  }

  /** Starts the timers; news that a kill or a stop left waiting are looked at soon. */
  start(): void {
    const { agents, upkeep } = this.#services;
    upkeep.add(() => this.#turns.prune());
    this.#stack.use(agents.onChange(() => this.#schedule()));
    this.#schedule();
    for (const { sessionKey } of this.#services.notices.sessionsWithNews()) this.#lookSoon(sessionKey, "start");
  }

  [Symbol.dispose](): void {
    this.#stack.dispose();
    for (const { timer } of this.#timers.values()) timer[Symbol.dispose]();
    for (const timer of this.#soon.values()) timer[Symbol.dispose]();
    this.#timers.clear();
    this.#soon.clear();
  }

  /** Leaves news for the next heartbeat or turn of a conversation, as a row; safe within a transaction of the store. */
  note({ sessionKey, text, source, key, most }: HeartbeatNews): void {
    const words = { text, from: { kind: "event" as const, id: source } };
    const many = most === undefined ? {} : { about: source, most };
    this.#services.notices.add(sessionKey, words, { isNews: true, ...defined({ key }), ...many });
  }

  /** Has the agent look at its news: soon, or with the next heartbeat. Many wakes are one. */
  wake({ mode, reason, sessionKey }: WakeRequest): void {
    if (mode === "now") this.#lookSoon(sessionKey ?? this.#services.sessions.mainKey(), reason);
  }

  /** Whether heartbeats are on; a restart switches them on (protocol: set-heartbeats). */
  get enabled(): boolean {
    return this.#isOn;
  }

  set enabled(isOn: boolean) {
    this.#isOn = isOn;
    this.#services.host.overview.now.refreshHealthSoon();
    if (isOn) for (const { sessionKey } of this.#services.notices.sessionsWithNews()) this.#lookSoon(sessionKey, "on");
  }

  /** What came of the last heartbeat. */
  get last(): Outcome | undefined {
    this.#last ??= this.#turns.last();
    return this.#last;
  }

  /** What the heartbeat of each agent would do now. */
  status() {
    const { agents } = this.#services;
    return {
      enabled: this.#isOn,
      agents: agents.ids().map((agentId) => this.#statusOf(agentId)),
      last: this.last ?? null,
      news: [...NEWS],
    };
  }

  #statusOf(agentId: string) {
    const { agents, notices } = this.#services;
    const settings = agents.heartbeatOf(agentId);
    const sessionKey = this.#keyOf(agentId);
    const { kind, reason, detail, day } = this.#judge({ agentId, sessionKey });
    const target = settings ? targetOf({ services: this.#services, sessionKey }, settings) : { reason: "none" };
    return {
      ...this.settingsOf(agentId),
      nextAtMs: this.#timers.get(agentId)?.nextAt ?? null,
      sessionKey,
      target: "to" in target ? `${target.to.channel}:${target.to.chat.id}` : target.reason,
      waiting: notices.sessionsWithNews().find((each) => each.sessionKey === sessionKey)?.count ?? 0,
      turnsToday: this.#turns.countOf(agentId, day),
      maxTurnsPerDay: maxTurnsOf(settings),
      verdict: { asks: kind === "asks", reason, detail },
    };
  }

  /** How an agent's heartbeat is set (protocol: health). */
  settingsOf(agentId: string) {
    const every = this.#isOn ? everyOf(this.#services.agents.heartbeatOf(agentId)) : undefined;
    return { agentId, enabled: every !== undefined, every: every?.text ?? "0m", everyMs: every?.ms ?? null };
  }

  /** As `settingsOf`, with what clients show beside it. */
  healthOf(agentId: string) {
    const {
      target = "last",
      prompt = PROMPT,
      ackMaxChars = ACK_MAX_CHARS,
    } = this.#services.agents.heartbeatOf(agentId) ?? {};
    const { enabled, every, everyMs } = this.settingsOf(agentId);
    return { enabled, every, everyMs, prompt, target, ackMaxChars };
  }

  /** Looks at once. With `force` the model is asked although nothing is new. */
  now(
    agentId: string,
    { force }: { force: boolean },
  ): { asks: boolean; reason: string; detail: string; runId?: string } {
    const subject = { agentId, sessionKey: this.#keyOf(agentId), force };
    const verdict = this.#judge(subject);
    const { kind, reason, detail } = verdict;
    if (kind === "asks") return { asks: true, reason, detail, runId: this.#ask(subject, verdict, "now") };
    if (kind === "wait") this.#lookSoon(subject.sessionKey, "now");
    if (kind === "skipped") this.#skipped(subject, reason);
    return { asks: false, reason, detail };
  }

  /** Records the end of a heartbeat's run with its reply to people, in the transaction that ends the run. */
  ended({ id, source, sessionKey }: RunRecord, outcome: RunOutcome): void {
    if (outcome.kind === "merged") return;
    if (isUnanswered(outcome)) this.#services.notices.release(id);
    const turn = source === "heartbeat" ? this.#turns.get(id) : undefined;
    if (!turn) return;
    const told = recordEnd({ services: this.#services, turns: this.#turns, turn, sessionKey }, outcome);
    setImmediate(() => this.#publish(told));
  }

  #keyOf(agentId: string): string {
    const { agents, sessions } = this.#services;
    const { session } = agents.heartbeatOf(agentId) ?? {};
    return session === undefined ? sessions.mainKey(agentId) : sessions.keyOf(session, agentId);
  }

  #judge(subject: Subject): Verdict {
    return judge({ services: this.#services, turns: this.#turns, isOn: this.#isOn }, subject);
  }

  /** Keeps the timers of agents whose interval has not changed. */
  #schedule(): void {
    const { agents } = this.#services;
    const ids = agents.ids();
    for (const [agentId, { timer }] of this.#timers) {
      if (ids.includes(agentId)) continue;
      timer[Symbol.dispose]();
      this.#timers.delete(agentId);
    }
    for (const agentId of ids) this.#scheduleOne(agentId);
  }

  #scheduleOne(agentId: string): void {
    const { agents, clock } = this.#services;
    const everyMs = everyOf(agents.heartbeatOf(agentId))?.ms;
    const known = this.#timers.get(agentId);
    if (known && known.everyMs === everyMs) return;
    known?.timer[Symbol.dispose]();
    this.#timers.delete(agentId);
    if (everyMs === undefined) return;
    const timer = clock.after(everyMs, () => {
      this.#timers.delete(agentId);
      this.#scheduleOne(agentId);
      this.#beat(agentId);
    });
    this.#timers.set(agentId, { everyMs, nextAt: clock.now() + everyMs, timer });
  }

  /** The look that the interval brings: at the agent's own conversation, and at others in which news wait. */
  #beat(agentId: string): void {
    const { notices, sessions } = this.#services;
    const withNews = notices.sessionsWithNews().map(({ sessionKey }) => sessionKey);
    const others = withNews.filter((key) => sessions.agentOf(key) === agentId);
    for (const sessionKey of new Set([this.#keyOf(agentId), ...others])) this.#look(sessionKey, "interval");
  }

  #lookSoon(sessionKey: string, reason: string, ms = COALESCE_MS): void {
    if (this.#stack.disposed || this.#soon.has(sessionKey)) return;
    const timer = this.#services.clock.after(ms, () => {
      this.#soon.delete(sessionKey);
      this.#look(sessionKey, reason);
    });
    this.#soon.set(sessionKey, timer);
  }

  #look(sessionKey: string, reason: string): void {
    const { clock, log, sessions } = this.#services;
    const subject = { agentId: sessions.agentOf(sessionKey), sessionKey };
    const verdict = this.#judge(subject);
    if (verdict.kind === "quiet") return;
    if (verdict.kind === "wait") return this.#lookSoon(sessionKey, reason, BUSY_MS);
    if (verdict.kind === "skipped") return this.#skipped(subject, verdict.reason);
    if (this.#turns.countSince(clock.now() - MINUTE_MS) >= MAX_IN_A_MINUTE)
      return this.#lookSoon(sessionKey, reason, MINUTE_MS);
    try {
      this.#ask(subject, verdict, reason);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      log.warn("a heartbeat cannot ask the model yet", { sessionKey, problem: detailOf(error) });
      this.#lookSoon(sessionKey, reason, MINUTE_MS);
    }
  }

  /** Starts a turn; its row is in the transaction that accepts the run. Throws `UNAVAILABLE` as `Runs.accept` does. */
  #ask({ agentId, sessionKey }: Subject, { day, pages }: Verdict, reason: string): string {
    const { agent, agents, clock } = this.#services;
    const runId = `${RUN_PREFIX}${newId()}`;
    const { prompt = PROMPT } = agents.heartbeatOf(agentId) ?? {};
    agent.runs.accept(
      {
        ...{ id: runId, source: "heartbeat", principal: "heartbeat", sessionKey },
        request: {
          message: prompt,
          timeoutMs: agents.settings.defaults.timeoutSeconds * 1_000,
          isHeartbeat: true,
          starter: { scopes: ["operator.write"], name: "heartbeat" },
        },
        content: [{ type: "text", text: prompt, from: { kind: "gateway" } }],
      },
      () => this.#turns.add({ runId, agentId, at: clock.now(), day, reason, pages }),
    );
    return runId;
  }

  #skipped({ agentId, sessionKey }: Subject, reason: string): void {
    this.#publish({ ts: this.#services.clock.now(), status: "skipped", reason, silent: true, agentId, sessionKey });
  }

  #publish(outcome: Outcome): void {
    this.#last = outcome;
    this.#services.bus.publish(heartbeatEvent, outcome);
  }
}

/** Whether the news of a run still need an answer: nobody stopped it, and no model has answered. */
function isUnanswered(outcome: RunOutcome): boolean {
  return (
    outcome.kind === "error" || (outcome.kind === "aborted" && outcome.reason !== "rpc" && outcome.reason !== "stop")
  );
}
