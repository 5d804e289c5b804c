// The page's one source of truth over the protocol client: where we stand, the sessions, the open conversation.
// Elements read `state`, which is replaced and never changed, and call the methods. No markup here.

import {
  type ClientState,
  type EventFrame,
  GatewayClient,
  type HelloOk,
  isAuthRefusal,
  isPairingRequired,
  isRecord,
  ResponseError,
} from "@moltbot/protocol";
import {
  type HistoryMessage,
  type Item,
  isAnswered,
  itemsOf,
  type Outcome,
  type Run,
  readHistory,
  textOf,
  unansweredKey,
} from "./conversation.ts";
import {
  browserIdentity,
  clientInfo,
  deviceTokens,
  forgetSecrets,
  gatewayUrl,
  newId,
  storedToken,
  takeTokenFromAddress,
} from "./credentials.ts";
import { type Attachment, loadEntries, type OutboxEntry, removeEntry, storeEntry } from "./outbox.ts";
import { canonicalKey, type ModelChoice, readModels, readSessions, type Session } from "./sessions.ts";
import { recall, remember } from "./storage.ts";

/** Which screen the page shows. */
export type Screen =
  | { readonly kind: "starting" }
  /** `problem` says in one sentence why the last attempt failed and what to do. */
  | { readonly kind: "signed-out"; readonly problem: string | undefined }
  | { readonly kind: "pairing"; readonly requestId: string }
  | { readonly kind: "chat" };

/** What stands between us and the gateway while the chat is shown. */
export type Link =
  | { readonly kind: "connecting" }
  | { readonly kind: "connected" }
  | { readonly kind: "waiting"; readonly reason: string; readonly retryAt: number };

/** Everything an element can show. */
export interface State {
  readonly screen: Screen;
  readonly link: Link;
  readonly gatewayVersion: string | undefined;
  readonly maxPayload: number;
  readonly sessions: readonly Session[];
  readonly unread: ReadonlySet<string>;
  readonly models: readonly ModelChoice[];
  readonly defaultModel: string | undefined;
  readonly sessionKey: string;
  readonly mainKey: string;
  /** `undefined` until the open session's history has arrived. */
  readonly history: readonly HistoryMessage[] | undefined;
  readonly items: readonly Item[];
  /** The reply that is being written in the open session. */
  readonly activeRun: Run | undefined;
  /** A failure to tell the person about, once. */
  readonly notice: string | undefined;
  /** The last finished reply, for screen readers. */
  readonly announcement: string;
}

/** What the page asks to be allowed: it is its owner's console, with the same abilities as the command line. */
const SCOPES = ["operator.admin", "operator.approvals", "operator.pairing"];

/** Pause before sending a message again when the gateway did not answer in time, in milliseconds. */
const RESEND_MS = 3_000;

/** How many of the last messages are fetched. */
const HISTORY_LIMIT = 500;

const INITIAL: State = {
  screen: { kind: "starting" },
  link: { kind: "connecting" },
  gatewayVersion: undefined,
  maxPayload: 524_288,
  sessions: [],
  unread: new Set(),
  models: [],
  defaultModel: undefined,
  sessionKey: "",
  mainKey: "agent:main:main",
  history: undefined,
  items: [],
  activeRun: undefined,
  notice: undefined,
  announcement: "",
};

/** The store of one page. */
export class Store {
  #state: State = INITIAL;
  #client: GatewayClient | undefined;
  #hello: HelloOk | undefined;
  #outbox: readonly OutboxEntry[] = [];
  #runs: readonly Run[] = [];
  #sending: Promise<void> = Promise.resolve();
  #frame: number | undefined;
  #sessionsTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<() => void>();

  get state(): State {
    return this.#state;
  }

