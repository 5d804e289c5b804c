// One message of the conversation: a person's bubble or the agent's reply.

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { dataUrl } from "../attachments.ts";
import type { Item, Reply, ShownAttachment, UserMessage } from "../conversation.ts";
import type { Store } from "../store.ts";
import { clockTime } from "../time.ts";
import { PageElement } from "./element.ts";
import { checkIcon, claws, copyIcon, fileIcon, warnIcon } from "./icons.ts";
import { renderBlocks } from "./markdown.ts";
import { words } from "./words.ts";

/** How long a copy button says that it has copied, in milliseconds. */
const COPIED_MS = 1_600;

/** `<moltbot-message>`: shows `item`. */
export class MessageElement extends PageElement {
  static override properties = { item: { attribute: false }, store: { attribute: false }, copied: { state: true } };
  declare item: Item;
  declare store: Store;
  declare copied: boolean;
  readonly #blocks = new Map<string, string>();

  constructor() {
    super();
    this.copied = false;
    this.addEventListener("click", (event) => void this.#copyCode(event));
  }

  protected override render(): TemplateResult {
    return this.item.kind === "user" ? this.#user(this.item.message) : this.#reply(this.item.reply);
  }

  #user(message: UserMessage): TemplateResult {
    return html`<article class="message from-user" aria-label=${`You, ${clockTime(message.at)}`}>
      ${message.attachments.length > 0 ? attachmentList(message.attachments) : nothing}
      ${message.text === "" ? nothing : html`<div class="bubble">${message.text}</div>`} ${this.#delivery(message)}
    </article>`;
  }

  #delivery({ entry }: UserMessage): TemplateResult | typeof nothing {
    if (entry === undefined || entry.delivery.kind === "sent") return nothing;
    if (entry.delivery.kind === "sending") return html`<p class="meta">Sending…</p>`;
    if (entry.delivery.kind === "queued") return html`<p class="meta">Waiting to be sent</p>`;
    return html`<div class="failure" role="group" aria-label="Not sent">
      <p>${warnIcon} <span>Not sent. ${words(entry.delivery.reason)}</span></p>
      <p>
        <button type="button" class="text-button" @click=${() => this.store.retry(entry.key)}>Send again</button>
        <button type="button" class="text-button" @click=${() => this.#takeBack(entry.key)}>Edit</button>
      </p>
    </div>`;
  }

  #takeBack(key: string): void {
    const text = this.store.discard(key);
    this.dispatchEvent(new CustomEvent("take-back", { detail: text, bubbles: true }));
  }

  #reply(reply: Reply): TemplateResult {
    const isWriting = reply.outcome.kind === "writing";
    const name = reply.isNote ? "Note" : "Moltbot";
    return html`<article
      class="message from-agent"
      aria-label=${`${name}, ${clockTime(reply.at)}`}
      aria-busy=${isWriting ? "true" : "false"}
    >
      <div class="avatar">${claws}</div>
      <div class="body">
        <div class="markdown">
          ${repeat(
            renderBlocks(reply.text, this.#blocks),
            (_block, index) => index,
            (block) => html`<div class="block" .innerHTML=${block}></div>`,
          )}
        </div>
        ${progress(reply)} ${outcome(reply)} ${isWriting || reply.text === "" ? nothing : this.#foot(reply)}
      </div>
    </article>`;
  }

  #foot({ at, model, text }: Reply): TemplateResult {
    const label = this.copied ? "Copied" : "Copy reply";
    return html`<p class="foot">
      <button type="button" class="icon-button small" aria-label=${label} title=${label} @click=${() => this.#copy(text)}>
        ${this.copied ? checkIcon : copyIcon}
      </button>
      <time datetime=${new Date(at).toISOString()}>${clockTime(at)}</time>
      ${model === undefined ? nothing : html`<span>${model}</span>`}
    </p>`;
  }

  async #copy(text: string): Promise<void> {
    if (!(await copyText(text)))
      return this.store.notify("The browser does not let this page copy. Select the text and copy it.");
    this.copied = true;
    setTimeout(() => {
      this.copied = false;
    }, COPIED_MS);
  }

  async #copyCode(event: Event): Promise<void> {
    const button = (event.target as Element).closest("button[data-copy]");
    const code = button?.closest("figure")?.querySelector("code")?.textContent;
    if (!button || code === undefined || code === null || !(await copyText(code))) return;
    button.textContent = "Copied";
    setTimeout(() => {
      button.textContent = "Copy";
    }, COPIED_MS);
  }
}

customElements.define("moltbot-message", MessageElement);

function attachmentList(attachments: readonly ShownAttachment[]): TemplateResult {
  return html`<ul class="attached" aria-label="Attachments">
    ${attachments.map(
      ({ mimeType, fileName, content }) => html`<li>
        ${
          mimeType.startsWith("image/") && content !== undefined
            ? html`<img src=${dataUrl({ mimeType, content })} alt=${fileName} />`
            : html`<span class="file">${fileIcon} <span>${fileName}</span></span>`
        }
      </li>`,
    )}
  </ul>`;
}

function progress({ outcome, tool, text }: Reply): TemplateResult | typeof nothing {
  if (outcome.kind !== "writing") return nothing;
  if (tool !== undefined) return html`<p class="meta working"><span class="dots"></span>Using ${tool}</p>`;
  if (text === "") return html`<p class="meta working"><span class="dots"></span>Thinking</p>`;
  return nothing;
}

function outcome({ outcome, text }: Reply): TemplateResult | typeof nothing {
  if (outcome.kind === "done" && text === "") return html`<p class="meta">The reply was empty.</p>`;
  if (outcome.kind === "stopped") return html`<p class="meta">Stopped</p>`;
  if (outcome.kind === "failed") return html`<p class="failure">${warnIcon} <span>${words(outcome.reason)}</span></p>`;
  return nothing;
}

/** Pages on plain http have no clipboard; there a hidden field is selected and copied. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "visually-hidden";
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    return copied;
  }
}
