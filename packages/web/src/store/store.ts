// The page's one source of truth over the protocol client. Joins the parts of this folder and says what each does when
// another has changed. Elements read `state` and call the parts. No markup here.

import type { GatewayClient, HelloOk } from "@moltbot/protocol";
import { Canvas } from "../canvas/canvas.ts";
import type { Run } from "../conversation/reply.ts";
import { sentence } from "../conversation/runs.ts";
import { Search } from "../conversation/search.ts";
import { ignore } from "../ignore.ts";
import type { PageHost, Scope, View } from "../view.ts";
import { forgetSecrets, storedToken, takeTokenFromAddress } from "../visit/credentials.ts";
import { keepLast, lastState } from "../visit/last-state.ts";
import { onLeft, takeLeft, tellLeft } from "../visit/leave.ts";
import { calls, onView } from "../visit/notify.ts";
import { recall } from "../visit/storage.ts";
import { onLanguage } from "../words/language.ts";
import { t } from "../words/t.ts";
import { Approvals } from "./approvals.ts";
import { AskingAgain } from "./asking-again.ts";
import { Connection } from "./connection.ts";
import { CurrentConversation } from "./current-conversation.ts";
import { Navigation } from "./navigation.ts";
import { NodeRequests } from "./node-requests.ts";
import { Notifications } from "./notifications.ts";
import { PageState } from "./page-state.ts";
import { Pages } from "./pages.ts";
import { SessionFacts } from "./session-facts.ts";
import { SessionList } from "./session-list.ts";
import { INITIAL, type State } from "./state.ts";

/** Messages that a search shows. */
const MAX_MATCHES = 50;

/** The store of one page. */
export class Store {
  /** The pages beside the conversations. */
  readonly views: readonly View[];
  readonly pages: Pages;
  /** What agents show beside the conversation. */
  readonly canvas: Canvas;
  readonly navigation: Navigation;
  readonly sessions: SessionList;

  readonly #page = new PageState(() => this.conversation.shown);

