// The conversation on the screen: what was said in it, what is being written, and what waits to be sent.

import type { ChatHistoryResult, GatewayClient } from "@moltbot/protocol";
import { itemOfMessage, NOT_YET, pastItems, wholeOf, withNew } from "../conversation/conversation.ts";
import { keepDraft } from "../conversation/drafts.ts";
import { readHistory } from "../conversation/history.ts";
import type { Item } from "../conversation/items.ts";
import { OpenSession } from "../conversation/open-session.ts";
import type { Attachment, OutboxEntry } from "../conversation/outbox.ts";
import { PastReader } from "../conversation/past-reader.ts";
import { firstUnread, markRead } from "../conversation/read-marks.ts";
import type { Run } from "../conversation/reply.ts";
import { announcementOf, Runs } from "../conversation/runs.ts";
import { Sender } from "../conversation/sender.ts";
import { remember } from "../visit/storage.ts";
import { t } from "../words/t.ts";
import type { Connection } from "./connection.ts";
import type { PageState } from "./page-state.ts";
import type { State } from "./state.ts";

/** What the conversation tells the page. */
export interface ConversationHost {
  /** Another conversation was opened. */
  onEnter(): void;
  /** A message was taken, or a reply has ended, in any conversation. */
  onProgress(): void;
  /** A reply has ended. */
  onReply(run: Run): void;
}

/** Of a conversation that was just opened. */
const NOTHING = {
  history: undefined,
  newFrom: undefined,
  announcement: "",
  chosenModel: undefined,
  target: undefined,
  editing: undefined,
};

/** The open conversation; the messages and replies of others go through it too. */
export class CurrentConversation {
  readonly #page: PageState;
  readonly #connection: Connection;
  readonly #host: ConversationHost;
  /** Fulfilled when the newest messages are there. */
  #opening: Promise<void> = Promise.resolve();