  /** Calls `listener` after every change; returns how to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads what earlier visits left, then connects with whatever credential there is. */
  async start(): Promise<void> {
    const token = takeTokenFromAddress() ?? storedToken();
    addEventListener("online", () => this.#client?.retryNow());
    document.addEventListener("visibilitychange", () => document.hidden || this.#client?.retryNow());
    addEventListener("hashchange", () => this.#signInFromAddress());
    this.#outbox = await loadEntries();
    await this.signIn(token);
  }

  /** Connects with a token or password; without one a stored device token, or a gateway that asks for none, may do. */
  async signIn(secret: string | undefined): Promise<void> {
    this.#client?.close();
    this.#set({ screen: { kind: "starting" }, link: { kind: "connecting" } });
    const device = await browserIdentity();
    const client = new GatewayClient({
      url: gatewayUrl(),
      client: clientInfo(),
      scopes: SCOPES,
      deviceTokens,
      caps: ["tool-events"],
      locale: navigator.language,
      ...(device && { device }),
      ...(secret !== undefined && { token: secret }),
    });
    this.#client = client;
    client.onState((state) => this.#follow(client, state));
    client.onGap(() => this.#refresh());
    client.on("chat" as string, (payload) => this.#onChat(payload));
    client.on("agent" as string, (payload) => this.#onAgent(payload));
    client.on("shutdown" as string, (_payload: unknown, _frame: EventFrame) => this.#onShutdown());
    client.connect().catch(() => {}); // #follow hears of it too
  }

  /** Forgets every credential of this browser. Unsent messages stay. */
  signOut(): void {
    forgetSecrets();
    this.#client?.close();
    this.#set({ screen: { kind: "signed-out", problem: undefined } });
  }

  /** Ends the pause before the next attempt to connect. */
  retryNow(): void {
    this.#client?.retryNow();
  }

  /** Says that the notice has been read. */
  dismissNotice(): void {
    this.#set({ notice: undefined });
  }

  /** Shows a failure that happened outside the store. */
  notify(notice: string): void {
    this.#set({ notice });
  }

  // — sessions —

  /** Opens a session and loads its history. */
  openSession(sessionKey: string): void {
    if (sessionKey === this.#state.sessionKey) return;
    remember("session", sessionKey);
    const unread = new Set(this.#state.unread);
    unread.delete(sessionKey);
    this.#set({ sessionKey, unread, history: undefined, announcement: "" });
    void this.#loadHistory();
  }

  /** Opens a session that exists from its first message on. */
  newSession(): void {
    const agentId = this.#hello?.snapshot.sessionDefaults?.defaultAgentId ?? "main";
    this.openSession(`agent:${agentId}:chat-${newId().slice(0, 8)}`);
    this.#set({ history: [] });
  }

  /** Gives a session a name; an empty one removes it. */
  async renameSession(key: string, label: string): Promise<void> {
    await this.#try(() => this.#call("sessions.patch", { key, label: label.trim() === "" ? null : label.trim() }));
    await this.#loadSessions();
  }

  /** Removes a session and its messages. */
  async deleteSession(key: string): Promise<void> {
    if (!(await this.#try(() => this.#call("sessions.delete", { key })))) return;
    this.#outbox = this.#outbox.filter((entry) => {
      if (entry.sessionKey === key) void removeEntry(entry);
      return entry.sessionKey !== key;
    });
    remember(`draft.${key}`, undefined);
    if (key === this.#state.sessionKey) this.openSession(this.#state.mainKey);
    await this.#loadSessions();
  }

  /** Empties a session; its name and settings stay. */
  async resetSession(key: string): Promise<void> {
    if (!(await this.#try(() => this.#call("sessions.reset", { key })))) return;
    this.#runs = this.#runs.filter((run) => this.#canonical(run.sessionKey) !== key);
    if (key === this.#state.sessionKey) await this.#loadHistory();
    await this.#loadSessions();
  }

  /** Chooses the model that answers in the open session. */
  async chooseModel(model: string | undefined): Promise<void> {
    await this.#try(() => this.#call("sessions.patch", { key: this.#state.sessionKey, model: model ?? null }));
    await this.#loadSessions();
  }

  // — messages —

  /** Text that was typed in a session and not sent. */
  draft(sessionKey: string): string {
    return recall(`draft.${sessionKey}`) ?? "";
  }

  /** Keeps what is being typed, so that neither a reload nor a lost connection loses it. */
  keepDraft(sessionKey: string, text: string): void {
    remember(`draft.${sessionKey}`, text);
  }

  /** Shows a message at once and sends it as soon as the gateway can be reached. */
  send(text: string, attachments: readonly Attachment[] = []): void {
    const { sessionKey } = this.#state;
    const entry: OutboxEntry = {
      key: newId(),
      sessionKey,
      text,
      attachments,
      at: Date.now(),
      delivery: { kind: "queued" },
    };
    this.#outbox = [...this.#outbox, entry];
    this.#update();
    this.#sending = this.#sending.then(async () => {
      await storeEntry(entry);
      await this.#deliver(entry.key);
    });
  }

  /** Sends a refused message again. The refusal was final for its key, and nothing happened under it: it gets a new one. */
  retry(key: string): void {
    const refused = this.#outbox.find((entry) => entry.key === key);
    if (refused === undefined) return;
    const entry: OutboxEntry = { ...refused, key: newId(), delivery: { kind: "queued" } };
    this.#outbox = this.#outbox.map((other) => (other === refused ? entry : other));
    this.#update();
    this.#sending = this.#sending.then(async () => {
      await storeEntry(entry);
      await removeEntry(refused);
      await this.#deliver(entry.key);
    });
  }

  /** Takes a message back that the gateway has not accepted; returns its text. */
  discard(key: string): string {
    const entry = this.#outbox.find((candidate) => candidate.key === key);
    if (entry === undefined) return "";
    this.#outbox = this.#outbox.filter((candidate) => candidate !== entry);
    void removeEntry(entry);
    this.#update();
    return entry.text;
  }

  /** Stops the reply that is being written. */
  async stop(): Promise<void> {
    const run = this.#state.activeRun;
    if (run === undefined) return;
    const answer = await this.#try(() =>
      this.#call("chat.abort", { sessionKey: run.sessionKey, ...(run.runId !== "" && { runId: run.runId }) }),
    );
    if (!isRecord(answer)) return;
    if (answer.aborted !== true) return this.#settleRun(run.runId);
    this.#endRun(run.runId, { kind: "stopped" });
  }

  // — the connection —

  #signInFromAddress(): void {
    const token = takeTokenFromAddress();
    if (token !== undefined) void this.signIn(token);
  }

  #follow(client: GatewayClient, state: ClientState): void {
    if (client !== this.#client) return;
    if (state.kind === "connected") return this.#onConnected(state.hello);
    if (state.kind === "closed" && isAuthRefusal(state.reason)) forgetSecrets();
    if (state.kind === "closed") return this.#set({ screen: { kind: "signed-out", problem: refusal(state.reason) } });
    if (state.kind !== "reconnecting") return;
    const { reason, retryAt } = state;
    if (isPairingRequired(reason)) {
      return this.#set({ screen: { kind: "pairing", requestId: reason.detail("requestId") ?? "" } });
    }
    if (isLockedOut(reason)) {
      client.close();
      const problem = "Too many wrong attempts came from here. Wait five minutes, then sign in again.";
      return this.#set({ screen: { kind: "signed-out", problem } });
    }
    this.#set({ screen: { kind: "chat" }, link: { kind: "waiting", reason: lostBecause(reason), retryAt } });
  }

  #onConnected(hello: HelloOk): void {
    this.#hello = hello;
    const mainKey = hello.snapshot.sessionDefaults?.mainSessionKey ?? "agent:main:main";
    this.#set({
      screen: { kind: "chat" },
      link: { kind: "connected" },
      gatewayVersion: hello.server.version,
      maxPayload: hello.policy.maxPayload,
      mainKey,
      sessionKey: this.#state.sessionKey || (recall("session") ?? mainKey),
    });
    this.#refresh();
    void this.#loadModels();
  }

  /** Fetches what events would have told us, then sends what waits: the history shows what had arrived after all. */
  #refresh(): void {
    void this.#loadSessions();
    this.#sending = this.#sending.then(async () => {
      await this.#loadHistory();
      await this.#dropDeliveredElsewhere();
      for (const { key, delivery } of this.#outbox) if (delivery.kind === "queued") await this.#deliver(key);
    });
  }

  #onShutdown(): void {
    const reason = "The gateway is stopping. Your messages are kept and sent when it is back.";
    this.#set({ link: { kind: "waiting", reason, retryAt: Date.now() + 1000 } });
  }

  // — loading —

  async #loadHistory(): Promise<void> {
    const { sessionKey } = this.#state;
    const history = await this.#fetchHistory(sessionKey);
    if (history === undefined || sessionKey !== this.#state.sessionKey) return;
    await this.#dropDelivered(history);
    this.#runs = this.#runs.filter((run) => !isAnswered(history, run));
    this.#set({ history });
    await this.#findOpenRun(history);
  }

  async #fetchHistory(sessionKey: string): Promise<HistoryMessage[] | undefined> {
    const answer = await this.#try(() => this.#call("chat.history", { sessionKey, limit: HISTORY_LIMIT }));
    if (!isRecord(answer)) return undefined;
    return readHistory(Array.isArray(answer.messages) ? answer.messages : []);
  }

  /** After a reload: is somebody at work on the last message, or was its end missed? */
  async #findOpenRun(history: readonly HistoryMessage[]): Promise<void> {
    const runId = unansweredKey(history);
    if (runId === undefined || this.#runs.some((run) => run.runId === runId)) return;
    const answer = await this.#call("agent.wait", { runId, timeoutMs: 0 }).catch(() => undefined);
    if (!isRecord(answer) || this.#runs.some((run) => run.runId === runId)) return;
    if (answer.status === "timeout") this.#putRun(runId, {});
    if (answer.status === "error") {
      this.#putRun(runId, { outcome: { kind: "failed", reason: String(answer.error ?? "The reply failed.") } });
    }
  }

  async #loadSessions(): Promise<void> {
    const params = { limit: 500, includeDerivedTitles: true, includeLastMessage: true };
    const answer = await this.#call("sessions.list", params).catch(() => undefined);
    if (!isRecord(answer)) return;
    this.#set(readSessions(answer));
  }

  /** Many events may ask for the list; one answer is enough for all. */
  #loadSessionsSoon(): void {
    clearTimeout(this.#sessionsTimer);
    this.#sessionsTimer = setTimeout(() => void this.#loadSessions(), 300);
  }

  async #loadModels(): Promise<void> {
    const answer = await this.#call("models.list", {}).catch(() => undefined);
    if (isRecord(answer)) this.#set({ models: readModels(answer) });
  }

