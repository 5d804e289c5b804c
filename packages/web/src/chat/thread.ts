// The conversation: messages from old to new. Opens at the first one that was not read, else at the end. Follows a growing
// reply while its reader is at the end, and never else.

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Item } from "../conversation/items.ts";
import type { State } from "../store/state.ts";
import type { Store } from "../store/store.ts";
import { PageElement } from "./element.ts";
import { downIcon } from "./icons.ts";
import { beginningLine, dayLine, newLine } from "./lines.ts";
import { connectCard, welcome } from "./welcome.ts";
import "./approval.ts";
import "./compaction.ts";
import "./message.ts";

/** How far from the end still counts as reading along, in pixels. */
const NEAR_END_PX = 80;
/** How far from the first or last message that is there the next ones are fetched, in pixels. */
const FETCH_PX = 800;
/** What is kept free above the first message that was not read, in pixels. */
const NEW_MARGIN_PX = 12;

/** `<moltbot-thread>`: shows `state.items`. */
export class ThreadElement extends PageElement {
  static override properties = { state: { attribute: false }, store: { attribute: false }, away: { state: true } };
  declare state: State;
  declare store: Store;
  declare away: boolean;
  #followed = true;
  #shownSession = "";
  #shownNew: string | undefined;
  #seen: Extent = { top: 0, height: 0, room: 0 };
  /**
   * The element that the reader looks at, and its place on the screen. When something is added above it, the page scrolls so that
   * it stays in that place.
   */
  #anchor: { readonly element: Element; readonly top: number } | undefined;
  #targets = 0;

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
          ${isEmpty ? welcome(this.store) : nothing}
          ${repeat(
            items,
            ({ key }) => key,
            (item) => this.#item(item),
          )}
          ${connectCard(this.store)}
          ${repeat(
            approvals,
            ({ id }) => id,
            (approval) =>
              html`<moltbot-approval .approval=${approval} .state=${this.state} .store=${this.store}></moltbot-approval>`,
          )}
        </div>
      </div>
      ${
        this.away || this.state.hasNewer
          ? html`<button type="button" class="to-end icon-button" aria-label="Go to the latest message" @click=${() => this.#toLatest()}>
            ${downIcon}
          </button>`
          : nothing
      }`;
  }

  #item(item: Item): TemplateResult {
    switch (item.kind) {
      case "day":
        return dayLine(item.at);
      case "new":
        return newLine();
      case "beginning":
        return beginningLine(item);
      case "branch":
        return html`<moltbot-branch .branch=${item.branch} .store=${this.store}></moltbot-branch>`;
      case "compaction":
        return html`<moltbot-compaction .compaction=${item.compaction} .store=${this.store}></moltbot-compaction>`;
      default:
        return html`<moltbot-message data-key=${item.key} .item=${item} .store=${this.store}></moltbot-message>`;
    }
  }

  protected override willUpdate(): void {
    if (!this.#followed) this.#anchor ??= this.#topmost();
  }

  protected override updated(): void {
    if (this.#shownSession !== this.state.sessionKey) this.follow();
    this.#shownSession = this.state.sessionKey;
    if (this.#shownNew !== this.state.newFrom) void this.#toNew();
    this.#shownNew = this.state.newFrom;
    this.#toTarget();
    this.#settle();
    this.#fill();
    if (this.#followed) this.store.conversation.markRead();
  }

  protected override firstUpdated(): void {
    // A message renders itself after this element does, and a growing field takes room away: the sizes tell when.
    const observer = new ResizeObserver(() => this.#settle());
    for (const part of this.querySelectorAll(".scroller, .column")) observer.observe(part);
  }

  /** Shows the end and follows from there on, as after sending a message. */
  follow(): void {
    this.#anchor = undefined;
    this.#followed = true;
    this.away = false;
    this.#toEnd();
  }

  /** Shows the first message that was not read at the top; the end, when all of them can be seen together. */
  async #toNew(): Promise<void> {
    const element = this.querySelector(".line.new");
    if (element === null) return;
    this.#followed = false;
    const anchor = { element, top: (this.scroller?.getBoundingClientRect().top ?? 0) + NEW_MARGIN_PX };
    this.#anchor = anchor;
    this.#settle();
    // How much there is to see is known when every message has rendered itself.
    await Promise.all(
      [...this.querySelectorAll<PageElement>("moltbot-message")].map((message) => message.updateComplete),
    );
    if (this.#anchor !== anchor) return;
    this.#settle();
    if (!this.#isNearEnd) this.away = true;
    else this.follow();
  }

  /** Somebody wants to see one message. */
  #toTarget(): void {
    const { target } = this.state;
    if (target === undefined || target.count === this.#targets) return;
    const element = this.querySelector(`[data-key="${CSS.escape(target.key)}"]`);
    if (element === null) return;
    this.#targets = target.count;
    this.#followed = false;
    element.scrollIntoView({ block: "center" });
    this.#anchor = { element, top: element.getBoundingClientRect().top };
    element.classList.remove("found");
    requestAnimationFrame(() => element.classList.add("found"));
  }

  /** The end, or what the reader looks at, stays where it is, whatever changes its size. */
  #settle(): void {
    if (this.#followed) return this.#toEnd();
    const { scroller } = this;
    if (this.#anchor === undefined || scroller === null) return;
    const { element, top } = this.#anchor;
    if (element.isConnected) scroller.scrollTop += Math.round(element.getBoundingClientRect().top - top);
    this.#seen = this.#extent;
  }

  /** The first message that is in view. */
  #topmost(): { element: Element; top: number } | undefined {
    const edge = this.scroller?.getBoundingClientRect().top ?? 0;
    const element = [...this.querySelectorAll(".column > *")].find(
      (each) => each.getBoundingClientRect().bottom > edge,
    );
    return element && { element, top: element.getBoundingClientRect().top };
  }

  /** More is fetched before somebody comes to where nothing is. */
  #fill(): void {
    const { top, height, room } = this.#extent;
    if (this.state.hasOlder && top < FETCH_PX) void this.store.conversation.past.older();
    if (this.state.hasNewer && height - top - room < FETCH_PX) void this.store.conversation.past.newer();
  }

  /** The latest message: that of the conversation, also where a stretch of its past is shown. */
  #toLatest(): void {
    this.store.conversation.past.toNow();
    this.follow();
  }

  /**
   * Following stops when somebody scrolls up and goes on when they are back at the end. The place may also move up because
   * the conversation became shorter or its window taller: nobody did that.
   */
  #onScroll(): void {
    const seen = this.#seen;
    const now = this.#extent;
    if (this.#anchor !== undefined && now.top === seen.top) return this.#fill(); // brought there by us, and kept there
    this.#seen = now;
    const isNearEnd = this.#isNearEnd;
    const isPerson = now.top < seen.top && now.height >= seen.height && now.room <= seen.room;
    if (isPerson) this.#followed = false;
    else if (isNearEnd && !this.state.hasNewer) this.#followed = true;
    this.away = !isNearEnd && !this.#followed;
    if (this.#followed && !isNearEnd) this.#toEnd();
    this.#anchor = this.#followed ? undefined : this.#topmost();
    if (this.#followed) this.store.conversation.markRead();
    this.#fill();
  }

  #toEnd(): void {
    const { scroller } = this;
    if (scroller === null) return;
    scroller.scrollTop = scroller.scrollHeight;
    this.#seen = this.#extent;
  }

  get #isNearEnd(): boolean {
    const { top, height, room } = this.#extent;
    return height - top - room < NEAR_END_PX;
  }

  get scroller(): HTMLElement | null {
    return this.querySelector(".scroller");
  }

  get #extent(): Extent {
    const { scrollTop: top = 0, scrollHeight: height = 0, clientHeight: room = 0 } = this.scroller ?? {};
    return { top, height, room };
  }
}

/** Where a scrolling window is, how long its content is, and how much of it is shown, in pixels. */
interface Extent {
  readonly top: number;
  readonly height: number;
  readonly room: number;
}

customElements.define("moltbot-thread", ThreadElement);
