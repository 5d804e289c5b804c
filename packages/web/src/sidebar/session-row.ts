// A session in the list: its name, what was said last and when, and what waits in it.

import { html, nothing, type TemplateResult } from "lit";
import { agentOf } from "../agents.ts";
import { moreIcon } from "../chat/icons.ts";
import type { Session } from "../conversation/sessions.ts";
import type { Store } from "../store/store.ts";
import { shortAge } from "../time.ts";
import { t } from "../words/t.ts";
import { openSessionMenu } from "./session-menu.ts";

/** Where a row is; without a key it is one of those that were put away. */
export interface RowPlace {
  readonly rowKey?: string;
  /** The height of the rows that are not drawn, as a style. */
  readonly room?: string;
}

/** The row; `onOpen` is called when somebody chooses the session. */
export function sessionRow(
  store: Store,
  session: Session,
  { rowKey, room = "" }: RowPlace,
  onOpen: (key: string) => void,
): TemplateResult {
  const { key, title, preview, updatedAt, channel } = session;
  const { sessionKey, view, unread, agents } = store.state;
  const isOpen = key === sessionKey && view === "chat";
  const isShared = agents.length > 1;
  return html`<li class=${isOpen ? "open" : ""} data-row=${rowKey ?? nothing} .style=${room}>
    <button type="button" class="session" aria-current=${isOpen ? "true" : nothing} @click=${() => onOpen(key)}>
      <span class="title">
        ${unread.has(key) ? html`<span class="dot"></span><span class="visually-hidden">Unread: </span>` : nothing}<span class="words" dir="auto">${title}</span>
        ${waiting(store, key)}
      </span>
      ${updatedAt === undefined ? nothing : html`<time datetime=${new Date(updatedAt).toISOString()}>${shortAge(updatedAt)}</time>`}
      ${preview === "" && !channel && !isShared ? nothing : html`<span class="preview">${agentChip(store, key)}${channelChip(store, channel)}<bdi>${preview}</bdi></span>`}
    </button>
    <span class="row-actions">
      <button
        type="button"
        class="icon-button small"
        aria-label=${t("Actions for {0}", title)}
        aria-haspopup="menu"
        title="Actions"
        @click=${(event: Event) => openSessionMenu(store, session, event.currentTarget as HTMLElement, rowKey === undefined)}
      >
        ${moreIcon}
      </button>
    </span>
  </li>`;
}

function waiting({ state }: Store, key: string): TemplateResult | typeof nothing {
  const { length } = state.approvals.filter(({ sessionKey }) => sessionKey === key);
  if (length === 0) return nothing;
  return html`<span class="badge">${length}<span class="visually-hidden"> waiting for approval</span></span>`;
}

function agentChip({ state: { agents } }: Store, key: string): TemplateResult | typeof nothing {
  const agent = agents.length > 1 ? agentOf(key, agents) : undefined;
  return agent === undefined ? nothing : html`<span class="chip">${agent.emoji} ${agent.name}</span> `;
}

function channelChip({ pages }: Store, id: string | undefined): TemplateResult | typeof nothing {
  if (id === undefined || id === "webchat") return nothing;
  return html`<span class="chip">${pages.channelName(id)}</span> `;
}
