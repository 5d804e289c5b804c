// What all elements of the page share: they render into the page itself, so one style sheet and one heading order hold.

import { LitElement } from "lit";

/** An element without a shadow tree. */
export class PageElement extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}
