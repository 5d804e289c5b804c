// What was done can be taken back for a few seconds: one line at the foot of the page.

import { html, nothing, type TemplateResult } from "lit";
import { PageElement } from "../chat/element.ts";

/** How long something can be taken back, ms. */
const UNDO_MS = 10_000;

/** What was done, in words, and how it is taken back. */
export interface Done {
  readonly text: string;
  /** Left out, there is nothing to take back. */
  readonly undo?: (() => unknown) | undefined;
  /** Called when nobody took it back in time, or the page is left. */
  readonly commit?: (() => unknown) | undefined;
}

/** Offers to take something back. What was offered before is committed. */
export function offerUndo(done: Done): void {
  const known = document.querySelector<SnackbarElement>("moltbot-snackbar");
  const bar = known ?? (document.createElement("moltbot-snackbar") as SnackbarElement);
  if (known === null) document.body.append(bar);
  bar.offer(done);
}

/** Says what was done where nothing can be taken back. */
export function offerNote(text: string): void {
  offerUndo({ text });
}

/** `<moltbot-snackbar>`: the page has one; call `offerUndo`. */
class SnackbarElement extends PageElement {
  static override properties = { offered: { state: true } };
  declare offered: Done | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #before: HTMLElement | null = null;
  readonly #onHide = () => this.#end();

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("pagehide", this.#onHide);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("pagehide", this.#onHide);
    this.#end();
  }

  offer(done: Done): void {
    this.#end();
    this.#before = document.activeElement as HTMLElement | null;
    this.offered = done;
    this.#timer = setTimeout(() => this.#end(), UNDO_MS);
  }

  protected override render(): TemplateResult {
    const { offered } = this;
    return html`<div role="status" class=${offered === undefined ? "" : "snackbar"}>
      ${
        offered === undefined
          ? nothing
          : html`<span dir="auto">${offered.text}</span>
            ${offered.undo === undefined ? nothing : html`<button type="button" class="text-button" @click=${this.#undo}>Undo</button>`}`
      }
    </div>`;
  }

  #undo(): void {
    const { offered } = this;
    clearTimeout(this.#timer);
    this.offered = undefined;
    void offered?.undo?.();
    const place = this.#before?.isConnected
      ? this.#before
      : document.querySelector<HTMLElement>("moltbot-page .scroller");
    place?.focus();
  }

  #end(): void {
    const { offered } = this;
    clearTimeout(this.#timer);
    this.offered = undefined;
    void offered?.commit?.();
  }
}

customElements.define("moltbot-snackbar", SnackbarElement);
