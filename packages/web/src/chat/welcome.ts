// How a conversation begins: what can be clicked to say something, and the way to a language model.

import { html, nothing, type TemplateResult } from "lit";
import type { Store } from "../store/store.ts";
import { said, t } from "../words/t.ts";
import { claws } from "./icons.ts";

/** What can be clicked to begin with; each sends its text. */
const STARTERS = [
  { title: said("What can you do?"), text: said("What can you do?") },
  { title: said("What time is it?"), text: said("What time is it?") },
  { title: said("Remind me how we got here"), text: said("What did we talk about last?") },
] as const;

/** What a conversation shows before anything was said. */
export function welcome(store: Store): TemplateResult {
  const mayConnect = store.state.models.length === 0 && store.may("admin");
  return html`<div class="welcome">
    ${claws}
    <h2>${store.may("write") ? t("How can I help?") : t("Nothing was said here yet.")}</h2>
    ${store.may("write") ? starters(store, mayConnect) : nothing}
  </div>`;
}

function starters(store: Store, mayConnect: boolean): TemplateResult {
  return html`<p>Write a message below, or begin with one of these.</p>
    <div class="starters">
      ${mayConnect ? starter(t("Connect a model"), t("So that a language model answers"), () => store.navigation.show("models")) : nothing}
      ${STARTERS.map(({ title, text }) => starter(t(title), text === title ? "" : t(text), () => store.conversation.send(t(text))))}
    </div>`;
}

/** Behind what the built-in agent has said: the way to a language model. */
export function connectCard(store: Store): TemplateResult | typeof nothing {
  const { items, models, modelsKnown } = store.state;
  if (!modelsKnown || models.length > 0 || items.length === 0 || !store.may("admin")) return nothing;
  return html`<aside class="connect-card" aria-label="Connect a model">
    <p><strong>No language model is connected yet.</strong> Connect one, and it answers what you wrote.</p>
    <button type="button" class="button small primary" @click=${() => store.navigation.show("models")}>Connect a model</button>
  </aside>`;
}

function starter(title: string, text: string, onClick: () => void): TemplateResult {
  return html`<button type="button" @click=${onClick}>
    <strong>${title}</strong>${text === "" ? nothing : html`<span>${text}</span>`}
  </button>`;
}
