// What agents show beside the open conversation: whether there is something, which page it is, and whether it is on the
// screen. The panel that shows it is loaded when it is first wanted.

import type { CanvasChangedEvent, GatewayClient } from "@moltbot/protocol";
import type { PageHost } from "../view.ts";
import { recall, remember } from "../visit/storage.ts";
import { t } from "../words/t.ts";

/** Everything about the canvas of the open conversation. */
export interface CanvasState {
  /** Whether there is something to see. */
  readonly hasContent: boolean;
  readonly isOpen: boolean;
  /** The page that is shown, relative to the canvas's folder; the screen when there is none. */
  readonly path: string | undefined;
  /** Grows with every change: what is shown is old then. */
  readonly changes: number;
}

/** Before anything is known. */
export const NO_CANVAS: CanvasState = { hasContent: false, isOpen: false, path: undefined, changes: 0 };

/** What the canvas needs of the shell. */
export interface CanvasHost extends PageHost {
  /** Whether a conversation is the open one, however its key is spelled. */
  isHere(sessionKey: string): boolean;
  notify(notice: string): void;
}

/** The name under which the browser keeps for which conversation the panel is open. */
const OPEN_FOR = "canvas";
/** Entries that are looked through for what is there. */
const LOOKED_AT = 20;

/** The canvas of one page. */
export class Canvas {
  #state: CanvasState = NO_CANVAS;
  readonly #host: CanvasHost;

  constructor(host: CanvasHost) {
    this.#host = host;
  }

  get state(): CanvasState {
    return this.#state;
  }

  /** Whether what people press reaches the agent. */
  get mayPress(): boolean {
    return this.#host.may("write") && this.#host.offers("canvas.act");
  }

  get host(): CanvasHost {
    return this.#host;
  }

  listen(client: GatewayClient): void {
    client.on("canvas.changed", (event) => this.#onChanged(event));
  }

  /** Another conversation is open. */
  enter(): void {
    this.#set({ ...NO_CANVAS, changes: this.#state.changes + 1 });
    void this.refresh();
  }

  /** Looks what is there; called whenever events may have been missed. */
  async refresh(): Promise<void> {
    if (!this.#host.offers("canvas.history")) return this.#set({ hasContent: false, isOpen: false });
    const sessionKey = this.#host.sessionKey();
    const answer = await this.#host.ask("canvas.history", { sessionKey, limit: LOOKED_AT });
    if (answer === undefined || sessionKey !== this.#host.sessionKey()) return;
    const last = answer.entries.findLast(({ kind, path }) => kind === "push" || kind === "base" || isPage(path));
    const hasContent = last !== undefined;
    const isOpen = hasContent && recall(OPEN_FOR) === sessionKey;
    this.#set({ hasContent, path: this.#state.path ?? last?.path, changes: this.#state.changes + 1 });
    if (isOpen && !this.#state.isOpen) this.#open();
  }

  /** A person opens or closes the panel. */
  toggle(isOpen: boolean): void {
    remember(OPEN_FOR, isOpen ? this.#host.sessionKey() : undefined);
    if (isOpen) this.#open();
    else this.#set({ isOpen: false });
  }

  /** Shows a page, or the screen. */
  choose(path: string | undefined): void {
    this.#set({ path });
  }

  #onChanged({ sessionKey, kind, path }: CanvasChangedEvent): void {
    if (!this.#host.isHere(sessionKey)) return;
    const changes = this.#state.changes + 1;
    if (kind === "hide") return this.#set({ isOpen: false, changes });
    if (kind === "edit") {
      // A change of a page that is on the screen loads it anew by itself.
      const isFirst = !this.#state.hasContent && isPage(path);
      return this.#set({ changes, ...(isFirst && { hasContent: true, path }) });
    }
    const shows = kind === "push" || kind === "present";
    this.#set({ changes, ...(shows && { hasContent: true, path }) });
    // Where the panel covers the conversation, a person opens it.
    if (shows && !coversConversation()) this.#open();
  }

  #open(): void {
    this.#set({ isOpen: true });
    import("./panel.ts").catch(() => {
      this.#set({ isOpen: false });
      this.#host.notify(t("The canvas could not be loaded. Reload the page to get it from the gateway as it is now."));
    });
  }

  #set(change: Partial<CanvasState>): void {
    this.#state = { ...this.#state, ...change };
    this.#host.onChange();
  }
}

/** Whether a file of the canvas is a page to look at. */
export function isPage(path: string | undefined): boolean {
  return path !== undefined && /\.html?$/i.test(path);
}

/** Whether the panel covers the conversation: there is no room for both. The style sheet has the width, too. */
export function coversConversation(): boolean {
  return matchMedia("(max-width: 1100px)").matches;
}
