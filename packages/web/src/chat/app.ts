// The whole page: picks the screen, lays out the chat, and moves focus between its parts.

import { html, nothing, type TemplateResult } from "lit";
import { coversConversation } from "../canvas/canvas.ts";
import { titleOf } from "../conversation/sessions.ts";
import { holdKeys } from "../kit/held-keys.ts";
import type { Approval } from "../store/approvals.ts";
import type { Store } from "../store/store.ts";
import { t } from "../words/t.ts";
import { banners } from "./banners.ts";
import type { ComposerElement } from "./composer.ts";
import { PageElement } from "./element.ts";
import { claws } from "./icons.ts";
import type { ThreadElement } from "./thread.ts";
import "./composer.ts";
import "./dialog.ts";
import "./menu.ts";
import "./page.ts";
import "../sidebar/sidebar.ts";
import "./thread.ts";
import "./topbar.ts";

/** `<moltbot-app>`: shows `store`. */
export class AppElement extends PageElement {
  static override properties = { store: { attribute: false }, menuOpen: { state: true }, dragging: { state: true } };
  declare store: Store;
  declare menuOpen: boolean;
  declare dragging: boolean;
  #unsubscribe: () => void = () => {};
  /** Whether the conversation was shown. A visit that begins on another page does not wait for it. */
  #hasShownChat = false;

  readonly #onKey = (event: KeyboardEvent) => {
    if (this.store.state.screen.kind !== "chat") return;
    const isPalette =
      (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k";
    const isTyping = (event.target as Element).closest("input, textarea, select, [contenteditable]") !== null;
    if (!isPalette && (isTyping || event.key !== "?" || event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    void this.#openPalette(isPalette);
  };

  constructor() {
    super();
    this.menuOpen = false;
    this.dragging = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#unsubscribe = this.store.subscribe(() => this.requestUpdate());
    this.addEventListener("keydown", (event) => event.key === "Escape" && this.#closeMenu());
    addEventListener("keydown", this.#onKey);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unsubscribe();
    removeEventListener("keydown", this.#onKey);
  }

  protected override render(): TemplateResult {
    const { screen } = this.store.state;
    if (screen.kind === "starting") {
      return html`<main class="card-screen"><h1 class="visually-hidden">Moltbot</h1><p class="starting" role="status">${claws} Connecting…</p></main>`;
    }
    if (screen.kind !== "chat") void this.#loadSignIn();
    if (screen.kind === "signed-out") {
      return html`<moltbot-sign-in .store=${this.store} .problem=${screen.problem}></moltbot-sign-in>`;
    }
    if (screen.kind === "pairing") {
      return html`<moltbot-pairing .store=${this.store} .requestId=${screen.requestId}></moltbot-pairing>`;
    }
    return this.#chat();
  }

  /** A page in the background says in its tab that somebody is needed. */
  protected override updated(): void {
    const { length } = this.store.state.approvals;
    const { screen, view, sessions, sessionKey, mainKey } = this.store.state;
    const page = this.store.views.find(({ id }) => id === view)?.label;
    const place = page ?? sessions.find(({ key }) => key === sessionKey)?.title ?? titleOf(sessionKey, mainKey);
    const name = screen.kind === "chat" ? `${place} · Moltbot` : "Moltbot";
    document.title = length === 0 ? name : `(${length}) ${name}`;
  }

  /** Most visits are signed in: the screens before that are fetched when one is wanted. */
  async #loadSignIn(): Promise<void> {
    try {
      await import("./sign-in.ts");
    } catch {
      document.body.textContent = t("This page could not be loaded. Reload to get it from the gateway as it is now.");
    }
  }

  #chat(): TemplateResult {
    const { state } = this.store;
    const page = this.store.views.find(({ id }) => id === state.view);
    const isChat = page === undefined;
    const isCanvas = isChat && state.canvas.isOpen;
    this.#hasShownChat ||= isChat;
    return html`<a class="skip-link" href=${isChat ? "#message" : "#page-content"} @click=${this.#onSkip}>
        ${isChat ? t("Skip to the message field") : t("Skip to {0}", page.label)}
      </a>
      <div
        class="layout ${this.menuOpen ? "menu-open" : ""} ${isCanvas ? "with-canvas" : ""}"
        @chosen=${this.#onChosen}
        @dismissed=${this.#closeMenu}
        @menu=${this.#openMenu}
        @palette=${() => this.#openPalette(true)}
        @sent=${() => this.#thread?.follow()}
        @take-back=${(event: CustomEvent<string>) => this.#composer?.setText(event.detail)}
      >
        <nav class="sidebar" aria-label="Conversations" ?inert=${this.#isMenuHidden}>
          <moltbot-sidebar .store=${this.store} .state=${state}></moltbot-sidebar>
        </nav>
        <div class="scrim" @click=${this.#closeMenu}></div>
        <div class="chat" ?inert=${(this.menuOpen && isNarrow()) || (isCanvas && coversConversation())}>
          <header class="topbar-place">
            <moltbot-topbar .store=${this.store} .state=${state} .menuOpen=${this.menuOpen}></moltbot-topbar>
          </header>
          <main
            class=${this.dragging ? "dragging" : ""}
            data-drop=${t("Drop to attach")}
            @dragover=${this.#onDragOver}
            @dragleave=${this.#onDragLeave}
            @drop=${this.#onDrop}
          >
            ${banners(this.store, (approval) => this.#showApproval(approval))}
            ${
              this.#hasShownChat
                ? html`<moltbot-thread .store=${this.store} .state=${state} ?hidden=${!isChat}></moltbot-thread>
                  <moltbot-composer .store=${this.store} .state=${state} ?hidden=${!isChat}></moltbot-composer>`
                : nothing
            }
            ${
              page === undefined
                ? nothing
                : html`<moltbot-page id="page-content" .view=${page} .store=${this.store} .state=${state.pages[page.id]} .rest=${state.rest}></moltbot-page>`
            }
          </main>
        </div>
        ${
          isCanvas
            ? html`<moltbot-canvas .canvas=${this.store.canvas} .state=${state.canvas} .sessionKey=${state.sessionKey}></moltbot-canvas>`
            : nothing
        }
      </div>
      <p class="visually-hidden" role="status" aria-live="polite" id="announcer">${state.announcement}</p>
      <moltbot-dialog></moltbot-dialog>
      <moltbot-menu></moltbot-menu>`;
  }

  /** Opens the palette. The script is fetched at the first use; a script that an update took away needs a reload. */
  async #openPalette(isPalette: boolean): Promise<void> {
    const held = holdKeys();
    try {
      const { openPalette, openShortcuts } = await import("../palette/palette.ts");
      await (isPalette ? openPalette : openShortcuts)(this.store, held);
    } catch {
      held.release();
      this.store.notify(t("That could not be loaded. Reload the page to get it from the gateway as it is now."));
    }
  }

  #showApproval({ sessionKey }: Approval): void {
    if (sessionKey !== undefined) this.store.navigation.openSession(sessionKey);
    this.store.navigation.show("chat");
    this.#thread?.follow();
  }

  get #composer(): ComposerElement | null {
    return this.querySelector("moltbot-composer");
  }

