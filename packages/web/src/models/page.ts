// The models page: which model answers, what was found on this machine, and providers to connect with a key. Whatever is
// connected has answered one real question before the page says so.

import type { ModelsAuthSetParams, ModelsScanResult, ModelsStatus, ModelTrial } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import { PageElement } from "../chat/element.ts";
import { checkIcon, warnIcon } from "../chat/icons.ts";
import { words } from "../chat/words.ts";
import { sentence } from "../conversation/runs.ts";
import { durationOf } from "../time.ts";
import type { PageHost } from "../view.ts";
import { plural, said, t } from "../words/t.ts";

/** A provider that only a key is missing of, or one that is not known by name. */
type Choice = ModelsStatus["unconnected"][number] | "other";

/** How long a model may take for its first answer, in milliseconds: one that is not loaded is slow. */
const SLOW_MS = 120_000;

const KEY_STATES = {
  ready: said("works"),
  "rate-limited": said("rests"),
  "no-credit": said("has no credit"),
  rejected: said("was rejected"),
};

/** `<moltbot-models>`: asks the gateway by itself. */
export class ModelsElement extends PageElement {
  static override properties = {
    host: { attribute: false },
    status: { state: true },
    servers: { state: true },
    choice: { state: true },
    busyWith: { state: true },
    problem: { state: true },
    done: { state: true },
  };
  declare host: PageHost;
  declare status: ModelsStatus | undefined;
  declare servers: ModelsScanResult["servers"] | undefined;
  declare choice: Choice | undefined;
  /** What the page waits for, in words. */
  declare busyWith: string | undefined;
  declare problem: string | undefined;
  declare done: string | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
    void this.#scan();
  }

  protected override render(): TemplateResult {
    const { status } = this;
    return html`<div class="scroller" tabindex="0" role="region" aria-label="Models">
      <div class="column channels-page">
        ${this.choice === undefined ? this.#news() : nothing} ${status === undefined ? html`<p class="meta loading" role="status">Asking the gateway…</p>` : this.#parts(status)}
      </div>
    </div>`;
  }

  #news(): TemplateResult {
    return html`<div role="status">
      ${this.busyWith === undefined ? nothing : html`<p class="meta working"><span class="dots"></span>${this.busyWith}</p>`}
      ${this.done === undefined ? nothing : html`<p class="success">${checkIcon} <span>${this.done}</span></p>`}
    </div>
    ${this.problem === undefined ? nothing : html`<p class="failure" role="alert">${warnIcon} <span>${words(this.problem)}</span></p>`}`;
  }

  #parts(status: ModelsStatus): TemplateResult {
    return html`${this.#now(status)} ${this.#found()} ${this.#withKey(status)}
    ${status.providers.length === 0 ? nothing : this.#connected(status)}`;
  }

  #now({ model, fallbacks }: ModelsStatus): TemplateResult {
    return html`<section aria-labelledby="model-now">
      <h2 id="model-now">Who answers</h2>
      ${
        model === null
          ? html`<p>No language model is connected yet. Until then the built-in agent knows its commands alone.</p>`
          : html`<div class="card-row">
              <div class="grow">
                <h3>${model}</h3>
                ${fallbacks.length === 0 ? nothing : html`<p class="meta">then ${fallbacks.join(", ")}</p>`}
              </div>
              <div class="card-actions">
                <button type="button" class="button small" ?disabled=${this.#isBusy} @click=${() => this.#try(model)}>Ask a test question</button>
              </div>
            </div>`
      }
    </section>`;
  }

  #found(): TemplateResult {
    const { servers } = this;
    const models = servers?.flatMap((server) => server.models.map((model) => ({ server, model }))) ?? [];
    return html`<section aria-labelledby="models-found">
      <h2 id="models-found">On this machine</h2>
      ${servers === undefined ? html`<p class="meta" role="status">Looking for Ollama, LM Studio, llama.cpp and vLLM…</p>` : nothing}
      ${
        servers !== undefined && models.length === 0
          ? html`<p class="meta">No model server was found. Start Ollama or LM Studio with a model, then
              <button type="button" class="text-button" @click=${() => this.#scan()}>look again</button></p>`
          : nothing
      }
      <ul class="rows">
        ${models.map(({ server, model }) => {
          const ref = `${server.id}/${model.id}`;
          return html`<li class="plain-row">
            <span class="grow"><strong>${model.id}</strong> <span class="meta">Found ${server.label} on this machine${model.tools === false ? t("; it calls no tools") : ""}</span></span>
            ${
              this.status?.model === ref
                ? html`<span class="state good"><span class="dot"></span>answers</span>`
                : html`<button type="button" class="button small" ?disabled=${this.#isBusy} aria-label=${t("Use {0}", model.id)} @click=${() => this.#use(ref)}>Use</button>`
            }
          </li>`;
        })}
      </ul>
    </section>`;
  }

  #withKey({ unconnected }: ModelsStatus): TemplateResult {
    const tile = (choice: Choice, title: string, text: string) => html`<button
      type="button"
      aria-pressed=${this.#isChosen(choice) ? "true" : "false"}
      @click=${() => this.#choose(choice)}
    >
      <strong>${title}</strong><span>${text}</span>
    </button>`;
    return html`<section aria-labelledby="models-key">
      <h2 id="models-key">With a key</h2>
      <div class="tiles">
        ${unconnected.map((provider) => tile(provider, provider.label, t("Paste its API key")))}
        ${tile("other", t("Another provider"), t("Anything that speaks like OpenAI"))}
      </div>
      ${this.choice === undefined ? nothing : this.#form(this.choice)}
    </section>`;
  }

  #form(choice: Choice): TemplateResult {
    const isOther = choice === "other";
    const field = (name: string, label: string, placeholder: string) => html`<label class="text-field">
      <span>${label}</span><input name=${name} required placeholder=${placeholder} autocomplete="off" spellcheck="false" />
    </label>`;
    return html`<form class="key-form" aria-label="Connect" @submit=${this.#connect}>
      ${
        isOther
          ? html`${field("provider", t("Name"), t("for example groq"))} ${field("baseUrl", t("Address"), "https://api.example.com/v1")}
            ${field("model", t("Model"), t("as the provider calls it"))}`
          : nothing
      }
      <label class="text-field">
        <span>${isOther ? t("API key") : t("API key of {0}", choice.label)}</span>
        <input name="key" type="password" required autocomplete="off" spellcheck="false" />
      </label>
      <p class="meta">The key is kept in the gateway's config, and used once now to ask for one word.</p>
      ${this.#news()}
      <button type="submit" class="button primary" ?disabled=${this.#isBusy}>Connect</button>
    </form>`;
  }

  #connected({ providers }: ModelsStatus): TemplateResult {
    return html`<section aria-labelledby="models-connected">
      <h2 id="models-connected">Connected</h2>
      <ul class="rows">
        ${providers.map(
          ({ label, id, origin, keys, models }) => html`<li class="plain-row">
            <span class="grow"><strong>${label || id}</strong>
              <span class="meta">${originText(origin)}${models === 0 ? "" : plural(models, ", {0} model known", ", {0} models known")}</span></span>
            <span class="meta">${keys.map(({ number, state }) => `${keys.length > 1 ? t("Key {0}", number) : t("Key")} ${t(KEY_STATES[state])}`).join(", ")}</span>
          </li>`,
        )}
      </ul>
    </section>`;
  }

  get #isBusy(): boolean {
    return this.busyWith !== undefined;
  }

  #isChosen(choice: Choice): boolean {
    const { choice: now } = this;
    return now === choice || (typeof now === "object" && typeof choice === "object" && now.id === choice.id);
  }

  async #choose(choice: Choice): Promise<void> {
    this.choice = choice;
    this.problem = undefined;
    await this.updateComplete;
    this.querySelector<HTMLInputElement>(".key-form input")?.focus();
  }

  async #connect(event: Event): Promise<void> {
    event.preventDefault();
    const { choice } = this;
    const form = event.target as HTMLFormElement;
    if (choice === undefined) return;
    const given = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));
    const known = choice === "other" ? {} : { provider: choice.id };
    const params = { ...given, ...known } as unknown as ModelsAuthSetParams;
    const label = choice === "other" ? params.provider : choice.label;
    await this.#work(t("Asking {0} for one word…", label), async (gateway) => {
      const trial = await gateway.request("models.auth.set", params, { timeoutMs: SLOW_MS });
      if (!trial.isChosen) await gateway.request("models.set", { model: trial.model });
      form.reset();
      this.choice = undefined;
      return trial;
    });
  }

  async #use(ref: string): Promise<void> {
    await this.#work(t("Asking {0} for one word…", ref), async (gateway) => {
      const trial = await gateway.request("models.test", { model: ref }, { timeoutMs: SLOW_MS });
      await gateway.request("models.set", { model: ref });
      return trial;
    });
  }

  async #try(ref: string): Promise<void> {
    await this.#work(t("Asking {0} for one word…", ref), (gateway) =>
      gateway.request("models.test", { model: ref }, { timeoutMs: SLOW_MS }),
    );
  }

  /** Does something that ends with an answer of a model. What the built-in agent could not answer, the model is asked then. */
  async #work(what: string, work: (gateway: ReturnType<PageHost["gateway"]>) => Promise<ModelTrial>): Promise<void> {
    const isFirst = this.status?.model === null;
    this.busyWith = what;
    this.problem = undefined;
    this.done = undefined;
    try {
      const { model, reply, latencyMs } = await work(this.host.gateway());
      this.done = t("{0} answered “{1}” in {2}.", model, reply.trim().slice(0, 80), durationOf(latencyMs));
      if (isFirst) await this.host.answerWaiting();
    } catch (error) {
      this.problem = sentence(error instanceof Error ? error.message : error);
    }
    this.busyWith = undefined;
    await this.#load();
  }

  async #load(): Promise<void> {
    const status = await this.host.ask("models.status");
    if (status !== undefined) this.status = status;
  }

  async #scan(): Promise<void> {
    this.servers = undefined;
    const params = { tryModels: false };
    const answer = await this.host.ask("models.scan", params, { timeoutMs: SLOW_MS });
    this.servers = answer?.servers ?? [];
  }
}

customElements.define("moltbot-models", ModelsElement);

function originText(origin: ModelsStatus["providers"][number]["origin"]): string {
  if (origin === "config") return t("with a key from the config");
  return origin === "environment" ? t("with a key from the environment") : t("found on this machine");
}