  // — the outbox —

  async #deliver(key: string): Promise<void> {
    const entry = this.#outbox.find((candidate) => candidate.key === key);
    if (entry?.delivery.kind !== "queued" || this.#client?.state.kind !== "connected") return;
    this.#setDelivery(key, { kind: "sending" });
    try {
      const answer = await this.#call("chat.send", {
        sessionKey: entry.sessionKey,
        message: entry.text,
        idempotencyKey: key,
        ...(entry.attachments.length > 0 && { attachments: entry.attachments }),
      });
      await this.#accepted(entry, isRecord(answer) ? answer : {});
    } catch (error) {
      await this.#notDelivered(entry, error);
    }
  }

  async #accepted(entry: OutboxEntry, { status }: Record<string, unknown>): Promise<void> {
    this.#setDelivery(entry.key, { kind: "sent" });
    await removeEntry(entry);
    this.#loadSessionsSoon();
    const isHeard = this.#runs.some((run) => run.runId === entry.key);
    if ((status === "started" || status === "in_flight") && !isHeard) {
      this.#putRun(entry.key, { sessionKey: entry.sessionKey });
    }
    if (status === "ok") await this.#loadHistory();
  }

  /** A refusal is final until its author decides; silence is not: the same key makes a repeat harmless. */
  async #notDelivered(entry: OutboxEntry, error: unknown): Promise<void> {
    if (error instanceof ResponseError) {
      const history = await this.#fetchHistory(entry.sessionKey);
      await this.#dropDelivered(history ?? []); // accepted under this key before, and failed since
      const delivery = { kind: "failed", reason: sentence(error.message) } as const;
      if (!this.#outbox.some(({ key }) => key === entry.key)) return this.#loadHistory();
      this.#setDelivery(entry.key, delivery);
      await storeEntry({ ...entry, delivery });
      return;
    }
    this.#setDelivery(entry.key, { kind: "queued" });
    if (this.#client?.state.kind !== "connected") return;
    setTimeout(() => {
      this.#sending = this.#sending.then(() => this.#deliver(entry.key));
    }, RESEND_MS);
  }

  /** Messages that the history already holds need no sending, even if their answer was lost. */
  async #dropDelivered(history: readonly HistoryMessage[]): Promise<void> {
    const arrived = new Set(history.map(({ key }) => key));
    const [done, rest] = partition(this.#outbox, ({ key }) => arrived.has(key));
    this.#outbox = rest;
    await Promise.all(done.map(removeEntry));
  }

  async #dropDeliveredElsewhere(): Promise<void> {
    const waiting = this.#outbox.filter(({ delivery }) => delivery.kind === "queued");
    for (const sessionKey of new Set(waiting.map((entry) => entry.sessionKey))) {
      if (sessionKey !== this.#state.sessionKey)
        await this.#dropDelivered((await this.#fetchHistory(sessionKey)) ?? []);
    }
  }

  #setDelivery(key: string, delivery: OutboxEntry["delivery"]): void {
    this.#outbox = this.#outbox.map((entry) => (entry.key === key ? { ...entry, delivery } : entry));
    this.#update();
  }

  // — replies —

  #onChat(payload: unknown): void {
    if (!isRecord(payload) || typeof payload.runId !== "string" || typeof payload.sessionKey !== "string") return;
    const { runId, sessionKey } = payload;
    const text = isRecord(payload.message) ? textOf(payload.message.content) : "";
    this.#fetchUnknownQuestion(runId, sessionKey);
    if (payload.state === "delta") return this.#putRun(runId, { sessionKey, text, tool: undefined });
    if (text !== "") this.#putRun(runId, { sessionKey, text });
    if (payload.state === "error") {
      const reason = sentence(String(payload.errorMessage ?? "The reply failed"));
      return this.#endRun(runId, { kind: "failed", reason }, sessionKey);
    }
    this.#endRun(runId, { kind: payload.state === "aborted" ? "stopped" : "done" }, sessionKey);
  }

  #onAgent(payload: unknown): void {
    if (!isRecord(payload) || typeof payload.runId !== "string" || !isRecord(payload.data)) return;
    const { runId, sessionKey, stream, data } = payload;
    const known = this.#runs.find((run) => run.runId === runId);
    if (known !== undefined && known.outcome.kind !== "writing") return;
    if (known === undefined && typeof sessionKey !== "string") return;
    const at = typeof sessionKey === "string" ? { sessionKey } : {};
    if (stream === "lifecycle" && data.phase === "start") this.#putRun(runId, at);
    if (stream === "assistant" && typeof data.text === "string") this.#putRun(runId, { ...at, text: data.text });
    if (stream === "tool")
      this.#putRun(runId, { ...at, tool: data.phase === "result" ? undefined : String(data.name) });
  }

  /** A message sent from elsewhere to the open session: its reply is here before the question. */
  #fetchUnknownQuestion(runId: string, sessionKey: string): void {
    const { history, sessionKey: open } = this.#state;
    if (this.#canonical(sessionKey) !== this.#canonical(open)) return;
    const isKnown = this.#runs.some((run) => run.runId === runId) || this.#outbox.some(({ key }) => key === runId);
    if (!isKnown && !history?.some(({ key }) => key === runId)) void this.#loadHistory();
  }

  #putRun(runId: string, change: Partial<Run>): void {
    const known = this.#runs.find((run) => run.runId === runId);
    const { sessionKey } = this.#state;
    const outcome = { kind: "writing" } as const;
    const run = { runId, sessionKey, text: "", tool: undefined, outcome, at: Date.now(), ...known, ...change };
    this.#runs =
      known === undefined ? [...this.#runs, run] : this.#runs.map((other) => (other === known ? run : other));
    this.#updateSoon();
  }

  #endRun(runId: string, outcome: Outcome, sessionKey?: string): void {
    this.#putRun(runId, { outcome, tool: undefined, ...(sessionKey !== undefined && { sessionKey }) });
    this.#loadSessionsSoon();
    const run = this.#runs.find((candidate) => candidate.runId === runId);
    if (run === undefined) return;
    if (this.#isOpen(run.sessionKey)) return this.#set({ announcement: announcementOf(run) });
    this.#set({ unread: new Set([...this.#state.unread, this.#canonical(run.sessionKey)]) });
  }

  /** The gateway knows of no such run: it is over, and the history says how. */
  async #settleRun(runId: string): Promise<void> {
    this.#runs = this.#runs.filter((run) => run.runId !== runId);
    this.#update();
    await this.#loadHistory();
  }

  // — small things —

  #isOpen(sessionKey: string): boolean {
    return this.#canonical(sessionKey) === this.#canonical(this.#state.sessionKey);
  }

  #canonical(sessionKey: string): string {
    return canonicalKey(sessionKey, this.#hello?.snapshot.sessionDefaults);
  }

  #call(method: string, params: unknown): Promise<unknown> {
    if (this.#client === undefined) return Promise.reject(new Error("not connected"));
    return this.#client.request(method, params);
  }

  /** Runs an action for a person: a refusal becomes a notice, and `undefined`. */
  async #try(action: () => Promise<unknown>): Promise<unknown> {
    try {
      return await action();
    } catch (error) {
      const isLost = this.#state.link.kind !== "connected";
      if (!isLost) this.#set({ notice: sentence(error instanceof Error ? error.message : String(error)) });
      return undefined;
    }
  }

  /** Tokens may arrive faster than the screen is drawn; once for each picture is enough. */
  #updateSoon(): void {
    this.#frame ??= requestAnimationFrame(() => this.#update());
  }

  #set(change: Partial<State>): void {
    this.#state = { ...this.#state, ...change };
    this.#update();
  }

  #update(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
    const runs = this.#runs.filter((run) => this.#isOpen(run.sessionKey));
    const outbox = this.#outbox.filter((entry) => this.#isOpen(entry.sessionKey));
    const items = itemsOf(this.#state.history ?? [], runs, outbox);
    const activeRun = runs.find((run) => run.outcome.kind === "writing");
    this.#state = { ...this.#state, items, activeRun };
    for (const listener of this.#listeners) listener();
  }
}