  readonly connection = new Connection(this.#page, {
    listen: (client) => this.#listen(client),
    onConnected: (hello) => this.#onConnected(hello),
    onGap: () => this.#refresh(),
    keep: () => this.#keep(),
    restore: () => this.#restore(),
  });

  readonly notifications = new Notifications(this.#page, this.connection);

  readonly facts = new SessionFacts(this.#page, this.connection);

  readonly conversation = new CurrentConversation(this.#page, this.connection, {
    onEnter: () => {
      this.canvas.enter();
      void this.facts.loadUsage();
      void this.facts.loadModels();
    },
    onProgress: () => this.sessions.loadSoon(),
    onReply: (run) => this.#onReply(run),
  });

  readonly again = new AskingAgain(this.#page, this.connection, this.conversation);

  /** The commands that wait for an answer. */
  readonly approvals = new Approvals({
    ask: this.connection.ask,
    isAllowed: () => this.may("approvals") && this.connection.offers("exec.approval.resolve"),
    onChange: () => this.#page.set({ approvals: this.approvals.waiting }),
    onEnd: (id) => this.notifications.takeBack(id),
    onRequest: ({ id, command, sessionKey = this.state.sessionKey }) => {
      this.#page.set({ announcement: t("A command waits for your approval: {0}", command) });
      this.notifications.call({ title: t("A command waits for your approval"), text: command, tag: id, sessionKey });
    },
  });

  /** Nodes that wait for approval. */
  readonly nodeRequests = new NodeRequests({
    ask: this.connection.ask,
    isAllowed: () => this.may("pairing") && this.connection.offers("node.pair.list"),
    onChange: () => this.#page.set({ nodeRequests: this.nodeRequests.waiting }),
  });

  /** Finds what was said in any conversation. */
  readonly search = new Search({
    find: async (query) => (await this.connection.ask("sessions.search", { query, limit: MAX_MATCHES }))?.matches,
    onChange: () => this.#page.set({ search: this.search.state }),
  });

  constructor(views: readonly View[]) {
    const { connection, conversation, facts } = this;
    const { ask, attempt, may, offers } = connection;
    const page = this.#page;
    const navigation = new Navigation(page, connection, conversation, views);
    const sessions = new SessionList({ page, connection, conversation, navigation, facts });
    const host: PageHost = {
      ...{ ask, attempt, may, offers },
      gateway: () => connection.gateway,
      has: (view) => views.some(({ id, scope }) => id === view && may(scope)),
      show: (view, rest) => navigation.show(view, rest),
      openSession: (sessionKey) => navigation.openSession(connection.canonical(sessionKey)),
      titleOf: (sessionKey) => sessions.titleOf(connection.canonical(sessionKey)),
      channelName: (id) => this.pages.channelName(id),
      exportSession: (sessionKey, title, format) => sessions.export(sessionKey, title, format),
      sessionKey: () => this.state.sessionKey,
      answerWaiting: () => this.#answerWaiting(),
      onChange: () => page.set({ pages: this.pages.states }),
    };
    this.views = views;
    this.navigation = navigation;
    this.sessions = sessions;
    this.pages = new Pages(views, host);
    this.canvas = new Canvas({
      ...host,
      isHere: (sessionKey) => connection.isOpen(sessionKey),
      notify: (notice) => this.notify(notice),
      onChange: () => page.set({ canvas: this.canvas.state }),
    });
    host.onChange();
  }

  get state(): State {
    return this.#page.now;
  }

  /** Calls `listener` after every change; returns how to stop. */
  subscribe(listener: () => void): () => void {
    return this.#page.subscribe(listener);
  }

  /** Reads what earlier visits left, then connects with whatever credential there is. */
  async start(): Promise<void> {
    const left = takeLeft();
    const given = takeTokenFromAddress();
    onLeft(() => this.connection.end(undefined));
    addEventListener("online", () => this.connection.retryNow());
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#keep() : this.connection.retryNow()));
    addEventListener("pagehide", () => this.#keep());
    navigator.serviceWorker?.addEventListener("message", ({ data }) => {
      if (typeof data?.hash === "string") location.hash = data.hash;
    });
    this.#page.set({ calls: calls() });
    onView(() => this.notifications.tellView());
    onLanguage(() => this.#onLanguage());
    addEventListener("hashchange", () => this.#signInFromAddress());
    this.navigation.start();
    // The page's script comes while we connect; where it cannot, the page itself says so.
    this.views
      .find(({ id }) => id === this.state.view)
      ?.element()
      .catch((error: unknown) => ignore(error, "the page asks again when it is shown"));
    this.connection.prepare();
    await this.conversation.sender.load();
    if (left !== undefined && given === undefined) this.#page.set({ screen: { kind: "signed-out", ...left } });
    else await this.connection.signIn(given ?? storedToken());
  }

  /** Forgets every credential of this browser. Unsent messages stay. */
  async signOut(): Promise<void> {
    const left = this.notifications.leave();
    forgetSecrets();
    this.connection.close();
    tellLeft();
    await left;
    this.connection.end(undefined);
  }

  /** Shows a failure that happened outside the store; `undefined` says that the notice has been read. */
  notify(notice: string | undefined): void {
    this.#page.set({ notice });
  }

  /** Whether the connection may use methods of a scope. */
  may(scope: Scope): boolean {
    return this.connection.may(scope);
  }

  /** Whether a session is the open one, however its key is spelled; what is of no session is shown in any. */
  isHere(sessionKey: string | undefined): boolean {
    return sessionKey === undefined || this.connection.isOpen(sessionKey);
  }

  // — what happens —

  #signInFromAddress(): void {
    const token = takeTokenFromAddress();
    if (token !== undefined) void this.connection.signIn(token);
  }

  #listen(client: GatewayClient): void {
    client.on("usage.budget", ({ text }) => this.notify(sentence(text)));
    for (const part of [this.conversation, this.pages, this.canvas, this.approvals, this.nodeRequests])
      part.listen(client);
  }

  #onConnected(hello: HelloOk): void {
    const mainKey = hello.snapshot.sessionDefaults?.mainSessionKey ?? INITIAL.mainKey;
    this.#page.set({
      screen: { kind: "chat" },
      link: { kind: "connected" },
      asOf: undefined,
      gatewayVersion: hello.server.version,
      maxPayload: hello.policy.maxPayload,
      mainKey,
    });
    // Fetched below, with all else.
    const sessionKey = this.connection.canonical(this.state.sessionKey || (recall("session") ?? mainKey));
    this.#page.set({ sessionKey });
    // So that Back finds the conversation also where the address names none.
    if (this.state.view === "chat") history.replaceState({ sessionKey }, "");
    if (this.state.leaving === undefined) void this.sessions.finishLeaving();
    this.#refresh();
    this.notifications.tellView();
    void this.notifications.follow();
    void this.facts.loadModels();
    void this.facts.loadAgents();
  }

  /** Fetches what events would have told us, and sends what waits. */
  #refresh(): void {
    void this.sessions.load();
    void this.conversation.load();
    void this.facts.loadUsage();
    void this.approvals.load();
    void this.nodeRequests.load();
    this.pages.refresh();
    void this.canvas.refresh();
    this.conversation.sender.flush();
  }

  #onReply({ runId, sessionKey, text, outcome, by }: Run): void {
    if (outcome.kind === "done")
      this.notifications.call({ title: t("A reply has come"), text, tag: runId, sessionKey });
    // A command may have chosen another.
    if (by === undefined && this.connection.isOpen(sessionKey)) void this.facts.loadModels();
  }

  /** What only the built-in agent has answered is asked again, now that there is a model. */
  async #answerWaiting(): Promise<void> {
    await Promise.all([this.facts.loadModels(), this.conversation.load()]);
    const { waiting } = this.again;
    if (waiting === undefined) return;
    this.navigation.show("chat");
    await this.again.ask(waiting);
  }

  /** Some names are ours: of the main conversation, of those without a name, of beginnings. */
  #onLanguage(): void {
    this.#page.update();
    if (this.connection.isConnected) void this.sessions.load();
  }

  /** For the next visit. What is older than the connection was kept when that was lost. */
  #keep(): void {
    // After a shutdown was announced the connection is there for a moment more.
    const isConnected = this.connection.isConnected && this.state.link.kind === "connected";
    if (isConnected) keepLast({ ...this.state, pages: this.pages.kept });
  }

  /** Without a gateway, what the last visit has seen. */
  #restore(): void {
    const last = lastState();
    if (last === undefined) return;
    const { sessionKey, history, pages, ...rest } = last;
    const isOpen = this.state.sessionKey === "" || this.state.sessionKey === sessionKey;
    this.pages.restore(pages);
    this.#page.set({ ...rest, ...(isOpen && { sessionKey, history }) });
  }
}
