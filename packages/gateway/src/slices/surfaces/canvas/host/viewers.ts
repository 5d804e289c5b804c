/** Pages that are open: those that load again when files change, and those that draw a conversation's screen. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { ignore } from "../../../../base/errors.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import { onAbort } from "../../../../base/time/deadline.ts";
import type { Screen } from "../screens/screens.ts";
import type { Capabilities, Capability } from "./capabilities.ts";

/** A socket that may be opened. */
export interface Opening {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly capability: Capability | undefined;
}

export interface ViewersOptions {
  readonly clock: Pick<Clock, "after" | "monotonic">;
  readonly capabilities: Capabilities;
  /** The screen of a conversation. */
  screen(sessionKey: string): Promise<Screen>;
  /** Takes what a page sent when a button was pressed; the text is not checked yet. */
  acted(sessionKey: string, text: string): void;
}

interface Viewer {
  readonly socket: WebSocket;
  readonly sessionKey: string;
  /** What changed before the viewer has its first screen; undefined afterwards. */
  waiting: string[] | undefined;
}

/** Source: the limits of messages from pages. */
const MAX_MESSAGE_BYTES = 16 * 1024;
const ACTIONS_A_SECOND = 5;
/** Pages that may be open at once; the one that was opened first makes room. */
const MAX_OPEN = 64;
/** What may wait for a page that does not read, bytes. It is closed then, and asks again when it is looked at. */
const MAX_WAITING = 4 * 1024 * 1024;

export class Viewers implements Disposable {
  readonly #options: ViewersOptions;
  readonly #server = new WebSocketServer({
    ...{ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false, clientTracking: false },
  });
  readonly #reloading = new Set<WebSocket>();
  readonly #viewers = new Set<Viewer>();

  constructor(options: ViewersOptions) {
    this.#options = options;
  }

  /** How many pages are open. */
  get count(): number {
    return this.#reloading.size + this.#viewers.size;
  }

  /** Opens the socket of a page that wants to be told of changed files. */
  openReload(opening: Opening): void {
    this.#open(opening, (socket) => {
      makeRoom(this.#reloading, (oldest) => oldest);
      this.#reloading.add(socket);
      socket.once("close", () => this.#reloading.delete(socket));
    });
  }

  /** Opens the socket of a page that draws a conversation's screen. */
  openSurface(opening: Opening, sessionKey: string): void {
    this.#open(opening, (socket) => {
      const viewer: Viewer = { socket, sessionKey, waiting: [] };
      makeRoom(this.#viewers, (oldest) => oldest.socket);
      this.#viewers.add(viewer);
      socket.once("close", () => this.#viewers.delete(viewer));
      socket.on(
        "message",
        this.#limited((text) => this.#options.acted(sessionKey, text)),
      );
      void this.#show(viewer);
    });
  }

  /** Has every page load again. */
  reload(): void {
    for (const socket of this.#reloading) socket.send("reload");
  }

  /** Tells the pages that draw a conversation's screen of a change. */
  tell(sessionKey: string, change: unknown): void {
    const text = JSON.stringify(change);
    for (const viewer of this.#viewers) {
      if (viewer.sessionKey !== sessionKey) continue;
      if (viewer.waiting) viewer.waiting.push(text);
      else send(viewer.socket, text);
    }
  }

  /** Shows the whole screen of a conversation anew. */
  redraw(sessionKey: string): void {
    for (const viewer of this.#viewers) {
      if (viewer.sessionKey !== sessionKey) continue;
      viewer.waiting = [];
      void this.#show(viewer);
    }
  }

  [Symbol.dispose](): void {
    for (const socket of this.#reloading) socket.terminate();
    for (const { socket } of this.#viewers) socket.terminate();
  }

  async #show(viewer: Viewer): Promise<void> {
    try {
      const { messages } = await this.#options.screen(viewer.sessionKey);
      // What was pushed while the screen was drawn is in it: drawing ends in one step.
      viewer.waiting = undefined;
      // It stands for all that was drawn before: the page changes what is other, so that what a person writes there stays.
      send(viewer.socket, JSON.stringify({ type: "surface", messages }));
    } catch (error) {
      ignore(error, "the socket ends; the page asks again");
      viewer.socket.close(1011, "the screen cannot be drawn now");
    }
  }

  #open({ request, socket, head, capability }: Opening, opened: (socket: WebSocket) => void): void {
    const { capabilities } = this.#options;
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on("error", (error) => ignore(error, "ws closes the socket with the right code"));
      opened(webSocket);
      if (!capability) return;
      const held = capabilities.hold(capability);
      const listener = onAbort(capability.ended, () => webSocket.close(4001, "this address has ended"));
      webSocket.once("close", () => {
        held[Symbol.dispose]();
        listener[Symbol.dispose]();
      });
    });
  }

  /** Passes on text messages, so many a second; a page that sends more is not listened to meanwhile. */
  #limited(take: (text: string) => void): (data: unknown, isBinary: boolean) => void {
    const { clock } = this.#options;
    const taken: number[] = [];
    return (data, isBinary) => {
      const now = clock.monotonic();
      while (taken.length > 0 && now - taken[0]! >= 1_000) taken.shift();
      if (isBinary || taken.length >= ACTIONS_A_SECOND) return;
      taken.push(now);
      take(String(data));
    };
  }
}

function send(socket: WebSocket, text: string): void {
  if (socket.bufferedAmount > MAX_WAITING) socket.close(1008, "too much waits for this page");
  else socket.send(text);
}

function makeRoom<T>(open: Set<T>, socketOf: (each: T) => WebSocket): void {
  if (open.size < MAX_OPEN) return;
  const oldest = open.values().next().value!;
  open.delete(oldest);
  socketOf(oldest).close(1013, "too many pages are open");
}
