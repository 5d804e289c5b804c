/**
 * Knows which connections watch conversations, and tells them the news. News waits until the current code has ended, so
 * that nothing is told of a transaction that was rolled back. Without watchers, no news is made.
 */
import type { Bus } from "../../../base/bus.ts";
import { GatewayError } from "../../../base/errors.ts";
import type { Clock } from "../../../base/time/clock.ts";
import { sessionMessage, sessionsChanged } from "./events.ts";
import type { StoredMessage } from "./messages/stored-message.ts";
import type { Sessions } from "./sessions.ts";

/** News of a conversation: a change, or a step of a run in it. */
export type SessionNews =
  | { readonly reason: "create" | "patch" | "reset" | "new" | "send" | "compact" | "delete" }
  | { readonly phase: "start" | "end" | "error" | "message"; readonly runId?: string | undefined };

interface Said {
  readonly key: string;
  readonly sessionId: string;
  readonly message: StoredMessage;
}

/** The most conversations that one connection may watch; a window shows one or a few. */
const MAX_KEYS = 200;

export class Watchers {
  readonly #clock: Clock;
  readonly #bus: Bus;
  readonly #sessions: Sessions;
  readonly #ofAll = new Set<string>();
  readonly #ofKey = new Map<string, Set<string>>();
  /** Watched keys by connection. */
  readonly #keys = new Map<string, Set<string>>();
  /** Pending news by key and kind, so that one change is told once. */
  readonly #changes = new Map<string, { readonly key: string; readonly news: SessionNews }>();
  #said: Said[] = [];
  #isDue = false;

  constructor({ clock, bus }: { clock: Clock; bus: Bus }, sessions: Sessions) {
    this.#clock = clock;
    this.#bus = bus;
    this.#sessions = sessions;
  }

  /** Tells a connection of every conversation until it ends; `signal` aborts then. */
  watchAll(connId: string, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#keysOf(connId, signal);
    this.#ofAll.add(connId);
  }

  /** Tells a connection of new messages in one conversation. Throws `UNAVAILABLE` when it watches too many already. */
  watch(key: string, connId: string, signal: AbortSignal): void {
    if (signal.aborted) return;
    const keys = this.#keysOf(connId, signal);
    if (keys.size >= MAX_KEYS && !keys.has(key))
      throw new GatewayError(
        "UNAVAILABLE",
        `this connection watches ${MAX_KEYS} conversations already; call sessions.messages.unsubscribe for some first`,
      );
    keys.add(key);
    this.#ofKey.set(key, (this.#ofKey.get(key) ?? new Set()).add(connId));
  }

  /** Ends `watch`. */
  unwatch(key: string, connId: string): void {
    this.#keys.get(connId)?.delete(key);
    const watching = this.#ofKey.get(key);
    watching?.delete(connId);
    if (watching?.size === 0) this.#ofKey.delete(key);
  }

  /** The conversations that a connection watches; removed when the connection ends. */
  #keysOf(connId: string, signal: AbortSignal): Set<string> {
    const known = this.#keys.get(connId);
    if (known) return known;
    const keys = new Set<string>();
    this.#keys.set(connId, keys);
    const forget = () => {
      this.#ofAll.delete(connId);
      for (const key of keys) this.unwatch(key, connId);
      this.#keys.delete(connId);
    };
    signal.addEventListener("abort", forget, { once: true });
    return keys;
  }

  /** Whether anybody watches all conversations; otherwise callers need not compute what `changed` would tell. */
  get hasAny(): boolean {
    return this.#ofAll.size > 0;
  }

  /** The connections that an event goes to. */
  of(event: string, payload: unknown): ReadonlySet<string> {
    const ofKey = this.#ofKey.get((payload as { sessionKey: string }).sessionKey);
    if (event !== sessionMessage.name || !ofKey) return this.#ofAll;
    return this.#ofAll.size === 0 ? ofKey : new Set([...this.#ofAll, ...ofKey]);
  }

  /** Notes news of a conversation. */
  changed(key: string, news: SessionNews): void {
    if (this.#ofAll.size === 0 || key === "") return;
    this.#changes.set(`${key}\n${JSON.stringify(news)}`, { key, news });
    this.#tellSoon();
  }

  /** Notes a new message. */
  said({ key, sessionId }: { key: string; sessionId: string }, message: StoredMessage): void {
    if (this.#ofAll.size === 0 && !this.#ofKey.has(key)) return;
    if (message.role !== "user" && message.role !== "assistant") return;
    this.#said.push({ key, sessionId, message });
    this.changed(key, { phase: "message", runId: message.runId });
    this.#tellSoon();
  }

  #tellSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => this.#tell());
  }

  #tell(): void {
    this.#isDue = false;
    const said = this.#said;
    const changes = [...this.#changes.values()];
    this.#said = [];
    this.#changes.clear();
    for (const each of said) this.#tellMessage(each);
    for (const { key, news } of changes) this.#tellChange(key, news);
  }

  #tellMessage({ key, sessionId, message: { content, ...rest } }: Said): void {
    const { transcript } = this.#sessions;
    const session = this.#sessions.get(key);
    const messageSeq = transcript.placeOf(rest.id);
    if (!session || session.sessionId !== sessionId || messageSeq === undefined) return;
    // Leave out reasoning, as a history does that was not asked for it.
    const message = transcript.wire.of({ ...rest, content: content.filter(({ type }) => type !== "thinking") });
    this.#bus.publish(sessionMessage, {
      ...{ sessionKey: key, agentId: this.#sessions.agentOf(key) },
      ...{ message, messageId: rest.id, messageSeq, sessionId, updatedAt: session.updatedAt },
      session: this.#sessions.views.laterRow(session),
    });
  }

  #tellChange(key: string, news: SessionNews): void {
    const session = this.#sessions.get(key);
    const isDeleted = "reason" in news && news.reason === "delete";
    // The transaction was rolled back, or the session has been deleted meanwhile; that deletion is told instead.
    if (isDeleted === (session !== undefined)) return;
    this.#bus.publish(sessionsChanged, {
      ...{ sessionKey: key, agentId: this.#sessions.agentOf(key), ts: this.#clock.now() },
      ...("reason" in news ? { reason: news.reason } : { phase: news.phase }),
      ...("runId" in news && news.runId !== undefined && { runId: news.runId }),
      ...(session && { sessionId: session.sessionId, updatedAt: session.updatedAt }),
      ...(session && { session: this.#sessions.views.laterRow(session) }),
    });
  }
}
