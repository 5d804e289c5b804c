// The whole page: the view of where it stands, the canvas over it, and the question that waits.

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { PageElement } from "../chat/element.ts";
import { loadLanguages } from "../words/language.ts";
import { t } from "../words/t.ts";
import { NodePage } from "./node-page.ts";
import { node } from "./views/as-node.ts";
import { canvasOverlay } from "./views/canvas-overlay.ts";
import { insecure, noKey } from "./views/insecure.ts";
import { joining, removed, uninvited, waits } from "./views/joining.ts";
import { question } from "./views/question.ts";

const TITLE = "Moltbot node";

/** `<moltbot-node>`: the page has one. */
export class NodeElement extends PageElement {
  readonly page = new NodePage(() => this.requestUpdate());

  override connectedCallback(): void {
    super.connectedCallback();
    void this.page.start();
  }

  protected override render(): TemplateResult {
    const { page } = this;
    return html`${this.#stateView()} ${page.canvas.frame === undefined ? nothing : canvasOverlay(page.canvas)} ${question(page.asking)}`;
  }

  protected override firstUpdated(): void {
    loadLanguages();
  }

  #shown: string | undefined;

  protected override updated(_changed: PropertyValues): void {
    this.#beginView();
    const { first } = this.page.asking;
    const title = first === undefined ? TITLE : t("● {0} asks – {1}", first.askedBy, TITLE);
    if (document.title !== title) document.title = title;
    const dialog = this.querySelector<HTMLDialogElement>("dialog.question");
    if (dialog && !dialog.open) dialog.showModal();
  }

  /** Another view begins at its top, and screen readers read its heading. */
  #beginView(): void {
    const { kind } = this.page.pageState;
    if (kind === this.#shown) return;
    this.#shown = kind;
    scrollTo(0, 0);
    this.querySelector("h1")?.focus({ preventScroll: true });
  }

  #stateView(): TemplateResult {
    const { page } = this;
    const { pageState } = page;
    switch (pageState.kind) {
      case "starting":
        return html`<main class="node-page"><p class="meta" role="status">Starting…</p></main>`;
      case "insecure":
        return insecure(page.canvas, () => this.requestUpdate());
      case "no-key":
        return noKey();
      case "uninvited":
        return uninvited(pageState.problem);
      case "removed":
        return removed();
      case "invited":
        return joining(page, pageState.isBusy, () => this.requestUpdate());
      case "waits":
        return waits(pageState.requestId, () => page.retryNow());
      case "node":
        return node(page, pageState, () => this.requestUpdate());
    }
  }
}

customElements.define("moltbot-node", NodeElement);
