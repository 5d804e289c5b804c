/** A client that knows nothing but frames: it records what arrives and says exactly what it is told to. */
import assert from "node:assert/strict";
import { type ClientOptions, WebSocket } from "ws";
import type { Judge } from "./declared.ts";
import { type DeviceKey, type DeviceProof, proofOf, type SignatureVersion } from "./device-key.ts";
import { LIMIT_MS, within } from "./time-limit.ts";

/** Any frame from the gateway. */
export interface Frame {
  readonly type: "res" | "event";
  readonly id?: unknown;
  readonly ok?: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: tests read payloads of every shape and compare them whole.
  readonly payload?: any;
  readonly error?: { readonly code: string; readonly message: string; readonly details?: Record<string, unknown> };
  readonly event?: string;
  readonly seq?: number;
  readonly stateVersion?: { readonly presence: number; readonly health: number };
}

/** How a connection ended. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** What `shakeHands` puts into `connect`. Everything has a default that is let in on loopback. */
export interface Handshake {
  /** The range of protocols, or the only one. 3 by default. */
  readonly protocol?: number | readonly [min: number, max: number];
  readonly role?: string;
  readonly scopes?: readonly string[];
  /** Signs the challenge; without it the connection has no device. */
  readonly device?: DeviceKey;
  /** The signature's version: v2 by default, v3 for protocol 4. */
  readonly sign?: SignatureVersion;
  /** Milliseconds by which the device's clock is off. */
  readonly skewMs?: number;
  /** The shared token: the gateway's own by default, null for none. */
  readonly token?: string | null;
  readonly password?: string;
  /** Protocol 4's own field. */
  readonly deviceToken?: string;
  /** The secret of an invitation, shown alone; protocol 4's own field. */
  readonly invitation?: string;
  readonly caps?: readonly string[];
  readonly client?: Readonly<Record<string, unknown>>;
  /** Changes the finished params, for what no honest client sends. */
  readonly spoil?: (params: ConnectParams) => unknown;
}

/** The params of `connect`, writable for tests that spoil them. */
export interface ConnectParams {
  minProtocol: number;
  maxProtocol: number;
  client: Record<string, unknown>;
  role?: string;
  scopes?: readonly string[];
  caps?: readonly string[];
  auth?: Record<string, unknown>;
  device?: DeviceProof;
  [other: string]: unknown;
}

export class WireClient implements Disposable {
  /** Every frame that has arrived, in order. */
  readonly frames: Frame[] = [];
  /** Resolves when the connection has ended. */
  readonly closed: Promise<Closed>;
  readonly socket: WebSocket;
  readonly #token: string | undefined;
  readonly #limitMs: number;
  readonly #unread: Frame[] = [];
  readonly #judge: Judge | undefined;
  readonly #asked = new Map<unknown, string>();
  #protocol = 3;
  #wake = Promise.withResolvers<void>();
  #requests = 0;

