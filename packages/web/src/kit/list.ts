// A list of any length, of which only what is in view is in the document.

import { html, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { PageElement } from "../chat/element.ts";
import { RowsInView } from "./rows-in-view.ts";

/** `<moltbot-list>`: shows each of `items` with `row`; every row is `rowPx` high. */
class ListElement<Item = unknown> extends PageElement {
  static override properties = {
    label: { attribute: false },
    items: { attribute: false },
    keyOf: { attribute: false },
    row: { attribute: false },
    rowPx: { attribute: false },
  };
  declare label: string;
  declare items: readonly Item[];
  declare keyOf: (item: Item) => string;
  declare row: (item: Item) => TemplateResult;
  declare rowPx: number;
  readonly #inView = new RowsInView(this, {
    body: () => this.querySelector(".table-body"),
    count: () => this.items.length,
    rowPx: () => this.rowPx,
  });

  constructor() {
    super();
    this.items = [];
    this.rowPx = 44;
  }

  protected override render(): TemplateResult {
    const { items, rowPx } = this;
    return html`<div role="list" class="data-table table-body" aria-label=${this.label} .style=${`height: ${items.length * rowPx}px`}>
      ${repeat(
        this.#inView.indexes(),
        (index) => this.keyOf(items[index] as Item),
        (index) => html`<div
          role="listitem"
          aria-setsize=${items.length}
          aria-posinset=${index + 1}
          data-index=${index}
          .style=${`top: ${index * rowPx}px; height: ${rowPx}px`}
        >
          ${this.row(items[index] as Item)}
        </div>`,
      )}
    </div>`;
  }
}

customElements.define("moltbot-list", ListElement);
