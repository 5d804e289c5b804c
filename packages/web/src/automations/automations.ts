// The automations page: what comes next by itself, all jobs with what became of them, and what the heartbeat does.

import type { GatewayClient, HeartbeatStatusResult, RemindersUpcomingResult, Subscription } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { PageElement } from "../chat/element.ts";
import { words } from "../chat/words.ts";
import { pageHead } from "../kit/parts.ts";
import { clockTime } from "../time.ts";
import type { PageHost } from "../view.ts";
import { t } from "../words/t.ts";
import { type Job, lastRuns, nextText, outcomeOf, type Run, scheduleText } from "./state.ts";

const FIRINGS = 10;
const PAGE = 200;
/** How long a removal can be undone, ms. */
const UNDO_MS = 8_000;
/** Many events are one look, ms. */
const CALM_MS = 150;

interface Removal {
  readonly wasEnabled: boolean;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** `<moltbot-automations>`: asks the gateway by itself. */
export class AutomationsElement extends PageElement {
  static override properties = {
    host: { attribute: false },
    jobs: { state: true },
    firings: { state: true },
    runs: { state: true },
    beat: { state: true },
    done: { state: true },
    removals: { state: true },
  };
  declare host: PageHost;
  declare jobs: readonly Job[] | undefined;
  declare firings: RemindersUpcomingResult["firings"];
  declare runs: ReadonlyMap<string, Run>;
  declare beat: HeartbeatStatusResult | undefined;
  /** The last thing that was done, for screen readers. */
  declare done: string;
  /** Jobs that are paused, and removed when their time to be kept is up. */
  declare removals: ReadonlyMap<string, Removal>;
  #subscriptions: Subscription[] = [];
  #calm: ReturnType<typeof setTimeout> | undefined;
  readonly #onHide = () => this.#removeAll();

