// The sessions: find, open, begin, rename, delete; and the way out. On a phone it slides over the conversation.

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { PageElement } from "../chat/element.ts";
import {
  bellIcon,
  bellOffIcon,
  chevronIcon,
  claws,
  closeIcon,
  exitIcon,
  globeIcon,
  plusIcon,
  searchIcon,
} from "../chat/icons.ts";
import type { Session } from "../conversation/sessions.ts";
import { FlowInView, type RowInFlow } from "../kit/flow-in-view.ts";
import type { State } from "../store/state.ts";
import type { Store } from "../store/store.ts";
import { t } from "../words/t.ts";
import { pageLinks } from "./page-links.ts";
import { foundMessages } from "./search-results.ts";
import { type Entry, listed } from "./session-groups.ts";
import { type RowPlace, sessionRow } from "./session-row.ts";
import "./usage.ts";

/** What the gateway is asked for at a time, and so the most that the list can show. */
const MOST = 500;
/** How high a heading and a conversation are about, in pixels. */
const HEADING_PX = 36;
const ROW_PX = 60;

/** `<moltbot-sidebar>`: fires `chosen` when a session was opened, `dismissed` when it should go away. */
export class SidebarElement extends PageElement {
  static override properties = { state: { attribute: false }, store: { attribute: false }, words: { state: true } };
  declare state: State;
  declare store: Store;
  declare words: string;
  #entries: readonly Entry[] = [];
  #entriesOf: readonly unknown[] = [];
  #found = 0;
  readonly #inView = new FlowInView(this, {
    body: () => this.querySelector(".sessions"),
    keys: () => this.#entries.map(({ key }) => key),
    guessPx: (index) => (this.#entries[index]?.heading === undefined ? ROW_PX : HEADING_PX),
  });

  constructor() {
    super();
    this.words = "";
  }

  /** What is listed is put in order only when it, or what is looked for, has changed: the page is drawn with every word of a reply. */
  protected override willUpdate(): void {
    const { sessions, sessionKey, mainKey, leaving } = this.state;
    const of = [sessions, sessionKey, mainKey, leaving, this.words];
    if (of.every((each, at) => each === this.#entriesOf[at])) return;
    this.#entriesOf = of;
    ({ entries: this.#entries, found: this.#found } = listed(this.state, this.words));
  }

  protected override render(): TemplateResult {
    const isSearch = this.words.trim() !== "";
    const views = this.store.views.filter(({ scope, isListed = true }) => isListed && this.store.may(scope));
    return html`<div class="sidebar-head">
        <span class="brand">${claws} Moltbot</span>
        <button type="button" class="icon-button only-narrow" aria-label="Close the list" @click=${() => this.#fire("dismissed")}>
          ${closeIcon}
        </button>
      </div>
      ${this.store.may("write") ? html`<button type="button" class="new-session" @click=${() => this.#begin()}>${plusIcon} New conversation</button>` : nothing}
      ${this.#otherAgents()}
      <label class="search">
        ${searchIcon}<span class="visually-hidden">Search conversations</span>
        <input type="search" placeholder="Search" .value=${this.words} @input=${this.#onSearch} />
      </label>
      <h2 id="sessions-title">Conversations</h2>
      <ul class="sessions" aria-labelledby="sessions-title">
        ${repeat(
          this.#inView.rows(),
          ({ key }) => key,
          (row) => this.#entry(row),
        )}
        ${isSearch ? this.#messages() : nothing} ${this.#others()} ${isSearch ? nothing : this.#archive()}
      </ul>
      ${pageLinks(views, this.state, { show: (id) => this.#show(id), onFold: () => this.requestUpdate() })}
      <div class="sidebar-foot">
        <moltbot-usage .state=${this.state} .store=${this.store}></moltbot-usage>
        ${this.#callsButton()}
        <button type="button" class="icon-button" aria-label="Language" title="Language" aria-haspopup="menu" @click=${this.#onLanguage}>
          ${globeIcon}
        </button>
        <button type="button" class="icon-button" aria-label="Sign out" title="Sign out" @click=${() => this.store.signOut()}>
          ${exitIcon}
        </button>
      </div>
      <p class="visually-hidden" role="status">${isSearch ? t("{0} conversations, {1} messages found", this.#found, this.state.search.matches.length) : ""}</p>`;
  }

  /** Notifications with a sound, for replies and approvals while the page is not in view. */
  #callsButton(): TemplateResult | typeof nothing {
    const { calls } = this.state;
    if (calls === "unavailable") return nothing;
    const isOn = calls === "on";
    const words =
      calls === "refused"
        ? t("The browser refuses notifications of this page; its settings allow them")
        : t("Notify me of replies and approvals");
    return html`<button
      type="button"
      class="icon-button"
      aria-label=${words}
      title=${words}
      aria-pressed=${isOn ? "true" : "false"}
      ?disabled=${calls === "refused"}
      @click=${() => this.store.notifications.switchTo(!isOn)}
    >
      ${isOn ? bellIcon : bellOffIcon}
    </button>`;
  }

  async #onLanguage({ currentTarget }: Event): Promise<void> {
    try {
      const { openLanguages } = await import("../words/chooser.ts");
      openLanguages(currentTarget as HTMLElement, (problem) => this.store.notify(problem));
    } catch {
      this.store.notify(t("That could not be loaded. Reload the page to get it from the gateway as it is now."));
    }
  }

  /** A line of the list, with the height of the lines that are not drawn. */
  #entry({ index, key, beforePx, afterPx }: RowInFlow): TemplateResult {
    const { heading, session } = this.#entries[index] as Entry;
    const room = beforePx + afterPx === 0 ? "" : `margin-block: ${beforePx}px ${afterPx}px`;
    if (session !== undefined) return this.#row(session, { rowKey: key, room });
    return html`<li class="period" data-row=${key} .style=${room}><h3>${heading}</h3></li>`;
  }

  /** Behind the conversations: messages by their words. */
  #messages(): TemplateResult | typeof nothing {
    return foundMessages(this.state, ({ sessionKey, messageId }) => {
      void this.store.navigation.jumpTo(sessionKey, messageId);
      this.#fire("chosen");
    });
  }

  /** The list holds the newest; a page has all. */
  #others(): TemplateResult | typeof nothing {
    if (this.state.sessions.length < MOST || !this.store.views.some(({ id }) => id === "sessions")) return nothing;
    return html`<li>
      <button type="button" class="session" @click=${() => this.#show("sessions")}>All conversations…</button>
    </li>`;
  }

  /** The conversations that were put away, folded. */
  #archive(): TemplateResult | typeof nothing {
    if (!this.store.sessions.canPutAway) return nothing;
    const { archived } = this.state;
    return html`<li class="archive">
      <details @toggle=${(event: Event) => (event.target as HTMLDetailsElement).open && void this.store.sessions.loadArchived()}>
        <summary>${chevronIcon}<span>Archived conversations</span></summary>
        <ul aria-label="Archived conversations">${archived?.map((session) => this.#row(session, {}))}</ul>
        ${archived?.length === 0 ? html`<p class="meta">None.</p>` : nothing}
      </details>
    </li>`;
  }

  /** The agents that a conversation can be begun with, where there are several. */
  #otherAgents(): TemplateResult | typeof nothing {
    const { agents } = this.state;
    if (agents.length < 2 || !this.store.may("write")) return nothing;
    return html`<details class="begin-with">
      <summary>${chevronIcon}<span>with another agent</span></summary>
      <ul>
        ${agents.map(
          ({ id, name, emoji = "" }) => html`<li>
            <button type="button" class="nav-entry" @click=${() => this.#begin(id)}>
              <span class="emoji" aria-hidden="true">${emoji || name.slice(0, 1)}</span><span class="words"><span class="visually-hidden">New conversation with </span>${name}</span>
            </button>
          </li>`,
        )}
      </ul>
    </details>`;
  }

  #row(session: Session, place: RowPlace): TemplateResult {
    return sessionRow(this.store, session, place, (key) => this.#open(key));
  }

  #show(view: string): void {
    this.store.navigation.show(view);
    this.#fire("chosen");
  }

  #begin(agentId?: string): void {
    this.querySelector<HTMLDetailsElement>(".begin-with")?.removeAttribute("open");
    this.store.navigation.newSession(agentId);
    this.#fire("chosen");
  }

  #open(key: string): void {
    this.store.navigation.openSession(key);
    this.#fire("chosen");
  }

  #onSearch(event: Event): void {
    this.words = (event.target as HTMLInputElement).value;
    this.store.search.type(this.words);
  }

  #fire(name: string): void {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true }));
  }
}

customElements.define("moltbot-sidebar", SidebarElement);
