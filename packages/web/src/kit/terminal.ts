// A command of the command line, to copy.

import { html, type TemplateResult } from "lit";
import { PageElement } from "../chat/element.ts";
import { checkIcon, copyIcon } from "../chat/icons.ts";
import { t } from "../words/t.ts";

const SAID_MS = 2_000;

/** `<moltbot-terminal>`: shows `command`. */
class TerminalElement extends PageElement {
  static override properties = { command: { attribute: false }, isCopied: { state: true } };
  declare command: string;
  declare isCopied: boolean;

  constructor() {
    super();
    this.isCopied = false;
  }

  protected override render(): TemplateResult {
    return html`<span class="meta">In the terminal:</span>
      <button type="button" class="copy-command" aria-label=${t("Copy {0}", this.command)} title="Copy" @click=${this.#copy}>
        <code dir="ltr">${this.command}</code>${this.isCopied ? checkIcon : copyIcon}
      </button>
      <span class="visually-hidden" role="status">${this.isCopied ? t("Copied.") : ""}</span>`;
  }

  async #copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.command);
    } catch {
      // The browser forbids it, as on a page without https: the person copies what is marked.
      getSelection()?.selectAllChildren(this.querySelector("code") as HTMLElement);
      return;
    }
    this.isCopied = true;
    setTimeout(() => {
      this.isCopied = false;
    }, SAID_MS);
  }
}

customElements.define("moltbot-terminal", TerminalElement);
