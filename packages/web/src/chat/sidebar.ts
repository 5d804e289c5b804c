// The sessions: find, open, begin, rename, delete; and the way out. On a phone it slides over the conversation.

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { agentOf } from "../agents.ts";
import { rowFor, type Session, searchSessions } from "../sessions.ts";
import type { State } from "../state.ts";
import type { Store } from "../store.ts";
import { shortAge } from "../time.ts";
import type { Mark, View } from "../view.ts";
import { ask } from "./dialog.ts";
import { PageElement } from "./element.ts";
import { chevronIcon, claws, closeIcon, exitIcon, pencilIcon, plusIcon, searchIcon, trashIcon } from "./icons.ts";
import "./usage.ts";

/** `<moltbot-sidebar>`: fires `chosen` when a session was opened, `dismissed` when it should go away. */
export class SidebarElement extends PageElement {
  static override properties = { state: { attribute: false }, store: { attribute: false }, words: { state: true } };
  declare state: State;
  declare store: Store;
  declare words: string;

  constructor() {
    super();
    this.words = "";
  }

  protected override render(): TemplateResult {
    const found = searchSessions(this.#rows(), this.words);
    return html`<div class="sidebar-head">
        <span class="brand">${claws} Moltbot</span>
        <button type="button" class="icon-button only-narrow" aria-label="Close the list" @click=${() => this.#fire("dismissed")}>
          ${closeIcon}
        </button>
      </div>
      <button type="button" class="new-session" @click=${() => this.#begin()}>${plusIcon} New conversation</button>
      ${this.#otherAgents()}
      ${this.store.views.filter(({ scope }) => this.store.may(scope)).map((view) => this.#entry(view))}
      <label class="search">
        ${searchIcon}<span class="visually-hidden">Search conversations</span>
        <input type="search" placeholder="Search" .value=${this.words} @input=${this.#onSearch} />
      </label>
      <h2 id="sessions-title">Conversations</h2>
      <ul class="sessions" aria-labelledby="sessions-title">
        ${repeat(
          found,
          ({ key }) => key,
          (session) => this.#row(session),
        )}
      </ul>
      ${found.length === 0 ? html`<p class="meta">Nothing found. Try fewer letters.</p>` : nothing}
      <div class="sidebar-foot">
        <moltbot-usage .state=${this.state} .store=${this.store}></moltbot-usage>
        <button type="button" class="icon-button" aria-label="Sign out" title="Sign out" @click=${() => this.store.signOut()}>
          ${exitIcon}
        </button>
      </div>
      <p class="visually-hidden" role="status">${this.words === "" ? "" : `${found.length} found`}</p>`;
  }

  /** The agents that a conversation can be begun with, where there are several. */
  #otherAgents(): TemplateResult | typeof nothing {
    const { agents } = this.state;
    if (agents.length < 2) return nothing;
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

  /** The way to a page, with what is to be done there. */
  #entry({ id, label, icon, badge }: View): TemplateResult {
    const marks = badge?.(this.state.pages[id]) ?? [];
    return html`<button
      type="button"
      class="nav-entry"
      aria-current=${this.state.view === id ? "page" : nothing}
      @click=${() => {
        this.store.show(id);
        this.#fire("chosen");
      }}
    >
      ${icon}<span class="words">${label}</span> ${marks.map(markOf)}
    </button>`;
  }

  /** The gateway's list, with the main session always there, and the open one even before its first message. */
  #rows(): readonly Session[] {
    const { sessions, sessionKey, mainKey } = this.state;
    const missing = [sessionKey, mainKey].filter((key) => key !== "" && !sessions.some((row) => row.key === key));
    const local = [...new Set(missing)].map((key) => rowFor(key, mainKey));
    return [...local, ...sessions];
  }

  #row(session: Session): TemplateResult {
    const { key, title, preview, updatedAt, channel } = session;
    const isOpen = key === this.state.sessionKey && this.state.view === "chat";
    const isUnread = this.state.unread.has(key);
    const isShared = this.state.agents.length > 1;
    return html`<li class=${isOpen ? "open" : ""}>
      <button type="button" class="session" aria-current=${isOpen ? "true" : nothing} @click=${() => this.#open(key)}>
        <span class="title">
          ${isUnread ? html`<span class="dot"></span><span class="visually-hidden">Unread: </span>` : nothing}${title} ${this.#approvals(key)}
        </span>
        ${updatedAt === undefined ? nothing : html`<time datetime=${new Date(updatedAt).toISOString()}>${shortAge(updatedAt)}</time>`}
        ${preview === "" && !channel && !isShared ? nothing : html`<span class="preview">${this.#agent(key)}${this.#channel(channel)}${preview}</span>`}
      </button>
      <span class="row-actions">
        <button type="button" class="icon-button small" aria-label=${`Rename ${title}`} title="Rename" @click=${() => this.#rename(session)}>
          ${pencilIcon}
        </button>
        <button type="button" class="icon-button small" aria-label=${`Delete ${title}`} title="Delete" @click=${() => this.#delete(session)}>
          ${trashIcon}
        </button>
      </span>
    </li>`;
  }

  #approvals(key: string): TemplateResult | typeof nothing {
    const { length } = this.state.approvals.filter(({ sessionKey }) => sessionKey === key);
    if (length === 0) return nothing;
    return html`<span class="badge">${length}<span class="visually-hidden"> waiting for approval</span></span>`;
  }

  #agent(key: string): TemplateResult | typeof nothing {
    const agent = this.state.agents.length > 1 ? agentOf(key, this.state.agents) : undefined;
    return agent === undefined ? nothing : html`<span class="chip">${agent.emoji} ${agent.name}</span> `;
  }

  #channel(id: string | undefined): TemplateResult | typeof nothing {
    if (id === undefined || id === "webchat") return nothing;
    return html`<span class="chip">${this.store.pages.channelName(id)}</span> `;
  }

  #begin(agentId?: string): void {
    this.querySelector<HTMLDetailsElement>(".begin-with")?.removeAttribute("open");
    this.store.newSession(agentId);
    this.#fire("chosen");
  }

  #open(key: string): void {
    this.store.openSession(key);
    this.#fire("chosen");
  }

  async #rename({ key, title, label }: Session): Promise<void> {
    const name = await ask({
      title: `Rename “${title}”`,
      text: "An empty name brings the automatic one back.",
      input: { label: "Name", value: label ?? "", maxLength: 64 },
      confirm: "Rename",
    });
    if (name !== undefined) await this.store.renameSession(key, name);
  }

  /** The main session always exists: deleting it means emptying it. */
  async #delete({ key, title }: Session): Promise<void> {
    const isMain = key === this.state.mainKey;
    const answer = await ask({
      title: isMain ? "Start the main conversation afresh?" : `Delete “${title}”?`,
      text: isMain
        ? "The agent forgets what was said in it. The conversation itself stays."
        : "Its messages are removed for good.",
      confirm: isMain ? "Start afresh" : "Delete",
      isDanger: true,
    });
    if (answer === undefined) return;
    await (isMain ? this.store.resetSession(key) : this.store.deleteSession(key));
  }

  #onSearch(event: Event): void {
    this.words = (event.target as HTMLInputElement).value;
  }

  #fire(name: string): void {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true }));
  }
}

customElements.define("moltbot-sidebar", SidebarElement);

function markOf(mark: Mark): TemplateResult {
  const words = html`<span class="visually-hidden"> ${mark.words}</span>`;
  if (mark.kind === "count") return html`<span class="badge">${mark.count}${words}</span>`;
  return html`<span class="state bad"><span class="dot"></span>${words}</span>`;
}
