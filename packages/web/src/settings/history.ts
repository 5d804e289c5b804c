// Earlier versions of the config file, each with what was changed then, and the way back.

import type { Methods } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import { clockTime } from "../time.ts";
import { t } from "../words/t.ts";

type Version = Methods["config.history"]["result"]["versions"][number];

/** Names beyond these are counted. */
const MOST_NAMED = 6;
const MOST_SHOWN = 20;

/** The section of the page; `undo` is asked with a version's id. */
export function historySection(versions: readonly Version[], undo: (version: string) => unknown): TemplateResult {
  return html`<section aria-labelledby="history-title">
    <h2 id="history-title">History</h2>
    ${
      versions.length === 0
        ? html`<p class="meta">The file was not changed yet. Each change keeps the text before it here.</p>`
        : html`<ol class="rows">${versions.slice(0, MOST_SHOWN).map((version) => row(version, undo))}</ol>`
    }
    ${versions.length > MOST_SHOWN ? html`<p class="meta">${versions.length - MOST_SHOWN} older ones: <code>moltbot config history</code>.</p>` : nothing}
  </section>`;
}

function row({ id, atMs, changed }: Version, undo: (version: string) => unknown): TemplateResult {
  const more = changed.length - MOST_NAMED;
  const when = clockTime(atMs);
  return html`<li class="plain-row">
    <span class="grow">
      <strong>${when}</strong>
      <span class="meta">${changed.length === 0 ? t("comments or order") : html`<code>${changed.slice(0, MOST_NAMED).join(", ")}</code>${more > 0 ? t(" and {0} more", more) : ""}`}</span>
    </span>
    <button type="button" class="button small" aria-label=${t("Undo what was changed {0}", when)} @click=${() => undo(id)}>Undo</button>
  </li>`;
}
