// Which rows of a long list are in view. All rows have one height, so that ten thousand cost as much as thirty.

import type { ReactiveController, ReactiveControllerHost } from "lit";

/** The measures of the list, as its owner gives them. */
export interface Measures {
  /** What all rows are in; its height is that of all rows together. */
  readonly body: () => HTMLElement | null;
  readonly count: () => number;
  readonly rowPx: () => number;
}

/** Rows above and below the view that are drawn too. */
const MORE_ROWS = 8;

/** Keeps the rows in view; the row with the focus stays, wherever it is. */
export class RowsInView implements ReactiveController {
  readonly #host: ReactiveControllerHost & HTMLElement;
  readonly #measures: Measures;
  #scroller: HTMLElement | undefined;
  #first = 0;
  #end = 40;
  #focused: number | undefined;
  readonly #onScroll = () => this.#look();
  readonly #onFocus = (event: FocusEvent) => {
    const row = (event.target as HTMLElement).closest<HTMLElement>("[data-index]");
    this.#focused = row === null ? undefined : Number(row.dataset.index);
  };

  constructor(host: ReactiveControllerHost & HTMLElement, measures: Measures) {
    this.#host = host;
    this.#measures = measures;
    host.addController(this);
  }

  hostConnected(): void {
    this.#scroller = this.#host.closest<HTMLElement>(".scroller") ?? undefined;
    this.#scroller?.addEventListener("scroll", this.#onScroll, { passive: true });
    addEventListener("resize", this.#onScroll);
    this.#host.addEventListener("focusin", this.#onFocus);
  }

  hostDisconnected(): void {
    this.#scroller?.removeEventListener("scroll", this.#onScroll);
    removeEventListener("resize", this.#onScroll);
    this.#host.removeEventListener("focusin", this.#onFocus);
  }

  hostUpdated(): void {
    this.#look();
  }

  /** The rows to draw, in order. */
  indexes(): readonly number[] {
    const count = this.#measures.count();
    const end = Math.min(this.#end, count);
    const first = Math.max(0, Math.min(this.#first, end - 1));
    const seen = Array.from({ length: end - first }, (_, at) => first + at);
    const focused = this.#focused;
    if (focused === undefined || focused >= count || seen.includes(focused)) return seen;
    return focused < first ? [focused, ...seen] : [...seen, focused];
  }

  #look(): void {
    const body = this.#measures.body();
    if (body === null || this.#scroller === undefined) return;
    const view = this.#scroller.getBoundingClientRect();
    const fromTop = view.top - body.getBoundingClientRect().top;
    const rowPx = this.#measures.rowPx();
    const first = Math.max(0, Math.floor(fromTop / rowPx) - MORE_ROWS);
    const end = Math.max(first + 1, Math.ceil((fromTop + view.height) / rowPx) + MORE_ROWS);
    if (first === this.#first && end === this.#end) return;
    this.#first = first;
    this.#end = end;
    this.#host.requestUpdate();
  }
}
