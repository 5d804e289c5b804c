// Lines between messages: another day, a conversation that begins anew, and an earlier version that can be opened.

import { html, nothing, type TemplateResult } from "lit";
import type { Item } from "../conversation/items.ts";
import type { Branch } from "../conversation/older-messages.ts";
import type { Store } from "../store/store.ts";
import { clockTime, dayName } from "../time.ts";
import { plural } from "../words/t.ts";
import { PageElement } from "./element.ts";
import { chevronIcon } from "./icons.ts";

/** Another day begins. */
export function dayLine(at: number): TemplateResult {
  return html`<p class="line day"><time datetime=${new Date(at).toISOString()}>${dayName(at)}</time></p>`;
}

/** What is below was not read when the conversation was opened. */
export function newLine(): TemplateResult {
  return html`<p class="line new" role="separator" aria-label="New messages"><span>New</span></p>`;
}

/** The agent sees what is below, but not what is above. */
export function beginningLine({ text, at }: Extract<Item, { kind: "beginning" }>): TemplateResult {
  return html`<div class="beginning" role="separator" aria-label=${text}>
    <p class="line"><span>${text}${at === undefined ? nothing : html` <time>${clockTime(at)}</time>`}</span></p>
    <p class="meta">The agent no longer sees what is above.</p>
  </div>`;
}

/** `<moltbot-branch>`: an earlier version, folded; opened it can be read. */
export class BranchElement extends PageElement {
  static override properties = { branch: { attribute: false }, store: { attribute: false }, items: { state: true } };
  declare branch: Branch;
  declare store: Store;
  declare items: readonly Item[] | undefined;

  protected override render(): TemplateResult {
    const { messages, at } = this.branch;
    return html`<details class="folded branch" @toggle=${this.#onToggle}>
      <summary>
        ${chevronIcon}<span class="name">Earlier version</span>
        <span class="brief">${plural(messages, "{0} message, left {1}", "{0} messages, left {1}", clockTime(at))}</span>
      </summary>
      ${
        this.items === undefined
          ? html`<p class="meta" role="status">Loading…</p>`
          : this.items.map((item) =>
              item.kind === "user" || item.kind === "reply"
                ? html`<moltbot-message .item=${item} .store=${this.store}></moltbot-message>`
                : nothing,
            )
      }
    </details>`;
  }

  async #onToggle(event: Event): Promise<void> {
    if ((event.target as HTMLDetailsElement).open)
      this.items ??= await this.store.conversation.readBranch(this.branch.id);
  }
}

customElements.define("moltbot-branch", BranchElement);
