/**
 * The link to Discord's gateway. Events are handled one after the other, in order. An event counts as received only
 * when it is in the inbox: its number goes into RESUME, now and after a restart, so that Discord sends the rest again.
 */
import type { GatewayDispatchPayload } from "@discordjs/core/http-only";
import type { REST } from "@discordjs/rest";
import { type SessionInfo, WebSocketManager, WebSocketShardEvents } from "@discordjs/ws";
import { sha256Hex } from "../../base/ids.ts";
import { type ChannelContext, ChannelError, type StateChanges } from "../../kit/channel.ts";
import { inboundIn, type Reading } from "../../kit/rules.ts";
import { fatalClose, linkError } from "./errors.ts";
import { journal } from "./journal.ts";

/** The result of an event. `after` runs when the inbox holds the rest. */
export interface EventResult {
  readonly reading: Reading;
  readonly state?: StateChanges | undefined;
  readonly after?: (() => void) | undefined;
}

/** Handles one event. `key` names it, also when it comes again. Throws `ChannelError` when the link cannot go on. */
export type Handle = (event: GatewayDispatchPayload, key: string) => Promise<EventResult>;

interface Options {
  readonly context: ChannelContext;
  readonly rest: REST;
  readonly token: string;
  readonly intents: number;
  readonly handle: Handle;
}

/** How many events go into the inbox in one transaction. */
const BATCH = 100;
/** A link that drops this often within a minute is given up; the account then waits longer each time. */
const MAX_DROPS = 5;
const DROPS_MS = 60_000;
/** Leaves the session open, other than 1000 and 1001. */
const COME_BACK = 4200;

export class GatewayLink implements AsyncDisposable {
  readonly closed: Promise<ChannelError>;
  readonly #options: Options;
  readonly #manager: WebSocketManager;
  /** The session belongs to a token and to what was asked for; others start anew. */
  readonly #ownerKey: string;
  readonly #resolveClosed: (reason: ChannelError) => void;
  readonly #queue: { readonly event: GatewayDispatchPayload; readonly sessionId: string }[] = [];
  #isPumping = false;
  /** With the number of the last event that was handled, not of the last that came. */
  #session: SessionInfo | null;
  #ended: ChannelError | undefined;
  #drops: number[] = [];

  constructor(options: Options) {
    const { promise, resolve } = Promise.withResolvers<ChannelError>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    this.#options = options;
    this.#ownerKey = sha256Hex(`${options.token} ${options.intents}`);
    this.#session = this.#stored();
    this.#manager = this.#newManager();
  }

  /** Resolves when a session was begun or taken up. Throws `ChannelError`. */
  async connect(): Promise<void> {
    try {
      await Promise.race([
        this.#manager.connect(),
        this.closed.then((reason) => {
          throw reason;
        }),
      ]);
    } catch (error) {
      const reason = this.#ended ?? linkError(error);
      this.end(reason);
      throw reason;
    }
  }

  /** Gives the link up. */
  end(reason: ChannelError): void {
    if (this.#ended) return;
    this.#ended = reason;
    this.#resolveClosed(reason);
    void this.#destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end(new ChannelError("network", "The connection to Discord was closed."));
    this.#save();
  }

  async #destroy(): Promise<void> {
    try {
      await this.#manager.destroy({ code: COME_BACK });
    } catch (error) {
      this.#debug("closing", error);
    }
  }

