// Linking an account: a QR code that renews itself, or a code to type on the phone.

import { html, nothing, type TemplateResult } from "lit";
import { PageElement } from "../chat/element.ts";
import { words } from "../chat/words.ts";
import { sentence } from "../conversation/runs.ts";
import { t } from "../words/t.ts";
import type { AccountRef, Channels, LoginStep } from "./channels.ts";
import type { Channel } from "./state.ts";

/** Channels that link by a code typed on the phone, too. */
const BY_PHONE: ReadonlySet<string> = new Set(["whatsapp"]);

/** `<moltbot-link-account>`: call `open`. Closing the dialog stops it. */
export class LinkAccountElement extends PageElement {
  static override properties = {
    channels: { attribute: false },
    channel: { state: true },
    step: { state: true },
    problem: { state: true },
    byPhone: { state: true },
    seconds: { state: true },
  };
  declare channels: Channels;
  declare channel: Channel | undefined;
  declare step: LoginStep | undefined;
  declare problem: string | undefined;
  declare byPhone: boolean;
  /** How long the QR code is still good. */
  declare seconds: number | undefined;
  #account: AccountRef | undefined;
  #attempt = new AbortController();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    this.byPhone = false;
  }

  /** Shows the dialog and begins with a QR code. */
  open(channel: Channel, account: AccountRef): void {
    this.channel = channel;
    this.#account = account;
    this.byPhone = false;
    void this.updateComplete.then(() => this.querySelector("dialog")?.showModal());
    void this.#begin();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop();
  }

  protected override render(): TemplateResult {
    const label = this.channel?.label ?? "";
    const isLinked = this.step?.connected === true;
    return html`<dialog class="link-dialog" aria-labelledby="link-title" @close=${() => this.#stop()}>
      <h2 id="link-title">Link ${label}</h2>
      ${this.#picture()}
      <p role="status">${this.problem === undefined ? words(this.step?.message ?? t("Asking {0} for a code…", label)) : nothing}</p>
      ${this.problem === undefined ? nothing : html`<p class="problem" role="alert">${words(this.problem)}</p>`}
      ${this.byPhone && !isLinked && this.step?.code === undefined ? this.#phone() : nothing}
      <div class="dialog-actions">
        ${isLinked || this.byPhone || !BY_PHONE.has(this.channel?.id ?? "") ? nothing : html`<button type="button" class="text-button" @click=${this.#choosePhone}>Use a phone number instead</button>`}
        ${this.problem === undefined || this.byPhone ? nothing : html`<button type="button" class="button" @click=${() => this.#begin()}>Try again</button>`}
        <button type="button" class="button ${isLinked ? "primary" : ""}" @click=${() => this.querySelector("dialog")?.close()}>${isLinked ? t("Done") : t("Cancel")}</button>
      </div>
    </dialog>`;
  }

  #picture(): TemplateResult | typeof nothing {
    const { step, seconds } = this;
    if (this.problem !== undefined || step?.connected) return nothing;
    if (step?.code !== undefined) return html`<p class="link-code" aria-label="Code">${step.code}</p>`;
    if (step?.qrDataUrl === undefined) return this.byPhone ? nothing : html`<div class="qr waiting"></div>`;
    return html`<img class="qr" src=${step.qrDataUrl} alt=${t("QR code to scan with {0} on your phone", this.channel?.label)} />
      <p class="meta">${seconds === undefined ? nothing : seconds > 0 ? t("A new code comes in {0} s", seconds) : t("A new code comes…")}</p>`;
  }

  #phone(): TemplateResult {
    return html`<form class="phone-form" @submit=${this.#onPhone}>
      <label class="text-field">
        <span>Phone number</span>
        <input name="phone" type="tel" required autocomplete="tel" placeholder="+1 555 0100" />
      </label>
      <button type="submit" class="button primary">Get a code</button>
    </form>`;
  }

  async #choosePhone(): Promise<void> {
    this.#stop();
    this.byPhone = true;
    this.problem = undefined;
    this.step = { message: t("Type the number of the phone with its country code.") };
    await this.updateComplete;
    this.querySelector<HTMLInputElement>("input[name=phone]")?.focus();
  }

  #onPhone(event: Event): void {
    event.preventDefault();
    const number = String(new FormData(event.target as HTMLFormElement).get("phone") ?? "").trim();
    if (number !== "") void this.#begin(number);
  }

  async #begin(phoneNumber?: string): Promise<void> {
    this.#stop();
    this.step = undefined;
    this.problem = undefined;
    const attempt = new AbortController();
    this.#attempt = attempt;
    const { signal } = attempt;
    try {
      const options = { force: false, signal, ...(phoneNumber !== undefined && { phoneNumber }) };
      for await (const step of this.channels.login(this.#account as AccountRef, options)) {
        if (signal.aborted) return;
        this.step = step;
        this.#countDown(step.expiresAt);
      }
    } catch (error) {
      if (!signal.aborted) this.problem = sentence(error instanceof Error ? error.message : error);
    }
  }

  #countDown(expiresAt: number | undefined): void {
    clearInterval(this.#timer);
    const tell = () => {
      this.seconds = expiresAt === undefined ? undefined : Math.max(0, Math.round((expiresAt - Date.now()) / 1000));
    };
    tell();
    if (expiresAt !== undefined) this.#timer = setInterval(tell, 1_000);
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#attempt.abort(new Error("the dialog was closed"));
  }
}

customElements.define("moltbot-link-account", LinkAccountElement);
