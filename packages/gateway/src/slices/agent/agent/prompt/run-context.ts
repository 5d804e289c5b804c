/** Selects what a run shows its model of the conversation, and makes room when that is too much. */
import { detailOf } from "../../../../base/errors.ts";
import { concealer } from "../../../../base/privacy/host-paths.ts";
import type { StoredMessage, StoredPart } from "../../../core/sessions/messages/stored-message.ts";
import { ModelError } from "../../models/models.ts";
import type { ModelMessage, ModelPart } from "../../models/port.ts";
import type { Model } from "../../models/providers/providers.ts";
import type { Run } from "../run/run.ts";
import type { Runs } from "../runs.ts";
import type { AgentServices } from "../services.ts";
import { audienceIn } from "../toolbox/tool-policy.ts";
import type { RunStep } from "../turn/loop.ts";
import type { Compaction } from "./compaction.ts";
import { type FramingContext, framedParts } from "./framed-parts.ts";
import { HISTORY_MESSAGES, type History, type HistoryOptions, readHistory, roomLeft } from "./history.ts";
import { roomIn } from "./message-size.ts";

/** The share of the room that is not summed up. */
const KEEP_SHARE = 0.25;
/** How often the conversation is halved for a model that finds it too long. */
const MAX_SHRINKS = 3;
const NOT_SUMMED_UP =
  "The older part of this conversation could not be summarised and the model does not see it for now; nothing is lost, " +
  "and /compact tries again.";
const LEFT_OUT = "The conversation is longer than the model takes; it does not see its oldest part.";

/** Whose run it is. */
interface RememberingAgent {
  readonly runs: Runs;
  readonly compaction: Compaction;
}

export class RunContext {
  readonly #services: AgentServices;
  readonly #agent: RememberingAgent;
  readonly #run: Run;
  readonly #model: Model;
  readonly #mayRead: ((runId: string | undefined) => boolean) | undefined;
  /** Hides paths from runs that are not the owner's; the owner's tools open files there. */
  readonly #conceal: ((text: string) => string) | undefined;
  #share = 1;
  #shrinks = 0;
  #tokens = 0;
  #isShared = false;
  /** What a look for room has found, as long as nothing has been written and no call is pending. */
  #looked: { readonly writes: number; readonly share: number; readonly history: History } | undefined;
  #past: { readonly writes: number; readonly share: number; readonly messages: readonly StoredMessage[] } | undefined;

  constructor(services: AgentServices, { agent, run, model }: { agent: RememberingAgent; run: Run; model: Model }) {
    this.#services = services;
    this.#agent = agent;
    this.#run = run;
    this.#model = model;
    this.#mayRead = this.#readable();
    const { stateDir } = services;
    if (audienceIn(run.record) !== "owner") this.#conceal = concealer([{ path: stateDir, shown: "(state)" }]);
  }

  /** The messages for the model. `pending` are calls of this run that are about to be made. */
  messages(pending: ReadonlySet<string>): ModelMessage[] {
    const history = this.#read(pending);
    this.#looked = undefined;
    this.#tokens = history.tokens;
    this.#isShared = history.isShared;
    return history.messages;
  }

