// A lasting link to one gateway: connects, signs in, connects again. One socket's life is `connection.ts`.

import { Connection, type Gap, type WebSocketLike } from "./connection.ts";
import type { Events, Methods } from "./contract.ts";
import { type DeviceIdentity, memoryTokens, proveDevice, type SignatureVersion, type TokenStorage } from "./device.ts";
import { ConnectionClosed, ResponseError } from "./errors.ts";
import type { Challenge, ClientInfo, ConnectParams, EventFrame, HelloOk, Role } from "./frames.ts";
import type { RequestOptions } from "./pending.ts";

/** How to reach a gateway and as whom. */
export interface ClientOptions {
  /** `ws://` or `wss://`. */
  url: string;
  client: ClientInfo;
  /** Default "operator". */
  role?: Role;
  /** What an operator asks to be allowed; in protocol 4 whoever asks for nothing gets nothing. Signed exactly as given. */
  scopes?: readonly string[];
  /** The gateway's shared secrets. A stored device token goes before them. */
  token?: string;
  password?: string;
  /** The secret of a one-use invitation; shown alone, and only while there is no device token. */
  invitation?: string;
  /** Without one the gateway may refuse, or allow less. */
  device?: DeviceIdentity;
  /** Default: kept in memory. */
  deviceTokens?: TokenStorage;
  /** What a node offers. */
  caps?: readonly string[];
  commands?: readonly string[];
  permissions?: Readonly<Record<string, boolean>>;
  pathEnv?: string;
  /** Default 3 to 4. */
  minProtocol?: number;
  maxProtocol?: number;
  /** Default: the global `WebSocket`, which Node has from version 22 on. */
  createSocket?: (url: string) => WebSocketLike;
  /** SHA-256 of the certificate to expect; checked by your `createSocket`. Refused on `ws://`, where it protects nothing. */
  tlsFingerprint?: string;
  /** Default true: an interrupted connection is made again, with growing pauses, until `close()`. */
  reconnect?: boolean;
  /** The longest pause between attempts to connect, in milliseconds. Default 30,000. */
  maxPauseMs?: number;
  locale?: string;
}

/** The state of the client. `reason` says why it is not connected; show its message. */
export type ClientState =
  | { kind: "idle" }
  | { kind: "connecting" }
  | { kind: "connected"; hello: HelloOk }
  | { kind: "reconnecting"; reason: Error; retryAt: number }
  | { kind: "closed"; reason: Error | undefined };

/** A listener's registration: `using` it, or call `off()` where the language has no `using`. */
export interface Subscription extends Disposable {
  off(): void;
}

type Params<M extends keyof Methods> = Methods[M]["params"];
type Ack<M extends keyof Methods> = Methods[M] extends { ack: infer A } ? A : never;
/** What a method is asked with; nothing where it needs nothing. */
export type RequestArguments<M extends keyof Methods> =
  Record<never, never> extends Params<M>
    ? [params?: Params<M>, options?: RequestOptions<Ack<M>>]
    : [params: Params<M>, options?: RequestOptions<Ack<M>>];
type Unlisted<Known, Name extends string> = Name extends keyof Known ? never : Name;

/** First pause before connecting again, and the longest, in milliseconds. Each is varied by up to half. */
const BACKOFF_MS = { first: 500, longest: 30_000 };

/** A gateway that restarts in place keeps its port open, so the first attempt may come at once; spread a little, in milliseconds. */
const RESTART_SPREAD_MS = 100;
/** The close code of a gateway that restarts (RFC 6455, IANA registry). */
const SERVICE_RESTART = 1012;

/** How often to ask whether the owner has approved this device, in milliseconds. */
const PAIRING_RETRY_MS = 5_000;

/**
 * A client of one gateway.
 *
 * ```ts
 * const client = { id: "gateway-client", version: "1", platform: process.platform, mode: "backend" } as const;
 * await using gateway = new GatewayClient({ url, token, client, scopes: ["operator.write"] });
 * await gateway.connect();
 * const { runId } = await gateway.request("agent", { message: "hi", idempotencyKey: crypto.randomUUID() });
 * ```
 */
export class GatewayClient {
  readonly #options: ClientOptions;
  readonly #tokens: TokenStorage;
  readonly #listeners = new Map<string, Set<(payload: unknown, frame: EventFrame) => void>>();
  readonly #stateListeners = new Set<(state: ClientState) => void>();
  readonly #gapListeners = new Set<(gap: Gap) => void>();
  readonly #stop = new AbortController();
  #state: ClientState = { kind: "idle" };
  #waiting: { resolve(hello: HelloOk): void; reject(error: Error): void }[] = [];
  #connection: Connection | undefined;
  #signature: SignatureVersion = "v3";
  #wake: () => void = () => {};

  /** Stores the options. Throws `TypeError` for a URL no gateway can have, or a fingerprint nothing would check. */
  constructor(options: ClientOptions) {
    checkUrl(options);
    this.#options = options;
    this.#tokens = options.deviceTokens ?? memoryTokens();
  }

  /** The state of the client now. */
  get state(): ClientState {
    return this.#state;
  }

