// The place of a page beside the conversations: loads the page's element when the page is first wanted, and shows it.

import { html, type PropertyValues, type TemplateResult } from "lit";
import type { Store } from "../store/store.ts";
import type { View } from "../view.ts";
import { PageElement } from "./element.ts";

/** `<moltbot-page>`: shows `view`, whose service's state is `state`. */
export class PagePlaceElement extends PageElement {
  static override properties = {
    view: { attribute: false },
    store: { attribute: false },
    state: { attribute: false },
    rest: { attribute: false },
    content: { state: true },
    hasFailed: { state: true },
  };
  declare view: View;
  declare store: Store;
  declare state: unknown;
  declare rest: string;
  declare content: HTMLElement | undefined;
  declare hasFailed: boolean;

  constructor() {
    super();
    this.hasFailed = false;
  }

  /** The page takes the place of the words that it loads: who was there already stays there. */
  #wasFocused = false;

  protected override willUpdate(changed: PropertyValues<this>): void {
    this.#wasFocused = this.contains(document.activeElement);
    if (changed.has("view")) void this.#load();
    else if (this.content !== undefined) Object.assign(this.content, { state: this.state, rest: this.rest });
  }

  protected override async updated(changed: PropertyValues<this>): Promise<void> {
    if (!this.#wasFocused || !(changed as Map<string, unknown>).has("content")) return;
    await (this.content as PageElement | undefined)?.updateComplete;
    if (document.activeElement === document.body) this.querySelector<HTMLElement>(".scroller")?.focus();
  }

  protected override render(): TemplateResult {
    if (this.content !== undefined) return html`${this.content}`;
    return html`<div class="scroller" tabindex="0" role="region" aria-label=${this.view.label}>
      <div class="column">
        ${
          this.hasFailed
            ? html`<p class="problem" role="alert">This page could not be loaded. Reload to get it from the gateway as it is now.</p>
              <p><button type="button" class="button" @click=${() => location.reload()}>Reload</button></p>`
            : html`<p class="meta loading" role="status">Loading…</p>`
        }
      </div>
    </div>`;
  }

  /** A gateway that was updated meanwhile has the page's script under another name: then only a reload helps. */
  async #load(): Promise<void> {
    const { view } = this;
    this.content = undefined;
    this.hasFailed = false;
    try {
      const Content = await view.element();
      if (view !== this.view) return;
      this.content = Object.assign(new Content(), {
        ...this.store.pages.partsOf(view.id),
        state: this.state,
        rest: this.rest,
      });
    } catch {
      this.hasFailed = view === this.view;
    }
  }
}

customElements.define("moltbot-page", PagePlaceElement);
