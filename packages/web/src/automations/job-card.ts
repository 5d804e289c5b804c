// A job in the list: when it runs, what became of it, and what can be done with it.

import { html, nothing, type TemplateResult } from "lit";
import type { RowInFlow } from "../kit/flow-in-view.ts";
import type { PageHost } from "../view.ts";
import { t } from "../words/t.ts";
import { outcome } from "./outcomes.ts";
import { type Job, nextText, type Run, scheduleText } from "./state.ts";
import { explainJob } from "./why-job.ts";

/** What a card shows. */
interface Shown {
  readonly job: Job;
  /** The job's last run. */
  readonly run: Run | undefined;
  /** The job is removed unless somebody takes that back. */
  readonly isRemoved: boolean;
  /** The job's place in the list. */
  readonly row: RowInFlow;
  /** How many are listed. */
  readonly count: number;
}

/** What the buttons do. */
interface CardPage {
  readonly host: PageHost;
  readonly undo: () => void;
  readonly run: () => void;
  readonly enable: () => void;
  readonly remove: () => void;
}

/** The card. */
export function jobCard(page: CardPage, { job, run, isRemoved, row, count }: Shown): TemplateResult {
  const { index, beforePx, afterPx } = row;
  const room = beforePx + afterPx === 0 ? "" : `margin-block: ${beforePx}px ${afterPx}px`;
  const [setsize, position] = [count, index + 1];
  if (isRemoved)
    return html`<li class="card-row removed" data-job=${job.id} data-row=${job.id} .style=${room} aria-setsize=${setsize} aria-posinset=${position}>
      <span class="grow">“${job.name}” is removed.</span>
      <button type="button" class="button small" aria-label=${t("Undo: keep {0}", job.name)} @click=${page.undo}>Undo</button>
    </li>`;
  return html`<li class="card-row job" data-job=${job.id} data-row=${job.id} .style=${room} aria-setsize=${setsize} aria-posinset=${position}>
    <div class="grow">
      <h3>${job.name}${job.enabled ? nothing : html` <span class="chip">paused</span>`}</h3>
      <p class="meta">${scheduleText(job)} · ${nextText(job)}</p>
      ${job.state.runningAtMs === undefined ? nothing : html`<p class="meta working"><span class="dots"></span>It runs now</p>`}
      ${run === undefined ? nothing : outcome(run)}
    </div>
    ${actions(page, job, run)}
  </li>`;
}

function actions({ host, ...page }: CardPage, job: Job, run: Run | undefined): TemplateResult {
  const { name, enabled } = job;
  const why = html`<button type="button" class="button small quiet" aria-label=${t("Why: {0}", name)} @click=${() => explainJob(host, job, run)}>Why</button>`;
  if (!host.may("admin")) return html`<div class="card-actions">${why}</div>`;
  return html`<div class="card-actions">
    ${why}
    <button type="button" class="button small" aria-label=${t("Run now: {0}", name)} @click=${page.run}>Run now</button>
    <button type="button" class="button small" aria-label=${`${enabled ? t("Pause") : t("Resume")} ${name}`} @click=${page.enable}>
      ${enabled ? t("Pause") : t("Resume")}
    </button>
    <button type="button" class="button small quiet" aria-label=${t("Remove {0}", name)} @click=${page.remove}>Remove</button>
  </div>`;
}
