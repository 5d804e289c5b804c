// The runs page: what the agent did, newest first; one run with its steps, its replay, and the way to its conversation.

import type { Methods, RunRow } from "@moltbot/protocol";
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { LivePage } from "../kit/live-page.ts";
import { emptyState, loading, pageFrame, pageHead } from "../kit/parts.ts";
import type { Column } from "../kit/table.ts";
import { clockTime, durationOf } from "../time.ts";
import { said, t } from "../words/t.ts";
import { replayReport, runDetails } from "./details.ts";
import "../kit/table.ts";

const NEWEST = 200;
const STATUS = {
  ...{
    accepted: said("waits"),
    running: said("works"),
    ok: said("done"),
    error: said("failed"),
    aborted: said("stopped"),
    merged: said("joined another"),
  },
} as const;
const TONES: Readonly<Record<string, string>> = { ok: "good", error: "bad", running: "busy" };

/** `<moltbot-runs>`: asks the gateway by itself; `rest` is the run that is shown. */
export class RunsElement extends LivePage {
  static override properties = {
    ...LivePage.properties,
    runs: { state: true },
    details: { state: true },
    replay: { state: true },
    isReplaying: { state: true },
  };
  declare runs: readonly RunRow[] | undefined;
  declare details: Methods["runs.get"]["result"] | undefined;
  declare replay: Methods["runs.replay"]["result"] | undefined;
  declare isReplaying: boolean;
  protected readonly events = ["sessions.changed"];

  constructor() {
    super();
    this.isReplaying = false;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("rest") || !this.hasUpdated) return;
    this.details = undefined;
    this.replay = undefined;
    void this.load();
  }

  protected async load(): Promise<void> {
    const runId = this.rest;
    if (runId !== "" && this.host.may("admin")) {
      const details = await this.read("runs.get", { runId });
      if (details !== undefined && runId === this.rest) this.details = details;
      return;
    }
    const answer = await this.read("runs.list", { limit: NEWEST });
    if (answer !== undefined) this.runs = answer.runs;
  }

  protected override render(): TemplateResult {
    const isOne = this.rest !== "" && this.host.may("admin");
    return pageFrame(
      t("Runs"),
      this.done,
      html`${pageHead({
        intro: isOne ? t("One run, step by step.") : t("What the agent did, the newest first."),
        command: isOne ? `moltbot runs show ${this.rest}` : "moltbot runs list",
        actions: isOne
          ? html`<button type="button" class="button small" @click=${() => this.host.show("runs")}>All runs</button>`
          : nothing,
      })}
      ${isOne ? this.#one() : this.#all()}`,
    );
  }

  #all(): TemplateResult {
    const { runs } = this;
    if (runs === undefined) return loading();
    if (runs.length === 0)
      return emptyState(t("No runs yet"), t("Write to the agent; each answer is a run, and its steps are shown here."));
    return html`<moltbot-table .label=${t("Runs")} .columns=${this.#columns()} .rows=${runs} .keyOf=${({ runId }: RunRow) => runId} .cardPx=${132}></moltbot-table>`;
  }

  #columns(): Column<RunRow>[] {
    return [
      {
        title: t("Conversation"),
        width: "minmax(0, 2fr)",
        isHead: true,
        sortBy: ({ sessionKey }) => this.host.titleOf(sessionKey),
        cell: ({ sessionKey, runId }) => {
          const title = this.host.titleOf(sessionKey);
          if (!this.host.may("admin")) return html`<bdi title=${sessionKey}>${title}</bdi>`;
          return html`<button type="button" class="row-link" title=${sessionKey} aria-label=${t("{0}: show the run", title)} @click=${() => this.host.show("runs", runId)}><bdi>${title}</bdi></button>`;
        },
      },
      {
        title: t("When"),
        width: "8rem",
        sortBy: ({ acceptedAt }) => acceptedAt,
        cell: ({ acceptedAt }) => clockTime(acceptedAt),
      },
      {
        title: t("Took"),
        width: "6rem",
        sortBy: tookMs,
        cell: (run) => (run.endedAt === undefined ? "" : durationOf(tookMs(run))),
      },
      {
        title: t("Model"),
        width: "minmax(0, 1fr)",
        sortBy: ({ model = "" }) => model,
        cell: ({ model = t("built in") }) => model,
      },
      {
        title: t("End"),
        width: "7rem",
        sortBy: ({ status }) => status,
        cell: ({ status }) =>
          html`<span class="state ${TONES[status] ?? ""}"><span class="dot"></span>${t(STATUS[status])}</span>`,
      },
    ];
  }

  #one(): TemplateResult {
    const { details } = this;
    if (details === undefined) return loading();
    const { run } = details;
    return html`<p>
        <span class="state ${TONES[run.status] ?? ""}"><span class="dot"></span>${t(STATUS[run.status])}</span>
        <span class="meta">${clockTime(run.acceptedAt)}${run.endedAt === undefined ? "" : `, ${durationOf(tookMs(run))}`}, ${run.model ?? t("the built-in agent")}${run.totalTokens === undefined ? "" : t(", {0} tokens", run.totalTokens)}, from ${run.source}</span>
      </p>
      <div class="form-buttons">
        <button type="button" class="button small" @click=${() => this.host.openSession(run.sessionKey)}>Open the conversation</button>
        ${this.host.has("logs") ? html`<button type="button" class="button small" @click=${() => this.host.show("logs", run.runId)}>Its log lines</button>` : nothing}
        ${run.recorded ? html`<button type="button" class="button small" ?disabled=${this.isReplaying} @click=${() => this.#replay(run)}>Replay</button>` : nothing}
      </div>
      ${this.replay === undefined ? nothing : replayReport(this.replay)} ${runDetails(details)}`;
  }

  async #replay({ runId }: RunRow): Promise<void> {
    this.isReplaying = true;
    const answer = await this.read("runs.replay", { runId });
    this.isReplaying = false;
    if (answer !== undefined) this.replay = answer;
  }
}

customElements.define("moltbot-runs", RunsElement);

function tookMs({ acceptedAt, startedAt = acceptedAt, endedAt = startedAt }: RunRow): number {
  return endedAt - startedAt;
}
