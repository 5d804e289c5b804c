// Which rows of a long list are in view, where rows are of different heights. Rows stand in the flow of the page: what is left
// out is room above and below, as high as those rows are known or guessed to be.

import type { ReactiveController, ReactiveControllerHost } from "lit";

/** The list as its owner gives it. */
export interface Flow {
  /** What all rows are in. */
  readonly body: () => HTMLElement | null;
  /** The keys of all rows, in order. */
  readonly keys: () => readonly string[];
  /** How high a row is that was never drawn, in pixels. */
  readonly guessPx: (index: number) => number;
}

/** A row to draw, with the room that rows leave which are not drawn before it, or behind it when it is the last. */
export interface RowInFlow {
  readonly index: number;
  readonly key: string;
  readonly beforePx: number;
  readonly afterPx: number;
}

/** Above and below the window so many pixels are drawn too. */
const MORE_PX = 500;

/** Keeps the rows in view. Each drawn row has `data-row`, its key; the row with the focus stays, wherever it is. */
export class FlowInView implements ReactiveController {
  readonly #host: ReactiveControllerHost & HTMLElement;
  readonly #flow: Flow;
  readonly #heights = new Map<string, number>();
  #first = 0;
  #end = 40;
  #focused: string | undefined;
  readonly #sizes = new ResizeObserver(() => this.#look());
  #watched: ReadonlySet<Element> = new Set();
  readonly #onScroll = () => this.#look();
  readonly #onFocus = (event: FocusEvent) => {
    this.#focused = (event.target as HTMLElement).closest<HTMLElement>("[data-row]")?.dataset.row;
  };

  constructor(host: ReactiveControllerHost & HTMLElement, flow: Flow) {
    this.#host = host;
    this.#flow = flow;
    host.addController(this);
  }

  hostConnected(): void {
    // What scrolls may be the list, or anything around it; such events do not rise, but can be caught on their way down.
    document.addEventListener("scroll", this.#onScroll, { capture: true, passive: true });
    addEventListener("resize", this.#onScroll);
    this.#host.addEventListener("focusin", this.#onFocus);
  }

  hostDisconnected(): void {
    document.removeEventListener("scroll", this.#onScroll, { capture: true });
    removeEventListener("resize", this.#onScroll);
    this.#host.removeEventListener("focusin", this.#onFocus);
    this.#sizes.disconnect();
    this.#watched = new Set();
  }

  hostUpdated(): void {
    this.#look();
  }

  /** The rows to draw, in order. */
  rows(): readonly RowInFlow[] {
    const keys = this.#flow.keys();
    const end = Math.min(this.#end, keys.length);
    const first = Math.max(0, Math.min(this.#first, end - 1));
    const indexes = Array.from({ length: end - first }, (_, at) => first + at);
    const focused = this.#focused === undefined ? -1 : keys.indexOf(this.#focused);
    if (focused !== -1 && focused < first) indexes.unshift(focused);
    if (focused >= end) indexes.push(focused);
    let next = 0;
    return indexes.map((index, at) => {
      const beforePx = this.#between(keys, next, index);
      next = index + 1;
      const afterPx = at === indexes.length - 1 ? this.#between(keys, next, keys.length) : 0;
      return { index, key: keys[index] as string, beforePx, afterPx };
    });
  }

  /** How high the rows from one to before another are together, with the gaps between them. */
  #between(keys: readonly string[], from: number, to: number): number {
    let sum = 0;
    for (let index = from; index < to; index++) sum += this.#heightOf(keys, index);
    return sum;
  }

  #heightOf(keys: readonly string[], index: number): number {
    return this.#heights.get(keys[index] as string) ?? this.#flow.guessPx(index);
  }

  #look(): void {
    const body = this.#flow.body();
    // Nothing is measured where nothing is shown, as in a page that is hidden.
    if (body === null || body.clientWidth === 0) return;
    const keys = this.#flow.keys();
    const gap = Number.parseFloat(getComputedStyle(body).rowGap) || 0;
    const rows = body.querySelectorAll<HTMLElement>("[data-row]");
    for (const row of rows) this.#heights.set(row.dataset.row as string, row.offsetHeight + gap);
    this.#watch(new Set([body, ...rows]));
    const top = -body.getBoundingClientRect().top + body.clientTop + body.scrollTop - MORE_PX;
    const bottom = top + innerHeight + 2 * MORE_PX;
    let [index, at] = [0, 0];
    while (index < keys.length && at + this.#heightOf(keys, index) < top) at += this.#heightOf(keys, index++);
    const first = index;
    while (index < keys.length && at < bottom) at += this.#heightOf(keys, index++);
    const end = Math.max(index, Math.min(first + 1, keys.length));
    if (first === this.#first && end === this.#end) return;
    this.#first = first;
    this.#end = end;
    this.#host.requestUpdate();
  }

  /** An element that is observed anew is told of at once: one that is observed already is left alone, or this would never rest. */
  #watch(wanted: ReadonlySet<Element>): void {
    for (const each of this.#watched) if (!wanted.has(each)) this.#sizes.unobserve(each);
    for (const each of wanted) if (!this.#watched.has(each)) this.#sizes.observe(each);
    this.#watched = wanted;
  }
}
