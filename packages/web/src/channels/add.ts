// The form for an account's settings. The gateway tries them with the platform; what it says is shown at once.

import { ResponseError } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import { PageElement } from "../chat/element.ts";
import { words } from "../chat/words.ts";
import { sentence } from "../conversation/runs.ts";
import { t } from "../words/t.ts";
import type { Channels } from "./channels.ts";
import { type Field, fieldsOf, readField } from "./settings.ts";
import type { Channel } from "./state.ts";

/** `<moltbot-add-channel>`: call `open`; fires `added` with the channel, the account and whether it must be linked. */
export class AddChannelElement extends PageElement {
  static override properties = {
    channels: { attribute: false },
    channel: { state: true },
    accountId: { state: true },
    fields: { state: true },
    problem: { state: true },
    isBusy: { state: true },
    mayForce: { state: true },
  };
  declare channels: Channels;
  declare channel: Channel | undefined;
  /** The account whose settings are changed; undefined while one is added. */
  declare accountId: string | undefined;
  declare fields: readonly Field[];
  declare problem: string | undefined;
  declare isBusy: boolean;
  /** The platform refused; the person may save the settings nevertheless. */
  declare mayForce: boolean;

  constructor() {
    super();
    this.fields = [];
    this.isBusy = false;
    this.mayForce = false;
  }

  /** Shows an empty form, for a new account or for one that is there. */
  async open(channel: Channel, accountId?: string): Promise<void> {
    this.accountId = accountId;
    this.problem = undefined;
    this.mayForce = false;
    this.fields = fieldsOf(channel, await this.channels.schema());
    this.channel = channel;
    await this.updateComplete;
    this.querySelector("form")?.reset();
    this.#dialog.showModal();
  }

  protected override render(): TemplateResult {
    const { channel, fields, accountId } = this;
    const secrets = fields.filter(({ isSecret }) => isSecret);
    const others = fields.filter(({ isSecret }) => !isSecret);
    const isFirst = (channel?.accounts.length ?? 0) === 0;
    const isChange = accountId !== undefined;
    const verb = isChange ? t("Save") : t("Connect");
    const account = html`<label class="text-field">
      <span>Account name</span>
      <input name="account-name" maxlength="64" pattern="[A-Za-z0-9_\\-]+" ?required=${!isFirst} autocomplete="off" placeholder=${isFirst ? "default" : "work"} />
      <small>Letters, digits, - and _. It tells several accounts of a channel apart.</small>
    </label>`;
    return html`<dialog class="form-dialog" aria-labelledby="add-dialog-title">
      <form novalidate @submit=${this.#submit}>
        <h2 id="add-dialog-title">${isChange ? t("Settings of {0}", channel?.label) : isFirst ? t("Connect {0}", channel?.label) : t("Add another account of {0}", channel?.label)}</h2>
        <p><bdi>${isChange ? t("What you leave empty stays as it is.") : channel?.summary}</bdi></p>
        ${isFirst || isChange ? nothing : account} ${secrets.map((field) => this.#field(field))}
        ${
          secrets.length === 0
            ? others.map((field) => this.#field(field))
            : html`<details>
              <summary>More settings</summary>
              ${isFirst && !isChange ? account : nothing} ${others.map((field) => this.#field(field))}
            </details>`
        }
        ${this.problem === undefined ? nothing : html`<p class="problem" role="alert">${words(this.problem)}</p>`}
        <div class="dialog-actions">
          <button type="button" class="button" @click=${() => this.#dialog.close()}>Cancel</button>
          ${this.mayForce ? html`<button type="submit" class="button" name="force" value="yes">Save anyway</button>` : nothing}
          <button type="submit" class="button primary" ?disabled=${this.isBusy}>${this.isBusy ? t("Trying it…") : verb}</button>
        </div>
      </form>
    </dialog>`;
  }

  #field({ name, label, description, kind, choices }: Field): TemplateResult {
    const id = `setting-${name}`;
    const control =
      choices.length > 0
        ? html`<select name=${name} aria-describedby=${id}>
          <option value="">${this.accountId === undefined ? t("Default") : t("Unchanged")}</option>
          ${choices.map((choice) => html`<option value=${choice}>${kind === "switch" ? t(choice) : choice}</option>`)}
        </select>`
        : html`<input
          name=${name}
          type=${kind === "secret" ? "password" : kind === "number" ? "number" : "text"}
          autocomplete="off"
          spellcheck="false"
          aria-describedby=${id}
        />`;
    return html`<label class="text-field"><span>${label}</span>${control}<small id=${id}>${description}</small></label>`;
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const { channel } = this;
    const form = event.target as HTMLFormElement;
    if (channel === undefined || this.isBusy) return;
    const invalid = form.querySelector<HTMLInputElement>("input:invalid");
    if (invalid !== null) {
      this.problem =
        invalid.name === "account-name"
          ? t("Give the account a name of letters, digits, - and _.")
          : t("{0} is a number.", invalid.labels?.[0]?.querySelector("span")?.textContent);
      return invalid.focus();
    }
    const given = new FormData(form);
    const text = (name: string) => String(given.get(name) ?? "");
    const values = this.fields.map((field) => [field.name, readField(field, text(field.name))] as const);
    const account = this.accountId ?? text("account-name");
    const force = (event.submitter as HTMLButtonElement | null)?.name === "force";
    this.problem = undefined;
    this.isBusy = true;
    try {
      const { accountId, self, next } = await this.channels.add({
        channel: channel.id,
        settings: Object.fromEntries(values.filter(([, value]) => value !== undefined)),
        ...(account !== "" && { accountId: account }),
        ...(force && { force }),
      });
      this.#dialog.close();
      const says = t("{0} is set up{1}.", channel.label, self === undefined ? "" : t(" as {0}", self.name ?? self.id));
      const mustLink = channel.hasLogin && next !== undefined;
      const detail = { channel, ref: { channel: channel.id, accountId }, mustLink, says };
      this.dispatchEvent(new CustomEvent("added", { detail }));
    } catch (error) {
      this.mayForce = error instanceof ResponseError && error.detail("code") === "CHANNEL_PROBE_FAILED";
      this.problem = sentence(error instanceof Error ? error.message : error);
    } finally {
      this.isBusy = false;
    }
  }

  get #dialog(): HTMLDialogElement {
    return this.querySelector("dialog") as HTMLDialogElement;
  }
}

customElements.define("moltbot-add-channel", AddChannelElement);
