/** A socket to the gateway that comes back by itself after it was lost. */

/** How long to wait before the next try, ms: first, and at most. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
/** Tries in a row; then the next one waits until somebody looks at the page again. */
const MOST_TRIES = 20;
/** The gateway closes with this code when the address that the page came from holds no longer. */
const ENDED = 4001;

/** What a page wants to know of its socket. */
export interface Listener {
  message(data: string): void;
  opened?(): void;
  /** Called once each time that an open socket is lost. */
  lost?(): void;
  /** The address of the page has ended; the socket does not come back. */
  ended?(): void;
}

export class Socket {
  readonly #url: string;
  readonly #listener: Listener;
  #socket: WebSocket | undefined;
  #waitMs = FIRST_WAIT_MS;
  #wasOpen = false;
  #tries = 0;

  /** `address` may be http or https; it becomes ws or wss. */
  constructor(address: URL, listener: Listener) {
    const url = new URL(address);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.hash = "";
    this.#url = url.href;
    this.#listener = listener;
    this.#open();
  }

  /** False when it is not open. */
  send(value: unknown): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(value));
    return true;
  }

  #open(): void {
    const socket = new WebSocket(this.#url);
    let open = false;
    this.#socket = socket;
    socket.onmessage = ({ data }) => typeof data === "string" && this.#listener.message(data);
    socket.onopen = () => {
      open = true;
      this.#wasOpen = true;
      this.#waitMs = FIRST_WAIT_MS;
      this.#tries = 0;
      this.#listener.opened?.();
    };
    socket.onclose = ({ code }) => {
      if (code === ENDED) return this.#listener.ended?.();
      if (open) this.#listener.lost?.();
      // What never opened is not offered here, or not to this page; asking again would not help.
      if (this.#wasOpen) this.#openLater();
    };
  }

  #openLater(): void {
    if (++this.#tries > MOST_TRIES) {
      document.addEventListener("visibilitychange", () => this.#open(), { once: true });
      return;
    }
    setTimeout(() => this.#open(), this.#waitMs);
    this.#waitMs = Math.min(this.#waitMs * 2, LONGEST_WAIT_MS);
  }
}
