// The transcript of the open session: fetched whole or from its end, and matched with what we watch and what we sent.

import type { AgentWaitResult, ChatHistoryResult } from "@moltbot/protocol";
import { isAnswered, unansweredKeys } from "./answered.ts";
import { type HistoryMessage, readHistory, withNewest } from "./history.ts";
import { isOpen } from "./reply.ts";
import { type Runs, sentence } from "./runs.ts";
import type { Sender } from "./sender.ts";

/** What the open session needs of the page. */
export interface OpenSessionPort {
  readonly runs: Runs;
  readonly sender: Sender;
  /** Both undefined when it cannot be asked now. */
  readonly fetch: (sessionKey: string, limit: number) => Promise<ChatHistoryResult | undefined>;
  readonly wait: (runId: string) => Promise<AgentWaitResult | undefined>;
  readonly sessionKey: () => string;
  /** What is shown; `undefined` until it has arrived. */
  readonly history: () => readonly HistoryMessage[] | undefined;
  readonly show: (history: readonly HistoryMessage[]) => void;
  /** Whether a key, however it is spelled, is that of the open session. */
  readonly isHere: (sessionKey: string) => boolean;
}

/** How many of the last messages are fetched, at first and after a reply. */
const ALL = 500;
const NEWEST = 40;

/** The one session whose messages are on the screen. */
export class OpenSession {
  readonly #port: OpenSessionPort;
  /** Which transcript is shown; a session that begins anew gets another. */
  #sessionId: string | undefined;
  /** Runs that have ended without a reply of their own. */
  readonly #silent = new Set<string>();

  constructor(port: OpenSessionPort) {
    this.#port = port;
  }

  /** Another session is open now. */
  leave(): void {
    this.#sessionId = undefined;
  }

  /** The transcript that is shown. */
  get sessionId(): string | undefined {
    return this.#sessionId;
  }

  /** Whether a transcript is shown that is not the session's any more. */
  isOutdated(sessionId: string | undefined): boolean {
    return this.#sessionId !== undefined && sessionId !== this.#sessionId;
  }

  /** Fetches the transcript. */
  async load(): Promise<void> {
    const sessionKey = this.#port.sessionKey();
    const answer = await this.#port.fetch(sessionKey, ALL);
    if (answer !== undefined) await this.#take(sessionKey, answer.sessionId, readHistory(answer.messages));
  }

  /** Fetches its newest messages alone, as far as the others are known. */
  async loadNewest(): Promise<void> {
    const sessionKey = this.#port.sessionKey();
    const answer = await this.#port.fetch(sessionKey, NEWEST);
    if (answer === undefined) return;
    const isAll = answer.messages.length < NEWEST;
    const isSame = answer.sessionId === this.#sessionId;
    const newest = readHistory(answer.messages);
    const history = isSame ? withNewest(this.#port.history() ?? [], newest, isAll) : undefined;
    if (history === undefined) await this.load();
    else await this.#take(sessionKey, answer.sessionId, history);
  }

  /** A message that waited may have been answered along with another, while we were not there to hear it. */
  async recheckWaiting(): Promise<void> {
    const { runs, wait } = this.#port;
    for (const { runId } of runs.all.filter(({ outcome }) => outcome.kind === "waiting")) {
      const answer = await wait(runId);
      if (answer === undefined || answer.status === "timeout") continue;
      runs.forget((run) => run.runId === runId && run.outcome.kind === "waiting");
      await this.load();
    }
  }

  async #take(sessionKey: string, sessionId: string | undefined, history: readonly HistoryMessage[]): Promise<void> {
    const { runs, sender, show } = this.#port;
    if (sessionKey !== this.#port.sessionKey()) return;
    if (this.isOutdated(sessionId)) this.#forgetOld(sessionKey);
    this.#sessionId = sessionId;
    await sender.dropDelivered(history);
    runs.forget((run) => isAnswered(history, run));
    show(history);
    for (const runId of unansweredKeys(history)) await this.#findOpenRun(sessionKey, runId);
  }

  /** The session has begun anew, here or elsewhere: forgets what the page remembers of the old one. */
  #forgetOld(sessionKey: string): void {
    const { runs, sender, isHere } = this.#port;
    runs.forget((run) => isHere(run.sessionKey) && !isOpen(run.outcome));
    sender.forgetSent(sessionKey);
  }

  /** After a reload: is somebody at work on a message, or was the end of its run missed? */
  async #findOpenRun(sessionKey: string, runId: string): Promise<void> {
    const { runs, wait } = this.#port;
    if (runs.has(runId) || this.#silent.has(runId)) return;
    const answer = await wait(runId);
    if (answer === undefined || runs.has(runId)) return;
    if (answer.status === "ok") this.#silent.add(runId);
    if (answer.status === "timeout") runs.put(runId, { sessionKey });
    if (answer.status !== "error") return;
    runs.put(runId, { sessionKey, outcome: { kind: "failed", reason: sentence(answer.error) } });
  }
}
