// Tries a job on a virtual clock: what would become of each of its times, with the gateway off for a while or not.

import type { Methods } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import { PageElement } from "../chat/element.ts";
import type { PageHost } from "../view.ts";
import { plural, said, t } from "../words/t.ts";
import type { Job } from "./state.ts";

type Answer = Methods["cron.simulate"]["result"];

const DAYS = [1, 7, 31] as const;
const HOUR_MS = 3_600_000;
const DOWNS = [
  [said("never"), 0],
  [said("for an hour when it is due"), 1],
  [said("for twelve hours then"), 12],
] as const;
const TONES = { fired: "good", late: "busy", missed: "bad", coalesced: "" } as const;
const OUTCOMES = {
  fired: said("runs"),
  late: said("late"),
  missed: said("missed"),
  coalesced: said("joined to a later one"),
} as const;

/** `<moltbot-try-out>`: asks the gateway about `job`. */
class TryOutElement extends PageElement {
  static override properties = {
    host: { attribute: false },
    job: { attribute: false },
    days: { state: true },
    down: { state: true },
    answer: { state: true },
    isBusy: { state: true },
  };
  declare host: PageHost;
  declare job: Job;
  declare days: (typeof DAYS)[number];
  /** For how many hours the gateway is off. */
  declare down: number;
  declare answer: Answer | undefined;
  declare isBusy: boolean;

  constructor() {
    super();
    this.days = 7;
    this.down = 0;
    this.isBusy = false;
  }

  protected override render(): TemplateResult {
    return html`<form class="try-out" aria-label="Try on a virtual clock" @submit=${this.#try}>
        <h3>Try on a virtual clock</h3>
        <p class="meta">Nothing is run. The rules are those of the real clock.</p>
        <div class="log-filters">
          <label><span>Time</span>
            <select @change=${(event: Event) => {
              this.days = Number((event.target as HTMLSelectElement).value) as (typeof DAYS)[number];
            }}>
              ${DAYS.map((days) => html`<option value=${days} ?selected=${days === this.days}>${plural(days, "{0} day", "{0} days")}</option>`)}
            </select>
          </label>
          <label><span>The gateway is off</span>
            <select @change=${(event: Event) => {
              this.down = Number((event.target as HTMLSelectElement).value);
            }}>
              ${DOWNS.map(([label, hours]) => html`<option value=${hours} ?selected=${hours === this.down}>${t(label)}</option>`)}
            </select>
          </label>
        </div>
        <button type="submit" class="button small primary" ?disabled=${this.isBusy}>Try it</button>
      </form>
      ${this.answer === undefined ? nothing : this.#told(this.answer)}`;
  }

  #told({ slots, hasMore }: Answer): TemplateResult {
    const status =
      slots.length === 0
        ? t("It never comes in this time.")
        : hasMore
          ? plural(slots.length, "{0} time and more.", "{0} times and more.")
          : plural(slots.length, "{0} time.", "{0} times.");
    return html`<p class="meta" role="status">${status}</p>
      <ol class="rows tried">
        ${slots.map(
          ({ slot, local, outcome, why }) => html`<li class="plain-row">
            <time datetime=${slot}>${local}</time>
            <span class="grow meta">${why}</span>
            <span class="state ${TONES[outcome]}"><span class="dot"></span>${t(OUTCOMES[outcome])}</span>
          </li>`,
        )}
      </ol>`;
  }

  async #try(event: Event): Promise<void> {
    event.preventDefault();
    this.isBusy = true;
    const { id, state } = this.job;
    const afterMs = Math.max(0, (state.nextRunAtMs ?? Date.now()) - Date.now() - 60_000);
    const downMs = this.down === 0 ? {} : { downMs: { afterMs, forMs: this.down * HOUR_MS } };
    const params = { id, days: this.days, ...downMs };
    this.answer = await this.host.ask("cron.simulate", params);
    this.isBusy = false;
  }
}

customElements.define("moltbot-try-out", TryOutElement);
