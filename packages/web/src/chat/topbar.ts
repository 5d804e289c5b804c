// The line above the conversation: which session, which model, whether the gateway is there, light or dark.

import { html, nothing, type TemplateResult } from "lit";
import { agentOf } from "../agents.ts";
import { titleOf } from "../conversation/sessions.ts";
import type { State } from "../store/state.ts";
import type { Store } from "../store/store.ts";
import { chooseTheme, type ThemeChoice, themeChoice } from "../visit/theme.ts";
import { said, t } from "../words/t.ts";
import { PageElement } from "./element.ts";
import { canvasIcon, menuIcon, moonIcon, screenIcon, searchIcon, sunIcon } from "./icons.ts";
import { openMenu } from "./menu.ts";

const THEMES = {
  system: { label: said("as the system has it"), icon: screenIcon },
  light: { label: said("light"), icon: sunIcon },
  dark: { label: said("dark"), icon: moonIcon },
} as const;

/** `<moltbot-topbar>`: fires `menu` when the session list is wanted, `palette` when the palette is. */
export class TopbarElement extends PageElement {
  static override properties = {
    state: { attribute: false },
    store: { attribute: false },
    menuOpen: { attribute: false },
  };
  declare state: State;
  declare store: Store;
  declare menuOpen: boolean;

  protected override render(): TemplateResult {
    const { sessions, sessionKey, mainKey, view } = this.state;
    const conversation = sessions.find(({ key }) => key === sessionKey)?.title ?? titleOf(sessionKey, mainKey);
    const page = this.store.views.find(({ id }) => id === view);
    return html`<button
        type="button"
        class="icon-button only-narrow"
        aria-label="Show conversations"
        aria-expanded=${this.menuOpen ? "true" : "false"}
        @click=${() => this.dispatchEvent(new CustomEvent("menu", { bubbles: true }))}
      >
        ${menuIcon}
      </button>
      <h1 tabindex="-1">${page?.label ?? conversation}</h1>
      ${page === undefined ? html`${this.#agent()} ${this.#model()}` : nothing} ${this.#link()}
      ${page === undefined ? this.#canvas() : nothing}
      <button
        type="button"
        class="icon-button"
        aria-label="Go to…"
        aria-keyshortcuts="Control+K"
        title="Go to… (Ctrl K)"
        @click=${() => this.dispatchEvent(new CustomEvent("palette", { bubbles: true }))}
      >
        ${searchIcon}
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label=${t("Colours: {0}", t(THEMES[themeChoice()].label))}
        aria-haspopup="menu"
        title="Colours"
        @click=${this.#onTheme}
      >
        ${THEMES[themeChoice()].icon}
      </button>`;
  }

  /** The way to what the agent shows, where it shows something. */
  #canvas(): TemplateResult | typeof nothing {
    const { hasContent, isOpen } = this.state.canvas;
    if (!hasContent) return nothing;
    return html`<button
      type="button"
      class="icon-button"
      aria-label="Canvas"
      aria-pressed=${isOpen ? "true" : "false"}
      title=${isOpen ? t("Hide the canvas") : t("Show the canvas")}
      @click=${() => this.store.canvas.toggle(!isOpen)}
    >
      ${canvasIcon}
    </button>`;
  }

  #agent(): TemplateResult | typeof nothing {
    const { agents, sessionKey } = this.state;
    const agent = agents.length > 1 ? agentOf(sessionKey, agents) : undefined;
    return agent === undefined ? nothing : html`<span class="chip agent">${agent.emoji} ${agent.name}</span>`;
  }

  #model(): TemplateResult {
    const { models, sessions, sessionKey, defaultModel, chosenModel } = this.state;
    const chosen = chosenModel ?? sessions.find(({ key }) => key === sessionKey)?.model ?? defaultModel;
    if (models.length === 0)
      return html`<span class="model" title="No model is connected; connect one on the page Models">Built-in agent</span>`;
    if (!this.store.may("admin")) return html`<span class="model">${chosen ?? t("Default model")}</span>`;
    const isListed = models.some(({ id }) => id === chosen);
    return html`<label class="model">
      <span class="visually-hidden">Model</span>
      <select @change=${this.#onModel}>
        ${isListed ? nothing : html`<option value="" selected>${chosen ?? t("Default model")}</option>`}
        ${models.map(
          ({ id, name, aliases }) =>
            html`<option value=${id} ?selected=${id === chosen}>${[name, ...aliases].join(" · ")}</option>`,
        )}
      </select>
    </label>
    ${this.#answeredBy(chosen)}`;
  }

  /** Another model than the chosen one wrote the last reply: a fallback, or the choice of before. */
  #answeredBy(chosen: string | undefined): TemplateResult | typeof nothing {
    const last = this.state.items.findLast((item) => item.kind === "reply" && item.reply.by !== undefined);
    const by = last?.kind === "reply" ? last.reply.by : undefined;
    const id = by?.provider === undefined ? by?.model : `${by.provider}/${by.model}`;
    if (by === undefined || chosen === undefined || id === chosen) return nothing;
    return html`<span class="chip answered-by" title=${t("The last reply is from {0}", id)}>last reply: ${by.model}</span>`;
  }

  #link(): TemplateResult {
    const words = { connected: t("Connected"), connecting: t("Connecting"), waiting: t("Offline") }[
      this.state.link.kind
    ];
    const version = this.state.gatewayVersion === undefined ? "" : t(" · gateway {0}", this.state.gatewayVersion);
    return html`<span class="link ${this.state.link.kind}" role="status" title=${`${words}${version}`}>
      <span class="dot"></span><span class="words">${words}</span>
    </span>`;
  }

  #onModel(event: Event): void {
    const { value } = event.target as HTMLSelectElement;
    if (value !== "") void this.store.sessions.chooseModel(value);
  }

  #onTheme(event: Event): void {
    const entry = (choice: ThemeChoice) => ({
      ...{ icon: THEMES[choice].icon, label: t(THEMES[choice].label) },
      isChosen: choice === themeChoice(),
      run: () => {
        chooseTheme(choice);
        this.requestUpdate();
      },
    });
    openMenu(event.currentTarget as HTMLElement, t("Colours"), [entry("system"), entry("light"), entry("dark")]);
  }
}

customElements.define("moltbot-topbar", TopbarElement);
