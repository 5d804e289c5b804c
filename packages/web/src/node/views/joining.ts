// Before this browser is a node: not invited, invited, waiting for approval, and no longer one.

import { html, nothing, type TemplateResult } from "lit";
import { claws } from "../../chat/icons.ts";
import { t } from "../../words/t.ts";
import type { NodePage } from "../node-page.ts";
import { abilities } from "./abilities.ts";

/** A card in the middle of the page. */
export function card(title: string, content: TemplateResult): TemplateResult {
  return html`<main class="card-screen"><div class="card">${claws}<h1 tabindex="-1">${title}</h1>${content}<moltbot-language></moltbot-language></div></main>`;
}

export function command(text: string): TemplateResult {
  return html`<pre class="command" tabindex="0" role="group" aria-label="Command"><code>${text}</code></pre>`;
}

export function uninvited(problem: string | undefined): TemplateResult {
  return card(
    t("Make this browser a node"),
    html`${problem === undefined ? nothing : html`<p class="problem" role="alert">${problem}</p>`}
      <p>The gateway can then ask it for a picture, its place and more, and you decide about each. Run this on the gateway’s machine, and open the link or scan the code that it prints:</p>
      ${command("moltbot nodes invite")}`,
  );
}

export function removed(): TemplateResult {
  return card(
    t("This browser is no longer a node"),
    html`<p role="alert">Somebody removed it from the gateway, so it can no longer be asked for anything. To make it a node again, run this on the gateway’s machine:</p>
      ${command("moltbot nodes invite")}`,
  );
}

export function waits(requestId: string, again: () => void): TemplateResult {
  return card(
    t("Approve this browser"),
    html`<p>Run this on the gateway’s machine:</p>
      ${command(`moltbot nodes approve ${requestId}`)}
      <p class="meta" role="status">Waiting for approval. This page goes on by itself.</p>
      <button type="button" class="button wide" @click=${again}>Check now</button>`,
  );
}

export function joining(page: NodePage, isBusy: boolean, changed: () => void): TemplateResult {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const name = new FormData(event.target as HTMLFormElement).get("name");
    void page.join(String(name ?? ""));
  };
  return html`<main class="node-page">
    <form class="joining" @submit=${submit}>
      ${claws}
      <h1 tabindex="-1">Make this browser a node</h1>
      <p>The gateway may then ask it for the following. Each call is written into a log that you see here.</p>
      <label class="text-field">
        <span>Name</span>
        <input name="name" required maxlength="100" autocomplete="off" value=${page.name} />
      </label>
      <section aria-labelledby="may"><h2 id="may">What it may do</h2>${abilities(page, changed)}</section>
      <p class="meta">Your browser asks once for the camera, the microphone, the place and notifications. What you refuse there cannot be used.</p>
      <button type="submit" class="button primary wide" ?disabled=${isBusy}>${isBusy ? t("Connecting…") : t("Connect")}</button>
    </form>
    <moltbot-language></moltbot-language>
  </main>`;
}
