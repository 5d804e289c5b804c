// Where the page is: at the conversation or a page beside it. Every place has an address, and the browser's back button leads
// to the one before.

import { newId } from "../ids.ts";
import type { View } from "../view.ts";
import { addressOfPage, addressOfSession, type Place, placeOf } from "./address.ts";
import type { Connection } from "./connection.ts";
import type { CurrentConversation } from "./current-conversation.ts";
import type { PageState } from "./page-state.ts";

/** The way through one page. */
export class Navigation {
  readonly #page: PageState;
  readonly #connection: Connection;
  readonly #conversation: CurrentConversation;
  readonly #views: readonly View[];

  constructor(page: PageState, connection: Connection, conversation: CurrentConversation, views: readonly View[]) {
    this.#page = page;
    this.#connection = connection;
    this.#conversation = conversation;
    this.#views = views;
  }

  /** Begins at the place that the address names, and follows it from here on. */
  start(): void {
    addEventListener("popstate", () => this.#goTo(this.#placeInAddress()));
    const { view, rest = "", sessionKey = "" } = this.#placeInAddress();
    this.#page.set({ view, rest, sessionKey });
  }

  /** Shows the conversation or a page beside it. */
  show(view: string, rest = ""): void {
    if (view === this.#page.now.view && rest === this.#page.now.rest) return;
    this.#page.set({ view, rest });
    this.#writeAddress();
  }

  /** Opens a session and loads its history. */
  openSession(sessionKey: string): void {
    if (sessionKey === this.#page.now.sessionKey && this.#page.now.view === "chat") return;
    if (sessionKey !== this.#page.now.sessionKey) this.#conversation.enter(sessionKey);
    this.#page.set({ view: "chat", rest: "" });
    this.#writeAddress();
  }

  /** Opens a conversation at one of its messages. */
  jumpTo(sessionKey: string, messageId: string): Promise<void> {
    this.openSession(this.#connection.canonical(sessionKey));
    return this.#conversation.bring(messageId);
  }

  /** Opens a session that exists from its first message on, with the usual agent or another. */
  newSession(agentId = this.#connection.defaults?.defaultAgentId ?? "main"): void {
    this.openSession(`agent:${agentId}:chat-${newId().slice(0, 8)}`);
    this.#page.set({ history: [] });
  }

  /** A place that names no conversation leads back to the one that was there. */
  #placeInAddress(): Place {
    const ids = this.#views.map(({ id }) => id);
    const place = placeOf(location.hash, ids);
    if (place.sessionKey !== undefined || place.view !== "chat") return place;
    const sessionKey = history.state?.sessionKey;
    return { ...place, sessionKey: typeof sessionKey === "string" ? sessionKey : undefined };
  }

  /** Back and forward lead here, and a link inside the page. */
  #goTo({ view, rest = "", sessionKey }: Place): void {
    if (sessionKey !== undefined && this.#connection.isConnected && !this.#connection.isOpen(sessionKey))
      this.#conversation.enter(this.#connection.canonical(sessionKey));
    this.#page.set({ view, rest });
  }

  #writeAddress(): void {
    const { view, rest, sessionKey } = this.#page.now;
    const hash = view === "chat" ? addressOfSession(sessionKey) : addressOfPage(view, rest);
    if (location.hash !== hash) history.pushState({ sessionKey }, "", hash);
  }
}
