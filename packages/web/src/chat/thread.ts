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
  #seen: Extent = { top: 0, height: 0, room: 0 };

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
          ? html`<button type="button" class="to-end icon-button" aria-label="Go to the latest message" @click=${() => this.follow()}>
            ${downIcon}
          </button>`
          : nothing
      }`;
  }

  protected override updated(): void {
    if (this.#shownSession !== this.state.sessionKey) this.follow();
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
    this.away = false;
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

  /**
   * Following stops when somebody scrolls up and goes on when they are back at the end. The place may also move up because
   * the conversation became shorter or its window taller: nobody did that.
   */
  #onScroll(): void {
    const seen = this.#seen;
    const now = this.#extent;
    this.#seen = now;
    const isNearEnd = now.height - now.top - now.room < NEAR_END_PX;
    const isPerson = now.top < seen.top && now.height >= seen.height && now.room <= seen.room;
    if (isPerson) this.#followed = false;
    else if (isNearEnd) this.#followed = true;
    this.away = !isNearEnd && !this.#followed;
    if (this.#followed && !isNearEnd) this.#toEnd();
  }

  #toEnd(): void {
    const { scroller } = this;
    if (scroller === null) return;
    scroller.scrollTop = scroller.scrollHeight;
    this.#seen = this.#extent;
  }

  get scroller(): HTMLElement | null {
    return this.querySelector(".scroller");
  }

  get #extent(): Extent {
    const { scrollTop: top = 0, scrollHeight: height = 0, clientHeight: room = 0 } = this.scroller ?? {};
    return { top, height, room };
  }
}

/** Where a scrolling window stands, how long its content is, and how much of it is shown, in pixels. */
interface Extent {
  readonly top: number;
  readonly height: number;
  readonly room: number;
}

customElements.define("moltbot-thread", ThreadElement);
