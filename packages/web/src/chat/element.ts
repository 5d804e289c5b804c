// What all elements of the page share: they render into the page itself, so one style sheet and one heading order hold.

import { LitElement } from "lit";
import { onLanguage } from "../words/language.ts";

/** An element without a shadow tree. */
export class PageElement extends LitElement {
  #endLanguage: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#endLanguage = onLanguage(() => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#endLanguage?.();
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}
