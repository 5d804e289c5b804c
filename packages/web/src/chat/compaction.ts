// The line in a conversation before which everything became a summary for the model. The messages themselves are kept.

import { html, nothing, type TemplateResult } from "lit";
import type { Compaction } from "../conversation/items.ts";
import type { Store } from "../store/store.ts";
import { clockTime } from "../time.ts";
import { tokensText } from "../usage.ts";
import { plural, t } from "../words/t.ts";
import { ask } from "./dialog.ts";
import { PageElement } from "./element.ts";

/** `<moltbot-compaction>`: shows `compaction`. */
export class CompactionElement extends PageElement {
  static override properties = { compaction: { attribute: false }, store: { attribute: false } };
  declare compaction: Compaction;
  declare store: Store;

  protected override render(): TemplateResult {
    const { text, at, summed, isNewest } = this.compaction;
    const { messages, tokensBefore, tokensAfter } = summed ?? {};
    return html`<div class="compaction" role="group" aria-label=${t("Summarised, {0}", clockTime(at))}>
      <p class="line"><span>Summarised up to here</span></p>
      <p class="meta">
        The model knows a summary of
        ${messages === undefined ? t("what was said before") : plural(messages, "{0} message", "{0} messages")}${
          tokensBefore === undefined || tokensAfter === undefined
            ? "."
            : t(": {0} tokens became {1}.", tokensText(tokensBefore), tokensText(tokensAfter))
        }
        ${
          isNewest && this.#canUndo
            ? html`<button type="button" class="text-button" @click=${this.#undo}>Undo</button>`
            : nothing
        }
      </p>
      ${
        text === ""
          ? nothing
          : html`<details class="call"><summary><span class="name">The summary</span></summary><div class="call-body"><p class="thought">${text}</p></div></details>`
      }
    </div>`;
  }

  get #canUndo(): boolean {
    return this.store.connection.offers("sessions.compaction.undo") && this.store.may("write");
  }

  /** The model reads the messages again that the summary stands for. */
  async #undo(): Promise<void> {
    const answer = await ask({
      title: t("Undo the summary?"),
      text: t("The model reads the messages themselves again, as far as they fit."),
      confirm: t("Undo"),
    });
    if (answer === undefined) return;
    const { connection, conversation, state } = this.store;
    await connection.ask("sessions.compaction.undo", { key: state.sessionKey });
    await conversation.load();
  }
}

customElements.define("moltbot-compaction", CompactionElement);
