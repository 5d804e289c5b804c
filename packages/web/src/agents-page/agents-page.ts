// The agents page: who answers, knowing what, allowed what.

import type { AgentsListResult, ToolEntry } from "@moltbot/protocol";
import { html, nothing, type PropertyDeclarations, type TemplateResult } from "lit";
import { words } from "../chat/words.ts";
import { LivePage } from "../kit/live-page.ts";
import { loading, pageFrame, pageHead, terminal } from "../kit/parts.ts";
import { offerUndo } from "../kit/undo.ts";
import { openWhy } from "../kit/why.ts";
import { Tools } from "../tools/tools.ts";
import { said, t } from "../words/t.ts";
import { type AgentFacts, chooseModel, readAgent, switchTool } from "./agent.ts";
import { bindingsOf, partsOf, toolChange } from "./effects.ts";
import { mcpServers } from "./mcp.ts";
import { allowedCommandsList, skillsList } from "./skills.ts";
import "./files.ts";

type Agent = AgentsListResult["agents"][number];

/** For whom a tool works, as a person says it. */
const AUDIENCES = {
  anyone: said("everyone who writes"),
  trusted: said("people who were let in"),
  owner: said("you alone"),
} as const;

/** `<moltbot-agents>`: asks the gateway by itself; `rest` is the id of the agent that is shown. */
export class AgentsElement extends LivePage {
  static override properties: PropertyDeclarations = {
    list: { state: true },
    facts: { state: true },
    of: { state: true },
  };
  declare list: AgentsListResult | undefined;
  declare facts: AgentFacts | undefined;
  /** The agent whose facts these are. */
  declare of: string;
  /** Skills and allowed commands are every agent's. */
  #shared: Tools | undefined;
  protected override readonly events = ["sessions.changed"];

  protected override async load(): Promise<void> {
    this.list = (await this.read("agents.list")) ?? this.list;
    await this.#loadAgent();
    this.#shared ??= new Tools({ ...this.host, onChange: () => this.requestUpdate() });
    await this.#shared.load();
  }

  async #loadAgent(): Promise<void> {
    const { id } = this.#agent ?? {};
    if (id === undefined) return;
    const facts = await readAgent(this.host, id);
    if (id !== this.#agent?.id) return;
    this.facts = facts;
    this.of = id;
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("rest") && this.list !== undefined && this.of !== this.#agent?.id) void this.#loadAgent();
  }

