// The menu of commands above the message field: arrows move, Tab and Enter take, Escape closes, a touch takes.

import { html, nothing, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from "lit";
import { type Suggestion, suggestionsFor } from "../conversation/completion.ts";
import type { State } from "../store/state.ts";
import type { Store } from "../store/store.ts";
import { plural } from "../words/t.ts";

/** The field that the menu helps. */
export interface CompletionHost extends ReactiveControllerHost, HTMLElement {
  readonly state: State;
  readonly store: Store;
  readonly text: string;
  setText(text: string): void;
}

/** The menu of one field. */
export class CompletionMenu implements ReactiveController {
  readonly #host: CompletionHost;
  /** Which suggestion the keyboard is on; none until it moves, where what was typed can be sent. */
  #active: number | undefined;
  #closedFor: string | undefined;
  #wasCommand = false;

  constructor(host: CompletionHost) {
    this.#host = host;
    host.addController(this);
  }

  hostConnected(): void {}

  hostUpdated(): void {
    this.#host.querySelector("#completions [aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }

  get isOpen(): boolean {
    return this.#list.length > 0 && this.#closedFor !== this.#host.text;
  }

  /** The id of the line that the keyboard is on. */
  get activeId(): string | undefined {
    return this.isOpen && this.#index >= 0 ? `completion-${this.#index}` : undefined;
  }

  /** The text has changed: the menu opens again, and knows the commands of now. */
  onInput(text: string): void {
    this.#active = undefined;
    this.#closedFor = undefined;
    const isCommand = text.startsWith("/");
    if (isCommand && !this.#wasCommand) void this.#host.store.facts.loadCommands();
    this.#wasCommand = isCommand;
  }

  /** True when the key was for the menu. */
  readonly onKey = (event: KeyboardEvent): boolean => {
    if (!this.isOpen || event.isComposing) return false;
    const { key } = event;
    if (key === "ArrowDown" || key === "ArrowUp") this.#move(key === "ArrowDown" ? 1 : -1);
    else if (key === "Escape") this.#close();
    else if (key === "Tab" && !event.shiftKey) this.#take(this.#list[Math.max(0, this.#index)]);
    else if (key === "Enter" && !event.shiftKey && this.#index >= 0) this.#take(this.#list[this.#index]);
    else return false;
    event.preventDefault();
    return true;
  };

  render(): TemplateResult {
    const list = this.isOpen ? this.#list : [];
    return html`${
      list.length === 0
        ? nothing
        : html`<ul
              id="completions"
              class="completions"
              role="listbox"
              aria-label="Commands"
              tabindex="0"
              aria-activedescendant=${this.activeId ?? nothing}
              @keydown=${this.onKey}
            >
            ${list.map((suggestion, index) => this.#line(suggestion, index))}
          </ul>`
    }
      <p class="visually-hidden" role="status">${list.length === 0 ? "" : plural(list.length, "{0} suggestion, arrow keys choose", "{0} suggestions, arrow keys choose")}</p>`;
  }

  #line(suggestion: Suggestion, index: number): TemplateResult {
    const { title, usage, summary } = suggestion;
    return html`<li
      id=${`completion-${index}`}
      role="option"
      aria-selected=${index === this.#index ? "true" : "false"}
      @pointerdown=${(event: Event) => event.preventDefault()}
      @click=${() => this.#take(suggestion)}
    >
      <span class="title">${title}</span>
      ${usage === "" ? nothing : html`<span class="usage">${usage}</span>`}
      ${summary === "" ? nothing : html`<span class="summary">${summary}</span>`}
    </li>`;
  }

  get #list(): readonly Suggestion[] {
    return suggestionsFor(this.#host.text, this.#host.state.commands).list;
  }

  get #index(): number {
    if (this.#active !== undefined) return this.#active;
    return suggestionsFor(this.#host.text, this.#host.state.commands).isComplete ? -1 : 0;
  }

  #move(by: 1 | -1): void {
    const { length } = this.#list;
    const from = this.#index === -1 && by === -1 ? 0 : this.#index;
    this.#active = (from + by + length) % length;
    this.#host.requestUpdate();
  }

  #close(): void {
    this.#closedFor = this.#host.text;
    this.#host.requestUpdate();
  }

  #take(suggestion: Suggestion | undefined): void {
    if (suggestion === undefined) return;
    this.#active = undefined;
    this.#host.setText(suggestion.text);
  }
}
