// The one dialog of the page: a question with a confirming button, and perhaps a line of text. Focus returns by itself.

import { html, nothing, type TemplateResult } from "lit";
import { PageElement } from "./element.ts";

/** What to ask. `confirm` is the verb on the button. */
export interface Question {
  readonly title: string;
  readonly text: string;
  readonly confirm: string;
  readonly isDanger?: boolean;
  readonly input?: { readonly label: string; readonly value: string; readonly maxLength: number };
}

/** Asks with the page's dialog. Resolves with the entered text ("" when there was none to enter); `undefined` when dismissed. */
export async function ask(question: Question): Promise<string | undefined> {
  return document.querySelector<DialogElement>("moltbot-dialog")?.ask(question);
}

/** `<moltbot-dialog>`: the page has one; call `ask`. */
export class DialogElement extends PageElement {
  static override properties = { question: { state: true } };
  declare question: Question | undefined;
  #answer: (text: string | undefined) => void = () => {};

  /** See `ask`. */
  async ask(question: Question): Promise<string | undefined> {
    this.question = question;
    await this.updateComplete;
    const dialog = this.#dialog;
    const input = dialog.querySelector("input");
    if (input !== null) input.value = question.input?.value ?? "";
    dialog.returnValue = "";
    dialog.showModal();
    input?.select();
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  protected override render(): TemplateResult {
    const { title = "", text = "", confirm = "", isDanger = false, input } = this.question ?? {};
    return html`<dialog aria-labelledby="dialog-title" aria-describedby="dialog-text" @close=${this.#onClose}>
      <form method="dialog">
        <h2 id="dialog-title">${title}</h2>
        <p id="dialog-text">${text}</p>
        ${
          input === undefined
            ? nothing
            : html`<label class="text-field"><span>${input.label}</span><input maxlength=${input.maxLength} autocomplete="off" /></label>`
        }
        <div class="dialog-actions">
          <button type="button" class="button" @click=${() => this.#dialog.close()}>Cancel</button>
          <button type="submit" class=${isDanger ? "button danger" : "button primary"} value="yes">${confirm}</button>
        </div>
      </form>
    </dialog>`;
  }

  get #dialog(): HTMLDialogElement {
    return this.querySelector("dialog") as HTMLDialogElement;
  }

  #onClose(): void {
    const { returnValue } = this.#dialog;
    this.#answer(returnValue === "yes" ? (this.#dialog.querySelector("input")?.value ?? "") : undefined);
  }
}

customElements.define("moltbot-dialog", DialogElement);
