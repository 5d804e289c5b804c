// The one menu of the page: what can be done with something, beside the button that asks for it.

import { html, nothing, type TemplateResult } from "lit";
import { PageElement } from "./element.ts";
import { checkIcon } from "./icons.ts";

/** Something to choose. */
export interface MenuEntry {
  readonly label: string;
  readonly icon?: TemplateResult;
  readonly isDanger?: boolean;
  /** One of several, of which one holds; leave it out where there is nothing to hold. */
  readonly isChosen?: boolean;
  readonly run: () => unknown;
}

/** Opens the menu beside a button. The focus returns to the button when nothing else takes it. */
export function openMenu(button: HTMLElement, label: string, entries: readonly MenuEntry[]): void {
  void document.querySelector<MenuElement>("moltbot-menu")?.open(button, label, entries);
}

/** Between the menu and the window's edge, in pixels. */
const MARGIN_PX = 8;

/** `<moltbot-menu>`: the page has one; call `openMenu`. */
export class MenuElement extends PageElement {
  static override properties = { entries: { state: true }, label: { state: true } };
  declare entries: readonly MenuEntry[];
  declare label: string;
  #button: HTMLElement | undefined;

  constructor() {
    super();
    this.entries = [];
    this.label = "";
  }

  /** See `openMenu`. */
  async open(button: HTMLElement, label: string, entries: readonly MenuEntry[]): Promise<void> {
    this.#button = button;
    this.entries = entries;
    this.label = label;
    await this.updateComplete;
    const panel = this.#panel;
    panel.showPopover();
    this.#place(panel, button.getBoundingClientRect());
    panel.querySelector("button")?.focus();
  }

  protected override render(): TemplateResult {
    return html`<div popover class="menu" role="menu" aria-label=${this.label} @keydown=${this.#onKey} @toggle=${this.#onToggle}>
      ${this.entries.map(
        (
          entry,
        ) => html`<button type="button" role=${entry.isChosen === undefined ? "menuitem" : "menuitemradio"} aria-checked=${entry.isChosen === undefined ? nothing : String(entry.isChosen)} class=${entry.isDanger ? "danger" : ""} @click=${() => this.#choose(entry)}>
          ${entry.icon ?? nothing}<span>${entry.label}</span>${entry.isChosen ? checkIcon : nothing}
        </button>`,
      )}
    </div>`;
  }

  get #panel(): HTMLElement {
    return this.querySelector("[popover]") as HTMLElement;
  }

  #place(panel: HTMLElement, { left, right, bottom, top }: DOMRect): void {
    const { offsetWidth: width, offsetHeight: height } = panel;
    const isFromRight = document.documentElement.dir === "rtl";
    const [first, second] = isFromRight ? [right - width, left] : [left, right - width];
    const x = first < MARGIN_PX || first + width + MARGIN_PX > innerWidth ? second : first;
    const y = bottom + height + MARGIN_PX > innerHeight ? top - height : bottom;
    panel.style.left = `${Math.max(MARGIN_PX, x)}px`;
    panel.style.top = `${Math.max(MARGIN_PX, y)}px`;
  }

  #choose({ run }: MenuEntry): void {
    this.#panel.hidePopover();
    void run();
  }

  #onToggle(event: ToggleEvent): void {
    const isLost = document.activeElement === document.body || this.contains(document.activeElement);
    if (event.newState === "closed" && isLost) this.#button?.focus();
  }

  #onKey(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const all = [...this.querySelectorAll("button")];
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    all.at((at + step) % all.length)?.focus();
  }
}

customElements.define("moltbot-menu", MenuElement);
