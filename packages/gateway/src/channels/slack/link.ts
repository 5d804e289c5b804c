/**
 * The sockets of Socket Mode. Slack replaces each every few hours: the next one is opened before the old one is let go,
 * so that nothing falls between them. A cut connection is opened again once, at once; when that fails, the link has ended.
 */
import { SocketModeClient } from "@slack/socket-mode";
import { detailOf, ignore } from "../../base/errors.ts";
import { type ChannelContext, ChannelError } from "../../kit/channel.ts";
import { clientOptions, quietLogger, type Settings } from "./api.ts";
import { linkError } from "./errors.ts";
import { field, stringField } from "./events.ts";

/** Something that Slack tells, and how it is told that we have it. */
export interface Envelope {
  readonly type: string;
  readonly payload: unknown;
  ack(): void;
}

/** A socket that has not said hello by then will not; its address must come sooner. */
const HELLO_MS = 15_000;
const ADDRESS_MS = 10_000;
/** Two sockets in a row that live no longer than this are a platform in trouble. */
const SHORT_LIFE_MS = 3000;
/** How long a socket may take to say good-bye. */
const CLOSE_MS = 300;

/** A method that the library hides, and gives out only bound to events that it has read itself. */
interface Acknowledging {
  send(envelopeId: string, body: object): Promise<void>;
}

export class SocketLink {
  readonly #context: Pick<ChannelContext<Settings>, "settings" | "log" | "clock">;
  readonly #signal: AbortSignal;
  readonly #take: (envelope: Envelope) => void;
  readonly #end = Promise.withResolvers<ChannelError>();
  readonly #sockets = new Set<SocketModeClient>();
  readonly #closing = new Set<Promise<void>>();
  #current: SocketModeClient | undefined;
  #openedAt = 0;
  #shortLives = 0;
  #isEnded = false;

  constructor(
    context: Pick<ChannelContext<Settings>, "settings" | "log" | "clock">,
    signal: AbortSignal,
    take: (envelope: Envelope) => void,
  ) {
    this.#context = context;
    this.#signal = signal;
    this.#take = take;
    signal.addEventListener("abort", () =>
      this.end(new ChannelError("network", "The connection to Slack was closed.")),
    );
  }

  /** Why the link has ended. */
  get ended(): Promise<ChannelError> {
    return this.#end.promise;
  }

  /** Opens the first socket. Throws `ChannelError`. */
  async open(): Promise<void> {
    const socket = this.#make();
    try {
      await this.#start(socket);
    } catch (error) {
      await this.#drop(socket);
      throw linkError(error, "appToken");
    }
    if (this.#isEnded) return await this.#drop(socket);
    this.#current = socket;
  }

  /** Ends the link for this reason; the first one counts. */
  end(reason: ChannelError): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#end.resolve(reason);
    for (const socket of this.#sockets) void this.#drop(socket);
  }

  /** Resolves when all sockets are closed. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) void this.#drop(socket);
    await Promise.all(this.#closing);
  }

  #make(): SocketModeClient {
    const { settings, log } = this.#context;
    const socket = new SocketModeClient({
      appToken: settings.appToken ?? "",
      autoReconnectEnabled: false,
      clientOptions: { ...clientOptions(settings, log, this.#signal), timeout: ADDRESS_MS },
      logger: quietLogger(log),
    });
    // The library's own reader of frames throws where nobody catches when an event is malformed.
    socket.removeAllListeners("ws_message");
    socket.on("ws_message", (data: unknown) => this.#read(socket, data));
    socket.on("disconnected", () => this.#lost(socket));
    this.#sockets.add(socket);
    return socket;
  }

  async #start(socket: SocketModeClient): Promise<void> {
    using _limit = this.#context.clock.after(HELLO_MS, () => void this.#drop(socket));
    await socket.start();
    this.#openedAt = this.#context.clock.monotonic();
  }

  #read(socket: SocketModeClient, data: unknown): void {
    const { log } = this.#context;
    let frame: unknown;
    try {
      frame = JSON.parse(String(data));
    } catch (error) {
      return log.warn("slack sent a frame that cannot be read", { why: detailOf(error) });
    }
    const type = stringField(frame, "type") ?? "";
    if (type === "hello") return void socket.emit("connected");
    if (type === "disconnect") return this.#leave(socket, stringField(frame, "reason"));
    const id = stringField(frame, "envelope_id");
    if (id === undefined) return log.debug("slack frame ignored", { type });
    const ack = () => {
      // Without the ack it comes again, and is known by its key.
      (socket as unknown as Acknowledging).send(id, {}).catch((error: unknown) => ignore(error, "the socket is gone"));
    };
    this.#take({ type, payload: field(frame, "payload"), ack });
  }

  /** Slack is about to close this socket. */
  #leave(socket: SocketModeClient, reason: string | undefined): void {
    if (reason === "link_disabled")
      return this.end(
        new ChannelError(
          "bad-credentials",
          "Socket Mode is switched off for the Slack app; switch it on under Socket Mode.",
        ),
      );
    if (socket === this.#current) void this.#replace(socket);
  }

  async #replace(old: SocketModeClient): Promise<void> {
    const next = this.#make();
    try {
      await this.#start(next);
    } catch (error) {
      // The old one serves until Slack closes it; then there is one more try.
      this.#context.log.debug("slack socket not refreshed", { why: linkError(error, "appToken").message });
      return await this.#drop(next);
    }
    this.#current = next;
    await this.#drop(old);
  }

  #lost(socket: SocketModeClient): void {
    const isCurrent = this.#sockets.delete(socket) && socket === this.#current;
    if (isCurrent && !this.#isEnded) void this.#mend();
  }

  async #mend(): Promise<void> {
    this.#current = undefined;
    const isShort = this.#context.clock.monotonic() - this.#openedAt < SHORT_LIFE_MS;
    this.#shortLives = isShort ? this.#shortLives + 1 : 0;
    if (this.#shortLives > 1)
      return this.end(new ChannelError("network", "Slack cut the connection; the gateway connects again."));
    try {
      await this.open();
    } catch (error) {
      this.end(linkError(error, "appToken"));
    }
  }

  async #drop(socket: SocketModeClient): Promise<void> {
    this.#sockets.delete(socket);
    const closed = this.#closeSocket(socket);
    this.#closing.add(closed);
    await closed.finally(() => this.#closing.delete(closed));
  }

  /** The library waits half a minute for the other side; its second call does not. */
  async #closeSocket(socket: SocketModeClient): Promise<void> {
    const limit = new AbortController();
    const late = this.#context.clock.sleep(CLOSE_MS, limit.signal);
    await Promise.race([socket.disconnect(), late.catch((error: unknown) => ignore(error, "it said good-bye"))]);
    limit.abort();
    await socket.disconnect();
  }
}