  get #thread(): ThreadElement | null {
    return this.querySelector("moltbot-thread");
  }

  get #isMenuHidden(): boolean {
    return isNarrow() && !this.menuOpen;
  }

  async #openMenu(): Promise<void> {
    this.menuOpen = true;
    await this.updateComplete;
    this.querySelector<HTMLElement>(".sidebar button")?.focus();
  }

  async #closeMenu(): Promise<void> {
    if (!this.menuOpen) return;
    this.menuOpen = false;
    await this.updateComplete;
    this.querySelector<HTMLElement>(".topbar-place button")?.focus();
  }

  async #onChosen(): Promise<void> {
    this.menuOpen = false;
    await this.updateComplete;
    this.#toContent();
  }

  #onSkip(event: Event): void {
    event.preventDefault();
    this.#toContent();
  }

  /** Moves focus to the message field, or to what is in its place. */
  #toContent(): void {
    if (this.store.state.view === "chat") this.#composer?.focus();
    else this.querySelector<HTMLElement>("moltbot-page .scroller")?.focus();
  }

  #onDragOver(event: DragEvent): void {
    if (this.store.state.view !== "chat" || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.dragging = true;
  }

  #onDragLeave(event: DragEvent): void {
    if (!(event.currentTarget as Element).contains(event.relatedTarget as Node | null)) this.dragging = false;
  }

  #onDrop(event: DragEvent): void {
    this.dragging = false;
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    void this.#composer?.addFiles(files);
  }
}

customElements.define("moltbot-app", AppElement);

/** The width from which the session list has a place of its own; the style sheet has the same. */
function isNarrow(): boolean {
  return matchMedia("(max-width: 820px)").matches;
}
