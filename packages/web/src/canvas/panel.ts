// The canvas beside the conversation: the frame that shows it, a slider through what it showed before, and the way to a tab
// of its own.

import type { CanvasEntry } from "@moltbot/protocol";
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { keyed } from "lit/directives/keyed.js";
import { PageElement } from "../chat/element.ts";
import { closeIcon, tabIcon } from "../chat/icons.ts";
import { clockTime } from "../time.ts";
import { t } from "../words/t.ts";
import { type Canvas, type CanvasState, coversConversation, isPage } from "./canvas.ts";
import { FrameTalk } from "./frame.ts";

/** Entries that the slider leads through. */
const MOST_ENTRIES = 200;

/** `<moltbot-canvas>`: shows the canvas of `sessionKey`. */
export class CanvasPanelElement extends PageElement {
  static override properties = {
    canvas: { attribute: false },
    state: { attribute: false },
    sessionKey: { attribute: false },
    url: { state: true },
    entries: { state: true },
    at: { state: true },
  };
  declare canvas: Canvas;
  declare state: CanvasState;
  declare sessionKey: string;
  /** The address in the frame. */
  declare url: string | undefined;
  /** What the canvas showed, oldest first. */
  declare entries: readonly CanvasEntry[];
  /** The entry whose screen is shown; none when it is the newest. */
  declare at: number | undefined;
  #talk: FrameTalk | undefined;
  #isReady = false;

  constructor() {
    super();
    this.entries = [];
    this.addEventListener(
      "keydown",
      (event) => event.key === "Escape" && coversConversation() && this.canvas.toggle(false),
    );
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#endTalk();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const before = changed.get("state");
    const isOther = changed.has("sessionKey") || (changed.has("state") && before?.path !== this.state.path);
    if (isOther) void this.#load();
    else if (changed.has("state") && before?.changes !== this.state.changes) void this.#follow();
  }

  protected override firstUpdated(): void {
    if (coversConversation()) this.querySelector<HTMLElement>(".canvas-close")?.focus();
  }

