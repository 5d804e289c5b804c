// One message of the conversation: a person's bubble or the agent's reply.

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { pressedBubble } from "../canvas/pressed.ts";
import { dataUrl } from "../conversation/attachments.ts";
import type { Outcome, ShownAttachment } from "../conversation/history.ts";
import type { SaidItem, UserMessage } from "../conversation/items.ts";
import { sectionsOf } from "../conversation/parts.ts";
import { isOpen, type Reply } from "../conversation/reply.ts";
import type { Store } from "../store/store.ts";
import { clockTime } from "../time.ts";
import { said, t } from "../words/t.ts";
import { PageElement } from "./element.ts";
import { checkIcon, claws, copyIcon, fileIcon, micIcon, pencilIcon, redoIcon, stopIcon, warnIcon } from "./icons.ts";
import { blocksOf } from "./lazy-markdown.ts";
import { showPicture } from "./picture.ts";
import { words } from "./words.ts";
import "./activity.ts";
import { ignore } from "../ignore.ts";

/** How long a copy button says that it has copied, in milliseconds. */
const COPIED_MS = 1_600;

/** How the gateway marks the words of a voice message. */
const TRANSCRIPT = "[transcript] ";

/** The message that asks a model to continue an answer that was cut off. */
const GO_ON = said("Go on from where you were cut off.");

/** `<moltbot-message>`: shows `item`. */
export class MessageElement extends PageElement {
  static override properties = { item: { attribute: false }, store: { attribute: false }, copied: { state: true } };
  declare item: SaidItem;
  declare store: Store;
  declare copied: boolean;
  readonly #known = { blocks: new Map<string, string>(), windows: new Map<string, readonly string[]>() };

  constructor() {
    super();
    this.copied = false;
    this.addEventListener("click", (event) => void this.#copyCode(event));
  }

  protected override render(): TemplateResult {
    return this.item.kind === "user" ? this.#user(this.item.message) : this.#reply(this.item.reply);
  }

  /** A reply that has ended gets its colours and formulas; while it grows, its last block changes all the time. */
  protected override updated(): void {
    if (this.item.kind === "reply" && isOpen(this.item.reply.outcome)) return;
    const enrich = [
      ...(this.querySelector("figure.code code[class]") === null
        ? []
        : [import("./colours.ts").then(({ colourCode }) => colourCode(this))]),
      ...(this.querySelector(".math:not(.set)") === null
        ? []
        : [import("./formulas.ts").then(({ setFormulas }) => setFormulas(this))]),
    ];
    for (const each of enrich)
      each.catch((error: unknown) => ignore(error, "without this part the message is shown plain"));
  }

  #user(message: UserMessage): TemplateResult {
    return html`<article class="message from-user" aria-label=${`${message.pressed === undefined ? t("You") : t("Canvas")}, ${clockTime(message.at)}`}>
      ${message.attachments.length > 0 ? attachmentList(message.attachments) : nothing}
      ${message.pressed === undefined ? nothing : pressedBubble(message.pressed)}
      ${message.text === "" || message.pressed !== undefined ? nothing : bubble(message.text)} ${this.#delivery(message)}
      ${message.entry === undefined ? this.#userFoot(message) : nothing}
    </article>`;
  }

