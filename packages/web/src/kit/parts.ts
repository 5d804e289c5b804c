// The parts that every page of the gateway is made of: the frame, its head with the command, what stands where nothing is.

import { html, nothing, type TemplateResult } from "lit";
import "./terminal.ts";

/** What stands above a page's content. The page's name is in the bar above it already. */
export interface Head {
  /** One sentence: what the page is for. */
  readonly intro: TemplateResult | string;
  /** What shows it in a terminal. */
  readonly command: string;
  readonly actions?: TemplateResult | typeof nothing;
}

/** The frame of a page: what scrolls, takes the focus, and says to screen readers what was done. */
export function pageFrame(label: string, done: string, content: unknown): TemplateResult {
  return html`<div class="scroller" tabindex="0" role="region" aria-label=${label}>
    <div class="column gateway-page">
      <p class="visually-hidden" role="status">${done}</p>
      ${content}
    </div>
  </div>`;
}

/** The head of a page. */
export function pageHead({ intro, command, actions = nothing }: Head): TemplateResult {
  return html`<header class="page-head">
    <p>${intro}</p>
    ${actions}
    ${terminal(command)}
  </header>`;
}

/** A command to copy, with the words "in the terminal". */
export function terminal(command: string): TemplateResult {
  return html`<moltbot-terminal .command=${command}></moltbot-terminal>`;
}

/** What is where nothing is yet: what to do next. */
export function emptyState(title: string, text: TemplateResult | string): TemplateResult {
  return html`<div class="empty-state"><p class="title">${title}</p><p class="meta">${text}</p></div>`;
}

/** Before the gateway has answered. */
export function loading(): TemplateResult {
  return html`<p class="meta loading" role="status">Asking the gateway…</p>`;
}