  /** Messages to the run under way, as its model sees them. */
  told(content: readonly StoredPart[]): ModelPart[] {
    return framedParts(content, { ...this.#framing, isShared: this.#isShared });
  }

  get #framing(): Pick<FramingContext, "mark" | "record" | "conceal"> {
    const conceal = this.#conceal;
    return { mark: this.#run.mark, record: (id) => this.#agent.runs.record(id), ...(conceal && { conceal }) };
  }

  /**
   * Called before the first question: sums up the older part when the window is nearly full, or messages would not fit.
   */
  async *makeRoom(): AsyncGenerator<RunStep> {
    if (this.#settings.mode === "off" || !this.#isFull()) return;
    const problem = await this.#compact(false);
    if (problem !== undefined) yield { kind: "note", text: problem };
  }

  /** Called when the model found the conversation too long: a shorter form, or undefined when there is none. */
  async shrink(error: unknown): Promise<ModelMessage[] | undefined> {
    if (!(error instanceof ModelError) || error.kind !== "too-long" || this.#shrinks >= MAX_SHRINKS) return undefined;
    this.#shrinks++;
    const before = this.#tokens;
    // Show half of it: the window may be far smaller than the settings say.
    this.#share = Math.min(this.#share, before / roomIn(this.#model)) / 2;
    const problem = this.#settings.mode === "off" ? undefined : await this.#compact(true);
    const shorter = this.messages(new Set());
    if (this.#tokens >= before) return undefined;
    if (problem !== undefined || this.#read(new Set()).leftOut > 0)
      this.#run.take({ kind: "note", text: problem ?? LEFT_OUT });
    return shorter;
  }

  get #settings() {
    return this.#services.agents.settings.defaults.compaction;
  }

  /** Whether the provider said last time that the window is nearly full, or messages would be left out. */
  #isFull(): boolean {
    const { sessions } = this.#services;
    const { contextWindow } = this.#model;
    const { tokens, leftOut } = this.#read(new Set());
    if (leftOut > 0) return true;
    const used = sessions.get(this.#run.record.sessionKey)?.totalTokens ?? 0;
    // A summary helps only when the conversation fills the window, not when the prompt or the tools do.
    return (
      contextWindow !== undefined && used > contextWindow * this.#settings.threshold && tokens > roomIn(this.#model) / 2
    );
  }

  /** Sums up; returns a sentence for people when it failed. */
  async #compact(willRetry: boolean): Promise<string | undefined> {
    const { log } = this.#services;
    const { id: runId, events, signal, record } = this.#run;
    const { sessionKey } = record;
    const { compaction } = this.#agent;
    if (!compaction.mayTry(sessionKey)) return undefined;
    events.compaction({ phase: "start" });
    try {
      const keepTokens = roomIn(this.#model) * this.#share * KEEP_SHARE;
      const model = this.#services.models.chosen.summaryModel(this.#model);
      const { instructions } = this.#settings;
      await compaction.compact({ sessionKey, model, signal, runId, keepTokens, instructions });
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      compaction.failed(sessionKey);
      log.warn("a conversation could not be summarised", { sessionKey, problem: detailOf(error) });
      return NOT_SUMMED_UP;
    } finally {
      events.compaction({ phase: "end", willRetry });
    }
  }

  #read(pending: ReadonlySet<string>): History {
    const { writes } = this.#services.store;
    const share = this.#share;
    const isKnown = pending.size === 0 && this.#looked?.writes === writes && this.#looked.share === share;
    if (isKnown) return this.#looked!.history;
    const history = this.#readAnew(pending);
    if (pending.size === 0) this.#looked = { writes, share, history };
    return history;
  }

  #readAnew(pending: ReadonlySet<string>): History {
    const { agents, sessions } = this.#services;
    const { contextPruning } = agents.settings.defaults;
    const { sessionId } = this.#run.record;
    const options: HistoryOptions = {
      ...this.#framing,
      runId: this.#run.id,
      openRuns: new Set(this.#agent.runs.open().map(({ id }) => id)),
      pending,
      modelRef: this.#model.ref,
      contextWindow: this.#model.contextWindow,
      share: this.#share,
      summary: this.#agent.compaction.latest(sessionId),
      pruning: contextPruning.mode === "off" ? undefined : contextPruning,
      seesPictures: this.#model.input?.includes("image") ?? true,
      mayRead: this.#mayRead,
      image: (part) => sessions.transcript.wire.image(part),
    };
    return readHistory([...this.#pastOf(options), ...this.#own(sessionId)], options);
  }

  /** The messages before this run that may be shown. Read once as long as nothing new was written. */
  #pastOf(options: HistoryOptions): readonly StoredMessage[] {
    const { store, sessions } = this.#services;
    const { writes } = store;
    if (this.#past?.writes === writes && this.#past.share === this.#share) return this.#past.messages;
    const { id: runId, record } = this.#run;
    const read = sessions.transcript.backwards(record.sessionId, {
      afterId: options.summary?.to,
      limit: HISTORY_MESSAGES,
      goesOn: roomLeft(options),
    });
    // The run's own messages may fill that alone; its question is shown in any case.
    const messages = read.filter((message) => message.runId !== runId);
    this.#past = { writes, share: this.#share, messages };
    return messages;
  }

  /** The run's own messages. News come first; they are not stored. */
  #own(sessionId: string): StoredMessage[] {
    const { notices, sessions } = this.#services;
    const { id: runId, record } = this.#run;
    const own = sessions.transcript.ofRun(sessionId, runId);
    this.#run.news ??= notices.take(record.sessionKey, runId);
    const { news } = this.#run;
    const content = news.map((words) => ({ type: "text" as const, ...words }));
    const at = record.acceptedAt;
    return news.length === 0 ? own : [{ id: `news-${runId}`, at, role: "user", content, runId }, ...own];
  }

  /** Hides tool results of the owner's from strangers who share the conversation. */
  #readable(): ((runId: string | undefined) => boolean) | undefined {
    const { runs } = this.#agent;
    const own = audienceIn(this.#run.record);
    if (own === "owner") return undefined;
    const known = new Map<string | undefined, boolean>();
    return (runId) => {
      if (!known.has(runId)) {
        const record = runId === undefined ? undefined : runs.record(runId);
        known.set(runId, record !== undefined && (audienceIn(record) === own || audienceIn(record) === "anyone"));
      }
      return known.get(runId)!;
    };
  }
}