  /** `limitMs` bounds each wait for a frame, however many others arrive meanwhile. */
  constructor(
    url: string,
    options: { token?: string | undefined; protocols?: string[]; ws?: ClientOptions; limitMs?: number; judge?: Judge },
  ) {
    this.#judge = options.judge;
    this.#token = options.token;
    this.#limitMs = options.limitMs ?? LIMIT_MS;
    this.socket = new WebSocket(url, options.protocols ?? [], options.ws);
    this.socket.on("message", (data) => this.#receive(JSON.parse(String(data)) as Frame));
    this.socket.on("error", () => undefined);
    this.closed = new Promise((resolve) =>
      this.socket.once("close", (code, reason) => {
        resolve({ code, reason: reason.toString() });
        this.#wakeReaders();
      }),
    );
  }

  /** Resolves when the socket is open; rejects when the upgrade is refused. */
  opened(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.socket.once("open", resolve);
    this.socket.once("error", reject);
    return within(promise, "the socket to open");
  }

  /** The next frame that nobody has read. */
  next(): Promise<Frame> {
    return this.#take(() => true, "a frame");
  }

  /** The next unread event of this name; frames before it stay unread. */
  nextOf(event: string): Promise<Frame> {
    return this.#take((frame) => frame.event === event, `the event ${event}`);
  }

  /** The next unread answer to a request. */
  answerTo(id: unknown): Promise<Frame> {
    return this.#take((frame) => frame.type === "res" && frame.id === id, `an answer to ${JSON.stringify(id)}`);
  }

  /** Sends text as it is, anything else as JSON. */
  send(frame: unknown): void {
    this.socket.send(typeof frame === "string" || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
  }

  /** Sends a request and returns its next answer. */
  request(method: string, params?: unknown): Promise<Frame> {
    const id = `#${++this.#requests}`;
    this.#asked.set(id, method);
    this.send({ type: "req", id, method, ...(params !== undefined && { params }) });
    return this.answerTo(id);
  }

  /** Sends a request that must succeed; returns the payload. */
  // biome-ignore lint/suspicious/noExplicitAny: as for frames.
  async call(method: string, params?: unknown): Promise<any> {
    const { ok, payload, error } = await this.request(method, params);
    if (!ok) throw new Error(`${method}: ${error?.code} ${error?.message}`);
    return payload;
  }

  /** Answers the challenge with `connect`, signed as the handshake says; returns the gateway's answer. */
  async shakeHands(handshake: Handshake = {}): Promise<Frame> {
    const { payload: challenge } = await this.nextOf("connect.challenge");
    const params = connectParams(handshake, this.#token, challenge);
    this.send({ type: "req", id: "connect", method: "connect", params: handshake.spoil?.(params) ?? params });
    return this.answerTo("connect");
  }

  /** Waits until the gateway has read everything sent so far, answers to its pings included. */
  async flushed(): Promise<void> {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    // The second ping follows our pong to any ping that the gateway sent before its pong to the first.
    for (let i = 0; i < 2; i++) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.socket.once("pong", () => resolve());
      this.socket.ping();
      await within(Promise.race([promise, this.closed]), "a pong");
    }
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }

  #receive(frame: Frame): void {
    if (frame.payload?.type === "hello-ok") this.#protocol = frame.payload.protocol;
    const problem = this.#judge?.(frame, { method: this.#asked.get(frame.id), protocol: this.#protocol });
    // Not from within the socket: the test that runs fails with this error, and the socket goes on.
    if (problem !== undefined) setImmediate(() => assert.fail(`${problem}\n${JSON.stringify(frame).slice(0, 2_000)}`));
    this.frames.push(frame);
    this.#unread.push(frame);
    this.#wakeReaders();
  }

  #wakeReaders(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  async #take(matches: (frame: Frame) => boolean, what: string): Promise<Frame> {
    const over = new AbortController();
    try {
      return await within(this.#find(matches, what, over.signal), what, this.#limitMs);
    } finally {
      over.abort();
    }
  }

  async #find(matches: (frame: Frame) => boolean, what: string, signal: AbortSignal): Promise<Frame> {
    for (;;) {
      // Who has given up must not take a frame away from the next reader.
      signal.throwIfAborted();
      const index = this.#unread.findIndex(matches);
      if (index >= 0) return this.#unread.splice(index, 1)[0]!;
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error(`the connection ended before ${what}`);
      await this.#wake.promise;
    }
  }
}

/** The params that an honest client sends for a challenge. */
export function connectParams(
  handshake: Handshake,
  ownToken: string | undefined,
  challenge: { nonce: string; ts: number },
): ConnectParams {
  const { protocol = 3, role, scopes, device, password, deviceToken, invitation, skewMs = 0 } = handshake;
  const [minProtocol, maxProtocol] = typeof protocol === "number" ? [protocol, protocol] : protocol;
  const client = { id: "cli", version: "1", platform: "linux", mode: "cli", ...handshake.client };
  const known = invitation === undefined ? ownToken : undefined;
  const token = handshake.token === undefined ? known : (handshake.token ?? undefined);
  const auth = {
    ...(token !== undefined && { token }),
    ...(password !== undefined && { password }),
    ...(deviceToken !== undefined && { deviceToken }),
    ...(invitation !== undefined && { bootstrapToken: invitation }),
  };
  const facts = {
    clientId: client.id,
    clientMode: client.mode,
    role,
    scopes,
    token: token ?? deviceToken ?? invitation,
    platform: client.platform,
    deviceFamily: handshake.client?.deviceFamily as string | undefined,
  };
  const version = handshake.sign ?? (maxProtocol >= 4 ? "v3" : "v2");
  const when = { signedAt: challenge.ts + skewMs, nonce: challenge.nonce };
  return {
    minProtocol,
    maxProtocol,
    client,
    ...(role !== undefined && { role }),
    ...(scopes !== undefined && { scopes }),
    ...(handshake.caps && { caps: [...handshake.caps] }),
    ...(Object.keys(auth).length > 0 && { auth }),
    ...(device !== undefined && { device: proofOf(device, version, facts, when) }),
  };
}