  constructor() {
    super();
    this.firings = [];
    this.runs = new Map();
    this.done = "";
    this.removals = new Map();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const client = this.host.gateway();
    this.#subscriptions = [
      ...["cron", "heartbeat"].map((event) => client.on(event, () => this.#loadSoon())),
      client.onState(({ kind }) => kind === "connected" && this.#loadSoon()),
    ];
    addEventListener("pagehide", this.#onHide);
    void this.#load();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const subscription of this.#subscriptions) subscription.off();
    clearTimeout(this.#calm);
    removeEventListener("pagehide", this.#onHide);
    this.#removeAll();
  }

  #loadSoon(): void {
    this.#calm ??= setTimeout(() => {
      this.#calm = undefined;
      void this.#load();
    }, CALM_MS);
  }

  async #load(): Promise<void> {
    await Promise.all([
      this.#read("reminders.upcoming", async (gateway) => {
        this.firings = (await gateway.request("reminders.upcoming", { limit: FIRINGS })).firings;
      }),
      this.#read("cron.list", async (gateway) => {
        const { jobs } = await gateway.request("cron.list", { includeDisabled: true, limit: PAGE });
        this.jobs = jobs;
      }),
      this.#read("cron.runs", async (gateway) => {
        this.runs = lastRuns((await gateway.request("cron.runs", { scope: "all", limit: PAGE })).entries);
      }),
      this.#read("heartbeat.status", async (gateway) => {
        this.beat = await gateway.request("heartbeat.status", {});
      }),
    ]);
  }

  async #read(method: string, read: (gateway: GatewayClient) => Promise<void>): Promise<void> {
    if (this.host.offers(method)) await this.host.attempt(() => read(this.host.gateway()));
  }

  protected override render(): TemplateResult {
    const { jobs } = this;
    return html`<div class="scroller" tabindex="0" role="region" aria-label="Automations">
      <div class="column channels-page">
        <p class="visually-hidden" role="status">${this.done}</p>
        ${pageHead({ intro: t("What begins by itself: jobs at set times, reminders, and each agent’s own look around."), command: "moltbot cron list" })}
        ${jobs === undefined ? html`<p class="meta loading" role="status">Asking the gateway…</p>` : html`${this.#next()} ${this.#all(jobs)}`}
        ${this.beat === undefined ? nothing : heartbeat(this.beat)}
      </div>
    </div>`;
  }

  #next(): TemplateResult {
    const { firings } = this;
    return html`<section aria-labelledby="next-title">
      <h2 id="next-title">What comes next</h2>
      ${
        firings.length === 0
          ? html`<p class="meta">Nothing. Say “remind me in 20 min to stretch” in any conversation.</p>`
          : html`<ol class="rows firings">
              ${firings.map(
                ({ atMs, name }) => html`<li class="plain-row">
                  <time datetime=${new Date(atMs).toISOString()}>${clockTime(atMs)}</time>
                  <span class="grow">${name}</span>
                </li>`,
              )}
            </ol>`
      }
    </section>`;
  }

  #all(jobs: readonly Job[]): TemplateResult {
    return html`<section aria-labelledby="jobs-title">
      <h2 id="jobs-title">Jobs and reminders</h2>
      <p class="meta">They run at set times. Chats, <code>moltbot remind</code> and <code>moltbot cron</code> add to them.</p>
      ${
        jobs.length === 0
          ? html`<p class="meta">None yet.</p>`
          : html`<ul class="cards">
              ${repeat(
                jobs,
                ({ id }) => id,
                (job) => this.#card(job),
              )}
            </ul>`
      }
      ${jobs.length < PAGE ? nothing : html`<p class="meta">The first ${PAGE} are shown; <code>moltbot cron list</code> shows all.</p>`}
    </section>`;
  }

  #card(job: Job): TemplateResult {
    if (this.removals.has(job.id))
      return html`<li class="card-row removed" data-job=${job.id}>
        <span class="grow">“${job.name}” is removed.</span>
        <button type="button" class="button small" aria-label=${t("Undo: keep {0}", job.name)} @click=${() => this.#undo(job)}>Undo</button>
      </li>`;
    const run = this.runs.get(job.id);
    return html`<li class="card-row job" data-job=${job.id}>
      <div class="grow">
        <h3>${job.name}${job.enabled ? nothing : html` <span class="chip">paused</span>`}</h3>
        <p class="meta">${scheduleText(job)} · ${nextText(job)}</p>
        ${job.state.runningAtMs === undefined ? nothing : html`<p class="meta working"><span class="dots"></span>It runs now</p>`}
        ${run === undefined ? nothing : outcome(run)}
      </div>
      ${this.host.may("admin") ? this.#actions(job) : nothing}
    </li>`;
  }

  #actions(job: Job): TemplateResult {
    const { name, enabled } = job;
    return html`<div class="card-actions">
      <button type="button" class="button small" aria-label=${t("Run now: {0}", name)} @click=${() => this.#run(job)}>Run now</button>
      <button type="button" class="button small" aria-label=${`${enabled ? t("Pause") : t("Resume")} ${name}`} @click=${() => this.#enable(job, !enabled)}>
        ${enabled ? t("Pause") : t("Resume")}
      </button>
      <button type="button" class="button small quiet" aria-label=${t("Remove {0}", name)} @click=${() => this.#remove(job)}>Remove</button>
    </div>`;
  }

  async #run({ id, name }: Job): Promise<void> {
    const answer = await this.host.attempt(() => this.host.gateway().request("cron.run", { id, mode: "force" }));
    if (answer !== undefined) this.done = t("{0} runs.", name);
    this.#loadSoon();
  }

  async #enable({ id, name }: Job, enabled: boolean): Promise<void> {
    const answer = await this.#update(id, enabled);
    if (answer !== undefined) this.done = enabled ? t("{0} is on.", name) : t("{0} is paused.", name);
    await this.#load();
  }

  async #update(id: string, enabled: boolean) {
    return await this.host.attempt(() => this.host.gateway().request("cron.update", { id, patch: { enabled } }));
  }

  /** It is paused at once, so that it does not run while the removal can be undone. */
  async #remove({ id, name, enabled }: Job): Promise<void> {
    const timer = setTimeout(() => void this.#removeNow(id), UNDO_MS);
    this.removals = new Map([...this.removals, [id, { wasEnabled: enabled, timer }]]);
    this.done = t("{0} is removed. Undo is offered for a few seconds.", name);
    await this.updateComplete;
    this.querySelector<HTMLElement>(`[data-job="${CSS.escape(id)}"] button`)?.focus();
    if (enabled) await this.#update(id, false);
  }

  async #undo({ id, name }: Job): Promise<void> {
    const removal = this.#drop(id);
    if (removal?.wasEnabled) await this.#update(id, true);
    this.done = t("{0} is kept.", name);
    await this.#load();
  }

  #drop(id: string): Removal | undefined {
    const removal = this.removals.get(id);
    clearTimeout(removal?.timer);
    this.removals = new Map([...this.removals].filter(([each]) => each !== id));
    return removal;
  }

  async #removeNow(id: string): Promise<void> {
    await this.host.attempt(() => this.host.gateway().request("cron.remove", { id }));
    this.jobs = this.jobs?.filter((job) => job.id !== id);
    this.#drop(id);
  }

  #removeAll(): void {
    for (const id of this.removals.keys()) void this.#removeNow(id);
  }
}

customElements.define("moltbot-automations", AutomationsElement);

function outcome(run: Run): TemplateResult {
  const { text, mood } = outcomeOf(run);
  const said = run.error ?? run.summary ?? "";
  const where = run.deliveryError === undefined ? "" : t(" It was not sent: {0}", run.deliveryError);
  const state = html`<span class="state ${mood}"><span class="dot"></span>${text}</span>`;
  if (said === "" && where === "") return html`<p>${state}</p>`;
  return html`<details class="outcome">
    <summary>${state}</summary>
    <p class="said">${said}${where === "" ? nothing : words(where)}</p>
  </details>`;
}

function heartbeat({ enabled, agents, last }: HeartbeatStatusResult): TemplateResult {
  return html`<section aria-labelledby="beat-title">
    <h2 id="beat-title">Heartbeat</h2>
    <p class="meta">
      From time to time each agent looks whether there is news. ${enabled ? nothing : html`It is switched off until the gateway restarts.`}
    </p>
    <ul class="rows">
      ${agents.map(
        ({ agentId, enabled: isOn, every, nextAtMs, turnsToday, verdict }) => html`<li class="plain-row">
          <span class="grow">
            <strong>${agentId}</strong>
            <span class="meta">${isOn ? t("every {0}{1}, asked the model {2} times today", every, nextAtMs === null ? "" : t(", next {0}", clockTime(nextAtMs)), turnsToday) : t("does not look by itself")}</span>
            <span class="meta">${words(verdict.detail)}</span>
          </span>
          <span class="state ${verdict.asks ? "busy" : ""}"><span class="dot"></span>${verdict.asks ? t("would ask") : t("quiet")}</span>
        </li>`,
      )}
    </ul>
    ${last === null ? nothing : html`<p class="meta">Last: ${[last.status, last.reason].filter(Boolean).join(", ")}, ${clockTime(last.ts)}.</p>`}
  </section>`;
}