  readonly #runs = new Runs({
    onGrowth: () => this.#page.updateSoon(),
    onEnd: (run) => this.#onRunEnd(run),
    onStranger: (runId, sessionKey) => this.#fetchQuestion(runId, sessionKey),
    onCompaction: (sessionKey) => this.#connection.isOpen(sessionKey) && void this.load(),
  });

  /** The messages on their way, of every conversation. */
  readonly sender = new Sender({
    isConnected: () => this.#connection.isConnected,
    send: ({ sessionKey, text, key, attachments }) =>
      this.#connection.gateway.request("chat.send", {
        ...{ sessionKey, message: text, idempotencyKey: key },
        ...(attachments.length > 0 && { attachments: [...attachments] }),
      }),
    history: async (sessionKey) => {
      const answer = await this.#fetchHistory(sessionKey);
      return answer && readHistory(answer.messages);
    },
    onChange: () => this.#page.update(),
    onAccepted: (entry, result) => this.#onAccepted(entry, "status" in result ? result.status : undefined),
  });

  readonly #open = new OpenSession({
    runs: this.#runs,
    sender: this.sender,
    fetch: (sessionKey, limit) => this.#fetchHistory(sessionKey, limit),
    wait: (runId) => this.#connection.ask("agent.wait", { runId, timeoutMs: 0 }),
    sessionKey: () => this.#page.now.sessionKey,
    history: () => this.#page.now.history,
    show: (history) => {
      const { sessionKey, history: before } = this.#page.now;
      this.#page.set({ history, ...(before === undefined && { newFrom: firstUnread(sessionKey, history) }) });
      void this.past.follow(history[0]?.id);
    },
    isHere: (sessionKey) => this.#connection.isOpen(sessionKey),
  });

  /** What was said before the newest messages. */
  readonly past = new PastReader({
    fetch: async (params) => {
      if (!this.#connection.offers("chat.past")) return undefined;
      return this.#connection.ask("chat.past", { sessionKey: this.#page.now.sessionKey, ...params });
    },
    onChange: () => this.#page.update(),
  });

  constructor(page: PageState, connection: Connection, host: ConversationHost) {
    this.#page = page;
    this.#connection = connection;
    this.#host = host;
  }

  /** What is shown of it now. */
  get shown(): Pick<State, "items" | "hasOlder" | "hasNewer" | "activeRun"> {
    const { history = NOT_YET, newFrom } = this.#page.now;
    const runs = this.#runs.all.filter((run) => this.#connection.isOpen(run.sessionKey));
    const outbox = this.sender.entries.filter((entry) => this.#connection.isOpen(entry.sessionKey));
    const { above, window } = this.past;
    const { chapters = [], branches = [], hasOlder = false, hasNewer = false } = window ?? above ?? {};
    const live = { sessionId: this.#open.sessionId, history, runs, outbox };
    const whole = wholeOf({ chapters, branches, live: window === undefined ? live : undefined });
    const activeRun = runs.find((run) => run.outcome.kind === "writing");
    return { items: withNew(whole, newFrom), hasOlder, hasNewer: window !== undefined && hasNewer, activeRun };
  }

  /** Hears what agents say. */
  listen(client: GatewayClient): void {
    client.on("chat", (payload) => this.#runs.onChat(payload));
    client.on("agent", (payload) => this.#runs.onAgent(payload));
  }

  /** Fetches the newest messages. */
  load(): Promise<void> {
    return this.#open.load();
  }

  /** Whether a transcript is shown that is not the session's any more. */
  isOutdated(sessionId: string | undefined): boolean {
    return this.#open.isOutdated(sessionId);
  }

  /** Another conversation takes the place of the one that is open. */
  enter(sessionKey: string): void {
    remember("session", sessionKey);
    const unread = new Set(this.#page.now.unread);
    unread.delete(sessionKey);
    this.#open.leave();
    this.past.leave();
    this.#page.set({ sessionKey, unread, ...NOTHING });
    this.#opening = this.load();
    this.#host.onEnter();
  }

  /** A conversation was deleted: what was to be said in it goes too. */
  forget(sessionKey: string): void {
    this.sender.forgetSession(sessionKey);
    keepDraft(sessionKey, "");
  }

  // — reading —

  /** Somebody sees the newest message. */
  markRead(): void {
    const { sessionKey, history } = this.#page.now;
    if (history !== undefined && !document.hidden) markRead(sessionKey, history);
  }

  /** Brings one of its messages into view. */
  async bring(messageId: string): Promise<void> {
    await this.#opening;
    const found = () => itemOfMessage(this.#page.now.items, messageId);
    if (found() === undefined && !(await this.past.around(messageId))) {
      const notice = t("That message stands in an earlier version of the conversation, or was deleted.");
      return this.#page.set({ notice });
    }
    const key = found();
    if (key !== undefined) this.#page.set({ target: { key, count: (this.#page.now.target?.count ?? 0) + 1 } });
  }

  /** What was there before something was asked again. */
  async readBranch(id: string): Promise<readonly Item[]> {
    const past = await this.past.branch(id);
    return past?.chapters.flatMap(({ messages }) => pastItems(messages)) ?? [];
  }

  /** Fetches it anew, also what comes before the newest messages. */
  async refresh(): Promise<void> {
    await this.load();
    await this.past.refresh();
  }

  // — writing —

  /** Shows a message at once and sends it as soon as the gateway can be reached. */
  send(text: string, attachments: readonly Attachment[] = []): void {
    this.past.toNow();
    this.sender.add(this.#page.now.sessionKey, text, attachments);
  }

  /** Stops the reply that is being written, or one that waits for its turn. */
  async stop(runId = this.#page.now.activeRun?.runId): Promise<void> {
    const run = this.#runs.all.find((each) => each.runId === runId);
    if (run === undefined) return;
    const { sessionKey } = run;
    const answer = await this.#connection.ask("chat.abort", { sessionKey, runId: run.runId });
    if (answer === undefined) return;
    if (answer.aborted) return this.#runs.end(run.runId, sessionKey, { kind: "stopped" });
    this.#runs.forget((other) => other.runId === runId); // over already; the history says how
    await this.load();
  }

  /** A reply is to come. */
  expect(runId: string, sessionKey: string): void {
    if (!this.#runs.has(runId)) this.#runs.put(runId, { sessionKey });
  }

  // — what happens to messages and replies —

  #fetchHistory(sessionKey: string, limit = 500): Promise<ChatHistoryResult | undefined> {
    return this.#connection.ask("chat.history", { sessionKey, limit });
  }

  /** A message that starts no run, like "stop", has no status. */
  #onAccepted({ key, sessionKey }: OutboxEntry, status: string | undefined): void {
    this.#host.onProgress();
    if (status === "ok") void this.load();
    else if (status !== undefined) this.expect(key, sessionKey);
  }

  #onRunEnd(run: Run): void {
    this.#host.onProgress();
    if (this.#connection.isOpen(run.sessionKey)) {
      void this.#open.recheckWaiting();
      void this.#open.loadNewest(); // it has what was not told as it happened
      this.#page.set({ announcement: announcementOf(run) });
    } else {
      this.#page.set({ unread: new Set([...this.#page.now.unread, this.#connection.canonical(run.sessionKey)]) });
    }
    this.#host.onReply(run);
  }

  /** A message sent from elsewhere: its reply is here before the question. */
  #fetchQuestion(runId: string, sessionKey: string): void {
    const isOurs = this.sender.entries.some(({ key }) => key === runId);
    const isShown = this.#page.now.history?.some(({ key }) => key === runId);
    if (this.#connection.isOpen(sessionKey) && !isOurs && !isShown) void this.load();
  }
}
