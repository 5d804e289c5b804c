/**
 * Compaction: the model sums up the older part of a conversation, and from then on sees the summary in its place.
 * Nothing is lost: the transcript keeps every message, the summary is one more message, and it can be taken back in one
 * step.
 */
import { defined } from "../../../../base/defined.ts";
import { GatewayError } from "../../../../base/errors.ts";
import type { StoredMessage } from "../../../core/sessions/messages/stored-message.ts";
import { kindOf, textOf } from "../../../core/sessions/sessions.ts";
import type { Model } from "../../models/providers/providers.ts";
import type { Runs } from "../runs.ts";
import type { AgentServices } from "../services.ts";
import { audienceIn } from "../toolbox/tool-policy.ts";
import { conversationOf, messagesAfter, type Summary, tellsOfTools, withoutToolTraffic } from "./history.ts";
import { charsFor, roomIn, tokensOf, tokensOfAll, tokensOfText } from "./message-size.ts";
import { summarise } from "./summarise.ts";

/** The result of a compaction. */
export type Compacted =
  | {
      readonly kind: "done";
      readonly messageId: string;
      readonly messages: number;
      readonly tokensBefore: number;
      readonly tokensAfter: number;
    }
  | { readonly kind: "nothing"; readonly why: string };

export interface CompactRequest {
  /** Canonical. */
  readonly sessionKey: string;
  readonly model: Model;
  readonly signal: AbortSignal;
  /** The run whose usage it counts to. */
  readonly runId?: string | undefined;
  /** A person's instructions. */
  readonly instructions?: string | undefined;
  /** How many tokens of the newest messages stay as they are; the last turn always does. */
  readonly keepTokens: number;
}

/** The most messages that are read. */
const MAX_MESSAGES = 4_000;
/** The pause after a failure before it is tried again by itself, ms. */
const PAUSE_MS = 10 * 60_000;
const LIMIT_MS = 180_000;
/** The limits of a summary: characters, and its share of the room. */
const MAX_SUMMARY_CHARS = 12_000;
const SUMMARY_SHARE = 0.2;

/** The agent whose conversations are compacted. */
interface CompactingAgent {
  readonly runs: Runs;
  /** The command that a message calls, if it calls one. */
  slashCommand(message: string): unknown;
}

export class Compaction {
  readonly #services: AgentServices;
  readonly #agent: CompactingAgent;
  readonly #underWay = new Map<string, Promise<Compacted>>();
  readonly #failedAt = new Map<string, number>();

  constructor(services: AgentServices, agent: CompactingAgent) {
    this.#services = services;
    this.#agent = agent;
  }

  /** The summary that stands for the older part of a transcript. */
  latest(sessionId: string): Summary | undefined {
    const entry = this.#services.sessions.transcript.newestOf(sessionId, "compaction");
    return (
      entry && {
        text: textOf(entry.content),
        to: String(entry.details?.to),
        isPrivate: entry.details?.isPrivate === true,
      }
    );
  }

  /** Sums up the older part. A second request while one is under way gets its result. Throws what asking a model throws. */
  async compact(request: CompactRequest): Promise<Compacted> {
    const { sessionKey } = request;
    const known = this.#underWay.get(sessionKey);
    if (known) return await known;
    const work = this.#compact(request).finally(() => this.#underWay.delete(sessionKey));
    this.#underWay.set(sessionKey, work);
    return await work;
  }

  /** Whether it may be tried by itself: not again and again after a failure. */
  mayTry(sessionKey: string): boolean {
    const failedAt = this.#failedAt.get(sessionKey);
    return failedAt === undefined || this.#services.clock.monotonic() - failedAt >= PAUSE_MS;
  }