  get #agent(): Agent | undefined {
    const { agents = [], defaultId } = this.list ?? {};
    return agents.find(({ id }) => id === this.rest) ?? agents.find(({ id }) => id === defaultId);
  }

  protected override render(): TemplateResult {
    const agent = this.#agent;
    return pageFrame(
      t("Agents"),
      this.done,
      html`${pageHead({ intro: t("Who answers, what it knows, and what it may do."), command: "moltbot agents list" })}
        ${agent === undefined ? loading() : html`${this.#choice(agent)} ${this.of === agent.id && this.facts ? this.#parts(agent, this.facts) : loading()}`}`,
    );
  }

  #choice({ id: chosen }: Agent): TemplateResult | typeof nothing {
    const { agents = [] } = this.list ?? {};
    if (agents.length < 2) return nothing;
    return html`<div class="choices" role="group" aria-label="Agent">
      ${agents.map(
        ({ id, name, identity }) =>
          html`<button type="button" class="button small" aria-pressed=${id === chosen ? "true" : "false"} @click=${() => this.host.show("agents", id)}>
            ${identity?.emoji ?? ""} <bdi>${name ?? identity?.name ?? id}</bdi>
          </button>`,
      )}
    </div>`;
  }

  #parts(agent: Agent, facts: AgentFacts): TemplateResult {
    const isAdmin = this.host.may("admin");
    return html`${this.#model(agent, facts)} ${this.#prompt(agent, facts)}
      ${
        isAdmin && this.host.offers("agents.files.list")
          ? section(
              t("What it reads"),
              t("Its own pages. A change holds from the next message on."),
              html`<moltbot-agent-files .host=${this.host} .agentId=${agent.id} @saved=${(
                event: CustomEvent<string>,
              ) => {
                this.done = t("{0} is saved.", event.detail);
                void this.#loadAgent();
              }}></moltbot-agent-files>`,
            )
          : nothing
      }
      ${this.#tools(agent, facts)} ${this.#bindings(agent, facts)}
      ${this.#shared === undefined ? nothing : html`${allowedCommandsList(this.#shared, (text) => this.#say(text))} ${skillsList(this.host, this.#shared, (text) => this.#say(text))}`}
      ${mcpServers(this.host, facts.mcp, (text) => this.#say(text))}`;
  }

  #say(text: string): void {
    this.done = text;
  }

  #model({ id, model }: Agent, facts: AgentFacts): TemplateResult {
    const now = model?.primary;
    const ids = facts.models?.map((each) => `${each.provider}/${each.id}`) ?? [];
    const all = now === undefined || ids.includes(now) ? ids : [now, ...ids];
    const more = this.host.has("models")
      ? html`<button type="button" class="button small" @click=${() => this.host.show("models")}>${all.length === 0 ? t("Connect a model") : t("Models and keys")}</button>`
      : nothing;
    return section(
      t("Model"),
      model === undefined && all.length === 0
        ? t("None is connected yet; the built-in agent answers.")
        : fallbackText(model?.fallbacks ?? []),
      html`<div class="card-row">
        ${
          all.length === 0
            ? html`<span class="grow">Built-in agent</span>`
            : this.host.may("admin")
              ? html`<label class="text-field grow"><span class="visually-hidden">Model of ${id}</span>
                  <select @change=${(event: Event) => this.#choose(id, (event.target as HTMLSelectElement).value)}>
                    ${now === undefined ? html`<option value="" selected>None chosen</option>` : nothing}
                    ${all.map((each) => html`<option value=${each} ?selected=${each === now}>${each}</option>`)}
                  </select></label>`
              : html`<span class="grow">${now ?? t("None chosen")}</span>`
        }
        <div class="card-actions">${more}</div>
      </div>`,
    );
  }

  async #choose(agentId: string, model: string): Promise<void> {
    if (model === "" || this.facts === undefined) return;
    const path = await chooseModel(this.host, this.facts, agentId, model);
    if (path !== undefined) this.done = t("{0} answers from now on; {1} was changed.", model, path);
    await this.load();
  }

  #prompt({ id }: Agent, { prompt }: AgentFacts): TemplateResult | typeof nothing {
    if (prompt === undefined) return nothing;
    const parts = partsOf(prompt.sections, prompt.totals.tools.tokens);
    const total = prompt.totals.prompt.tokens + prompt.totals.tools.tokens;
    const { contextWindow } = prompt.totals;
    const share =
      contextWindow === null
        ? ""
        : t(", {0} % of what the model can read", Math.max(1, Math.round((total / contextWindow) * 100)));
    return section(
      t("What every question carries"),
      t("About {0} tokens before anybody has said a word{1}.", total, share),
      html`<div class="prompt-bar" aria-hidden="true">${parts.map(({ percent, name }) => html`<span title=${name} .style=${`width: ${percent}%`}></span>`)}</div>
        <ul class="legend">${parts.map(({ name, tokens, percent }) => html`<li><span class="swatch"></span><bdi>${name}</bdi> <span class="meta">${tokens} tokens, ${Math.round(percent)} %</span></li>`)}</ul>
        ${terminal(`moltbot agent prompt --agent ${id}`)}`,
    );
  }

  #tools({ id }: Agent, facts: AgentFacts): TemplateResult | typeof nothing {
    const { tools } = facts;
    if (tools === undefined) return nothing;
    return section(
      t("Tools"),
      t(
        "What it may use when you write to it. A switch changes `tools.deny` in the config, and holds from the next message on.",
      ),
      html`<ul class="rows">${tools.map((tool) => this.#tool(id, tool, facts))}</ul>`,
    );
  }

  #tool(agentId: string, tool: ToolEntry, facts: AgentFacts): TemplateResult {
    const { name, allowed, changes, audience, summary, why } = tool;
    const can =
      this.host.may("admin") && toolChange(facts.config?.parsed, { agentId, tool: name, isOn: !allowed }) !== undefined;
    const effect = t("{0}, for {1}.", changes ? t("Changes things") : t("Only looks"), t(AUDIENCES[audience]));
    return html`<li class="plain-row tool-row">
      <span class="grow">
        <strong class=${allowed ? "" : "off"}>${name}</strong> <span class="meta">${effect} ${why === undefined ? nothing : words(why)}</span>
      </span>
      <button type="button" class="text-button" aria-label=${t("Why: {0}", name)} @click=${() =>
        openWhy(this.host, {
          title: name,
          because: why ?? (allowed ? t("No rule forbids it.") : t("A rule forbids it.")),
          facts: [
            [t("What the model reads"), summary],
            [t("Works for"), t(AUDIENCES[audience])],
            [t("Now"), allowed ? t("allowed") : t("off")],
          ],
          setting: toolSetting(facts, agentId, name),
          command: `moltbot tools list --session agent:${agentId}:main`,
        })}>Why</button>
      ${
        can
          ? html`<label class="switch"><span class="visually-hidden">Use ${name}</span>
              <input type="checkbox" role="switch" .checked=${allowed} @change=${(event: Event) => this.#switch(agentId, name, (event.target as HTMLInputElement).checked)} /></label>`
          : html`<span class="state ${allowed ? "good" : ""}"><span class="dot"></span>${allowed ? t("allowed") : t("off")}</span>`
      }
    </li>`;
  }

  async #switch(agentId: string, tool: string, isOn: boolean): Promise<void> {
    if (this.facts === undefined) return;
    const path = await switchTool(this.host, this.facts, { agentId, tool, isOn });
    await this.#loadAgent();
    this.requestUpdate();
    if (path === undefined) return;
    this.done = isOn ? t("{0} is on: {1} was changed.", tool, path) : t("{0} is off: {1} was changed.", tool, path);
    offerUndo({ text: this.done, undo: () => this.#switch(agentId, tool, !isOn) });
  }

  #bindings({ id }: Agent, { config }: AgentFacts): TemplateResult | typeof nothing {
    if (config === undefined) return nothing;
    const bound = bindingsOf(config.config, id);
    const isUsual = id === this.list?.defaultId;
    return section(
      t("Where it answers"),
      isUsual
        ? t("Everywhere where no other agent is bound.")
        : t("Where it is bound, and in conversations that are begun with it."),
      html`${
        bound.length === 0
          ? nothing
          : html`<ul class="rows">${bound.map(
              ({ at, text }) => html`<li class="plain-row"><span class="grow"><bdi>${text}</bdi></span>
                <button type="button" class="text-button" aria-label=${t("Why: {0}", text)} @click=${() =>
                  openWhy(this.host, {
                    title: text,
                    because: t("A binding in the config names this agent for what comes from there."),
                    setting: { path: `bindings[${at}]` },
                    command: "moltbot agents list",
                  })}>Why</button></li>`,
            )}</ul>`
      } ${terminal(`moltbot agents bind ${id} telegram`)}`,
    );
  }
}

customElements.define("moltbot-agents", AgentsElement);

function section(title: string, what: string, content: TemplateResult): TemplateResult {
  const id = `${title.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-")}-title`;
  return html`<section aria-labelledby=${id}><h2 id=${id}>${title}</h2><p class="meta">${words(what)}</p>${content}</section>`;
}

function fallbackText(fallbacks: readonly string[]): string {
  return fallbacks.length === 0
    ? t("It answers alone; no other is asked when it fails.")
    : t("When it fails: {0}.", fallbacks.join(", "));
}

/** The list in the config that names a tool, where one does. */
function toolSetting({ config }: AgentFacts, agentId: string, tool: string): { path: string } | undefined {
  const change = toolChange(config?.parsed, { agentId, tool, isOn: true });
  return change && { path: change.path };
}