  /**
   * Resolves with the hello of the current connection, or of the next one. Rejects when there will be none:
   * the gateway refused us for good, `reconnect` is false and the attempt failed, or the client was closed.
   */
  connect(): Promise<HelloOk> {
    // A request that was rejected with the connection's end may be asked again before the state says so.
    const isOpen = this.#connection?.isClosed === false;
    if (this.#state.kind === "connected" && isOpen) return Promise.resolve(this.#state.hello);
    if (this.#state.kind === "closed") return Promise.reject(this.#state.reason ?? notConnected());
    const hello = new Promise<HelloOk>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    if (this.#state.kind === "idle") void this.#run();
    return hello;
  }

  /**
   * Calls a method. Rejects with `ResponseError` when the gateway refuses, `RequestTimeout`, the signal's reason, or
   * `ConnectionClosed`; after the last the call may or may not have happened: repeat it with the same idempotency key.
   */
  request<M extends keyof Methods>(method: M, ...args: RequestArguments<M>): Promise<Methods[M]["result"]>;
  request<N extends string>(method: Unlisted<Methods, N>, params?: unknown, options?: RequestOptions): Promise<unknown>;
  request(method: string, params: unknown = {}, options?: RequestOptions): Promise<unknown> {
    if (this.#state.kind !== "connected" || this.#connection === undefined) return Promise.reject(notConnected());
    return this.#connection.request(method, params, options);
  }

  /** Listens to an event, across reconnects. */
  on<E extends keyof Events>(event: E, listener: (payload: Events[E], frame: EventFrame) => void): Subscription;
  on<N extends string>(
    event: Unlisted<Events, N>,
    listener: (payload: unknown, frame: EventFrame) => void,
  ): Subscription;
  on(event: string, listener: (payload: never, frame: EventFrame) => void): Subscription {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    return subscribe(listeners, listener as (payload: unknown, frame: EventFrame) => void);
  }

  /** Listens to changes of `state`. */
  onState(listener: (state: ClientState) => void): Subscription {
    return subscribe(this.#stateListeners, listener);
  }

  /** Hears when events were lost. They are never sent again: call for fresh state. */
  onGap(listener: (gap: Gap) => void): Subscription {
    return subscribe(this.#gapListeners, listener);
  }

  /** Ends the pause before the next attempt, e.g. when the network is back. */
  retryNow(): void {
    this.#wake();
  }

  /** Ends the connection and never makes another. Requests in flight are rejected. */
  close(): void {
    if (this.#state.kind === "closed") return;
    this.#stop.abort();
    this.#connection?.close();
    this.#wake();
    this.#finish(undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.#connection?.closed;
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#stop.signal.aborted; failures++) {
      if (failures === 0) this.#setState({ kind: "connecting" });
      const { error, wasConnected } = await this.#connectOnce();
      if (this.#stop.signal.aborted) return;
      if (this.#options.reconnect === false || isFinal(error)) return this.#finish(error);
      if (wasConnected) failures = 0;
      const pauseMs = pauseAfter(error, failures, this.#options.maxPauseMs);
      this.#setState({ kind: "reconnecting", reason: error, retryAt: Date.now() + pauseMs });
      await this.#pause(pauseMs);
    }
  }

  /** Lives through one connection, trying the credentials we have in turn; resolves with why it ended. */
  async #connectOnce(): Promise<{ error: Error; wasConnected: boolean }> {
    const { role = "operator", token, password, invitation } = this.#options;
    const stored = this.#options.device && (await this.#tokens.load(role));
    const error = await this.#connectWith(
      stored !== undefined ? { token: stored } : invitation !== undefined ? { invitation } : { token, password },
    );
    const wasConnected = this.#connection !== undefined;
    this.#connection = undefined;
    if (wasConnected || this.#stop.signal.aborted) return { error, wasConnected };
    if (isSignatureRefusal(error) && this.#signature === "v3") {
      this.#signature = "v2"; // a gateway from before v3
      return this.#connectOnce();
    }
    if (isAuthRefusal(error) && stored !== undefined) {
      await this.#tokens.save(role, undefined);
      if ([token, password, invitation].some((each) => each !== undefined)) return this.#connectOnce();
    }
    return { error, wasConnected };
  }

  async #connectWith(secrets: Secrets): Promise<Error> {
    try {
      const connection = new Connection(this.#openSocket(), {
        onHello: (hello) => this.#welcome(hello, connection),
        onEvent: (frame) => this.#publish(frame),
        onGap: (gap) => this.#emit(this.#gapListeners, gap),
      });
      const close = () => connection.close();
      this.#stop.signal.addEventListener("abort", close, { once: true });
      try {
        await connection.handshake((challenge) => this.#connectParams(secrets, challenge));
        return await connection.closed;
      } finally {
        connection.close(4008, "connect failed");
        this.#stop.signal.removeEventListener("abort", close);
      }
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  #openSocket(): WebSocketLike {
    const { url, createSocket } = this.#options;
    if (createSocket !== undefined) return createSocket(url);
    if (globalThis.WebSocket === undefined) {
      throw new TypeError("this JavaScript engine has no WebSocket; pass createSocket, e.g. from the ws package");
    }
    return new WebSocket(url);
  }

  async #connectParams(secrets: Secrets, challenge: Challenge | undefined): Promise<ConnectParams> {
    const { client, role, scopes, caps, commands, permissions, pathEnv, device, locale } = this.#options;
    const auth = {
      ...present("token", secrets.token),
      ...present("password", secrets.password),
      ...present("bootstrapToken", secrets.invitation),
    };
    const signed = auth.token ?? auth.bootstrapToken ?? "";
    const fields = { client, role: role ?? "operator", scopes: scopes ?? [], token: signed };
    const proof = device && (await proveDevice(device, fields, { challenge, version: this.#signature }));
    return {
      minProtocol: this.#options.minProtocol ?? 3,
      maxProtocol: this.#options.maxProtocol ?? 4,
      client,
      ...present("role", role),
      ...present("scopes", scopes),
      ...present("caps", caps),
      ...present("commands", commands),
      ...present("permissions", permissions),
      ...present("pathEnv", pathEnv),
      ...present("locale", locale),
      ...present("device", proof),
      ...(Object.keys(auth).length > 0 && { auth }),
    };
  }

  #welcome(hello: HelloOk, connection: Connection): void {
    this.#connection = connection;
    const { deviceToken } = hello.auth ?? {};
    if (deviceToken !== undefined) void this.#tokens.save(this.#options.role ?? "operator", deviceToken);
    this.#setState({ kind: "connected", hello });
    for (const { resolve } of this.#waiting.splice(0)) resolve(hello);
  }

  #publish(frame: EventFrame): void {
    for (const listener of [...(this.#listeners.get(frame.event) ?? [])]) report(() => listener(frame.payload, frame));
  }

  #finish(reason: Error | undefined): void {
    this.#setState({ kind: "closed", reason });
    for (const { reject } of this.#waiting.splice(0)) reject(reason ?? notConnected());
  }

  #setState(state: ClientState): void {
    this.#state = state;
    this.#emit(this.#stateListeners, state);
  }

  #emit<T>(listeners: Set<(value: T) => void>, value: T): void {
    for (const listener of [...listeners]) report(() => listener(value));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

type Secrets = { token?: string | undefined; password?: string | undefined; invitation?: string | undefined };

/** True when the gateway asks its owner to approve this device; `error.detail("requestId")` names the request. */
export function isPairingRequired(error: unknown): error is ResponseError {
  return error instanceof ResponseError && error.code === "NOT_PAIRED" && error.detail("requestId") !== undefined;
}

/** True when the gateway does not accept the token or password. */
export function isAuthRefusal(error: unknown): boolean {
  if (!(error instanceof ResponseError) || error.reason === "AUTH_RATE_LIMITED") return false;
  return error.reason?.startsWith("AUTH_") === true || error.message.startsWith("unauthorized");
}

/** An answer that a later attempt would only get again. A lost nonce is the exception: the next socket has another. */
function isFinal(error: Error): boolean {
  if (isPairingRequired(error)) return false;
  if (!(error instanceof ResponseError)) return error instanceof TypeError;
  return !error.retryable && !error.message.startsWith("device nonce");
}

function isSignatureRefusal(error: Error): boolean {
  return error instanceof ResponseError && error.message === "device signature invalid";
}

function pauseAfter(error: Error, failures: number, maxPauseMs = BACKOFF_MS.longest): number {
  if (isPairingRequired(error)) return error.retryAfterMs ?? PAIRING_RETRY_MS;
  const isRestart = error instanceof ConnectionClosed && error.closeCode === SERVICE_RESTART;
  if (isRestart && failures === 0) return RESTART_SPREAD_MS * Math.random();
  const longest = Math.min(maxPauseMs, BACKOFF_MS.first * 2 ** failures);
  const pauseMs = longest * (0.5 + Math.random() / 2);
  return Math.max(pauseMs, error instanceof ResponseError ? (error.retryAfterMs ?? 0) : 0);
}

function checkUrl({ url, tlsFingerprint, createSocket }: ClientOptions): void {
  const protocol = URL.canParse(url) ? new URL(url).protocol : "";
  if (protocol !== "ws:" && protocol !== "wss:") {
    throw new TypeError(`the gateway's URL must begin with ws:// or wss://; got "${url}"`);
  }
  if (tlsFingerprint === undefined) return;
  if (protocol === "ws:")
    throw new TypeError("a TLS fingerprint needs a wss:// URL; ws:// has no certificate to check");
  if (createSocket === undefined) throw new TypeError("a TLS fingerprint needs a createSocket that checks it");
}

function notConnected(): ConnectionClosed {
  return new ConnectionClosed(1006, "", { message: "not connected to the gateway" });
}

function present<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}

function subscribe<T>(listeners: Set<T>, listener: T): Subscription {
  listeners.add(listener);
  const off = () => {
    listeners.delete(listener);
  };
  return { off, [DISPOSE]: off };
}

/** Older browsers have no `Symbol.dispose`; there `off()` is the only way. */
const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for("Symbol.dispose");

/** A listener's bug must not stop the others or the connection; it surfaces as an uncaught error. */
function report(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
