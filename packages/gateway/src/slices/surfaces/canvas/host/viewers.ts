/** Pages that are open: those that load again when files change, and those that draw a conversation's screen. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { ignore } from "../../../../base/errors.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import { onAbort } from "../../../../base/time/deadline.ts";
import { pressLimit, TOO_MANY } from "../screens/press-limit.ts";
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
  /**
   * Takes what a page sent when a button was pressed, which is not checked yet, and returns what the page is told. `refusal` is
   * why it is not taken.
   */
  acted(sessionKey: string, text: string, refusal: string | undefined): unknown;
}

interface Viewer {
  readonly socket: WebSocket;
  readonly sessionKey: string;
  /** What is to be told once the viewer has its screen; undefined afterwards. */
  waiting: ScreenMessage[] | undefined;
}

interface ScreenMessage {
  readonly text: string;
  /** The entry of the log that it tells of, when it changes the screen. */
  readonly seq: number | undefined;
}

/** Source: the limits of messages from pages. */
const MAX_MESSAGE_BYTES = 16 * 1024;
const LOOK_ONLY = "this address is for looking; open the one that `moltbot canvas open` prints";
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
      const { acted } = this.#options;
      const mayAct = opening.capability?.holder.mayAct ?? false;
      const isInTime = pressLimit(this.#options.clock);
      socket.on("message", (data) => {
        const why = !mayAct ? LOOK_ONLY : isInTime() ? undefined : TOO_MANY;
        tell(viewer, { text: JSON.stringify(acted(sessionKey, String(data), why)), seq: undefined });
      });
      void this.#show(viewer);
    });
  }

  /** Has every page load again. */
  reload(): void {
    for (const socket of this.#reloading) socket.send("reload");
  }

  /** Tells the pages that draw a conversation's screen of a change; `seq` is its entry in the log. */
  tell(sessionKey: string, change: unknown, seq?: number): void {
    const told = { text: JSON.stringify(change), seq };
    for (const viewer of this.#viewers) if (viewer.sessionKey === sessionKey) tell(viewer, told);
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
      const { messages, seq } = await this.#options.screen(viewer.sessionKey);
      const later = (viewer.waiting ?? []).filter((told) => told.seq === undefined || told.seq > seq);
      viewer.waiting = undefined;
      // It stands for all that was drawn before: the page changes what is other, so that what a person writes there stays.
      send(viewer.socket, JSON.stringify({ type: "surface", messages }));
      for (const told of later) tell(viewer, told);
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
}

function tell({ socket, waiting }: Viewer, told: ScreenMessage): void {
  if (waiting) waiting.push(told);
  else send(socket, told.text);
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
