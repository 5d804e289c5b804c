// A node's commands, each with a button that tries it; what it answers, pictures too, is shown in place.

import { isRecord, type NodeView } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import { PageElement } from "../chat/element.ts";
import { warnIcon } from "../chat/icons.ts";
import { words } from "../chat/words.ts";
import { shellWord } from "../control/shell-word.ts";
import { sentence } from "../conversation/runs.ts";
import { newId } from "../ids.ts";
import { terminal } from "../kit/parts.ts";
import { durationOf } from "../time.ts";
import type { PageHost } from "../view.ts";
import { plural, t } from "../words/t.ts";

/** What a command is first tried with; the rest begin with nothing. */
const FIRST_PARAMS: Readonly<Record<string, object>> = {
  "camera.snap": { facing: "back" },
  "camera.clip": { facing: "back", durationMs: 3_000 },
  "screen.record": { durationMs: 3_000 },
  "system.notify": { title: "Hello", body: "This came from the gateway." },
  "system.which": { bins: ["git"] },
};
/** How long a command may take, ms: somebody at the node may have to allow it. */
const COMMAND_TIMEOUT_MS = 60_000;
/** More of an answer than this is of no use to a reader. */
const MOST_CHARS = 20_000;

/** `<moltbot-node-commands>`: those of `node`. */
export class NodeCommandsElement extends PageElement {
  static override properties = {
    host: { attribute: false },
    node: { attribute: false },
    chosen: { state: true },
    isBusy: { state: true },
    answer: { state: true },
    problem: { state: true },
  };
  declare host: PageHost;
  declare node: NodeView;
  declare chosen: string | undefined;
  declare isBusy: boolean;
  declare answer: { readonly payload: unknown; readonly tookMs: number } | undefined;
  declare problem: string | undefined;

  constructor() {
    super();
    this.isBusy = false;
  }

  protected override render(): TemplateResult {
    const { commands } = this.node;
    return html`<details class="facts commands">
      <summary>${plural(commands.length, "{0} command", "{0} commands")}</summary>
      <ul>
        ${commands.map((command) => this.#command(command))}
      </ul>
    </details>`;
  }

  #command(command: string): TemplateResult {
    const mayTry = this.host.may("write") && this.node.connected;
    const isChosen = this.chosen === command;
    return html`<li>
      <div class="command-line">
        <code>${command}</code>
        ${
          mayTry
            ? html`<button
                type="button"
                class="text-button"
                aria-expanded=${isChosen ? "true" : "false"}
                aria-label=${t("Try {0} on {1}", command, this.node.displayName ?? t("this node"))}
                @click=${() => this.#choose(isChosen ? undefined : command)}
              >
                Try
              </button>`
            : nothing
        }
      </div>
      ${isChosen ? this.#form(command) : nothing}
    </li>`;
  }

  #form(command: string): TemplateResult {
    return html`<form aria-label=${t("Try {0}", command)} @submit=${this.#run}>
      <label class="text-field">
        <span>Parameters</span>
        <textarea name="params" rows="2" spellcheck="false" autocapitalize="off" dir="ltr" .value=${JSON.stringify(FIRST_PARAMS[command] ?? {})}></textarea>
        <small>As JSON. The node's owner may be asked first.</small>
      </label>
      <button type="submit" class="button small primary" ?disabled=${this.isBusy}>Run it</button>
      <div role="status">${this.isBusy ? html`<p class="meta working"><span class="dots"></span>Waiting for the node…</p>` : this.#result(command)}</div>
      ${this.problem === undefined ? nothing : html`<p class="failure" role="alert">${warnIcon} <span>${words(this.problem)}</span></p>`}
      ${terminal(`moltbot nodes invoke ${command} --node ${shellWord(this.node.displayName ?? this.node.nodeId)}`)}
    </form>`;
  }

  #result(command: string): TemplateResult | typeof nothing {
    if (this.answer === undefined) return nothing;
    const { payload, tookMs } = this.answer;
    return html`<p class="meta">Answered in ${durationOf(tookMs)}.</p>
      ${shown(payload, command)}`;
  }

  async #choose(command: string | undefined): Promise<void> {
    this.chosen = command;
    this.answer = undefined;
    this.problem = undefined;
    await this.updateComplete;
    this.querySelector<HTMLTextAreaElement>("form textarea")?.focus();
  }

  async #run(event: Event): Promise<void> {
    event.preventDefault();
    const command = this.chosen ?? "";
    const text = String(new FormData(event.target as HTMLFormElement).get("params") ?? "").trim() || "{}";
    this.answer = undefined;
    this.problem = undefined;
    let params: unknown;
    try {
      params = JSON.parse(text);
    } catch {
      this.problem = t('The parameters are not JSON. Write them as {"name": "value"}, or {} for none.');
      return;
    }
    this.isBusy = true;
    const startedAt = performance.now();
    const call = { nodeId: this.node.nodeId, command, params, timeoutMs: COMMAND_TIMEOUT_MS, idempotencyKey: newId() };
    try {
      const { payload } = await this.host
        .gateway()
        .request("node.invoke", call, { timeoutMs: COMMAND_TIMEOUT_MS + 5_000 });
      this.answer = { payload, tookMs: performance.now() - startedAt };
    } catch (error) {
      this.problem = sentence(error instanceof Error ? error.message : error);
    }
    this.isBusy = false;
  }
}

customElements.define("moltbot-node-commands", NodeCommandsElement);

const TYPES: Readonly<Record<string, string>> = {
  ...{ jpg: "image/jpeg", jpeg: "image/jpeg", png: "image/png", webp: "image/webp", gif: "image/gif" },
  ...{ mp4: "video/mp4", webm: "video/webm", m4a: "audio/mp4", mp3: "audio/mpeg", wav: "audio/wav", ogg: "audio/ogg" },
};

/** An answer: what can be seen or heard is; the rest is text. */
function shown(payload: unknown, command: string): TemplateResult {
  if (isRecord(payload) && typeof payload.base64 === "string") {
    const type = TYPES[String(payload.format ?? "jpg").toLowerCase()];
    const url = `data:${type};base64,${payload.base64}`;
    if (type?.startsWith("image/")) return html`<img class="answer" src=${url} alt=${t("Result of {0}", command)} />`;
    if (type?.startsWith("video/")) return html`<video class="answer" src=${url} controls></video>`;
    if (type?.startsWith("audio/")) return html`<audio class="answer" src=${url} controls></audio>`;
  }
  const text = typeof payload === "string" ? payload : JSON.stringify(payload, undefined, 2);
  return html`<pre class="answer" tabindex="0" aria-label=${t("Result of {0}", command)}>${(text ?? t("nothing")).slice(0, MOST_CHARS)}</pre>`;
}