  #newManager(): WebSocketManager {
    const { rest, token, intents, context } = this.#options;
    const manager = new WebSocketManager({
      token,
      intents,
      rest,
      shardCount: 1,
      handshakeTimeout: 15_000,
      helloTimeout: 20_000,
      // A link that has ended is never told where to connect, and so never connects again.
      retrieveSessionInfo: () => (this.#ended ? new Promise(() => undefined) : this.#session),
      updateSessionInfo: (_, session) => this.#update(session),
    });
    manager.on(WebSocketShardEvents.Dispatch, (event) => this.#take(event));
    manager.on(WebSocketShardEvents.Debug, (message) => context.log.debug("discord gateway", { message }));
    manager.on(WebSocketShardEvents.Closed, (code) => this.#onDrop(code));
    manager.on(WebSocketShardEvents.Error, (error) => this.end(linkError(error)));
    manager.on(WebSocketShardEvents.SocketError, (error) => {
      // The address for coming back may be what is wrong: the next attempt uses the common one.
      if (this.#session) this.#session = { ...this.#session, resumeURL: undefined as never };
      this.end(linkError(error));
      this.#save();
    });
    return manager;
  }

  #onDrop(code: number): void {
    const fatal = fatalClose(code);
    if (fatal) return this.end(fatal);
    const now = this.#options.context.clock.monotonic();
    this.#drops = [...this.#drops.filter((at) => now - at < DROPS_MS), now];
    if (this.#drops.length < MAX_DROPS) return;
    this.end(new ChannelError("network", `Discord ends the connection again and again (code ${code}).`));
  }

  /** The library counts events as they come; only the beginning and the end of a session are taken from it. */
  #update(session: SessionInfo | null): void {
    if (this.#ended) return;
    if (session?.sessionId === this.#session?.sessionId && session) return;
    this.#session = session;
    if (!session) this.#options.context.state.write({ session: undefined });
  }

  #take(event: GatewayDispatchPayload): void {
    if (this.#ended || !this.#session) return;
    this.#queue.push({ event, sessionId: this.#session.sessionId });
    if (!this.#isPumping) void this.#pump();
  }

  /** Never rejects: what goes wrong ends the link. */
  async #pump(): Promise<void> {
    this.#isPumping = true;
    try {
      while (this.#queue.length > 0 && !this.#ended) await this.#handleBatch();
    } catch (error) {
      this.end(error instanceof ChannelError ? error : linkError(error));
    } finally {
      this.#isPumping = false;
    }
  }

  async #handleBatch(): Promise<void> {
    const readings: Reading[] = [];
    const after: (() => void)[] = [];
    let state: StateChanges = {};
    let handledUpTo: { sessionId: string; sequence: number } | undefined;
    let isWorthKeeping = false;
    for (let count = 0; count < BATCH; count++) {
      const next = this.#queue[0];
      if (!next || this.#ended) break;
      // What these events catch up on comes after what is in the batch.
      const standsAlone = next.event.t === "READY" || next.event.t === "GUILD_CREATE";
      if (standsAlone && count > 0) break;
      this.#queue.shift();
      const { event, sessionId } = next;
      if (this.#isKnown(event, sessionId)) continue;
      const handled = await this.#handle(event, `${sessionId}:${event.s}`);
      if (handled) readings.push(handled.reading);
      if (handled?.after) after.push(handled.after);
      state = { ...state, ...handled?.state };
      handledUpTo = { sessionId, sequence: event.s };
      isWorthKeeping =
        standsAlone || readings.some((reading) => inboundIn(reading).length > 0) || Object.keys(state).length > 0;
      if (standsAlone) break;
    }
    // A link that has ended writes nothing: another may be open by now.
    if (!handledUpTo || this.#ended) return;
    const session = this.#session?.sessionId === handledUpTo.sessionId ? this.#session : undefined;
    const handledSession = session && { ...session, sequence: Math.max(session.sequence, handledUpTo.sequence) };
    if (isWorthKeeping) {
      journal(this.#options.context, readings, {
        ...state,
        ...(handledSession && { session: this.#written(handledSession) }),
      });
    }
    if (handledSession && this.#session?.sessionId === handledSession.sessionId) this.#session = handledSession;
    for (const run of after) run();
  }

  /** Events that came again although they were handled. The first of a session is never one of them. */
  #isKnown(event: GatewayDispatchPayload, sessionId: string): boolean {
    if (event.t === "READY") return false;
    return sessionId === this.#session?.sessionId && event.s <= this.#session.sequence;
  }

  async #handle(event: GatewayDispatchPayload, key: string): Promise<EventResult | undefined> {
    try {
      return await this.#options.handle(event, key);
    } catch (error) {
      if (error instanceof ChannelError || this.#options.context.signal.aborted) throw error;
      this.#options.context.log.warn("discord event cannot be read", { type: event.t, error: String(error) });
      return undefined;
    }
  }

  #stored(): SessionInfo | null {
    const { owner, ...session } = JSON.parse(this.#options.context.state.get("session") ?? "{}") as SessionInfo & {
      owner?: string;
    };
    return owner === this.#ownerKey ? session : null;
  }

  /** Keeps the number of the last event, also when nothing was worth a transaction. */
  #save(): void {
    const session = this.#session;
    if (!session) return;
    try {
      this.#options.context.state.write({ session: this.#written(session) });
    } catch (error) {
      this.#debug("keeping the session", error);
    }
  }

  #written(session: SessionInfo): string {
    return JSON.stringify({ ...session, owner: this.#ownerKey });
  }

  #debug(what: string, error: unknown): void {
    this.#options.context.log.debug("discord gateway", { message: `${what}: ${String(error)}` });
  }
}