/** One sentence for the sign-in screen: what happened, and what to do about it. */
function refusal(reason: Error | undefined): string | undefined {
  if (reason === undefined) return undefined;
  if (reason instanceof ResponseError) {
    if (reason.reason?.endsWith("_MISSING")) return undefined;
    if (reason.message.includes("device identity") || reason.message.includes("secure context")) {
      return "This browser may sign in only over HTTPS, or on the gateway’s own machine at http://127.0.0.1. Open the page that way.";
    }
    if (reason.message.startsWith("origin not allowed")) {
      return "The gateway does not know this page’s address. Open the link that `moltbot dashboard` prints, or add the address to gateway.controlUi.allowedOrigins.";
    }
    if (isAuthRefusal(reason))
      return "The gateway does not accept this token or password. Run `moltbot dashboard` on its machine for a link that works.";
  }
  return sentence(reason.message);
}

function isLockedOut(reason: Error): boolean {
  return reason instanceof ResponseError && reason.reason === "AUTH_RATE_LIMITED";
}

function lostBecause(reason: Error): string {
  if (reason instanceof ResponseError) return sentence(reason.message);
  return "The connection to the gateway was lost. Your messages are kept and sent when it is back.";
}

/** Wire texts begin in lower case and end in nothing. */
function sentence(text: string): string {
  const trimmed = text.trim().replace(/^Error: /, "");
  const ended = /[.!?…]$/.test(trimmed) ? trimmed : `${trimmed}.`;
  return ended.charAt(0).toUpperCase() + ended.slice(1);
}

function announcementOf({ outcome, text }: Run): string {
  if (outcome.kind === "stopped") return "The reply was stopped.";
  if (outcome.kind === "failed") return `The reply failed: ${outcome.reason}`;
  return text.length > 400
    ? `Reply: ${text.slice(0, 400)} … The whole reply is in the conversation.`
    : `Reply: ${text}`;
}

function partition<T>(list: readonly T[], belongs: (item: T) => boolean): [T[], T[]] {
  return [list.filter(belongs), list.filter((item) => !belongs(item))];
}
