// The frame that shows the canvas. It is sandboxed, so it is known by its window and not by its origin, and all that it says
// is the word of a page that an agent wrote.

import { isRecord } from "@moltbot/protocol";

/** The most that one action may be, in characters of JSON, and how many are taken in a second. */
const MOST_CHARACTERS = 16_000;
const MOST_A_SECOND = 5;

/** Receives the messages of the frame. */
export interface FrameListener {
  /** The A2UI page is there and shows nothing yet. */
  ready(): void;
  /** A person has pressed something. */
  pressed(action: Readonly<Record<string, unknown>>): void;
}

/** Talks with the page in a frame until it is disposed. */
export class FrameTalk implements Disposable {
  readonly #frame: HTMLIFrameElement;
  readonly #listener: FrameListener;
  readonly #hear = (event: MessageEvent) => this.#onMessage(event);
  readonly #takenAt: number[] = [];

  constructor(frame: HTMLIFrameElement, listener: FrameListener) {
    this.#frame = frame;
    this.#listener = listener;
    addEventListener("message", this.#hear);
  }

  /** Draws a screen in the place of the one that is there. */
  show(messages: readonly unknown[]): void {
    this.#say({ type: "a2ui.surface", id: "screen", messages });
  }

  /** Tells what became of a press. */
  tell(id: unknown, error?: string): void {
    this.#say({ type: "a2ui.action-status", id, ok: error === undefined, ...(error !== undefined && { error }) });
  }

  [Symbol.dispose](): void {
    removeEventListener("message", this.#hear);
  }

  /** A sandboxed page has no origin that could be named; which pages the frame may load, the page's policy says. */
  #say(message: unknown): void {
    this.#frame.contentWindow?.postMessage(message, "*");
  }

  #onMessage({ source, data }: MessageEvent): void {
    if (source === null || source !== this.#frame.contentWindow || !isRecord(data)) return;
    if (data.type === "a2ui.ready") return this.#listener.ready();
    if (isRecord(data.userAction)) this.#onAction(data.userAction);
  }

  #onAction(action: Readonly<Record<string, unknown>>): void {
    const now = Date.now();
    while (this.#takenAt[0] !== undefined && this.#takenAt[0] <= now - 1_000) this.#takenAt.shift();
    if (this.#takenAt.length >= MOST_A_SECOND) return;
    this.#takenAt.push(now);
    if (JSON.stringify(action).length > MOST_CHARACTERS) return this.tell(action.id, "it is too long");
    this.#listener.pressed(action);
  }
}
