/** One socket: its limits, its sequence numbers, its back-pressure, its end. It knows frames as text, not their meaning. */

import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import { TellableError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import { isLoopbackAddress, networkOf } from "../base/net/address.ts";
import { cutUtf8 } from "../base/text/cut-utf8.ts";
import type { Clock } from "../base/time/clock.ts";
import { type Caller, hasScope } from "../kit/access.ts";
import type { ProxiedUser } from "../kit/host.ts";
import type { Peer } from "./admission/locality.ts";
import type { OriginVerdict } from "./admission/origin.ts";
import type { Dialect } from "./dialect.ts";
import { LIMITS } from "./limits.ts";
import { type SharedFrame, textFrame } from "./shared-frame.ts";

/** The credential that a connection was let in with; the connection is closed when it is revoked. */
export type Credential =
  | { readonly kind: "shared" }
  | { readonly kind: "device"; readonly deviceId: string; readonly role: string };

/** What the handshake established. */
export interface Session {
  readonly caller: Caller;
  readonly dialect: Dialect;
  readonly credential: Credential;
}

/** A reader is slow when more bytes than this wait for it. */
const BEHIND_BYTES = 16 * 1024;
/**
 * Memory that a waiting frame takes beside its bytes, for its parts in the stream's queue (measured, and rounded up).
 */
const FRAME_COST_BYTES = 1_000;

/** Connections for which something waits. */
const behind = new Set<Connection>();

/**
 * The reason with which a call's signal aborts. One object for all calls, because the default reason captures a stack
 * each time.
 */
const CLOSED = new TellableError("the caller's connection has closed");

/** A WebSocket connection from its challenge to its end. */
export class Connection {
  /** Connections whose frames of this turn of the event loop have not been written yet. */
  static #gathering: Connection[] = [];

  readonly id = newId();
  /** The challenge of this connection; usable once. */
  readonly nonce = newId();
  readonly peer: Peer;
  readonly origin: OriginVerdict;
  /** The client's address, forwarded by a trusted proxy or the socket's own. */
  readonly address: string;
  /** By which its client is counted; see `networkOf`. */
  readonly network: string;
  readonly isLocal: boolean;
  /** Whom a proxy names that the gateway has asked about; a header alone names nobody. */
  readonly user: ProxiedUser | undefined;
  /** Aborts when the socket has closed. */
  readonly closed = new AbortController();
  session: Session | undefined;
  inFlight = 0;
  #seq = 0;
  #missedPongs = 0;
  #slowSince: number | undefined;
  #slowCheck: Disposable | undefined;
  /** Frames that were written behind others that wait, and so wait too. */
  #waitingFrames = 0;
  /** The size of the frame that is handled now, and of all requests without an answer, bytes. */
  #frameBytes = 0;
  #unansweredBytes = 0;
  #handle: (frame: RawData) => void = () => undefined;
  /** Frames that arrived while reading is paused: at most what one read of the socket brings. */
  readonly #held: RawData[] = [];
  #gathers = false;
  #isCorked = false;
  /** The only frame of this turn so far, when it is an event, and its number. */
  #alone: SharedFrame | undefined;
  #aloneSeq = 0;
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #clock: Clock;
  readonly #guard: (text: string) => string;
  readonly #conceal: (text: string) => string;

  constructor(
    socket: WebSocket,
    clock: Clock,
    facts: {
      stream: Duplex;
      peer: Peer;
      origin: OriginVerdict;
      address: string;
      isLocal: boolean;
      user?: ProxiedUser | undefined;
      /** Takes secrets out of a text that leaves. */
      guard: (text: string) => string;
      /** Takes paths of this machine out of a text for those who do not administer it. */
      conceal: (text: string) => string;
    },
  ) {
    this.#socket = socket;
    this.#clock = clock;
    this.#stream = facts.stream;
    this.peer = facts.peer;
    this.origin = facts.origin;
    this.address = facts.address;
    this.network = networkOf(facts.address);
    this.isLocal = facts.isLocal;
    this.user = facts.user;
    this.#guard = facts.guard;
    this.#conceal = facts.conceal;
    socket.on("pong", () => {
      this.#missedPongs = 0;
    });
    socket.once("close", () => {
      this.#slowCheck?.[Symbol.dispose]();
      behind.delete(this);
      this.closed.abort(CLOSED);
    });
  }

  /**
   * The client's address for people to see; undefined for a loopback address that is not local, because it would
   * mislead.
   */
  get remoteIp(): string | undefined {
    return this.isLocal || isLoopbackAddress(this.address) ? undefined : this.address;
  }

  /** The address of our end of the socket. */
  get localEnd(): { readonly localAddress: string | undefined; readonly localPort: number | undefined } {
    const { localAddress, localPort } = this.#stream as Partial<Socket>;
    return { localAddress, localPort };
  }

  get isOpen(): boolean {
    return this.#socket.readyState === 1;
  }

  /**
   * Whether an event of so many bytes may wait for this reader. Slow readers share what all of them together may take.
   */
  hasRoom(bytes: number): boolean {
    const waiting = this.bufferedBytes;
    if (waiting <= BEHIND_BYTES) return true;
    const share = Math.min(LIMITS.maxBufferedBytes, LIMITS.maxBufferedTotal / Math.max(1, behind.size));
    return waiting + this.#waitingFrames * FRAME_COST_BYTES + bytes <= share;
  }

  /** Bytes that wait for the reader. */
  get bufferedBytes(): number {
    return this.#socket.bufferedAmount + (this.#alone?.length ?? 0);
  }

  /** The number of the next event on this connection; consumed even when the event is then dropped. */
  nextSeq(): number {
    return ++this.#seq;
  }

  /**
   * Sends one frame and removes secrets from it. Reading is paused for a connection that does not read its answers; it is
   * closed when it stays slow.
   */
  send(text: string): void {
    if (!this.isOpen) return;
    this.#join();
    this.#stream.write(textFrame(this.#fit(this.#guard(text))));
    if (this.#slowSince === undefined && this.bufferedBytes > LIMITS.maxBufferedBytes) this.#watchSlowReader();
  }

  /** Whether it may be told where things are on this machine. */
  get seesPaths(): boolean {
    return this.session !== undefined && hasScope(this.session.caller.scopes, "operator.admin");
  }

  #fit(text: string): string {
    return this.seesPaths ? text : this.#conceal(text);
  }

  /** Sends an event under its number on this connection. */
  sendShared(frame: SharedFrame, seq: number): void {
    if (!this.isOpen) return;
    // A large frame that waits must share its memory with the other receivers, not be a copy.
    if (this.#gathers || this.#stream.writableLength > 0 || frame.length > BEHIND_BYTES) {
      this.#join();
      frame.writePieces(this.#stream, seq, this.#noteWaiting());
    } else {
      this.#gather();
      this.#alone = frame;
      this.#aloneSeq = seq;
    }
    if (this.#slowSince === undefined && this.bufferedBytes > LIMITS.maxBufferedBytes) this.#watchSlowReader();
  }

  /** Counts a waiting frame; returns the function to call when it has been sent. */
  #noteWaiting(): (() => void) | undefined {
    if (this.bufferedBytes <= BEHIND_BYTES) return undefined;
    behind.add(this);
    this.#waitingFrames++;
    return this.#left;
  }

  readonly #left = () => {
    this.#waitingFrames--;
    if (this.#waitingFrames === 0) behind.delete(this);
  };

  /** Closes with a code; the reason is cut to 120 bytes (protocol: close codes). */
  close(code: number, reason: string): void {
    if (!this.isOpen) return;
    if (this.#alone) this.#join();
    this.#slowCheck?.[Symbol.dispose]();
    // A peer that never answers the close frame must not hold the socket. A slow peer gets more time, because the close
    // frame is at the end of its queue.
    const graceMs = this.#slowSince === undefined ? LIMITS.closeMs : LIMITS.slowForMs;
    const timeLimit = this.#clock.after(graceMs, () => this.#socket.terminate());
    this.#socket.once("close", () => timeLimit[Symbol.dispose]());
    this.#socket.close(code, cutUtf8(reason, 120));
    // Read from the socket again: the answer to the close frame arrives only then.
    this.#socket.resume();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  /** Pings; ends the connection after two pings without an answer. */
  ping(): void {
    // While nothing is read, its answers are not seen either.
    if (!this.#isPaused) {
      if (this.#missedPongs >= 2) return this.terminate();
      this.#missedPongs++;
    }
    if (this.isOpen) this.#socket.ping();
  }

  /** Lifts the limits of an unauthenticated connection once the handshake is done; `handle` is given each frame from here on. */
  open(session: Session, handle: (frame: RawData) => void): void {
    this.session = session;
    this.#handle = handle;
    // The ws library takes the limit only when the server is made, for all connections alike; the receiver reads this
    // field at each frame. `test/wire/transport.test.ts` fails if a new version no longer does.
    const receiver = (this.#socket as unknown as { _receiver: { _maxPayload: number } })._receiver;
    receiver._maxPayload = LIMITS.maxPayload;
  }

  /**
   * Handles a frame at once, or keeps it while reading is paused: while answers wait for a slow reader, or large
   * requests for their answers.
   */
  receive(frame: RawData): void {
    if (this.#isPaused) this.#held.push(frame);
    else this.#take(frame);
  }

  /** Counts the frame that is handled now as a request. Returns its size for `answered`, bytes. */
  begin(): number {
    this.inFlight++;
    this.#unansweredBytes += this.#frameBytes;
    if (this.#isPaused) this.#socket.pause();
    return this.#frameBytes;
  }

  /** Counts a request as answered; it no longer takes memory. */
  answered(bytes: number): void {
    const wasPaused = this.#isPaused;
    this.#unansweredBytes -= bytes;
    // Go on in the next turn: this may run inside the handler of a frame that was held.
    if (wasPaused && !this.#isPaused) setImmediate(() => this.#goOn());
  }

  get #isPaused(): boolean {
    return this.#slowSince !== undefined || this.#unansweredBytes > LIMITS.maxUnansweredBytes;
  }

  #take(frame: RawData): void {
    this.#frameBytes = (frame as Buffer).length;
    this.#handle(frame);
  }

  /** Writes all frames of one turn of the event loop together: system calls are most of what a small frame costs. */
  #join(): void {
    this.#gather();
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#stream.cork();
    this.#alone?.writePieces(this.#stream, this.#aloneSeq);
    this.#alone = undefined;
  }

  #gather(): void {
    if (this.#gathers) return;
    this.#gathers = true;
    // Schedule one callback for all connections; an event to many would otherwise schedule one for each.
    if (Connection.#gathering.push(this) === 1) setImmediate(Connection.#releaseAll);
  }

  static #releaseAll(this: void): void {
    const all = Connection.#gathering;
    Connection.#gathering = [];
    for (const connection of all) connection.#release();
  }

  #release(): void {
    const alone = this.#alone;
    this.#alone = undefined;
    this.#gathers = false;
    if (alone && this.isOpen) alone.write(this.#stream, this.#aloneSeq);
    if (this.#isCorked) this.#stream.uncork();
    this.#isCorked = false;
  }

  #watchSlowReader(): void {
    this.#slowSince = this.#clock.monotonic();
    this.#socket.pause();
    this.#slowCheck = this.#clock.every(250, () => {
      if (this.bufferedBytes <= LIMITS.maxBufferedBytes / 2) {
        this.#slowCheck?.[Symbol.dispose]();
        this.#slowSince = undefined;
        this.#goOn();
      } else if (this.#clock.monotonic() - this.#slowSince! > LIMITS.slowForMs) {
        this.close(1008, "slow consumer");
      }
    });
  }

  #goOn(): void {
    while (!this.#isPaused && this.#held.length > 0) this.#take(this.#held.shift()!);
    if (!this.#isPaused) this.#socket.resume();
  }
}
