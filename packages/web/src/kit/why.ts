// The drawer that explains a row: the rule behind it, the line of the config, and the way to change that.

import { html, nothing, type TemplateResult } from "lit";
import { PageElement } from "../chat/element.ts";
import { closeIcon } from "../chat/icons.ts";
import { words } from "../chat/words.ts";
import type { PageHost } from "../view.ts";
import { t } from "../words/t.ts";
import { terminal } from "./parts.ts";

/** What explains a row. */
export interface Why {
  readonly title: string;
  /** In one or two sentences; what is between back-ticks is shown as code. */
  readonly because: string;
  /** Names and values; those without a value are left out. */
  readonly facts?: readonly (readonly [name: string, value: unknown])[];
  /** The setting that decides. */
  readonly setting?: Setting | undefined;
  /** What shows it in a terminal. */
  readonly command?: string | undefined;
  readonly more?: TemplateResult | typeof nothing;
}

/** A setting, its value, and where in the config file it stands. */
export interface Setting {
  readonly path: string;
  readonly line?: number | undefined;
  readonly value?: unknown;
  readonly isDefault?: boolean | undefined;
}

/** Opens the drawer; the focus returns to where it was when it is closed. */
export function openWhy(host: PageHost, why: Why): void {
  const known = document.querySelector<WhyElement>("moltbot-why");
  const drawer = known ?? (document.createElement("moltbot-why") as WhyElement);
  if (known === null) document.body.append(drawer);
  void drawer.open(host, why);
}

/** `<moltbot-why>`: the page has one; call `openWhy`. */
class WhyElement extends PageElement {
  static override properties = { why: { state: true } };
  declare why: Why | undefined;
  #host: PageHost | undefined;

  async open(host: PageHost, why: Why): Promise<void> {
    this.#host = host;
    this.why = why;
    await this.updateComplete;
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  protected override render(): TemplateResult {
    const { title = "", because = "", facts = [], setting, command, more = nothing } = this.why ?? {};
    return html`<dialog class="drawer" aria-labelledby="why-title" @click=${this.#onClick}>
      <div class="drawer-content">
        <header>
          <h2 id="why-title" dir="auto">${title}</h2>
          <button type="button" class="icon-button" aria-label="Close" @click=${() => this.#dialog.close()}>${closeIcon}</button>
        </header>
        ${because === "" ? nothing : html`<p class="because">${words(because)}</p>`}
        <dl>
          ${facts.filter(([, value]) => value !== undefined && value !== "" && value !== nothing).map(([name, value]) => html`<dt>${name}</dt><dd dir="auto">${value}</dd>`)}
          ${setting === undefined ? nothing : html`<dt>Decided by</dt><dd>${settingText(setting)}</dd>`}
        </dl>
        ${setting !== undefined && this.#host?.has("settings") && this.#host.may("admin") ? this.#change(setting) : nothing}
        ${more} ${command === undefined ? nothing : terminal(command)}
      </div>
    </dialog>`;
  }

  #change({ path }: Setting): TemplateResult {
    return html`<button
      type="button"
      class="button small"
      @click=${() => {
        this.#dialog.close();
        this.#host?.show("settings", path);
      }}
    >
      Change this
    </button>`;
  }

  /** A press beside the drawer closes it. */
  #onClick(event: Event): void {
    if (event.target === this.#dialog) this.#dialog.close();
  }

  get #dialog(): HTMLDialogElement {
    return this.querySelector("dialog") as HTMLDialogElement;
  }
}

customElements.define("moltbot-why", WhyElement);

/** A setting with its value and its place in the config file. */
function settingText({ path, line, value, isDefault = false }: Setting): TemplateResult {
  const place = isDefault ? t("not in the config, so its default counts") : t("line {0} of the config", line);
  const shown = isDefault || value === undefined ? "" : ` = ${JSON.stringify(value)}`;
  return html`<code dir="ltr">${path}${shown}</code>
    ${line === undefined && !isDefault ? nothing : html`<span class="meta">(${place})</span>`}`;
}
