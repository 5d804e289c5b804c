// The tools page: what the agent may use in the open conversation, its skills, and commands that need no approval.

import type { ToolEntry } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import { ask } from "../chat/dialog.ts";
import { PageElement } from "../chat/element.ts";
import { words } from "../chat/words.ts";
import { shortAge } from "../time.ts";
import type { AllowedCommand, Skill } from "./state.ts";
import type { Tools, ToolsState } from "./tools.ts";

/** For whom a tool works, as a person says it. */
const AUDIENCES = {
  anyone: "for everyone who writes",
  trusted: "for people who were let in",
  owner: "for you alone",
} as const;

/** `<moltbot-tools>`: shows `state` and does what is asked through `service`. */
export class ToolsElement extends PageElement {
  static override properties = { state: { attribute: false }, service: { attribute: false }, done: { state: true } };
  declare state: ToolsState;
  declare service: Tools;
  /** The last thing that was done, for screen readers. */
  declare done: string;

  constructor() {
    super();
    this.done = "";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.service.load();
  }

  protected override render(): TemplateResult {
    const { tools, skills, allowed } = this.state;
    return html`<div class="scroller" tabindex="0" role="region" aria-label="Tools and skills">
      <div class="column channels-page">
        <p class="visually-hidden" role="status">${this.done}</p>
        ${tools === undefined ? html`<p class="meta loading" role="status">Asking the gateway…</p>` : nothing}
        ${tools === undefined ? nothing : list("Tools", TOOLS_ARE, tools.map(toolRow))}
        ${
          allowed === undefined
            ? nothing
            : list(
                "Allowed commands",
                COMMANDS_ARE,
                allowed.map((each) => this.#command(each)),
              )
        }
        ${
          skills === undefined
            ? nothing
            : list(
                "Skills",
                SKILLS_ARE,
                skills.map((skill) => this.#skill(skill)),
              )
        }
      </div>
    </div>`;
  }

  #skill(skill: Skill): TemplateResult {
    const { name, description, emoji, isOn, problem } = skill;
    return html`<li class="plain-row">
      <span class="grow">
        ${emoji} <strong>${name}</strong>
        <span class="meta">${description}</span>
        ${problem === undefined ? nothing : html`<span class="problem">${words(problem)}</span>`}
      </span>
      <label class="switch">
        <span class="visually-hidden">Use ${name}</span>
        <input
          type="checkbox"
          role="switch"
          .checked=${isOn}
          ?disabled=${!this.service.mayChangeSkills}
          @change=${(event: Event) => this.#switch(skill, (event.target as HTMLInputElement).checked)}
        />
      </label>
    </li>`;
  }

  async #switch(skill: Skill, isOn: boolean): Promise<void> {
    await this.service.enable(skill, isOn);
    this.done = `${skill.name} is ${isOn ? "on" : "off"}.`;
  }

  #command(command: AllowedCommand): TemplateResult {
    const { agentId, lastUsedAt, lastUsedCommand, note } = command;
    return html`<li class="plain-row">
      <span class="grow">
        <code>${command.command}</code>
        ${note === undefined ? nothing : html`<span class="meta">${note}</span>`}
        <span class="meta">
          ${agentId === "*" ? "every agent" : agentId}${
            lastUsedAt === undefined ? nothing : html` · last used ${shortAge(lastUsedAt)}`
          }${lastUsedCommand === undefined ? nothing : html`: <code>${lastUsedCommand}</code>`}
        </span>
      </span>
      ${
        this.service.mayChangeCommands
          ? html`<button type="button" class="text-button" aria-label=${`Ask again for ${command.command}`} @click=${() => this.#forbid(command)}>
            Ask again
          </button>`
          : nothing
      }
    </li>`;
  }

  async #forbid(command: AllowedCommand): Promise<void> {
    const answer = await ask({
      title: `Ask again for “${command.command}”?`,
      text: "The next time a command needs it, it waits for your approval.",
      confirm: "Ask again",
    });
    if (answer === undefined) return;
    await this.service.forbid(command);
    this.done = `${command.command} needs approval again.`;
  }
}

customElements.define("moltbot-tools", ToolsElement);

const TOOLS_ARE = "What the agent may use when you write to it in the conversation that was open before this page.";
const SKILLS_ARE = "Instructions that the agent reads when it needs them.";
const COMMANDS_ARE = "They run without asking. “Always allow” adds to this list.";

function list(title: string, what: string, rows: readonly TemplateResult[]): TemplateResult {
  const id = `${title.toLowerCase().replace(/\W+/g, "-")}-title`;
  return html`<section aria-labelledby=${id}>
    <h2 id=${id}>${title}</h2>
    <p class="meta">${what}</p>
    ${rows.length === 0 ? html`<p class="meta">None yet.</p>` : html`<ul class="rows">${rows}</ul>`}
  </section>`;
}

function toolRow({ name, summary, audience, changes, allowed, why }: ToolEntry): TemplateResult {
  return html`<li class="plain-row">
    <span class="grow">
      <strong class=${allowed ? "" : "off"}>${name}</strong>
      ${changes ? html`<span class="chip">changes things</span>` : nothing}
      <span class="meta">${words(summary)}</span>
      ${why === undefined ? nothing : html`<span class="meta why">${words(why)}</span>`}
    </span>
    <span class="state ${allowed ? "good" : ""}" title=${AUDIENCES[audience]}><span class="dot"></span>${allowed ? "allowed" : "off"}</span>
  </li>`;
}
