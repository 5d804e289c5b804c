// The conversation: messages from old to new. Follows a growing reply while its reader is at the end, and never else.

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { State } from "../state.ts";
import type { Store } from "../store.ts";
import { PageElement } from "./element.ts";
import { claws, downIcon } from "./icons.ts";
import "./approval.ts";
import "./compaction.ts";
import "./message.ts";

/** How far from the end still counts as reading along, in pixels. */
const NEAR_END_PX = 80;

/** What a newcomer can click; each sends its text. */
const STARTERS = [
  { title: "What can you do?", text: "/help" },
  { title: "How is the gateway?", text: "/status" },
  { title: "Connect a model", text: "/model" },
  { title: "What time is it?", text: "/time" },
] as const;

/** `<moltbot-thread>`: shows `state.items`. */
export class ThreadElement extends PageElement {
  static override properties = { state: { attribute: false }, store: { attribute: false }, away: { state: true } };
  declare state: State;
  declare store: Store;
  declare away: boolean;
  #followed = true;
  #shownSession = "";

  constructor() {
    super();
    this.away = false;
  }

  protected override render(): TemplateResult {
    const { items, history, link } = this.state;
    const isLoading = history === undefined && items.length === 0 && link.kind === "connected";
    const approvals = this.state.approvals.filter(({ sessionKey }) => this.store.isHere(sessionKey));
    const isEmpty = items.length === 0 && approvals.length === 0 && history !== undefined;
    return html`<div
        class="scroller"
        tabindex="0"
        role="region"
        aria-label="Conversation"
        @scroll=${this.#onScroll}
      >
        <div class="column">
          ${isLoading ? html`<p class="meta loading" role="status">Loading the conversation…</p>` : nothing}
          ${isEmpty ? this.#welcome() : nothing}
          ${repeat(
            items,
            ({ key }) => key,
            (item) =>
              item.kind === "compaction"
                ? html`<moltbot-compaction .compaction=${item.compaction} .store=${this.store}></moltbot-compaction>`
                : html`<moltbot-message .item=${item} .store=${this.store}></moltbot-message>`,
          )}
          ${repeat(
            approvals,
            ({ id }) => id,
            (approval) =>
              html`<moltbot-approval .approval=${approval} .state=${this.state} .store=${this.store}></moltbot-approval>`,
          )}
        </div>
      </div>
      ${
        this.away
          ? html`<button type="button" class="to-end icon-button" aria-label="Go to the latest message" @click=${() => this.#toEnd()}>
            ${downIcon}
          </button>`
          : nothing
      }`;
  }

  protected override updated(): void {
    if (this.#shownSession !== this.state.sessionKey) this.#followed = true;
    this.#shownSession = this.state.sessionKey;
    if (this.#followed) this.#toEnd();
  }

  protected override firstUpdated(): void {
    // A message renders itself after this element does, and a growing field takes room away: the sizes tell when.
    const observer = new ResizeObserver(() => this.#followed && this.#toEnd());
    for (const part of this.querySelectorAll(".scroller, .column")) observer.observe(part);
  }

  /** Shows the end and follows from there on, as after sending a message. */
  follow(): void {
    this.#followed = true;
    this.#toEnd();
  }

  #welcome(): TemplateResult {
    return html`<div class="welcome">
      ${claws}
      <h2>How can I help?</h2>
      <p>Write a message below, or begin with one of these.</p>
      <div class="starters">
        ${STARTERS.map(
          ({ title, text }) =>
            html`<button type="button" @click=${() => this.store.send(text)}>
              <strong>${title}</strong><span>${text}</span>
            </button>`,
        )}
      </div>
    </div>`;
  }

  #onScroll(): void {
    const scroller = this.querySelector(".scroller");
    if (scroller === null) return;
    const distance = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    this.#followed = distance < NEAR_END_PX;
    this.away = !this.#followed;
  }

  #toEnd(): void {
    const scroller = this.querySelector(".scroller");
    if (scroller !== null) scroller.scrollTop = scroller.scrollHeight;
  }
}

customElements.define("moltbot-thread", ThreadElement);
