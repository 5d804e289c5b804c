// The dialog before a change of the config is written: the difference, what restarts for it, and what is wrong.

import type { Methods } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import { PageElement } from "../chat/element.ts";
import { sentence } from "../conversation/runs.ts";
import { diffView } from "../kit/diff-view.ts";
import type { PageHost } from "../view.ts";
import { t } from "../words/t.ts";

type Check = Methods["config.check"]["result"];

/** What is to be written: a patch, a whole text, or an earlier text. */
export type Change =
  | { readonly kind: "patch"; readonly patch: object }
  | { readonly kind: "text"; readonly raw: string }
  | { readonly kind: "version"; readonly version: string };

/** `<moltbot-review>`: call `open`. */
export class ReviewElement extends PageElement {
  static override properties = {
    host: { attribute: false },
    check: { state: true },
    problem: { state: true },
    isBusy: { state: true },
  };
  declare host: PageHost;
  declare check: Check | undefined;
  declare problem: string | undefined;
  declare isBusy: boolean;
  #change: Change | undefined;
  #resolve: (isDone: boolean) => void = () => {};

  constructor() {
    super();
    this.isBusy = false;
  }

  /** Shows what a change does and writes it when the person says so. Resolves with whether it was written. */
  async open(change: Change): Promise<boolean> {
    this.#change = change;
    this.check = undefined;
    this.problem = undefined;
    await this.updateComplete;
    this.#dialog.showModal();
    void this.#look();
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  protected override render(): TemplateResult {
    const { check, problem } = this;
    const isNothing = check !== undefined && check.before === check.after && this.#change?.kind !== "patch";
    return html`<dialog class="review" aria-labelledby="review-title" @close=${() => this.#resolve(this.#dialog.returnValue === "written")}>
      <h2 id="review-title">What changes</h2>
      ${check === undefined && problem === undefined ? html`<p class="meta" role="status">Asking the gateway…</p>` : nothing}
      ${check === undefined ? nothing : this.#difference(check, isNothing)}
      ${problem === undefined ? nothing : html`<p class="problem" role="alert">${problem}</p>`}
      <div class="dialog-actions">
        <button type="button" class="button" @click=${() => this.#dialog.close("no")}>Cancel</button>
        <button type="button" class="button primary" ?disabled=${check?.valid !== true || this.isBusy || isNothing} @click=${() => this.#write()}>Save</button>
      </div>
    </dialog>`;
  }

  #difference({ before, after, valid, issues, restarts }: Check, isNothing: boolean): TemplateResult {
    if (!valid)
      return html`<p class="problem" role="alert">This is not valid and cannot be saved:</p>
        <ul>${issues.map(({ path, message, line }) => html`<li>${line === undefined ? "" : t("Line {0}: ", line)}<code>${path}</code> ${message}</li>`)}</ul>`;
    if (isNothing) return html`<p>Nothing. The file says this already.</p>`;
    return html`${diffView(before, after)}
      <p role="status">${
        restarts.length === 0
          ? t("It applies at once; nothing restarts.")
          : html`The gateway restarts in place for ${restarts.map((each, at) => html`${at === 0 ? "" : ", "}<code>${each}</code>`)}; it is back in a moment, and what comes meanwhile is kept.`
      }</p>
      <p class="meta">Secrets stay hidden here. The file of now goes to the history.</p>`;
  }

  get #dialog(): HTMLDialogElement {
    return this.querySelector("dialog") as HTMLDialogElement;
  }

  async #look(): Promise<void> {
    const change = this.#change as Change;
    const params =
      change.kind === "patch"
        ? { patch: JSON.stringify(change.patch) }
        : change.kind === "text"
          ? { raw: change.raw }
          : { version: change.version };
    try {
      this.check = await this.host.gateway().request("config.check", params);
      await this.updateComplete;
      this.querySelector<HTMLElement>(".dialog-actions .primary:not(:disabled)")?.focus();
    } catch (error) {
      this.problem = sentence(error instanceof Error ? error.message : error);
    }
  }

  async #write(): Promise<void> {
    const change = this.#change as Change;
    const base = { baseHash: this.check?.hash ?? "", restartDelayMs: RESTART_MS };
    const gateway = this.host.gateway();
    this.isBusy = true;
    this.problem = undefined;
    try {
      if (change.kind === "patch")
        await gateway.request("config.patch", { raw: JSON.stringify(change.patch), ...base });
      else if (change.kind === "text") await gateway.request("config.apply", { raw: change.raw, ...base });
      else await gateway.request("config.undo", { version: change.version, ...base });
      this.#dialog.close("written");
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const isLate = message.startsWith("config changed since last load");
      this.problem = isLate
        ? t(
            "Somebody has changed the file in this moment. This is what your change does to it now; save it again if that is right.",
          )
        : sentence(message);
      if (isLate) await this.#look();
    }
    this.isBusy = false;
  }
}

/** The answer must be out before the connection goes down with the restart, ms. */
export const RESTART_MS = 200;

customElements.define("moltbot-review", ReviewElement);
