// An agent's pages: AGENTS.md and the others, edited in place, with what changes before it is saved.

import { type AgentsFilesGetResult, type AgentsFilesListResult, ResponseError } from "@moltbot/protocol";
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { PageElement } from "../chat/element.ts";
import { words } from "../chat/words.ts";
import { sentence } from "../conversation/runs.ts";
import { diffView } from "../kit/diff-view.ts";
import type { PageHost } from "../view.ts";
import { plural, said, t } from "../words/t.ts";

type Opened = AgentsFilesGetResult["file"];

const WHAT: Readonly<Record<string, string>> = {
  "AGENTS.md": said("How it works"),
  "SOUL.md": said("Who it is"),
  "IDENTITY.md": said("Its name and face"),
  "USER.md": said("Who you are; read only when you talk to it alone"),
  "MEMORY.md": said("What it remembers; read only when you talk to it alone"),
  "HEARTBEAT.md": said("What it looks after by itself"),
};

/** `<moltbot-agent-files>`: the pages of `agentId`; fires `saved` with the name of a page. */
class AgentFilesElement extends PageElement {
  static override properties = {
    host: { attribute: false },
    agentId: { attribute: false },
    files: { state: true },
    opened: { state: true },
    text: { state: true },
    problem: { state: true },
  };
  declare host: PageHost;
  declare agentId: string;
  declare files: AgentsFilesListResult["files"];
  declare opened: Opened | undefined;
  /** As it is in the field. */
  declare text: string;
  declare problem: string | undefined;

  constructor() {
    super();
    this.files = [];
    this.text = "";
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("agentId")) return;
    this.opened = undefined;
    this.files = [];
    void this.#load();
  }

  protected override render(): TemplateResult {
    return html`<ul class="rows">
      ${this.files.map(
        ({ name, missing, size = 0 }) => html`<li>
          <div class="plain-row">
            <span class="grow"><code>${name}</code> <span class="meta">${t(WHAT[name] ?? "")}${missing ? t("; not written yet") : plural(size, ", {0} byte", ", {0} bytes")}</span></span>
            <button type="button" class="button small" aria-expanded=${this.opened?.name === name ? "true" : "false"} aria-label=${`${this.opened?.name === name ? t("Close") : t("Edit")} ${name}`} @click=${() => this.#open(name)}>
              ${this.opened?.name === name ? t("Close") : t("Edit")}
            </button>
          </div>
          ${this.opened?.name === name ? this.#editor(this.opened) : nothing}
        </li>`,
      )}
    </ul>`;
  }

  #editor({ name, content }: Opened): TemplateResult {
    const isChanged = this.text !== content;
    return html`<div class="file-editor">
      <textarea aria-label=${t("Text of {0}", name)} dir="auto" spellcheck="false" rows="14" .value=${this.text} @input=${(
        event: Event,
      ) => {
        this.text = (event.target as HTMLTextAreaElement).value;
      }}></textarea>
      ${isChanged ? diffView(content, this.text) : nothing}
      ${this.problem === undefined ? nothing : html`<p class="problem" role="alert">${words(this.problem)}</p>`}
      <div class="card-actions">
        <button type="button" class="button small" ?disabled=${!isChanged} @click=${() => {
          this.text = content;
        }}>Take back</button>
        <button type="button" class="button small primary" ?disabled=${!isChanged} @click=${() => this.#save()}>Save ${name}</button>
      </div>
    </div>`;
  }

  async #load(): Promise<void> {
    const { agentId } = this;
    const answer = await this.host.ask("agents.files.list", { agentId });
    if (answer !== undefined && agentId === this.agentId) this.files = answer.files;
  }

  async #open(name: string): Promise<void> {
    const isOpen = this.opened?.name === name;
    // What was typed is not thrown away by a press beside it.
    if (this.opened !== undefined && this.text !== this.opened.content) {
      this.problem = t("Save {0} or take your change back first.", this.opened.name);
      return this.querySelector("textarea")?.focus();
    }
    this.problem = undefined;
    this.opened = undefined;
    if (isOpen) return;
    const { agentId } = this;
    const answer = await this.host.ask("agents.files.get", { agentId, name });
    if (answer === undefined || agentId !== this.agentId) return;
    this.opened = answer.file;
    this.text = answer.file.content;
    await this.updateComplete;
    this.querySelector("textarea")?.focus();
  }

  async #save(): Promise<void> {
    const { opened, agentId, text } = this;
    if (opened === undefined) return;
    const params = { agentId, name: opened.name, content: text, baseHash: opened.hash };
    try {
      const { file } = await this.host.gateway().request("agents.files.set", params);
      this.opened = file;
      this.problem = undefined;
      this.dispatchEvent(new CustomEvent("saved", { detail: file.name }));
      await this.#load();
    } catch (error) {
      this.problem =
        error instanceof ResponseError ? sentence(error.message) : t("The connection broke; save it again.");
    }
    this.querySelector("textarea")?.focus();
  }
}

customElements.define("moltbot-agent-files", AgentFilesElement);
