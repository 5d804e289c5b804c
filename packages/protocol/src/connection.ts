// One socket from open to close: handshake, requests, event numbers, watchdog. Whether to connect again is `client.ts`.

import { TWO_STAGE } from "./contract.ts";
import { ConnectionClosed } from "./errors.ts";
import { type Challenge, type ConnectParams, type EventFrame, type HelloOk, isRecord, parseFrame } from "./frames.ts";
import { PendingRequests, type RequestOptions } from "./pending.ts";
import { intervalMs } from "./timers.ts";

/** The part of a WebSocket that is used; the browser's, Node's and `ws`'s all fit. */
export interface WebSocketLike {
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { code: number; reason: string }) => void): void;
  addEventListener(type: "error", listener: (event: object) => void): void;
}

/** Some numbers are missing between two events; call for fresh state. */
export interface Gap {
  expected: number;
  received: number;
}

/** Callbacks for what happens on a connection. */
export interface ConnectionHandlers {
  /** Called before any later frame is read, so that no event arrives ahead of it. */
  onHello(hello: HelloOk): void;
  onEvent(frame: EventFrame): void;
  onGap(gap: Gap): void;
}

/** How long to wait for `connect.challenge` after the socket opens before connecting without a nonce, in milliseconds. */
const CHALLENGE_TIMEOUT_MS = 2_000;

/** How long the gateway may take to answer `connect`, in milliseconds. Today's gateways give a handshake 15 s. */
const CONNECT_TIMEOUT_MS = 15_000;

/** One connection to a gateway. It never reconnects. */
export class Connection {
  /** Resolves, never rejects, when the socket is gone; every request has been rejected with the same error. */
  readonly closed: Promise<ConnectionClosed>;

  readonly #socket: WebSocketLike;
  readonly #handlers: ConnectionHandlers;
  readonly #pending = new PendingRequests();
  readonly #opened: Promise<void>;
  readonly #challenged: Promise<Challenge>;
  #challenge: (challenge: Challenge) => void = () => {};
  #resolveClosed: (error: ConnectionClosed) => void = () => {};
  #closedWith: ConnectionClosed | undefined;
  #connectId: string | undefined;
  #nextId = 1;
  #lastSeq: number | undefined;
  #silentTicks = 0;

  constructor(socket: WebSocketLike, handlers: ConnectionHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#opened = new Promise((resolve) => socket.addEventListener("open", resolve));
    this.#challenged = new Promise((resolve) => {
      this.#challenge = resolve;
    });
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    let cause: unknown;
    socket.addEventListener("message", (event) => this.#read(event.data));
    socket.addEventListener("error", (event) => {
      cause = (event as { error?: unknown }).error;
    });
    socket.addEventListener("close", ({ code, reason }) => this.#end(new ConnectionClosed(code, reason, { cause })));
  }

  /**
   * Waits for the challenge, sends `connect` and resolves with the gateway's hello.
   * Rejects with `ResponseError` when refused and `ConnectionClosed` when the socket ends first; then it is over.
   */
  async handshake(connectParams: (challenge: Challenge | undefined) => Promise<ConnectParams>): Promise<HelloOk> {
    await this.#beforeClose(this.#opened);
    const challenge = await this.#beforeClose(withDefault(this.#challenged, CHALLENGE_TIMEOUT_MS));
    const params = await this.#beforeClose(connectParams(challenge));
    this.#connectId = String(this.#nextId);
    const hello = (await this.request("connect", params, { timeoutMs: CONNECT_TIMEOUT_MS })) as HelloOk;
    void this.#watchTicks(hello.policy.tickIntervalMs);
    return hello;
  }

  /** Sends a request; see `GatewayClient.request`. */
  request(method: string, params: unknown, options: RequestOptions = {}): Promise<unknown> {
    if (this.#closedWith !== undefined) return Promise.reject(this.#closedWith);
    const id = String(this.#nextId++);
    const answer = this.#pending.add(id, method, { expectFinal: isTwoStage(method), ...options });
    if (options.signal?.aborted !== true) this.#socket.send(JSON.stringify({ type: "req", id, method, params }));
    return answer;
  }

  /**
   * Closes the socket and ends every request at once: a peer that is gone would never confirm.
   * Browsers allow the codes 1000 and 4000–4999.
   */
  close(code = 1000, reason = ""): void {
    this.#socket.close(code, reason);
    this.#end(new ConnectionClosed(code, reason));
  }

  /** Whether it has ended; its requests have been rejected. */
  get isClosed(): boolean {
    return this.#closedWith !== undefined;
  }

  #end(error: ConnectionClosed): void {
    if (this.#closedWith !== undefined) return;
    this.#closedWith = error;
    this.#pending.rejectAll(error);
    this.#resolveClosed(error);
  }

  async #beforeClose<T>(promise: Promise<T>): Promise<T> {
    const first = await Promise.race([promise, this.closed]);
    if (first instanceof ConnectionClosed) throw first;
    return first;
  }

  #read(data: unknown): void {
    if (typeof data !== "string" || this.#closedWith !== undefined) return;
    this.#silentTicks = 0;
    const frame = parseFrame(data);
    if (frame?.type === "event") this.#readEvent(frame);
    if (frame?.type !== "res") return;
    if (frame.ok && frame.id === this.#connectId) this.#handlers.onHello(frame.payload as HelloOk);
    this.#pending.settle(frame);
  }

  #readEvent(frame: EventFrame): void {
    if (frame.event === "connect.challenge") {
      if (isRecord(frame.payload)) this.#challenge(frame.payload as unknown as Challenge);
      return;
    }
    if (frame.seq !== undefined) this.#count(frame.seq);
    this.#handlers.onEvent(frame);
  }

  #count(seq: number): void {
    const expected = this.#lastSeq === undefined ? seq : this.#lastSeq + 1;
    this.#lastSeq = seq;
    if (seq > expected) this.#handlers.onGap({ expected, received: seq });
  }

  /** A gateway that has said nothing for two ticks is gone, even if TCP does not know it yet. */
  async #watchTicks(tickIntervalMs: number): Promise<void> {
    const check = () => {
      if (++this.#silentTicks > 2) this.close(4000, "tick timeout");
    };
    const timer = setInterval(check, intervalMs(Math.max(tickIntervalMs, 1000)));
    await this.closed;
    clearInterval(timer);
  }
}

function isTwoStage(method: string): boolean {
  return (TWO_STAGE as readonly string[]).includes(method);
}

function withDefault<T>(promise: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs, undefined);
    void promise.then((value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}
