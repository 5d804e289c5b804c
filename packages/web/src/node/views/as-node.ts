// This browser is a node: whether it is connected, what it may do, and the log of what was asked of it.

import { html, nothing, type TemplateResult } from "lit";
import { claws } from "../../chat/icons.ts";
import { t } from "../../words/t.ts";
import type { JournalEntry } from "../calls/journal.ts";
import type { NodePage, NodePageState } from "../node-page.ts";
import { abilities, clock } from "./abilities.ts";

type AsNode = Extract<NodePageState, { kind: "node" }>;

export function node(page: NodePage, { isConnected, why }: AsNode, changed: () => void): TemplateResult {
  const { journal } = page;
  const clear = () => {
    journal.clear();
    changed();
  };
  return html`<main class="node-page">
    <header class="node-head">
      ${claws}
      <div>
        <h1 tabindex="-1">${page.name}</h1>
        <p class=${isConnected ? "link connected" : "link"} role="status">
          <span class="dot"></span>${isConnected ? t("Connected: the gateway can ask this browser.") : t("Connecting again… {0}", why ?? "")}
        </p>
      </div>
    </header>
    ${isConnected ? nothing : html`<button type="button" class="button" @click=${() => page.retryNow()}>Try now</button>`}
    <section aria-labelledby="log">
      <div class="section-head">
        <h2 id="log">What was asked</h2>
        ${journal.entries.length === 0 ? nothing : html`<button type="button" class="button small" @click=${clear}>Clear</button>`}
      </div>
      ${
        journal.entries.length === 0
          ? html`<p class="meta">Nothing yet. Keep this page open and in front: browsers give no camera and no place to a page in the background.</p>`
          : html`<ol class="journal" aria-live="polite">${journal.entries.map(line)}</ol>`
      }
    </section>
    <section aria-labelledby="may"><h2 id="may">What it may do</h2>${abilities(page, changed)}</section>
    <section aria-labelledby="page"><h2 id="page">This page</h2>${options(page, changed)}</section>
  </main>`;
}

function options(page: NodePage, changed: () => void): TemplateResult {
  const { screenOn, canvas } = page;
  const switchScreen = (event: Event) => void screenOn.want((event.target as HTMLInputElement).checked).then(changed);
  return html`<div class="options">
    ${
      screenOn.isPossible
        ? html`<label class="check"><input type="checkbox" .checked=${screenOn.isWanted} @change=${switchScreen} />Keep the screen on</label>`
        : nothing
    }
    ${
      canvas.hasBase
        ? html`<button type="button" class="button" @click=${() => void canvas.present(undefined)}>Show the canvas</button>`
        : nothing
    }
    <moltbot-language></moltbot-language>
    <button type="button" class="button" @click=${() => page.leave()}>Stop being a node</button>
    <p class="meta">Stopping forgets the key to the gateway and what you allowed. <code>moltbot nodes remove</code> takes it off the gateway’s list.</p>
  </div>`;
}

function line({ at, command, askedBy, outcome, isRefused }: JournalEntry): TemplateResult {
  return html`<li class=${isRefused ? "refused" : ""}>
    <time datetime=${new Date(at).toISOString()}>${clock(at)}</time>
    <strong>${command}</strong>
    <span class="meta">${askedBy}</span>
    <span class="outcome">${outcome}</span>
  </li>`;
}