  /** Notes a failure of an automatic compaction. */
  failed(sessionKey: string): void {
    const now = this.#services.clock.monotonic();
    for (const [key, at] of this.#failedAt) if (now - at >= PAUSE_MS) this.#failedAt.delete(key);
    this.#failedAt.set(sessionKey, now);
  }

  /** Takes the newest summary back: the model sees again what it stood for. False when there is none. */
  undo(sessionKey: string): boolean {
    const { sessions } = this.#services;
    const session = sessions.get(sessionKey);
    const entry = session && sessions.transcript.newestOf(session.sessionId, "compaction");
    if (!entry) return false;
    sessions.transcript.archive(entry.id);
    return true;
  }

  async #compact({ sessionKey, model, signal, runId, instructions, keepTokens }: CompactRequest): Promise<Compacted> {
    const { sessions, clock, models } = this.#services;
    const session = sessions.get(sessionKey);
    if (!session) return { kind: "nothing", why: "nothing has been said here yet" };
    const { sessionId } = session;
    const before = this.latest(sessionId);
    const messages = messagesAfter(this.#past(sessionId), before);
    const older = messages.slice(0, cutOf(messages, keepTokens));
    if (older.length === 0) return { kind: "nothing", why: "there is nothing older than the last messages" };
    const limit = new AbortController();
    using _timer = clock.after(LIMIT_MS, () => limit.abort(tookTooLong()));
    const maxTokens = roomIn(model) * SUMMARY_SHARE;
    const maxChars = Math.min(MAX_SUMMARY_CHARS, charsFor(maxTokens, ""));
    const isGroup = kindOf(sessionKey) === "group";
    // In a group everyone reads the summary, so make it from what everyone may know.
    const told = isGroup
      ? older.map((message) => (this.#isOwners(message) ? withoutToolTraffic(message) : message))
      : older;
    const isPrivate = !isGroup && (before?.isPrivate === true || older.some((message) => this.#isOwners(message)));
    const text = await summarise(told, {
      ...{ models, model, runId, sessionKey, instructions, maxTokens, maxChars },
      before: before?.text,
      record: (id) => this.#agent.runs.record(id),
      signal: AbortSignal.any([signal, limit.signal]),
    });
    // A reset meanwhile makes the summary useless.
    if (sessions.get(sessionKey)?.sessionId !== sessionId)
      return { kind: "nothing", why: "the conversation began anew" };
    const tokensBefore = Math.round(tokensOfAll(messages) + (before ? tokensOfText(before.text) : 0));
    const kept = tokensOfAll(messages.slice(older.length));
    const tokensAfter = Math.round(kept + tokensOfText(text));
    const details = {
      ...{ kind: "compaction", from: older[0]!.id, to: older.at(-1)!.id, messages: older.length },
      ...{ tokensBefore, tokensAfter },
      ...(isPrivate && { isPrivate }),
      ...defined({ instructions }),
    };
    const entry = this.#services.store.transaction(() => {
      sessions.noteContext(sessionKey, tokensAfter);
      return sessions.transcript.append(
        { key: sessionKey, sessionId },
        { role: "system", content: [{ type: "text", text }], provider: model.provider.id, model: model.id, details },
      );
    });
    return { kind: "done", messageId: entry.id, messages: older.length, tokensBefore, tokensAfter };
  }

  /** The messages before the first run that has not ended. */
  #past(sessionId: string): StoredMessage[] {
    const open = new Set(this.#agent.runs.open().map(({ id }) => id));
    const all = this.#services.sessions.transcript.last(sessionId, MAX_MESSAGES);
    const first = all.findIndex(({ runId }) => runId !== undefined && open.has(runId) && !this.#isCommand(runId));
    return conversationOf(first === -1 ? all : all.slice(0, first), open);
  }

  /** Whether a message holds tool results of the owner's; assumed for a run that is no longer known. */
  #isOwners(message: StoredMessage): boolean {
    if (!tellsOfTools(message)) return false;
    const { runId } = message;
    const record = runId === undefined ? undefined : this.#agent.runs.record(runId);
    return record === undefined || audienceIn(record) === "owner";
  }

  /** A command that asks for a compaction is itself a run that has not ended. */
  #isCommand(runId: string): boolean {
    const record = this.#agent.runs.open().find(({ id }) => id === runId)?.record;
    return (
      record !== undefined && record.source !== "tool" && this.#agent.slashCommand(record.request.message) !== undefined
    );
  }
}

/** The start of the newest messages that stay: at a person's message, so that no call is separated from its answer. */
function cutOf(messages: readonly StoredMessage[], keepTokens: number): number {
  let tokens = 0;
  let cut = messages.length;
  for (let at = messages.length - 1; at >= 0; at--) {
    tokens += tokensOf(messages[at]!);
    if (tokens > keepTokens && cut < messages.length) break;
    if (messages[at]!.role === "user") cut = at;
  }
  return cut === messages.length ? 0 : cut;
}

function tookTooLong(): GatewayError {
  return new GatewayError("UNAVAILABLE", `the summary took more than ${LIMIT_MS / 1000} s`);
}
