/** One socket of the library, fenced in: how it opened, why it closed, and nothing that it throws gets out. */
import type { AuthenticationState, SocketConfig, WASocket } from "@whiskeysockets/baileys";
import { detailOf, ignore } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { proxyAgentFor } from "../../base/net/proxy.ts";
import type { Clock } from "../../base/time/clock.ts";
import { ChannelError } from "../../kit/channel.ts";
import { type Baileys, libraryLog } from "./library.ts";

/** What a socket is made of, beside what is the same for all. */
export interface SocketOptions {
  readonly library: Baileys;
  readonly log: Log;
  readonly clock: Clock;
  /** Ends the socket when it aborts. */
  readonly signal: AbortSignal;
  readonly url: string | undefined;
  readonly auth: AuthenticationState;
  readonly config?: Partial<SocketConfig>;
}

const CLOSE_WAIT_MS = 1_000;

/** What the library connects to when no other place is named. */
const WHATSAPP = "wss://web.whatsapp.com/ws/chat";

export class Socket {
  readonly library: WASocket;
  /** Resolves with the library's error, if any, when it has closed; never rejects. */
  readonly closed: Promise<unknown>;
  readonly #close: (error: unknown) => void;
  #isEnded = false;
  #ending = Promise.resolve();

  constructor({ library, log, clock, signal, url, auth, config }: SocketOptions) {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.closed = promise;
    this.#close = resolve;
    const agent = proxyAgentFor(url ?? WHATSAPP);
    this.library = library.makeWASocket({
      auth,
      logger: libraryLog(log),
      ...(url && { waWebSocketUrl: url }),
      ...(agent && { agent }),
      browser: library.Browsers.macOS("Chrome"),
      // Old messages are not ours to answer; with them, the first minutes' messages would be held back.
      shouldSyncHistoryMessage: () => false,
      syncFullHistory: false,
      // Otherwise the phone would no longer ring.
      markOnlineOnConnect: false,
      emitOwnEvents: false,
      // A disk that refuses once refuses twice; waiting would hold every message behind it.
      transactionOpts: { maxCommitRetries: 1, delayBetweenTriesMs: 0 },
      defaultQueryTimeoutMs: 20_000,
      shouldIgnoreJid: (address) =>
        library.isJidBroadcast(address) || library.isJidNewsletter(address) || library.isJidStatusBroadcast(address),
      ...config,
    });
    this.library.ev.on("connection.update", ({ connection, lastDisconnect }) => {
      if (connection !== "close") return;
      this.#isEnded = true;
      resolve(lastDisconnect?.error);
    });
    this.#fence(log);
    this.#hurryClose(clock);
    const stop = () => this.end(new ChannelError("network", "WhatsApp was asked to stop."));
    signal.addEventListener("abort", stop, { once: true });
    void promise.then(() => signal.removeEventListener("abort", stop));
    if (signal.aborted) stop();
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Closes it at once: nothing leaves it after this. */
  end(reason?: Error): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#close(reason);
    this.#ending = this.library.end(reason).catch((error: unknown) => {
      ignore(error, "it is over either way");
    });
  }

  /** Resolves when the other side knows of the end, or has not answered to it for a while. */
  async gone(): Promise<void> {
    await this.#ending;
  }

  /** A dead link answers to nothing, not even to its end; the library would wait for half a minute. */
  #hurryClose(clock: Clock): void {
    const { ws } = this.library;
    const close = ws.close.bind(ws);
    ws.close = async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      using _late = clock.after(CLOSE_WAIT_MS, resolve);
      await Promise.race([close(), promise]);
    };
  }

  /**
   * The library's listeners are asynchronous and not all of them catch: a damaged frame would be an unhandled rejection,
   * which ends the process. Each is wrapped; only a frame that cannot be read ends the connection.
   */
  #fence(log: Log): void {
    const { ws } = this.library;
    for (const event of ws.eventNames()) {
      const listeners = ws.listeners(event) as ((...args: unknown[]) => unknown)[];
      const failed = (error: unknown) => {
        log.debug("WhatsApp's library failed on an event", { event: String(event), problem: detailOf(error) });
        if (event === "message") this.end(error instanceof Error ? error : new Error(detailOf(error)));
      };
      ws.removeAllListeners(event);
      for (const listener of listeners) {
        ws.on(event, (...args: unknown[]) => {
          try {
            const returned = listener.apply(ws, args);
            if (returned instanceof Promise) returned.catch(failed);
          } catch (error) {
            failed(error);
          }
        });
      }
    }
  }
}