  protected override updated(): void {
    const frame = this.querySelector("iframe");
    if (frame === null || this.#talk !== undefined) return;
    this.#talk = new FrameTalk(frame, {
      ready: () => {
        this.#isReady = true;
        void this.#show();
      },
      pressed: (action) => void this.#press(action),
    });
  }

  protected override render(): TemplateResult {
    // What it covers is out of reach, so the panel is what the page is about then.
    const covers = coversConversation();
    return html`<section class="canvas-panel" aria-label="Canvas" role=${covers ? "main" : "region"}>
      <header>
        ${covers ? html`<h1>Canvas</h1>` : html`<h2>Canvas</h2>`}
        ${this.#choice()}
        <button type="button" class="icon-button" aria-label="Open the canvas in a tab" title="Open in a tab" @click=${this.#toTab}>
          ${tabIcon}
        </button>
        <button type="button" class="icon-button canvas-close" aria-label="Close the canvas" title="Close" @click=${() => this.canvas.toggle(false)}>
          ${closeIcon}
        </button>
      </header>
      ${
        this.url === undefined
          ? html`<p class="meta loading" role="status">Loading…</p>`
          : keyed(
              this.url,
              html`<iframe title="What the agent shows" src=${this.url} sandbox="allow-scripts" allow="" referrerpolicy="no-referrer"></iframe>`,
            )
      }
      ${this.state.path === undefined ? this.#slider() : nothing}
    </section>`;
  }

  /** The screen and the newest pages, where there is more than one of them. */
  #choice(): TemplateResult | typeof nothing {
    const { path } = this.state;
    const pages = new Set(this.entries.flatMap((each) => (isPage(each.path) ? [each.path] : [])).reverse());
    if (path !== undefined) pages.add(path);
    const hasScreen = path === undefined || this.#screens.length > 0;
    if (pages.size + (hasScreen ? 1 : 0) < 2) return nothing;
    const choose = (event: Event) => this.canvas.choose((event.target as HTMLSelectElement).value || undefined);
    return html`<label>
      <span class="visually-hidden">What is shown</span>
      <select @change=${choose}>
        ${hasScreen ? html`<option value="" ?selected=${path === undefined}>Screen</option>` : nothing}
        ${[...pages].map((each) => html`<option value=${each ?? ""} ?selected=${each === path}>${each}</option>`)}
      </select>
    </label>`;
  }

  #slider(): TemplateResult | typeof nothing {
    const screens = this.#screens;
    if (screens.length < 2) return nothing;
    const index = this.at === undefined ? screens.length - 1 : screens.findIndex(({ seq }) => seq === this.at);
    const entry = screens[index];
    const isNow = this.at === undefined;
    const words = entry === undefined || isNow ? t("Now") : `${clockTime(entry.at)}: ${entry.summary}`;
    return html`<footer>
      <label>
        <span class="visually-hidden">What it showed before</span>
        <input
          type="range"
          min="0"
          max=${screens.length - 1}
          .value=${String(index)}
          aria-valuetext=${words}
          @input=${(event: Event) => this.#goTo(Number((event.target as HTMLInputElement).value))}
        />
      </label>
      <span class="meta">${words}</span>
      ${
        isNow
          ? nothing
          : html`<button type="button" class="text-button" @click=${() => this.#goTo(screens.length - 1)}>Back to now</button>`
      }
    </footer>`;
  }

  /** The entries after which the screen looked another way. */
  get #screens(): readonly CanvasEntry[] {
    return this.entries.filter(({ kind }) => kind !== "edit");
  }

  #goTo(index: number): void {
    const screens = this.#screens;
    this.at = index >= screens.length - 1 ? undefined : screens[index]?.seq;
    void this.#show();
  }

  /** Another conversation or another page: a new frame. */
  async #load(): Promise<void> {
    this.#endTalk();
    this.url = undefined;
    this.at = undefined;
    this.entries = [];
    const url = await this.#address();
    if (url !== undefined) this.url = url;
    await this.#readEntries();
  }

  /** Something has changed. Somebody who looks at what was before goes on looking at it. */
  async #follow(): Promise<void> {
    await this.#readEntries();
    if (this.at === undefined) await this.#show();
  }

  async #readEntries(): Promise<void> {
    const { sessionKey } = this;
    const { host } = this.canvas;
    const answer = await host.ask("canvas.history", { sessionKey, limit: MOST_ENTRIES });
    if (answer !== undefined && sessionKey === this.sessionKey) this.entries = answer.entries;
  }

  /** Draws the screen in the frame, once the page in it is there. */
  async #show(): Promise<void> {
    const { sessionKey, at } = this;
    if (!this.#isReady || this.state.path !== undefined) return;
    const { host } = this.canvas;
    const params = { sessionKey, ...(at !== undefined && { at }) };
    const answer = await host.ask("canvas.replay", params);
    if (answer !== undefined && sessionKey === this.sessionKey && at === this.at) this.#talk?.show(answer.messages);
  }

  async #press(userAction: Readonly<Record<string, unknown>>): Promise<void> {
    const { sessionKey } = this;
    const { host, mayPress } = this.canvas;
    if (this.at !== undefined) return this.#talk?.tell(userAction.id, t("this is how it was before; go back to now"));
    if (!mayPress) return this.#talk?.tell(userAction.id, t("you may only look here"));
    try {
      await host.gateway().request("canvas.act", { sessionKey, userAction });
      this.#talk?.tell(userAction.id);
    } catch (error) {
      this.#talk?.tell(userAction.id, error instanceof Error ? error.message : String(error));
    }
  }

  /** Addresses end when nobody uses them, so a tab gets one of its own. */
  async #toTab(): Promise<void> {
    const url = await this.#address();
    if (url !== undefined) open(url, "_blank", "noopener,noreferrer");
  }

  async #address(): Promise<string | undefined> {
    const { sessionKey } = this;
    const { host } = this.canvas;
    const { path } = this.state;
    const wanted = path === undefined ? ({ page: "screen" } as const) : ({ page: "files", path } as const);
    const answer = await host.ask("canvas.open", { sessionKey, ...wanted });
    return sessionKey === this.sessionKey && path === this.state.path ? answer?.url : undefined;
  }

  #endTalk(): void {
    this.#talk?.[Symbol.dispose]();
    this.#talk = undefined;
    this.#isReady = false;
  }
}

customElements.define("moltbot-canvas", CanvasPanelElement);