  #userFoot({ id, text, at, pressed }: UserMessage): TemplateResult {
    const mayEdit = id !== undefined && text !== "" && pressed === undefined && this.#mayAskAgain;
    return html`<p class="foot">
      <time datetime=${new Date(at).toISOString()}>${clockTime(at)}</time>
      ${text === "" ? nothing : this.#copyButton(t("Copy message"), text)}
      ${mayEdit ? action(t("Edit and ask again"), pencilIcon, () => this.store.again.edit({ id, text })) : nothing}
    </p>`;
  }

  /** What is past can be read; it is not asked again. */
  get #mayAskAgain(): boolean {
    return this.item.isPast !== true && this.store.again.isPossible && this.store.state.activeRun === undefined;
  }

  #delivery({ entry }: UserMessage): TemplateResult | typeof nothing {
    if (entry === undefined || entry.delivery.kind === "sent") return nothing;
    if (entry.delivery.kind === "sending") return html`<p class="meta">Sending…</p>`;
    if (entry.delivery.kind === "queued") return html`<p class="meta">Waiting to be sent</p>`;
    return html`<div class="failure" role="group" aria-label="Not sent">
      <p>${warnIcon} <span>Not sent. ${words(entry.delivery.reason)}</span></p>
      <p>
        <button type="button" class="text-button" @click=${() => this.store.conversation.sender.retry(entry.key)}>Send again</button>
        <button type="button" class="text-button" @click=${() => this.#takeBack(entry.key)}>Edit</button>
      </p>
    </div>`;
  }

  #takeBack(key: string): void {
    const text = this.store.conversation.sender.discard(key);
    this.dispatchEvent(new CustomEvent("take-back", { detail: text, bubbles: true }));
  }

  #reply(reply: Reply): TemplateResult {
    const isGrowing = isOpen(reply.outcome);
    const name = reply.isNote ? t("Note") : "Moltbot";
    const sections = sectionsOf(reply.parts);
    return html`<article
      class="message from-agent"
      aria-label=${`${name}, ${clockTime(reply.at)}`}
      aria-busy=${isGrowing ? "true" : "false"}
    >
      <div class="avatar">${claws}</div>
      <div class="body">
        ${sections.map((section, index) => {
          const isLast = index === sections.length - 1;
          return section.kind === "text"
            ? this.#markdown(section.text)
            : html`<moltbot-activity .parts=${section.parts} .isLive=${isGrowing && isLast}></moltbot-activity>`;
        })}
        ${this.#progress(reply)} ${outcome(reply)} ${this.#goOn(reply)}
        ${isGrowing || reply.text === "" ? nothing : this.#foot(reply)}
      </div>
    </article>`;
  }

  #markdown(text: string): TemplateResult {
    const blocks = blocksOf(text, this.#known, () => this.requestUpdate());
    if (blocks === undefined) return html`<div class="markdown"><div class="plain" dir="auto">${text}</div></div>`;
    return html`<div class="markdown">
      ${repeat(
        blocks,
        (_block, index) => index,
        (block) => html`<div class="block" dir="auto" .innerHTML=${block}></div>`,
      )}
    </div>`;
  }

  /** What the reply waits for, where nothing else on the screen says so. */
  #progress({ outcome, parts, busyWith, runId }: Reply): TemplateResult | typeof nothing {
    if (outcome.kind === "waiting") {
      return html`<p class="meta working" role="group" aria-label="Waiting for its turn">
        <span class="dots"></span>Waiting for the reply before it
        ${this.store.may("write") ? html`<button type="button" class="text-button" @click=${() => this.store.conversation.stop(runId)}>${stopIcon} Stop</button>` : nothing}
      </p>`;
    }
    if (outcome.kind !== "writing") return nothing;
    if (busyWith === "compaction") return working(t("Summarising the conversation so far…"));
    const last = parts.at(-1);
    if (last === undefined || (last.kind === "call" && last.call.state !== "running")) return working(t("Thinking"));
    return nothing;
  }

  /** What can be done about a reply that did not come to its end. */
  #goOn({ outcome, question, isCut }: Reply): TemplateResult | typeof nothing {
    if (this.item.isPast || !this.store.again.isPossible) return nothing;
    const isUnfinished = outcome.kind === "failed" || outcome.kind === "stopped";
    if (isUnfinished && question !== undefined)
      return html`<p>
        <button type="button" class="text-button" @click=${() => this.#askAgain(question)}>${redoIcon} Try again</button>
        ${isAboutModels(outcome) ? html`<button type="button" class="text-button" @click=${() => this.store.navigation.show("models")}>Open Models</button>` : nothing}
      </p>`;
    if (!isCut || outcome.kind !== "done") return nothing;
    return html`<p class="meta cut">
      ${stopIcon} The answer was cut off: it was as long as the model may write.
      <button type="button" class="text-button" @click=${() => this.store.conversation.send(t(GO_ON))}>Continue</button>
    </p>`;
  }

  #foot({ at, by, text, question, outcome }: Reply): TemplateResult {
    const mayRepeat = question !== undefined && outcome.kind === "done" && this.#mayAskAgain;
    return html`<p class="foot">
      ${this.#copyButton(t("Copy reply"), text)}
      ${mayRepeat ? action(t("Ask for another answer"), redoIcon, () => this.#askAgain(question)) : nothing}
      <time datetime=${new Date(at).toISOString()}>${clockTime(at)}</time>
      ${by === undefined ? nothing : html`<span title=${by.provider === undefined ? nothing : `${by.provider}/${by.model}`}>${by.model}</span>`}
    </p>`;
  }

  /** Markdown as it was written. */
  #copyButton(label: string, text: string): TemplateResult {
    return action(this.copied ? t("Copied") : label, this.copied ? checkIcon : copyIcon, () => void this.#copy(text));
  }

  async #askAgain(question: string): Promise<void> {
    await this.store.again.ask(question);
  }

  async #copy(text: string): Promise<void> {
    if (!(await copyText(text)))
      return this.store.notify(t("The browser does not let this page copy. Select the text and copy it."));
    this.copied = true;
    setTimeout(() => {
      this.copied = false;
    }, COPIED_MS);
  }

  async #copyCode(event: Event): Promise<void> {
    const button = (event.target as Element).closest("button[data-copy]");
    const code = button?.closest("figure")?.querySelector("code")?.textContent;
    if (!button || code === undefined || code === null || !(await copyText(code))) return;
    button.textContent = t("Copied");
    setTimeout(() => {
      button.textContent = t("Copy");
    }, COPIED_MS);
  }
}

