// The messages that a search has found: who said it, when, in which conversation, and the words in their surroundings.

import { html, nothing, type TemplateResult } from "lit";
import { agentOf } from "../agents.ts";
import { type Match, marked } from "../conversation/search.ts";
import { titleOf } from "../conversation/sessions.ts";
import type { State } from "../store/state.ts";
import { clockTime } from "../time.ts";
import { t } from "../words/t.ts";

/** The list; `onChoose` is told which message is wanted. */
export function foundMessages(state: State, onChoose: (match: Match) => void): TemplateResult | typeof nothing {
  const { query, matches, isBusy } = state.search;
  if (query.length < 2) return nothing;
  return html`<li class="period"><h3>Messages</h3></li>
    ${matches.map(
      (match) => html`<li>
        <button type="button" class="session found" @click=${() => onChoose(match)}>
          <span class="title">${titleFor(state, match.sessionKey)}</span>
          <time datetime=${new Date(match.ts).toISOString()}>${clockTime(match.ts)}</time>
          <span class="snippet" dir="auto"><b>${senderOf(state, match)}:</b> ${marked(match.snippet, query).map(
            ({ text, isHit }) => (isHit ? html`<mark>${text}</mark>` : text),
          )}</span>
        </button>
      </li>`,
    )}
    ${matches.length > 0 ? nothing : html`<li><p class="meta">${isBusy ? t("Searching…") : t("No message holds “{0}”. Try another word, or its beginning.", query)}</p></li>`}`;
}

function titleFor({ sessions, mainKey }: State, key: string): string {
  return sessions.find((session) => session.key === key)?.title ?? titleOf(key, mainKey);
}

/** On a channel the other side is not whoever looks at this page. */
function senderOf(state: State, { sessionKey, role }: Match): string {
  const agent = state.agents.length > 1 ? agentOf(sessionKey, state.agents) : undefined;
  if (role === "assistant") return agent?.name ?? "Moltbot";
  if (role !== "user") return t("Note");
  const channel = state.sessions.find(({ key }) => key === sessionKey)?.channel;
  return channel === undefined || channel === "webchat" ? t("You") : titleFor(state, sessionKey);
}
