/**
 * Capabilities: addresses that open the canvas to whoever knows them, for callers that are not on this machine. Each is bound
 * to a live connection or to the device that asked for it, ends after ten minutes without use, and is in memory alone.
 */
import { isDeepStrictEqual } from "node:util";
import { TellableError } from "../../../../base/errors.ts";
import { newSecret } from "../../../../base/ids.ts";
import type { Clock } from "../../../../base/time/clock.ts";

/** For whom it was made. `mayAct`: buttons that are pressed there count, as the holder may write to the agent. */
export type Holder = {
  readonly mayAct: boolean;
  /** The one agent whose pages and screens it opens; those of all when not said. */
  readonly agentId?: string;
} /** A connection; it ends with it. Clients of protocol 3 cannot ask for another, so theirs does not end before. */ & (
  | { readonly kind: "connection"; readonly connId: string; readonly isLasting: boolean }
  /** An address that was handed out; it ends with the device that asked for it. */
  | { readonly kind: "address"; readonly deviceId: string | undefined }
  /** A browser on this machine, which needs no leave to look. */
  | { readonly kind: "visit" }
);

export interface Capability {
  readonly token: string;
  readonly holder: Holder;
  /** Aborts when it ends. */
  readonly ended: AbortSignal;
}

interface Entry extends Capability {
  readonly end: AbortController;
  readonly madeAt: number;
  /** Monotonic, ms. */
  usableUntil: number;
  /** Sockets that it keeps open; it does not end for want of use meanwhile. */
  sockets: number;
}

/** One for all: Node makes an error with a stack for each abort without a reason, a thirtieth of a handshake's CPU. */
const ENDED = new TellableError("the address of the canvas has ended");

/** Source: what apps of both generations are used to (24 characters, ten minutes). */
const TOKEN_BYTES = 18;
export const TTL_MS = 600_000;
/** An address that was handed out ends then, however much it is used. */
const MAX_AGE_MS = 12 * 3_600_000;
/** A connection may ask for new ones; the oldest of it goes. */
const MAX_OF_CONNECTION = 4;
const MAX_ADDRESSES = 64;
const MAX_VISITS = 16;

export class Capabilities {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Makes one. `ttlMs` is how long it can be used if nobody uses it; undefined for as long as the connection. */
  grant(holder: Holder): { readonly token: string; readonly ttlMs: number | undefined } {
    this.#dropDead();
    this.#makeRoom(holder);
    const token = newSecret(TOKEN_BYTES);
    const end = new AbortController();
    const now = this.#clock.monotonic();
    this.#entries.set(token, {
      token,
      holder,
      end,
      ended: end.signal,
      madeAt: now,
      usableUntil: now + TTL_MS,
      sockets: 0,
    });
    return { token, ttlMs: isLasting(holder) ? undefined : TTL_MS };
  }

  /** The token of one for the pages of an agent; several pages of it may share one. */
  narrowed(holder: Holder): string {
    const known = [...this.#entries.values()].find(
      (entry) => this.#isAlive(entry) && isDeepStrictEqual(entry.holder, holder),
    );
    return holder.agentId !== undefined && known ? known.token : this.grant(holder).token;
  }

  /** The capability of a token, which its use keeps alive; undefined when there is none. */
  use(token: string): Capability | undefined {
    const entry = this.#entries.get(token);
    if (!entry) return undefined;
    if (!this.#isAlive(entry)) {
      this.#end(entry);
      return undefined;
    }
    entry.usableUntil = this.#clock.monotonic() + TTL_MS;
    return entry;
  }

  /** Keeps it alive until the returned value is disposed: a page is open. */
  hold({ token }: Capability): Disposable {
    const entry = this.#entries.get(token);
    if (entry) entry.sockets++;
    return {
      [Symbol.dispose]: () => {
        if (!entry) return;
        entry.sockets--;
        entry.usableUntil = this.#clock.monotonic() + TTL_MS;
      },
    };
  }

  endOfConnection(connId: string): void {
    this.#endWhere(({ holder }) => holder.kind === "connection" && holder.connId === connId);
  }

  endOfDevice(deviceId: string): void {
    this.#endWhere(({ holder }) => holder.kind === "address" && holder.deviceId === deviceId);
  }

  endAll(): void {
    this.#endWhere(() => true);
  }

  #isAlive({ holder, usableUntil, madeAt, sockets }: Entry): boolean {
    if (isLasting(holder)) return true;
    const now = this.#clock.monotonic();
    if (holder.kind !== "connection" && now - madeAt > MAX_AGE_MS) return false;
    return sockets > 0 || now < usableUntil;
  }

  #dropDead(): void {
    this.#endWhere((entry) => !this.#isAlive(entry));
  }

  /** Ends the oldest of the kind when there are too many. */
  #makeRoom(holder: Holder): void {
    // The addresses of pages are made of one that opens all, and do not take its place.
    const isAlike = (entry: Entry) =>
      (entry.holder.agentId === undefined) === (holder.agentId === undefined) &&
      (entry.holder.kind === "connection" && holder.kind === "connection"
        ? entry.holder.connId === holder.connId
        : entry.holder.kind === holder.kind);
    const alike = [...this.#entries.values()].filter(isAlike);
    const limit = { connection: MAX_OF_CONNECTION, address: MAX_ADDRESSES, visit: MAX_VISITS }[holder.kind];
    for (const entry of alike.slice(0, Math.max(0, alike.length - limit + 1))) this.#end(entry);
  }

  #endWhere(isMeant: (entry: Entry) => boolean): void {
    for (const entry of [...this.#entries.values()]) if (isMeant(entry)) this.#end(entry);
  }

  #end(entry: Entry): void {
    this.#entries.delete(entry.token);
    entry.end.abort(ENDED);
  }
}

function isLasting(holder: Holder): boolean {
  return holder.kind === "connection" && holder.isLasting;
}
