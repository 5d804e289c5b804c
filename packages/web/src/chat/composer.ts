// Where a message is written: text that survives reloads, commands to complete, attachments by paste, drop and picker,
// voice messages, send and stop.

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { dataUrl, readFiles } from "../conversation/attachments.ts";
import { draftOf, keepDraft } from "../conversation/drafts.ts";
import type { Attachment } from "../conversation/outbox.ts";
import type { State } from "../store/state.ts";
import type { Store } from "../store/store.ts";
import { t } from "../words/t.ts";
import { CompletionMenu } from "./completion-menu.ts";
import { PageElement } from "./element.ts";
import { attachIcon, closeIcon, fileIcon, micIcon, pencilIcon, sendIcon, stopIcon } from "./icons.ts";
import { canRecord, VoiceBar } from "./voice-bar.ts";

/** `<moltbot-composer>`: fires `sent` after each message. */
export class ComposerElement extends PageElement {
  static override properties = {
    state: { attribute: false },
    store: { attribute: false },
    text: { state: true },
    attachments: { state: true },
    problems: { state: true },
  };
  declare state: State;
  declare store: Store;
  declare text: string;
  declare attachments: readonly Attachment[];
  declare problems: readonly string[];
  #session = "";
  #editing: State["editing"];
  readonly #menu = new CompletionMenu(this);
  readonly #voice = new VoiceBar(this, {
    onVoice: (voice) => this.#send("", [voice]),
    onProblem: (problem) => {
      this.problems = [problem];
    },
    onEnd: () => this.#afterVoice(),
  });

  constructor() {
    super();
    this.text = "";
    this.attachments = [];
    this.problems = [];
  }

  /** Puts the cursor into the field, as soon as there is one. */
  override focus(): void {
    if (this.#field !== null) this.#field.focus();
    else void this.updateComplete.then(() => this.#field?.focus());
  }

  /** Adds files as attachments; says below the field which could not be taken. */
  async addFiles(files: Iterable<File>): Promise<void> {
    const limits = { maxPayload: this.state.maxPayload, already: this.attachments };
    const { attachments, problems } = await readFiles(files, limits);
    this.attachments = [...this.attachments, ...attachments];
    this.problems = problems;
    this.focus();
  }

  /** Replaces the text, as when a message is taken back. */
  setText(text: string): void {
    this.#change(text);
    this.focus();
  }

  /** People who open the page want to write, so the field has the focus. Not on a touch screen, whose keyboard would cover the page. */
  protected override firstUpdated(): void {
    if (matchMedia("(pointer: fine)").matches) this.focus();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("state")) return;
    if (this.#editing !== this.state.editing) this.#beginOrEndEdit();
    if (this.#session === this.state.sessionKey) return;
    this.#session = this.state.sessionKey;
    this.text = draftOf(this.#session);
    this.attachments = [];
    this.problems = [];
  }

  /** A message that is written anew takes the field; what stood there comes back afterwards. */
  #beginOrEndEdit(): void {
    this.#editing = this.state.editing;
    this.text = this.#editing?.text ?? draftOf(this.#session);
    if (this.#editing !== undefined) void this.updateComplete.then(() => this.focus());
  }

  protected override render(): TemplateResult {
    const isRunning = this.state.activeRun !== undefined;
    if (this.state.link.kind === "connected" && !this.store.may("write"))
      return html`<p class="composer read-only">This browser may only read. Sign out and in again with another link to write.</p>`;
    return html`<form class="composer" aria-label="Message" @submit=${this.#submit}>
      ${this.problems.map((problem) => html`<p class="problem" role="alert">${problem}</p>`)}
      ${this.#editing === undefined ? nothing : this.#editNote()}
      ${this.attachments.length > 0 ? this.#attachmentList() : nothing}
      ${this.#menu.render()}
      ${this.#voice.render()}
      <div class="field" ?hidden=${this.#voice.isOpen}>
        <label class="icon-button" title="Attach files">
          ${attachIcon}<span class="visually-hidden">Attach files</span>
          <input type="file" class="visually-hidden" multiple @change=${this.#onPick} />
        </label>
        <textarea
          id="message"
          rows="1"
          aria-label="Message"
          aria-describedby="message-hint"
          aria-autocomplete="list"
          aria-controls=${this.#menu.isOpen ? "completions" : nothing}
          aria-activedescendant=${this.#menu.activeId ?? nothing}
          placeholder="Write a message"
          dir="auto"
          autocomplete="off"
          .value=${this.text}
          @input=${this.#onInput}
          @keydown=${this.#onKey}
          @paste=${this.#onPaste}
        ></textarea>
        ${
          isRunning
            ? html`<button type="button" class="round stop" aria-label="Stop the reply" title="Stop (Esc)" @click=${this.#stop}>
              ${stopIcon}
            </button>`
            : nothing
        }
        ${
          this.#isEmpty && canRecord()
            ? html`<button type="button" class="icon-button" aria-label="Record a voice message" title="Record a voice message" @click=${() => void this.#voice.record()}>
              ${micIcon}
            </button>`
            : nothing
        }
        <button type="submit" class="round send" aria-label="Send" title="Send (Enter)" ?disabled=${this.#isEmpty}>
          ${sendIcon}
        </button>
      </div>
      <p id="message-hint" class="hint">
        ${isRunning ? html`<kbd>Esc</kbd> stops the reply · ` : nothing}<kbd>Enter</kbd> sends · <kbd>Shift</kbd> +
        <kbd>Enter</kbd> starts a new line
      </p>
    </form>`;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("text")) this.#grow();
  }

  get #field(): HTMLTextAreaElement | null {
    return this.querySelector("textarea");
  }

  get #isEmpty(): boolean {
    return this.text.trim() === "" && this.attachments.length === 0;
  }

  #editNote(): TemplateResult {
    return html`<p class="editing" role="status">
      ${pencilIcon}<span>You write this message anew. What followed it stays as an earlier version.</span>
      <button type="button" class="text-button" @click=${() => this.store.again.edit(undefined)}>Cancel</button>
    </p>`;
  }

  #attachmentList(): TemplateResult {
    return html`<ul class="attached editable" aria-label="Attachments">
      ${this.attachments.map(
        (attachment) => html`<li>
          ${
            attachment.type === "image"
              ? html`<img src=${dataUrl(attachment)} alt=${attachment.fileName} />`
              : html`<span class="file">${fileIcon} <span>${attachment.fileName}</span></span>`
          }
          <button type="button" class="remove" aria-label=${t("Remove {0}", attachment.fileName)} @click=${() => this.#remove(attachment)}>
            ${closeIcon}
          </button>
        </li>`,
      )}
    </ul>`;
  }

  #remove(attachment: Attachment): void {
    this.attachments = this.attachments.filter((other) => other !== attachment);
    this.focus();
  }

  #submit(event: Event): void {
    event.preventDefault();
    if (this.#isEmpty) return;
    if (this.#editing !== undefined) return void this.#sendEdited(this.#editing.id);
    this.#send(this.text.trim(), this.attachments);
    this.attachments = [];
    this.#change("");
    this.focus();
  }

  #send(text: string, attachments: readonly Attachment[]): void {
    this.problems = [];
    this.store.conversation.send(text, attachments);
    this.dispatchEvent(new CustomEvent("sent", { bubbles: true }));
  }

  async #afterVoice(): Promise<void> {
    this.requestUpdate();
    await this.updateComplete;
    this.focus();
  }

  /** The words stay in the field until the gateway has taken them. */
  async #sendEdited(messageId: string): Promise<void> {
    if (await this.store.again.ask(messageId, this.text.trim()))
      this.dispatchEvent(new CustomEvent("sent", { bubbles: true }));
  }

  /** The button goes away with the reply; the cursor belongs into the field. */
  #stop(): void {
    this.focus();
    void this.store.conversation.stop();
  }

  #onInput(event: Event): void {
    this.#change((event.target as HTMLTextAreaElement).value);
  }

  #change(text: string): void {
    this.text = text;
    this.#menu.onInput(text);
    if (this.#editing === undefined) keepDraft(this.#session, text);
  }

  /** Enter sends, except while an input method composes, and on touch keyboards, which have no Shift+Enter. */
  #onKey(event: KeyboardEvent): void {
    if (isComposing(event) || this.#menu.onKey(event)) return;
    if (event.key === "Escape" && this.#editing !== undefined) {
      event.preventDefault();
      return this.store.again.edit(undefined);
    }
    if (event.key === "Escape" && this.state.activeRun !== undefined) {
      event.preventDefault();
      void this.store.conversation.stop();
    }
    const isTouch = matchMedia("(pointer: coarse)").matches;
    if (event.key === "Enter" && !event.shiftKey && !isTouch) this.#submit(event);
  }

  #onPick(event: Event): void {
    const input = event.target as HTMLInputElement;
    const files = [...(input.files ?? [])];
    input.value = "";
    void this.addFiles(files);
  }

  #onPaste(event: ClipboardEvent): void {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    void this.addFiles(files);
  }

  /** Grows with its text; the style sheet sets the most. */
  #grow(): void {
    const field = this.#field;
    if (field === null) return;
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight}px`;
  }
}

customElements.define("moltbot-composer", ComposerElement);

/** What a browser reports as the key of a press that an input method has taken. */
const TAKEN_BY_INPUT_METHOD = 229;

/** A key that confirms a word of an input method; Safari ends the composition before it tells of the key. */
function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === TAKEN_BY_INPUT_METHOD;
}
