// The two screens before the chat: sign in with a token or password, and wait for the owner's approval of this browser.

import { html, nothing, type TemplateResult } from "lit";
import type { Store } from "../store/store.ts";
import { loadLanguages } from "../words/language.ts";
import { PageElement } from "./element.ts";
import { claws } from "./icons.ts";
import { words } from "./words.ts";

/** `<moltbot-sign-in>`: `problem` says why the last attempt failed. */
export class SignInElement extends PageElement {
  static override properties = { problem: { attribute: false }, store: { attribute: false } };
  declare problem: string | undefined;
  declare store: Store;

  protected override render(): TemplateResult {
    return html`<main class="card-screen">
      <form class="card" @submit=${this.#submit}>
        ${claws}
        <h1>Sign in to your gateway</h1>
        <p>Run <code>moltbot dashboard</code> on the gateway’s machine and open the link it prints. Or paste the token or password here.</p>
        <label class="text-field">
          <span>Token or password</span>
          <input
            type="password"
            name="secret"
            required
            autocomplete="current-password"
            spellcheck="false"
            aria-invalid=${this.problem === undefined ? "false" : "true"}
            aria-describedby=${this.problem === undefined ? nothing : "sign-in-problem"}
          />
        </label>
        ${this.problem === undefined ? nothing : html`<p id="sign-in-problem" class="problem" role="alert">${words(this.problem)}</p>`}
        <button type="submit" class="button primary wide">Sign in</button>
        <moltbot-language></moltbot-language>
      </form>
    </main>`;
  }

  protected override firstUpdated(): void {
    loadLanguages();
    this.querySelector("input")?.focus();
  }

  #submit(event: Event): void {
    event.preventDefault();
    const secret = this.querySelector("input")?.value.trim() ?? "";
    if (secret !== "") void this.store.connection.signIn(secret);
  }
}

customElements.define("moltbot-sign-in", SignInElement);

/** `<moltbot-pairing>`: shows the request that waits for approval. */
export class PairingElement extends PageElement {
  static override properties = { requestId: { attribute: false }, store: { attribute: false } };
  declare requestId: string;
  declare store: Store;

  protected override render(): TemplateResult {
    return html`<main class="card-screen">
      <div class="card">
        ${claws}
        <h1 tabindex="-1">Approve this browser</h1>
        <p>It is new to the gateway. Run this on the gateway’s machine, or approve it from a device that is signed in:</p>
        <pre class="command" tabindex="0" role="group" aria-label="Command"><code>moltbot devices approve ${this.requestId}</code></pre>
        <p class="meta working" role="status"><span class="dots"></span>Waiting for approval. This page goes on by itself.</p>
        <button type="button" class="button wide" @click=${() => this.store.connection.retryNow()}>Check now</button>
        <button type="button" class="text-button" @click=${() => this.store.signOut()}>Sign in differently</button>
        <moltbot-language></moltbot-language>
      </div>
    </main>`;
  }

  protected override firstUpdated(): void {
    loadLanguages();
    this.querySelector("h1")?.focus();
  }
}

customElements.define("moltbot-pairing", PairingElement);
