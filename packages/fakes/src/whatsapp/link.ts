/** One client's connection: the handshake, then binary XML in both directions, one stanza at a time. */
import { type BinaryNode, decodeBinaryNode, encodeBinaryNode, type proto } from "@whiskeysockets/baileys";
import type { WebSocket } from "ws";
import { NoiseResponder, type ServerIdentity } from "./noise.ts";

/** What a link tells the server. */
export interface LinkEvents {
  /** The handshake is over. */
  opened(link: Link, payload: proto.IClientPayload): void;
  stanza(link: Link, node: BinaryNode): Promise<void> | void;
  closed(link: Link): void;
}

export class Link {
  /** The client's static Noise key; set when the handshake is over. */
  clientKey: Buffer = Buffer.alloc(0);
  readonly #socket: WebSocket;
  readonly #noise: NoiseResponder;
  readonly #events: LinkEvents;
  #step: "hello" | "finish" | "open" = "hello";
  #work = Promise.resolve();

  constructor(socket: WebSocket, identity: ServerIdentity, events: LinkEvents) {
    this.#socket = socket;
    this.#noise = new NoiseResponder(identity);
    this.#events = events;
    socket.on("message", (data: Buffer) => this.#read(data));
    socket.on("close", () => events.closed(this));
    socket.on("error", () => socket.terminate());
  }

  get isOpen(): boolean {
    return this.#step === "open" && this.#socket.readyState === this.#socket.OPEN;
  }

  send(node: BinaryNode): void {
    if (this.isOpen) this.#socket.send(this.#noise.seal(encodeBinaryNode(node)));
  }

  /** Ends it after what was sent has left. */
  close(): void {
    this.#socket.close();
  }

  /** Ends it in the middle of a frame. */
  cut(): void {
    const whole = this.isOpen ? this.#noise.seal(encodeBinaryNode({ tag: "ib", attrs: {} })) : Buffer.alloc(8);
    this.#socket.send(whole.subarray(0, whole.length - 3), () => this.#socket.terminate());
  }

  /** Ends it without a word. */
  terminate(): void {
    this.#socket.terminate();
  }

  #read(data: Buffer): void {
    for (const frame of this.#noise.frames(data)) {
      this.#work = this.#work
        .then(() => this.#take(frame))
        .catch((error: unknown) => {
          // A client that breaks the protocol is cut off, as the real service does.
          process.emitWarning(`the fake WhatsApp closes a link: ${error instanceof Error ? error.stack : error}`);
          this.#socket.terminate();
        });
    }
  }

  async #take(frame: Buffer): Promise<void> {
    switch (this.#step) {
      case "hello":
        this.#step = "finish";
        return this.#socket.send(this.#noise.hello(frame));
      case "finish": {
        const { clientKey, payload } = this.#noise.finish(frame);
        this.clientKey = clientKey;
        this.#step = "open";
        return this.#events.opened(this, payload);
      }
      case "open":
        return this.#events.stanza(this, await decodeBinaryNode(this.#noise.open(frame)));
    }
  }
}
