// The page's one source of truth over the protocol client: where we stand, the sessions, the open conversation.
// Elements read `state` and call the methods. No markup here.

import {
  type ChatHistoryResult,
  type ChatPastResult,
  type ClientState,
  GatewayClient,
  type HelloOk,
  isAuthRefusal,
  isPairingRequired,
} from "@moltbot/protocol";
import { readAgents } from "../agents.ts";
import { Canvas } from "../canvas/canvas.ts";
import { type Item, itemOfMessage, NOT_YET, pastItems, wholeOf, withNew } from "../conversation/conversation.ts";
import type { ExportFormat } from "../conversation/export.ts";
import { readHistory } from "../conversation/history.ts";
import { OpenSession } from "../conversation/open-session.ts";
import type { Attachment, OutboxEntry } from "../conversation/outbox.ts";
import { PastReader } from "../conversation/past-reader.ts";
import { firstUnread, forgetMark, markRead } from "../conversation/read-marks.ts";
import type { Run } from "../conversation/reply.ts";
import { Runs, sentence } from "../conversation/runs.ts";
import { Search } from "../conversation/search.ts";
import { Sender } from "../conversation/sender.ts";
import { canonicalKey, readModels, readSessions, titleOf } from "../conversation/sessions.ts";
import { newId } from "../ids.ts";
import { ignore } from "../ignore.ts";
import { loaded } from "../loaded.ts";
import type { PageHost, Scope, View } from "../view.ts";
import {
  browserIdentity,
  clientInfo,
  deviceTokens,
  forgetSecrets,
  gatewayUrl,
  storedToken,
  takeTokenFromAddress,
  wantedScopes,
} from "../visit/credentials.ts";
import { forgetLast, keepLast, lastState } from "../visit/last-state.ts";
import { leave, onLeft, takeLeft, tellLeft } from "../visit/leave.ts";
import { type Call, call, calls, isInView, onView, switchCalls, takeBack } from "../visit/notify.ts";
import { isLockedOut, LOCKED_OUT, lostBecause, refusal } from "../visit/refusal.ts";
import { recall, remember } from "../visit/storage.ts";
import { onLanguage } from "../words/language.ts";
import { t } from "../words/t.ts";
import { addressOfPage, addressOfSession, type Place, placeOf } from "./address.ts";
import { Approvals } from "./approvals.ts";
import { NodeRequests } from "./node-requests.ts";
import { Pages } from "./pages.ts";
import { INITIAL, type State } from "./state.ts";

/** How long events may gather before they make us fetch the session list, in milliseconds. */
const GATHER_MS = 300;
/** Signing out waits so long for the browser's push service, in milliseconds. */
const LEAVE_MS = 2_000;
/** How long a deletion can be taken back, in milliseconds. */
const UNDO_MS = 8_000;
/** Messages that a search shows. */
const MAX_MATCHES = 50;

/** The store of one page. */
export class Store {
  #state: State;
  #client: GatewayClient | undefined;
  #hello: HelloOk | undefined;
  #frame: number | undefined;
  /** Read while what waits to be sent is read too. */
  #device: ReturnType<typeof browserIdentity> | undefined;
  /** Fulfilled when the open session's newest messages are there. */
  #opening: Promise<void> = Promise.resolve();
  #leavingTimer: ReturnType<typeof setTimeout> | undefined;
  #sessionsTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<() => void>();
  /** The pages beside the conversations. */
  readonly views: readonly View[];
  readonly pages: Pages;
  /** What agents show beside the conversation. */
  readonly canvas: Canvas;