customElements.define("moltbot-message", MessageElement);

/** What a person has written, or said in a voice message. */
function bubble(text: string): TemplateResult {
  const said = text.startsWith(TRANSCRIPT) ? text.slice(TRANSCRIPT.length) : undefined;
  if (said === undefined) return html`<div class="bubble" dir="auto">${text}</div>`;
  return html`<div class="bubble spoken" dir="auto">${micIcon}<span class="visually-hidden">Said: </span>${said}</div>`;
}

/** A small button with an icon. */
function action(label: string, icon: TemplateResult, onClick: () => void): TemplateResult {
  return html`<button type="button" class="icon-button small" aria-label=${label} title=${label} @click=${onClick}>${icon}</button>`;
}

function attachmentList(attachments: readonly ShownAttachment[]): TemplateResult {
  return html`<ul class="attached" aria-label="Attachments">
    ${attachments.map(
      ({ mimeType, fileName, content }) => html`<li>
        ${
          mimeType.startsWith("image/") && content !== undefined
            ? html`<button type="button" class="picture" title="Show it large" @click=${(event: Event) => showLarge(event)}>
                <img src=${dataUrl({ mimeType, content })} alt=${fileName} />
              </button>`
            : html`<span class="file">${fileIcon} <span>${fileName}</span></span>`
        }
      </li>`,
    )}
  </ul>`;
}

/** Whether the page where models are connected is where to fix the failure. */
function isAboutModels(outcome: Outcome): boolean {
  return outcome.kind === "failed" && /API key|models\.providers|models auth/.test(outcome.reason);
}

/** The picture over the whole window; a click or Escape closes it. */
function showLarge(event: Event): void {
  const image = (event.currentTarget as Element).querySelector("img");
  if (image !== null) showPicture(image.src, image.alt);
}

function working(what: string): TemplateResult {
  return html`<p class="meta working"><span class="dots"></span>${what}</p>`;
}

function outcome({ outcome, parts }: Reply): TemplateResult | typeof nothing {
  if (outcome.kind === "done" && parts.length === 0) return html`<p class="meta">The reply was empty.</p>`;
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
