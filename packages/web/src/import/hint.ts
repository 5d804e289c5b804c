// On the overview: an older installation was found on the gateway's machine, and nothing was taken over yet.

import type { Methods } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import type { PageHost } from "../view.ts";

/** Leads to the page of older installations; nothing where none was found, or one was taken over already. */
export function importHint(found: Methods["import.found"]["result"] | undefined, host: PageHost) {
  const [folder] = found?.folders ?? [];
  if (folder === undefined || found?.last !== undefined || !host.has("import")) return nothing;
  return row(folder, () => host.show("import"));
}

function row(folder: string, open: () => void): TemplateResult {
  return html`<section aria-labelledby="older-title">
    <h2 id="older-title">An older installation was found</h2>
    <ul class="cards"><li class="card-row">
      <div class="grow"><h3 dir="auto">${folder}</h3><p class="meta">Its conversations, jobs and settings can be taken over.</p></div>
      <div class="card-actions"><button type="button" class="button small" @click=${open}>See what would come</button></div>
    </li></ul>
  </section>`;
}