  /** The commands that wait for an answer. */
  readonly approvals = new Approvals({
    gateway: () => this.#gateway,
    isAllowed: () => this.#may("operator.approvals") && this.#offers("exec.approval.resolve"),
    attempt: (action) => this.#try(action),
    onChange: () => this.#set({ approvals: this.approvals.waiting }),
    onEnd: (id) => {
      takeBack(id).catch((error: unknown) => ignore(error, "the browser shows no notifications"));
    },
    onRequest: ({ id, command, sessionKey = this.#state.sessionKey }) => {
      this.#set({ announcement: t("A command waits for your approval: {0}", command) });
      this.#call({ title: t("A command waits for your approval"), text: command, tag: id, sessionKey });
    },
  });

  /** Nodes that wait for approval. */
  readonly nodeRequests = new NodeRequests({
    gateway: () => this.#gateway,
    isAllowed: () => this.#may("operator.pairing") && this.#offers("node.pair.list"),
    attempt: (action) => this.#try(action),
    onChange: () => this.#set({ nodeRequests: this.nodeRequests.waiting }),
  });

  readonly #runs = new Runs({
    onGrowth: () => this.#updateSoon(),
    onEnd: (run) => this.#onRunEnd(run),
    onStranger: (runId, sessionKey) => this.#fetchQuestion(runId, sessionKey),
    onCompaction: (sessionKey) => this.#isOpen(sessionKey) && void this.#open.load(),
  });

  readonly #sender = new Sender({
    isConnected: () => this.#client?.state.kind === "connected",
    send: ({ sessionKey, text, key, attachments }) =>
      this.#gateway.request("chat.send", {
        ...{ sessionKey, message: text, idempotencyKey: key },
        ...(attachments.length > 0 && { attachments: [...attachments] }),
      }),
    history: async (sessionKey) => {
      const answer = await this.#fetchHistory(sessionKey);
      return answer && readHistory(answer.messages);
    },
    onChange: () => this.#update(),
    onAccepted: (entry, result) => this.#onAccepted(entry, "status" in result ? result.status : undefined),
  });

  readonly #open = new OpenSession({
    runs: this.#runs,
    sender: this.#sender,
    fetch: (sessionKey, limit) => this.#fetchHistory(sessionKey, limit),
    wait: (runId) => this.#try(() => this.#gateway.request("agent.wait", { runId, timeoutMs: 0 })),
    sessionKey: () => this.#state.sessionKey,
    history: () => this.#state.history,
    show: (history) => {
      const isOpening = this.#state.history === undefined;
      this.#set({ history, ...(isOpening && { newFrom: firstUnread(this.#state.sessionKey, history) }) });
      void this.#past.follow(history[0]?.id);
    },
    isHere: (sessionKey) => this.#isOpen(sessionKey),
  });

  /** Finds what was said in any conversation. */
  readonly search = new Search({
    find: async (query) => {
      const answer = await this.#try(() => this.#gateway.request("sessions.search", { query, limit: MAX_MATCHES }));
      return answer?.matches;
    },
    onChange: () => this.#set({ search: this.search.state }),
  });

  readonly #past = new PastReader({
    fetch: async (params) => {
      if (!this.#offers("chat.past")) return undefined;
      const { sessionKey } = this.#state;
      return this.#try(() => this.#gateway.request("chat.past", { sessionKey, ...params }));
    },
    onChange: () => this.#update(),
  });

  constructor(views: readonly View[]) {
    this.views = views;
    const host: PageHost = {
      gateway: () => this.#gateway,
      may: (scope) => this.may(scope),
      offers: (method) => this.#offers(method),
      has: (view) => views.some(({ id, scope }) => id === view && this.may(scope)),
      show: (view, rest) => this.show(view, rest),
      openSession: (sessionKey) => this.openSession(this.#canonical(sessionKey)),
      titleOf: (sessionKey) => this.#titleOf(this.#canonical(sessionKey)),
      channelName: (id) => this.pages.channelName(id),
      exportSession: (sessionKey, title, format) => this.exportSession(sessionKey, title, format),
      attempt: (action) => this.#try(action),
      sessionKey: () => this.#state.sessionKey,
      answerWaiting: () => this.#answerWaiting(),
      onChange: () => this.#set({ pages: this.pages.states }),
    };
    this.pages = new Pages(views, host);
    this.canvas = new Canvas({
      ...host,
      isHere: (sessionKey) => this.#isOpen(sessionKey),
      notify: (notice) => this.notify(notice),
      onChange: () => this.#set({ canvas: this.canvas.state }),
    });
    this.#state = { ...INITIAL, pages: this.pages.states };
  }

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
    const left = takeLeft();
    const given = takeTokenFromAddress();
    onLeft(() => this.#end(undefined));
    addEventListener("online", () => this.retryNow());
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#keep() : this.retryNow()));
    addEventListener("pagehide", () => this.#keep());
    navigator.serviceWorker?.addEventListener("message", ({ data }) => {
      if (typeof data?.hash === "string") location.hash = data.hash;
    });
    this.#set({ calls: calls() });
    onView(() => this.#tellView());
    onLanguage(() => this.#onLanguage());
    addEventListener("hashchange", () => this.#signInFromAddress());
    addEventListener("popstate", () => this.#goTo(this.#placeOfAddress()));
    const { view, rest = "", sessionKey = "" } = this.#placeOfAddress();
    this.#set({ view, rest, sessionKey });
    // The page's script comes while we connect; where it cannot, the page itself says so.
    this.views
      .find(({ id }) => id === view)
      ?.element()
      .catch((error: unknown) => ignore(error, "the page asks again when it is shown"));
    this.#device = browserIdentity();
    await this.#sender.load();
    if (left !== undefined && given === undefined) this.#set({ screen: { kind: "signed-out", ...left } });
    else await this.signIn(given ?? storedToken());
  }

  /** Connects with a token or password; without one a stored device token, or a gateway that asks for none, may do. */
  async signIn(secret: string | undefined): Promise<void> {
    this.#client?.close();
    this.#set({ screen: { kind: "starting" }, link: { kind: "connecting" } });
    this.#device ??= browserIdentity();
    const device = await this.#device;
    const client = new GatewayClient({
      url: gatewayUrl(),
      client: clientInfo(),
      scopes: [...wantedScopes()],
      deviceTokens,
      caps: ["tool-events"],
      locale: navigator.language,
      ...(device && { device }),
      ...(secret !== undefined && { token: secret }),
    });
    this.#client = client;
    client.onState((state) => this.#follow(client, state));
    client.onGap(() => this.#refresh());
    client.on("chat", (payload) => this.#runs.onChat(payload));
    client.on("agent", (payload) => this.#runs.onAgent(payload));
    client.on("usage.budget", ({ text }) => this.notify(sentence(text)));
    client.on("shutdown", () => this.#onShutdown());
    this.pages.listen(client);
    this.canvas.listen(client);
    this.approvals.listen(client);
    this.nodeRequests.listen(client);
    // A connect that fails is a state of the client; #follow is told of it.
    void Promise.allSettled([client.connect()]);
  }

  /** Forgets every credential of this browser. Unsent messages stay. */
  async signOut(): Promise<void> {
    const calls = this.#state.calls === "on" ? this.#leaveCalls() : undefined;
    forgetSecrets();
    this.#client?.close();
    tellLeft();
    await calls;
    this.#end(undefined);
  }

  /** Other people may use this browser next. */
  #end(problem: string | undefined): void {
    this.#client?.close();
    forgetLast();
    leave(problem);
  }

  async #leaveCalls(): Promise<void> {
    try {
      const { leavePush } = await import("../visit/push.ts");
      await Promise.race([leavePush(), new Promise((resolve) => setTimeout(resolve, LEAVE_MS))]);
    } catch (error) {
      ignore(error, "the gateway drops a subscription that nobody takes any more");
    }
  }

  /** Ends the pause before the next attempt to connect. */
  retryNow(): void {
    this.#client?.retryNow();
  }

  /** Shows a failure that happened outside the store; `undefined` says that the notice has been read. */
  notify(notice: string | undefined): void {
    this.#set({ notice });
  }

  /** Shows the conversation or a page beside it; the browser's back button leads back. */
  show(view: string, rest = ""): void {
    if (view === this.#state.view && rest === this.#state.rest) return;
    this.#set({ view, rest });
    this.#writeAddress();
  }

  /** Whether the connection may use methods of a scope. */
  may(scope: Scope): boolean {
    return this.#may(`operator.${scope}`);
  }

  /** The settings by their paths, where there is a page that shows them. */
  async settingPaths(): Promise<readonly string[]> {
    const isShown = this.views.some(({ id }) => id === "settings") && this.may("admin");
    const answer = isShown ? await this.#try(() => this.#gateway.request("config.schema")) : undefined;
    if (answer === undefined) return [];
    return (await this.#try(async () => (await loaded(import("../palette/targets.ts"))).pathsOf(answer.schema))) ?? [];
  }

  // — sessions —

  /** Opens a session and loads its history. */
  openSession(sessionKey: string): void {
    if (sessionKey === this.#state.sessionKey && this.#state.view === "chat") return;
    if (sessionKey !== this.#state.sessionKey) this.#enter(sessionKey);
    this.#set({ view: "chat", rest: "" });
    this.#writeAddress();
  }

  #enter(sessionKey: string): void {
    remember("session", sessionKey);
    const unread = new Set(this.#state.unread);
    unread.delete(sessionKey);
    this.#open.leave();
    this.#past.leave();
    const nothing = {
      history: undefined,
      newFrom: undefined,
      announcement: "",
      chosenModel: undefined,
      target: undefined,
      editing: undefined,
    };
    this.#set({ sessionKey, unread, ...nothing });
    this.#opening = this.#open.load();
    this.canvas.enter();
    void this.loadUsage();
    void this.#loadModels();
  }

  /** Opens a session that exists from its first message on, with the usual agent or another. */
  newSession(agentId = this.#hello?.snapshot.sessionDefaults?.defaultAgentId ?? "main"): void {
    this.openSession(`agent:${agentId}:chat-${newId().slice(0, 8)}`);
    this.#set({ history: [] });
  }

  /** Somebody sees the newest message of the open session. */
  markRead(): void {
    const { sessionKey, history } = this.#state;
    if (history !== undefined && !document.hidden) markRead(sessionKey, history);
  }

  /** Fetches what was said before what is shown. */
  loadOlder(): Promise<void> {
    return this.#past.older();
  }

  /** Fetches what was said after what is shown, where that is not the newest. */
  loadNewer(): Promise<void> {
    return this.#past.newer();
  }

  /** Shows the newest messages again. */
  toNow(): void {
    this.#past.toNow();
  }

  /** Opens a conversation at one of its messages. */
  async jumpTo(sessionKey: string, messageId: string): Promise<void> {
    this.openSession(this.#canonical(sessionKey));
    await this.#opening;
    const isShown = () => itemOfMessage(this.#state.items, messageId) !== undefined;
    if (!isShown() && !(await this.#past.around(messageId)))
      return this.notify(t("That message stands in an earlier version of the conversation, or was deleted."));
    const key = itemOfMessage(this.#state.items, messageId);
    if (key !== undefined) this.#set({ target: { key, count: (this.#state.target?.count ?? 0) + 1 } });
  }

  /** What was there before something was asked again. */
  async readBranch(id: string): Promise<readonly Item[]> {
    const past = await this.#past.branch(id);
    return past?.chapters.flatMap(({ messages }) => pastItems(messages)) ?? [];
  }

  /** Whether the gateway can ask again from an earlier message on. */
  get canAskAgain(): boolean {
    return this.#offers("chat.again") && this.#may("operator.write");
  }

  /** Asks a question of a person again, as it was or in other words. False when the gateway has refused. */
  async askAgain(messageId: string, message = ""): Promise<boolean> {
    const { sessionKey } = this.#state;
    const idempotencyKey = newId();
    const params = { sessionKey, messageId, message, idempotencyKey };
    const answer = await this.#try(() => this.#gateway.request("chat.again", params));
    if (answer === undefined) return false;
    if (!this.#runs.has(idempotencyKey)) this.#runs.put(idempotencyKey, { sessionKey });
    if (sessionKey !== this.#state.sessionKey) return true;
    this.#set({ editing: undefined });
    await this.#open.load();
    await this.#past.refresh();
    return true;
  }

  async #answerWaiting(): Promise<void> {
    await Promise.all([this.#loadModels(), this.#open.load()]);
    const { items } = this.#state;
    const at = items.findLastIndex((item) => item.kind === "user");
    const [asked, answered] = [items[at], items[at + 1]];
    if (asked?.kind !== "user" || asked.message.id === undefined || asked.message.text.startsWith("/")) return;
    const isAnswered = answered?.kind === "reply" && answered.reply.by !== undefined;
    if (isAnswered || !this.canAskAgain) return;
    this.show("chat");
    await this.askAgain(asked.message.id);
  }

  /** Writes a message anew in the field, or no longer. */
  edit(message: { readonly id: string; readonly text: string } | undefined): void {
    this.#set({ editing: message });
  }

  /** Whether a session is the open one, however its key is spelled; what is of no session is shown in any. */
  isHere(sessionKey: string | undefined): boolean {
    return sessionKey === undefined || this.#isOpen(sessionKey);
  }

  /** Gives a session a name; an empty one removes it. */
  async renameSession(key: string, name: string): Promise<void> {
    const label = name.trim() === "" ? null : name.trim();
    await this.#try(() => this.#gateway.request("sessions.patch", { key, label }));
    await this.#loadSessions();
  }

  #titleOf(key: string): string {
    const { sessions, mainKey } = this.#state;
    return sessions.find((session) => session.key === key)?.title ?? titleOf(key, mainKey);
  }

  /** Takes a session off the list; it is deleted with its messages when nobody takes that back. */
  leaveSession(key: string): void {
    void this.#finishLeaving();
    const title = this.#titleOf(key);
    remember("leaving", key);
    this.#set({ leaving: { key, title } });
    this.#leavingTimer = setTimeout(() => void this.#finishLeaving(), UNDO_MS);
    if (key === this.#state.sessionKey) this.openSession(this.#state.mainKey);
  }

  /** The session that was to be deleted stays. */
  keepSession(): void {
    const { leaving } = this.#state;
    clearTimeout(this.#leavingTimer);
    remember("leaving", undefined);
    this.#set({ leaving: undefined });
    if (leaving !== undefined) this.openSession(leaving.key);
  }

  /** Also what an earlier visit was about to delete. */
  async #finishLeaving(): Promise<void> {
    clearTimeout(this.#leavingTimer);
    const key = recall("leaving");
    if (key === undefined) return;
    const answer = await this.#try(() => this.#gateway.request("sessions.delete", { key }));
    remember("leaving", undefined);
    if (this.#state.leaving?.key === key) this.#set({ leaving: undefined });
    if (answer === undefined) return;
    this.#sender.forgetSession(key);
    remember(`draft.${key}`, undefined);
    forgetMark(key);
    await this.#loadSessions();
  }

  /** Whether sessions can be pinned and put away. */
  get canPutAway(): boolean {
    return this.#offers("chat.past") && this.#may("operator.admin");
  }

  /** Whether everything that was said in a session can be saved. */
  get canExport(): boolean {
    return this.#offers("chat.past");
  }

  /** Pins a session above the others, puts it away, or takes that back. */
  async markSession(key: string, mark: { readonly pinned?: boolean; readonly archived?: boolean }): Promise<void> {
    await this.#try(() => this.#gateway.request("sessions.patch", { key, ...mark }));
    if (mark.archived === true && key === this.#state.sessionKey) this.openSession(this.#state.mainKey);
    await this.#loadSessions();
    if (this.#state.archived !== undefined) await this.loadArchived();
  }

  /** Fetches the sessions that were put away. */
  async loadArchived(): Promise<void> {
    const params = { limit: 500, archived: true, includeDerivedTitles: true, includeLastMessage: true };
    const answer = await this.#try(() => this.#gateway.request("sessions.list", params));
    if (answer !== undefined) this.#set({ archived: readSessions(answer).sessions });
  }

  /** Saves everything that was ever said in a session as a file. */
  async exportSession(key: string, title: string, format: ExportFormat): Promise<void> {
    const pages: ChatPastResult[] = [];
    for (let before: string | undefined, isMore = true; isMore; ) {
      const params = { sessionKey: key, limit: 200, ...(before !== undefined && { before }) };
      const page = await this.#try(() => this.#gateway.request("chat.past", params));
      if (page === undefined) return;
      pages.unshift(page);
      before = page.transcripts.flatMap(({ messages }) => messages)[0]?.id;
      isMore = page.hasOlder && before !== undefined;
    }
    await this.#try(async () => {
      const { exportFile, save } = await loaded(import("../conversation/export.ts"));
      save(exportFile(title, pages, format));
    });
  }

  /** Empties a session; its name and settings stay. */
  async resetSession(key: string): Promise<void> {
    if (!(await this.#try(() => this.#gateway.request("sessions.reset", { key })))) return;
    if (key === this.#state.sessionKey) await this.#open.load();
    await this.#loadSessions();
  }

  /** Chooses the model that answers in the open session. */
  async chooseModel(model: string): Promise<void> {
    const key = this.#state.sessionKey;
    await this.#try(() => this.#gateway.request("sessions.patch", { key, model }));
    await Promise.all([this.#loadSessions(), this.#loadModels()]);
  }

  /** Whether the gateway can take a summary back. */
  get canUndoCompaction(): boolean {
    return this.#offers("sessions.compaction.undo") && this.#may("operator.write");
  }

  /** The model reads the messages again that the newest summary stands for. */
  async undoCompaction(): Promise<void> {
    const key = this.#state.sessionKey;
    await this.#try(() => this.#gateway.request("sessions.compaction.undo", { key }));
    await this.#open.load();
  }

  /** Fetches what can be typed after a slash: words that may follow depend on the session and on the moment. */
  async loadCommands(): Promise<void> {
    const { sessionKey } = this.#state;
    if (!this.#offers("commands.list")) return;
    const answer = await this.#try(() => this.#gateway.request("commands.list", { sessionKey }));
    if (answer !== undefined) this.#set({ commands: answer.commands });
  }

  /** Fetches what models took in the open session and today. */
  async loadUsage(): Promise<void> {
    if (!this.#offers("usage.status")) return;
    const { sessionKey } = this.#state;
    const params = { by: "session", days: 90, limit: 200 } as const;
    const [status, breakdown] = await Promise.all([
      this.#try(() => this.#gateway.request("usage.status", { sessionKey })),
      this.#try(() => this.#gateway.request("usage.breakdown", params)),
    ]);
    if (status === undefined || sessionKey !== this.#state.sessionKey) return;
    const { today, budgets } = status;
    const session = breakdown?.rows.find(({ name }) => name === this.#canonical(sessionKey));
    this.#set({ usage: { session, today, budgets } });
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

  /** Shows a message in the open session at once and sends it as soon as the gateway can be reached. */
  send(text: string, attachments: readonly Attachment[] = []): void {
    this.#past.toNow();
    this.#sender.add(this.#state.sessionKey, text, attachments);
  }

  /** Sends a refused message again. */
  retry(key: string): void {
    this.#sender.retry(key);
  }

  /** Takes a message back that the gateway has not accepted; returns its text. */
  discard(key: string): string {
    return this.#sender.discard(key);
  }

  /** Stops the reply that is being written, or one that waits for its turn. */
  async stop(runId = this.#state.activeRun?.runId): Promise<void> {
    const run = this.#runs.all.find((each) => each.runId === runId);
    if (run === undefined) return;
    const { sessionKey } = run;
    const answer = await this.#try(() => this.#gateway.request("chat.abort", { sessionKey, runId: run.runId }));
    if (answer === undefined) return;
    if (answer.aborted) return this.#runs.end(run.runId, sessionKey, { kind: "stopped" });
    this.#runs.forget((other) => other.runId === runId); // over already; the history says how
    await this.#open.load();
  }

  // — the connection —

  #placeOfAddress(): Place {
    const place = placeOf(
      location.hash,
      this.views.map(({ id }) => id),
    );
    if (place.sessionKey !== undefined || place.view !== "chat") return place;
    return {
      ...place,
      sessionKey: typeof history.state?.sessionKey === "string" ? history.state.sessionKey : undefined,
    };
  }

  /** Back and forward lead here, and a link inside the page. */
  #goTo({ view, rest = "", sessionKey }: Place): void {
    if (sessionKey !== undefined && this.#client?.state.kind === "connected" && !this.#isOpen(sessionKey))
      this.#enter(this.#canonical(sessionKey));
    this.#set({ view, rest });
  }

  #writeAddress(): void {
    const { view, rest, sessionKey } = this.#state;
    const hash = view === "chat" ? addressOfSession(sessionKey) : addressOfPage(view, rest);
    if (location.hash !== hash) history.pushState({ sessionKey }, "", hash);
  }

  #signInFromAddress(): void {
    const token = takeTokenFromAddress();
    if (token !== undefined) void this.signIn(token);
  }

  #follow(client: GatewayClient, state: ClientState): void {
    if (client !== this.#client) return;
    if (state.kind === "connected") return this.#onConnected(state.hello);
    if (state.kind === "closed") {
      const problem = refusal(state.reason);
      if (isAuthRefusal(state.reason)) forgetSecrets();
      // Nothing to forget: this window has shown nothing yet, and what the visit before has kept goes with its credentials.
      const isFresh = this.#hello === undefined && this.#state.asOf === undefined;
      if (isAuthRefusal(state.reason) && !isFresh) return this.#end(problem);
      if (isAuthRefusal(state.reason)) forgetLast();
      return this.#set({ screen: { kind: "signed-out", problem } });
    }
    if (state.kind !== "reconnecting") return;
    const { reason } = state;
    if (isPairingRequired(reason)) {
      return this.#set({ screen: { kind: "pairing", requestId: reason.detail("requestId") ?? "" } });
    }
    if (isLockedOut(reason)) {
      client.close();
      return this.#set({ screen: { kind: "signed-out", problem: t(LOCKED_OUT) } });
    }
    if (this.#hello === undefined && this.#state.asOf === undefined) this.#restore();
    const asOf = this.#state.link.kind === "connected" ? Date.now() : this.#state.asOf;
    this.#set({ screen: { kind: "chat" }, link: { kind: "waiting", reason: lostBecause(reason) }, asOf });
  }

  /** For the next visit. What is older than the connection was kept when that was lost. */
  #keep(): void {
    // After a shutdown was announced the connection is there for a moment more.
    const isConnected = this.#client?.state.kind === "connected" && this.#state.link.kind === "connected";
    if (isConnected) keepLast({ ...this.#state, pages: this.pages.kept });
  }

  /** Without a gateway, what the last visit has seen. */
  #restore(): void {
    const last = lastState();
    if (last === undefined) return;
    const { sessionKey, history, pages, ...rest } = last;
    const isOpen = this.#state.sessionKey === "" || this.#state.sessionKey === sessionKey;
    this.pages.restore(pages);
    this.#set({ ...rest, ...(isOpen && { sessionKey, history }) });
  }

  #onConnected(hello: HelloOk): void {
    this.#hello = hello;
    const mainKey = hello.snapshot.sessionDefaults?.mainSessionKey ?? INITIAL.mainKey;
    this.#set({
      screen: { kind: "chat" },
      link: { kind: "connected" },
      asOf: undefined,
      gatewayVersion: hello.server.version,
      maxPayload: hello.policy.maxPayload,
      mainKey,
    });
    // Fetched below, with all else.
    const sessionKey = this.#canonical(this.#state.sessionKey || (recall("session") ?? mainKey));
    this.#set({ sessionKey });
    // So that Back finds the conversation also where the address names none.
    if (this.#state.view === "chat") history.replaceState({ sessionKey }, "");
    if (this.#state.leaving === undefined) void this.#finishLeaving();
    this.#refresh();
    this.#tellView();
    void this.#followCalls();
    void this.#loadModels();
    void this.#loadAgents();
  }

  #onShutdown(): void {
    const reason = t("The gateway is stopping. Your messages are kept and sent when it is back.");
    this.#keep();
    this.#set({ link: { kind: "waiting", reason }, asOf: Date.now() });
  }

  // — loading —

  /** Fetches what events would have told us, and sends what waits. */
  #refresh(): void {
    void this.#loadSessions();
    void this.#open.load();
    void this.loadUsage();
    void this.approvals.load();
    void this.nodeRequests.load();
    this.pages.refresh();
    void this.canvas.refresh();
    this.#sender.flush();
  }

  async #fetchHistory(sessionKey: string, limit = 500): Promise<ChatHistoryResult | undefined> {
    return this.#try(() => this.#gateway.request("chat.history", { sessionKey, limit }));
  }

  /** Some names are ours: of the main conversation, of those without a name, of beginnings. */
  #onLanguage(): void {
    this.#update();
    if (this.#client?.state.kind === "connected") void this.#loadSessions();
  }

  async #loadSessions(): Promise<void> {
    const params = { limit: 500, includeDerivedTitles: true, includeLastMessage: true };
    const answer = await this.#try(() => this.#gateway.request("sessions.list", params));
    if (answer === undefined) return;
    this.#set(readSessions(answer));
    const open = answer.sessions.find(({ key }) => key === this.#state.sessionKey);
    if (open !== undefined && this.#open.isOutdated(open.sessionId)) await this.#open.load();
  }

  /** Many events may ask for the list, and for what they took; one answer is enough for all. */
  #loadSessionsSoon(): void {
    clearTimeout(this.#sessionsTimer);
    this.#sessionsTimer = setTimeout(() => {
      void this.#loadSessions();
      void this.loadUsage();
    }, GATHER_MS);
  }

  async #loadModels(): Promise<void> {
    const { sessionKey } = this.#state;
    const [answer, status] = await Promise.all([
      this.#try(() => this.#gateway.request("models.list")),
      this.#offers("models.status")
        ? this.#try(() => this.#gateway.request("models.status", { sessionKey }))
        : undefined,
    ]);
    if (answer === undefined || sessionKey !== this.#state.sessionKey) return;
    this.#set({ models: readModels(answer, status), modelsKnown: true, chosenModel: status?.model ?? undefined });
  }

  async #loadAgents(): Promise<void> {
    const answer = await this.#try(() => this.#gateway.request("agents.list"));
    if (answer === undefined) return;
    const agents = readAgents(answer);
    const isUsual = ({ id }: { id: string }) => id === answer.defaultId;
    this.#set({ agents: [...agents.filter(isUsual), ...agents.filter((agent) => !isUsual(agent))] });
  }

  // — what happens to messages and replies —

  /** A message that starts no run, like "stop", has no status. */
  #onAccepted({ key, sessionKey }: OutboxEntry, status: string | undefined): void {
    this.#loadSessionsSoon();
    if (status === "ok") void this.#open.load();
    else if (status !== undefined && !this.#runs.has(key)) this.#runs.put(key, { sessionKey });
  }

  /** Calls somebody who looks elsewhere; without notifications nothing happens. */
  #call({ sessionKey, ...rest }: Omit<Call, "hash"> & { sessionKey: string }): void {
    const hash = addressOfSession(this.#canonical(sessionKey));
    call({ ...rest, hash }).catch((error: unknown) => ignore(error, "the browser shows no notifications"));
  }

  /** Switches notifications on or off. */
  async switchCalls(isWanted: boolean): Promise<void> {
    this.#set({ calls: await switchCalls(isWanted) });
    await this.#followCalls(isWanted);
  }

  /** The gateway calls this browser while the page is closed, where the browser has a push service. */
  async #followCalls(isWanted = true): Promise<void> {
    if (!this.#offers("push.web.subscribe") || isWanted !== (this.#state.calls === "on")) return;
    try {
      const { subscribePush, unsubscribePush } = await import("../visit/push.ts");
      await (isWanted ? subscribePush(this.#gateway) : unsubscribePush(this.#gateway));
    } catch (error) {
      ignore(error, "the open page calls by itself; many browsers without their vendor's service cannot do more");
    }
  }

  /** The gateway calls no device that somebody looks at. */
  #tellView(): void {
    if (!this.#offers("push.web.looking") || this.#client?.state.kind !== "connected") return;
    void this.#try(() => this.#gateway.request("push.web.looking", { isLooking: isInView() }));
  }

  #onRunEnd(run: Run): void {
    this.#loadSessionsSoon();
    const { runId, sessionKey, text } = run;
    if (run.outcome.kind === "done") this.#call({ title: t("A reply has come"), text, tag: runId, sessionKey });
    if (this.#isOpen(run.sessionKey)) {
      void this.#open.recheckWaiting();
      if (run.by === undefined) void this.#loadModels(); // a command may have chosen another
      void this.#open.loadNewest(); // it has what was not told as it happened
      return this.#set({ announcement: announcementOf(run) });
    }
    this.#set({ unread: new Set([...this.#state.unread, this.#canonical(run.sessionKey)]) });
  }

  /** A message sent from elsewhere to the open session: its reply is here before the question. */
  #fetchQuestion(runId: string, sessionKey: string): void {
    const isOurs = this.#sender.entries.some(({ key }) => key === runId);
    const isShown = this.#state.history?.some(({ key }) => key === runId);
    if (this.#isOpen(sessionKey) && !isOurs && !isShown) void this.#open.load();
  }

  // — small things —

  get #gateway(): GatewayClient {
    if (this.#client === undefined) throw new Error("not signed in");
    return this.#client;
  }

  /** Without a device identity the gateway does not say what it granted; a refusal then says what is missing. */
  #may(scope: string): boolean {
    const held = this.#hello?.auth?.scopes ?? wantedScopes();
    if (held.includes("operator.admin") || held.includes(scope)) return true;
    return scope === "operator.read" && held.includes("operator.write");
  }

  /** Whether the gateway has a method. */
  #offers(method: string): boolean {
    return this.#hello?.features.methods.includes(method) ?? false;
  }

  #isOpen(sessionKey: string): boolean {
    return this.#canonical(sessionKey) === this.#canonical(this.#state.sessionKey);
  }

  #canonical(sessionKey: string): string {
    return canonicalKey(sessionKey, this.#hello?.snapshot.sessionDefaults);
  }

  /** A refusal becomes a notice, and `undefined`; while the connection is down, that is said elsewhere. */
  async #try<T>(action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      const isConnected = this.#client?.state.kind === "connected";
      if (isConnected) this.notify(sentence(error instanceof Error ? error.message : error));
      return undefined;
    }
  }

  #set(change: Partial<State>): void {
    this.#state = { ...this.#state, ...change };
    this.#update();
  }

  /** Tokens may arrive faster than the screen is drawn; once for each picture is enough. */
  #updateSoon(): void {
    this.#frame ??= requestAnimationFrame(() => this.#update());
  }

  #update(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
    const runs = this.#runs.all.filter((run) => this.#isOpen(run.sessionKey));
    const outbox = this.#sender.entries.filter((entry) => this.#isOpen(entry.sessionKey));
    const { above, window } = this.#past;
    const { chapters = [], branches = [], hasOlder = false, hasNewer = false } = window ?? above ?? {};
    const { sessionId } = this.#open;
    const live = { sessionId, history: this.#state.history ?? NOT_YET, runs, outbox };
    const whole = wholeOf({ chapters, branches, live: window === undefined ? live : undefined });
    const items = withNew(whole, this.#state.newFrom);
    const activeRun = runs.find((run) => run.outcome.kind === "writing");
    this.#state = { ...this.#state, items, hasOlder, hasNewer: window !== undefined && hasNewer, activeRun };
    for (const listener of this.#listeners) listener();
  }
}

function announcementOf({ outcome, text }: Run): string {
  if (outcome.kind === "stopped") return t("The reply was stopped.");
  if (outcome.kind === "failed") return t("The reply failed: {0}", outcome.reason);
  return text.length > 400
    ? t("Reply: {0} … The whole reply is in the conversation.", text.slice(0, 400))
    : t("Reply: {0}", text);
}
