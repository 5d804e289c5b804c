// What the agent did between two texts: its tools as small cards, its thoughts folded. Many fold into one line.

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Section, ToolCall } from "../conversation/parts.ts";
import { shortArguments, valueText } from "../conversation/tool-text.ts";
import { durationOf } from "../time.ts";
import { plural, said, t } from "../words/t.ts";
import { PageElement } from "./element.ts";
import { checkIcon, chevronIcon, stopIcon, thoughtIcon, toolIcon, warnIcon } from "./icons.ts";

type ActivityPart = Extract<Section, { kind: "activity" }>["parts"][number];

/** How a tool begins what it says while a person is asked; the card beside it has the answers. */
const WAITS = "Waits for approval";

/** More calls than this fold into one line. */
const MAX_LOOSE = 4;

/** `<moltbot-activity>`: shows `parts`; the last one is under way when `isLive`. */
export class ActivityElement extends PageElement {
  static override properties = { parts: { attribute: false }, isLive: { attribute: false }, open: { state: true } };
  declare parts: readonly ActivityPart[];
  declare isLive: boolean;
  declare open: boolean;

  constructor() {
    super();
    this.open = false;
  }

  protected override render(): TemplateResult {
    const calls = this.parts.flatMap((part) => (part.kind === "call" ? [part.call] : []));
    if (calls.length <= MAX_LOOSE) return html`<div class="activity">${this.#list()}</div>`;
    return html`<details class="folded" @toggle=${this.#onToggle}>
      <summary>
        ${chevronIcon}<span class="name">${plural(calls.length, "{0} tool call", "{0} tool calls")}</span> ${summaryOf(calls)}
      </summary>
      ${this.open ? html`<div class="activity">${this.#list()}</div>` : nothing}
    </details>`;
  }

  #list(): unknown {
    const last = this.parts.at(-1);
    return repeat(
      this.parts,
      (part, index) => (part.kind === "call" ? part.call.id : `thinking-${index}`),
      (part) =>
        part.kind === "call"
          ? html`<moltbot-call .call=${part.call}></moltbot-call>`
          : html`<moltbot-thinking .text=${part.text} .isLive=${this.isLive && part === last}></moltbot-thinking>`,
    );
  }

  #onToggle(event: Event): void {
    if (event.target === event.currentTarget) this.open = (event.target as HTMLDetailsElement).open;
  }
}

customElements.define("moltbot-activity", ActivityElement);

/** `<moltbot-call>`: one call as a line; opened, everything about it. */
export class CallElement extends PageElement {
  static override properties = { call: { attribute: false }, open: { state: true } };
  declare call: ToolCall;
  declare open: boolean;

  constructor() {
    super();
    this.open = false;
  }

  protected override render(): TemplateResult {
    const { name, args, state, progress, durationMs } = this.call;
    const isRunning = state === "running";
    const isWaiting = isRunning && progress?.startsWith(WAITS) === true;
    const line = isRunning && progress && !isWaiting ? progress : shortArguments(args);
    return html`<details class="call ${state}" @toggle=${this.#onToggle}>
      <summary>
        ${isRunning ? html`<span class="spinner"></span>` : toolIcon}
        <span class="name">${name}</span>
        <span class="brief">${line}</span>
        ${durationMs === undefined ? nothing : html`<span class="duration">${durationOf(durationMs)}</span>`}
        ${isWaiting ? html`<span class="badge-icon">waits for you</span>` : badge(state)}
      </summary>
      ${this.open ? this.#body() : nothing}
    </details>`;
  }

  #body(): TemplateResult {
    const { args, state, progress, result, images = [], meta } = this.call;
    const hasArguments = args !== undefined && valueText(args) !== "{}";
    return html`<div class="call-body">
      ${hasArguments ? block(t("Arguments"), valueText(args)) : nothing}
      ${state === "running" && progress ? block(t("Progress"), progress) : nothing}
      ${result === undefined ? nothing : block(t(RESULT_TITLES[state] ?? "Result"), result === "" ? t("(empty)") : result)}
      ${images.map((url) => html`<img src=${url} alt="Picture from the tool" />`)}
      ${meta === undefined ? nothing : facts(meta)}
      ${state === "running" ? html`<p class="meta" role="status">No result yet.</p>` : nothing}
      ${state === "open" ? html`<p class="meta">The reply ended before the tool had answered.</p>` : nothing}
    </div>`;
  }

  #onToggle(event: Event): void {
    this.open = (event.target as HTMLDetailsElement).open;
  }
}

customElements.define("moltbot-call", CallElement);

/** `<moltbot-thinking>`: what the model thought, folded. */
export class ThinkingElement extends PageElement {
  static override properties = { text: { attribute: false }, isLive: { attribute: false }, open: { state: true } };
  declare text: string;
  declare isLive: boolean;
  declare open: boolean;

  constructor() {
    super();
    this.open = false;
  }

  protected override render(): TemplateResult {
    return html`<details class="call thinking" @toggle=${this.#onToggle}>
      <summary>
        ${this.isLive ? html`<span class="spinner"></span>` : thoughtIcon}
        <span class="name">Thinking</span>
        <span class="brief">${this.open ? "" : briefOf(this.text, this.isLive)}</span>
      </summary>
      ${this.open ? html`<div class="call-body"><p class="thought">${this.text}</p></div>` : nothing}
    </details>`;
  }

  #onToggle(event: Event): void {
    this.open = (event.target as HTMLDetailsElement).open;
  }
}

customElements.define("moltbot-thinking", ThinkingElement);

/** The newest line while it is being thought, the first one afterwards. */
function briefOf(text: string, isLive: boolean): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return (isLive ? lines.at(-1) : lines[0]) ?? "";
}

const RESULT_TITLES: Partial<Record<ToolCall["state"], string>> = {
  failed: said("What went wrong"),
  denied: said("Why it did not run"),
  notRun: said("Why it did not run"),
};

function badge(state: ToolCall["state"]): TemplateResult | typeof nothing {
  switch (state) {
    case "ok":
      return html`<span class="badge-icon ok">${checkIcon}<span class="visually-hidden">done</span></span>`;
    case "failed":
      return html`<span class="badge-icon failed">${warnIcon}<span>failed</span></span>`;
    case "denied":
      return html`<span class="badge-icon">${stopIcon}<span>denied</span></span>`;
    case "notRun":
      return html`<span class="badge-icon">${stopIcon}<span>not run</span></span>`;
    case "open":
      return html`<span class="badge-icon">${stopIcon}<span>stopped</span></span>`;
    case "running":
      return html`<span class="badge-icon">running</span>`;
  }
}

function summaryOf(calls: readonly ToolCall[]): TemplateResult {
  const failed = calls.filter(({ state }) => state === "failed").length;
  const running = calls.find(({ state }) => state === "running");
  const names = [...new Set(calls.map(({ name }) => name))].join(", ");
  return html`<span class="brief">${running === undefined ? names : `${running.name} ${shortArguments(running.args)}`}</span>
    ${failed === 0 ? nothing : html`<span class="badge-icon failed">${warnIcon}<span>${plural(failed, "{0} failed", "{0} failed")}</span></span>`}
    ${running === undefined ? nothing : html`<span class="spinner"></span><span class="visually-hidden">running</span>`}`;
}

function block(title: string, text: string): TemplateResult {
  return html`<p class="block-title" aria-hidden="true">${title}</p>
    <pre tabindex="0" role="group" aria-label=${title}><code>${text}</code></pre>`;
}

function facts(meta: Readonly<Record<string, unknown>>): TemplateResult {
  return html`<dl>
    ${Object.entries(meta).map(([name, value]) => html`<div><dt>${name}</dt><dd>${valueText(value)}</dd></div>`)}
  </dl>`;
}
