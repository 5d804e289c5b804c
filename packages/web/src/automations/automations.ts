// The automations page: what comes next by itself, all jobs with what became of them, and what the heartbeat does.

import type { GatewayClient, HeartbeatStatusResult, RemindersUpcomingResult, Subscription } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { PageElement } from "../chat/element.ts";
import { searchIcon } from "../chat/icons.ts";
import { FlowInView, type RowInFlow } from "../kit/flow-in-view.ts";
import { pageHead } from "../kit/parts.ts";
import { clockTime } from "../time.ts";
import type { PageHost } from "../view.ts";
import { plural, t } from "../words/t.ts";
import { AllJobs, jobsNamed } from "./all-jobs.ts";
import { jobCard } from "./job-card.ts";
import { heartbeat } from "./outcomes.ts";
import { type Job, lastRuns, type Run } from "./state.ts";

const FIRINGS = 10;
const RUNS = 200;
/** From so many jobs on they can be looked for by their names. */
const MANY = 12;
/** How high a job is about, in pixels. */
const JOB_PX = 110;
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
    named: { state: true },
    firings: { state: true },
    runs: { state: true },
    beat: { state: true },
    done: { state: true },
    removals: { state: true },
  };
  declare host: PageHost;
  /** The words of the names that somebody looks for. */
  declare named: string;
  declare firings: RemindersUpcomingResult["firings"];
  declare runs: ReadonlyMap<string, Run>;
  declare beat: HeartbeatStatusResult | undefined;
  /** The last thing that was done, for screen readers. */
  declare done: string;
  /** Jobs that are paused, and removed when their time to be kept is up. */
  declare removals: ReadonlyMap<string, Removal>;
  #all: AllJobs | undefined;
  #shown: readonly Job[] = [];
  #isStale = true;
  readonly #inView = new FlowInView(this, {
    body: () => this.querySelector(".jobs"),
    keys: () => this.#shown.map(({ id }) => id),
    guessPx: () => JOB_PX,
  });
  #subscriptions: Subscription[] = [];
  #calm: ReturnType<typeof setTimeout> | undefined;
  readonly #onHide = () => this.#removeAll();

  constructor() {
    super();
    this.named = "";
    this.firings = [];
    this.runs = new Map();
    this.done = "";
    this.removals = new Map();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const client = this.host.gateway();
    this.#all = new AllJobs(this.host, () => this.requestUpdate());
    this.#subscriptions = [
      client.on("cron", (event) => this.#loadSoon({ isStale: this.#all?.hear(event) !== true })),
      client.on("heartbeat", () => this.#loadSoon()),
      client.onState(({ kind }) => kind === "connected" && this.#loadSoon({ isStale: true })),
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

  /** Reads in a moment what events do not tell, and the jobs too where those have told too little. */
  #loadSoon({ isStale = false } = {}): void {
    this.#isStale ||= isStale;
    this.#calm ??= setTimeout(() => {
      this.#calm = undefined;
      void this.#load();
    }, CALM_MS);
  }

  async #load(): Promise<void> {
    const isStale = this.#isStale;
    this.#isStale = false;
    await Promise.all([
      isStale && this.host.offers("cron.list") ? this.#all?.load() : undefined,
      this.#read("reminders.upcoming", async (gateway) => {
        this.firings = (await gateway.request("reminders.upcoming", { limit: FIRINGS })).firings;
      }),
      this.#read("cron.runs", async (gateway) => {
        this.runs = lastRuns((await gateway.request("cron.runs", { scope: "all", limit: RUNS })).entries);
      }),
      this.#read("heartbeat.status", async (gateway) => {
        this.beat = await gateway.request("heartbeat.status", {});
      }),
    ]);
  }

  async #read(method: string, read: (gateway: GatewayClient) => Promise<void>): Promise<void> {
    if (this.host.offers(method)) await this.host.attempt(() => read(this.host.gateway()));
  }

  protected override willUpdate(): void {
    this.#shown = jobsNamed(this.#all?.jobs ?? [], this.named);
  }

  protected override render(): TemplateResult {
    const jobs = this.#all?.jobs;
    return html`<div class="scroller" tabindex="0" role="region" aria-label="Automations">
      <div class="column channels-page">
        <p class="visually-hidden" role="status">${this.done}</p>
        ${pageHead({ intro: t("What begins by itself: jobs at set times, reminders, and each agent’s own look around."), command: "moltbot cron list" })}
        ${jobs === undefined ? html`<p class="meta loading" role="status">Asking the gateway…</p>` : html`${this.#next()} ${this.#jobs(jobs)}`}
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

  #jobs(jobs: readonly Job[]): TemplateResult {
    const found = this.#shown.length;
    return html`<section aria-labelledby="jobs-title">
      <h2 id="jobs-title">Jobs and reminders</h2>
      <p class="meta">They run at set times. Chats, <code>moltbot remind</code> and <code>moltbot cron</code> add to them.</p>
      ${jobs.length < MANY ? nothing : this.#search(found)}
      ${found === 0 ? html`<p class="meta">${jobs.length === 0 ? t("None yet.") : t("No job has that name. Try fewer letters.")}</p>` : nothing}
      <ul class="cards jobs" aria-labelledby="jobs-title" ?hidden=${found === 0}>
        ${repeat(
          this.#inView.rows(),
          ({ key }) => key,
          (row) => this.#card(this.#shown[row.index] as Job, row),
        )}
      </ul>
    </section>`;
  }

  #search(found: number): TemplateResult {
    return html`<div class="filters" role="search">
      <label class="search">
        ${searchIcon}<span class="visually-hidden">Find a job by its name</span>
        <input type="search" placeholder="Find by name" .value=${this.named} @input=${(event: Event) => {
          this.named = (event.target as HTMLInputElement).value;
        }} />
      </label>
      <span class="meta" role="status">${plural(found, "{0} job", "{0} jobs")}</span>
    </div>`;
  }

  #card(job: Job, row: RowInFlow): TemplateResult {
    const page = {
      host: this.host,
      undo: () => this.#undo(job),
      run: () => this.#run(job),
      enable: () => this.#enable(job, !job.enabled),
      remove: () => this.#remove(job),
    };
    const isRemoved = this.removals.has(job.id);
    return jobCard(page, { job, run: this.runs.get(job.id), isRemoved, row, count: this.#shown.length });
  }

  async #run({ id, name }: Job): Promise<void> {
    const answer = await this.host.ask("cron.run", { id, mode: "force" });
    if (answer !== undefined) this.done = t("{0} runs.", name);
    this.#loadSoon();
  }

  async #enable({ id, name }: Job, enabled: boolean): Promise<void> {
    const answer = await this.#update(id, enabled);
    if (answer !== undefined) this.done = enabled ? t("{0} is on.", name) : t("{0} is paused.", name);
    await this.#load();
  }

  async #update(id: string, enabled: boolean) {
    const job = await this.host.ask("cron.update", { id, patch: { enabled } });
    if (job !== undefined) this.#all?.hear({ jobId: id, action: "updated", job });
    return job;
  }

  /** Removes a job. The job is paused at once, so that it does not run while the removal can be undone. */
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
    await this.host.ask("cron.remove", { id });
    this.#all?.forget(id);
    this.#drop(id);
  }

  #removeAll(): void {
    for (const id of this.removals.keys()) void this.#removeNow(id);
  }
}

customElements.define("moltbot-automations", AutomationsElement);
