// A table of any length: on a narrow window each row is a card. Only the rows in view are in the document.

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { PageElement } from "../chat/element.ts";
import { inLanguage, t } from "../words/t.ts";
import { RowsInView } from "./rows-in-view.ts";

/** A column of a table of `Row`. */
export interface Column<Row> {
  readonly title: string;
  /** A track of a CSS grid: "minmax(0, 2fr)", "6rem". */
  readonly width: string;
  readonly cell: (row: Row) => unknown;
  /** By what the column sorts; without it it does not. */
  readonly sortBy?: (row: Row) => string | number;
  /** On a card it has a line of its own and no title before it. */
  readonly isHead?: boolean;
}

/** From here on it is a table; the style sheet has the same width. */
const WIDE = "(min-width: 821px)";

/** `<moltbot-table>`: shows `rows` in `columns`; all rows are `rowPx` high, and `cardPx` as cards. */
export class TableElement<Row = unknown> extends PageElement {
  static override properties = {
    label: { attribute: false },
    columns: { attribute: false },
    rows: { attribute: false },
    keyOf: { attribute: false },
    rowPx: { attribute: false },
    cardPx: { attribute: false },
    sorting: { state: true },
  };
  declare label: string;
  declare columns: readonly Column<Row>[];
  declare rows: readonly Row[];
  declare keyOf: (row: Row) => string;
  declare rowPx: number;
  declare cardPx: number;
  declare sorting: { readonly title: string; readonly isUp: boolean } | undefined;
  #sorted: readonly Row[] = [];
  readonly #media = matchMedia(WIDE);
  readonly #inView = new RowsInView(this, {
    body: () => this.querySelector(".table-body"),
    count: () => this.#sorted.length,
    rowPx: () => this.#heightPx,
  });
  readonly #onMedia = () => this.requestUpdate();

  constructor() {
    super();
    this.rows = [];
    this.columns = [];
    this.rowPx = 52;
    this.cardPx = 120;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#media.addEventListener("change", this.#onMedia);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#media.removeEventListener("change", this.#onMedia);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("rows") || changed.has("sorting")) this.#sorted = this.#sort();
  }

  protected override render(): TemplateResult {
    const { columns } = this;
    const tracks = columns.map(({ width }) => width).join(" ");
    const height = this.#sorted.length * this.#heightPx;
    return html`${this.#media.matches ? nothing : this.#sortChoice()}<div role="table" class="data-table" aria-label=${this.label} aria-rowcount=${this.#sorted.length + 1} .style=${`--tracks: ${tracks}`}>
      <div role="rowgroup" class="table-head"><div role="row" aria-rowindex="1">${columns.map((column) => this.#title(column))}</div></div>
      <div role="rowgroup" class="table-body" .style=${`height: ${height}px`}>
        ${repeat(
          this.#inView.indexes(),
          (index) => this.keyOf(this.#sorted[index] as Row),
          (index) => this.#row(this.#sorted[index] as Row, index),
        )}
      </div>
    </div>`;
  }

  /** Cards have no titles to press: a choice stands above them. */
  #sortChoice(): TemplateResult | typeof nothing {
    const titles = this.columns.filter(({ sortBy }) => sortBy !== undefined).map(({ title }) => title);
    if (titles.length === 0 || this.rows.length < 2) return nothing;
    const { title: sorted, isUp } = this.sorting ?? {};
    const choose = (event: Event) => {
      const [at = "", order] = (event.target as HTMLSelectElement).value.split(" ");
      const title = titles[Number(at)];
      this.sorting = at === "" || title === undefined ? undefined : { title, isUp: order === "up" };
    };
    return html`<label class="table-sort"><span class="meta">Sort by</span>
      <select aria-label=${t("Sort {0}", this.label)} @change=${choose}>
        <option value="" ?selected=${sorted === undefined}>as they come</option>
        ${titles.map(
          (title, at) => html`<option value=${`${at} up`} ?selected=${title === sorted && isUp}>${title} ↑</option>
            <option value=${`${at} down`} ?selected=${title === sorted && !isUp}>${title} ↓</option>`,
        )}
      </select>
    </label>`;
  }

  #title(column: Column<Row>): TemplateResult {
    const { title, sortBy } = column;
    const isSorted = this.sorting?.title === title;
    const order = isSorted ? (this.sorting?.isUp ? "ascending" : "descending") : "none";
    return html`<div role="columnheader" aria-sort=${sortBy === undefined ? nothing : order}>
      ${
        sortBy === undefined
          ? html`<span class=${title === "" ? "visually-hidden" : ""}>${title || t("Actions")}</span>`
          : html`<button type="button" @click=${() => this.#sortBy(title)}>${title}<span aria-hidden="true">${isSorted ? (this.sorting?.isUp ? " ↑" : " ↓") : ""}</span></button>`
      }
    </div>`;
  }

  #row(row: Row, index: number): TemplateResult {
    const style = `top: ${index * this.#heightPx}px; height: ${this.#heightPx}px`;
    return html`<div role="row" aria-rowindex=${index + 2} data-index=${index} .style=${style}>
      ${this.columns.map(
        ({ title, cell, isHead = false }) =>
          html`<div role="cell" class=${isHead ? "head" : ""} data-title=${isHead ? nothing : title || nothing}>${cell(row)}</div>`,
      )}
    </div>`;
  }

  get #heightPx(): number {
    return this.#media.matches ? this.rowPx : this.cardPx;
  }

  #sortBy(title: string): void {
    const isUp = this.sorting?.title === title ? !this.sorting.isUp : true;
    this.sorting = { title, isUp };
  }

  #sort(): readonly Row[] {
    const by = this.columns.find(({ title }) => title === this.sorting?.title)?.sortBy;
    if (by === undefined) return this.rows;
    const sign = this.sorting?.isUp ? 1 : -1;
    const keyed = this.rows.map((row) => ({ row, key: by(row) }));
    keyed.sort((one, other) => sign * compare(one.key, other.key));
    return keyed.map(({ row }) => row);
  }
}

customElements.define("moltbot-table", TableElement);

const collator = inLanguage((locale) => new Intl.Collator(locale, { numeric: true }));

function compare(one: string | number, other: string | number): number {
  return typeof one === "number" && typeof other === "number"
    ? one - other
    : collator().compare(String(one), String(other));
}
