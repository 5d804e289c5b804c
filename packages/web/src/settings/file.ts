// The config file itself: to read, to change, and to check, with what is wrong by line.

import type { Methods } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import { PageElement } from "../chat/element.ts";
import { diffView } from "../kit/diff-view.ts";
import type { PageHost } from "../view.ts";
import { t } from "../words/t.ts";

type Issue = Methods["config.check"]["result"]["issues"][number];

/** `<moltbot-config-file>`: shows `raw`, and fires `review` with the text that is to be saved. */
export class ConfigFileElement extends PageElement {
  static override properties = {
    host: { attribute: false },
    raw: { attribute: false },
    issues: { attribute: false },
    draft: { state: true },
    base: { state: true },
    found: { state: true },
  };
  declare host: PageHost;
  /** The file as the gateway shows it. */
  declare raw: string;
  /** What is wrong with the file now. */
  declare issues: readonly Issue[];
  /** The text that is being written; undefined while it is the file's. */
  declare draft: string | undefined;
  /** The file's text when the draft was begun. */
  declare base: string | undefined;
  declare found: readonly Issue[] | undefined;

  /** What was written is the file now. */
  reset(): void {
    this.draft = undefined;
    this.base = undefined;
    this.found = undefined;
  }

  protected override render(): TemplateResult {
    const issues = this.found ?? this.issues;
    const isConflict = this.draft !== undefined && this.base !== this.raw;
    return html`<section class="file-editor" aria-labelledby="file-title">
      <h2 id="file-title">The file itself</h2>
      <p class="meta">JSON5: comments are welcome. A marker __REDACTED…__ stands for a secret, which stays when you leave the marker.</p>
      ${isConflict ? this.#conflict() : nothing}
      <label>
        <span class="visually-hidden">The config file</span>
        <textarea spellcheck="false" autocapitalize="off" dir="ltr" .value=${this.draft ?? this.raw} @input=${this.#onInput}></textarea>
      </label>
      <div role="status">
        ${this.found?.length === 0 ? html`<p class="meta">Nothing is wrong with it.</p>` : nothing}
        ${
          issues.length === 0
            ? nothing
            : html`<ul class="issues">
                ${issues.map(
                  ({ path, message, line }) => html`<li>
                    <button type="button" class="text-button" @click=${() => this.#toLine(line ?? 1)}>${line === undefined ? "" : t("Line {0}: ", line)}${path} ${message}</button>
                  </li>`,
                )}
              </ul>`
        }
      </div>
      <div class="form-buttons">
        <button type="button" class="button small" @click=${() => this.#check()}>Check</button>
        ${
          this.draft === undefined
            ? nothing
            : html`<button type="button" class="button small primary" @click=${() => this.#save()}>Review and save</button>
                <button type="button" class="button small quiet" @click=${() => this.reset()}>Discard</button>`
        }
      </div>
    </section>`;
  }

  #conflict(): TemplateResult {
    return html`<div class="setting"><div class="conflict" role="alert">
      <p>Somebody else has changed the file meanwhile. From theirs to yours:</p>
      ${diffView(this.raw, this.draft ?? "")}
      <div class="form-buttons">
        <button type="button" class="button small" @click=${() => this.#keepMine()}>Keep mine</button>
        <button type="button" class="button small" @click=${() => this.reset()}>Take theirs</button>
      </div>
    </div></div>`;
  }

  #keepMine(): void {
    this.base = this.raw;
  }

  #onInput(event: Event): void {
    this.base ??= this.raw;
    this.draft = (event.target as HTMLTextAreaElement).value;
    this.found = undefined;
  }

  async #check(): Promise<boolean> {
    const raw = this.draft ?? this.raw;
    const answer = await this.host.ask("config.check", { raw });
    if (answer === undefined) return false;
    this.found = answer.issues;
    return answer.valid;
  }

  async #save(): Promise<void> {
    if (!(await this.#check())) return;
    this.dispatchEvent(new CustomEvent("review", { detail: this.draft, bubbles: true }));
  }

  /** Puts the caret at the beginning of a line and brings it into view. */
  #toLine(line: number): void {
    const area = this.querySelector("textarea") as HTMLTextAreaElement;
    const lines = area.value.split("\n");
    const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    area.focus();
    area.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
    area.scrollTop = (area.scrollHeight / lines.length) * Math.max(0, line - 4);
  }
}

customElements.define("moltbot-config-file", ConfigFileElement);
