// The usage page: what models took by day, model, agent and conversation. A click filters; the table holds the same figures.

import type { Methods, UsageRow } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import { LivePage } from "../kit/live-page.ts";
import { emptyState, loading, pageFrame, pageHead } from "../kit/parts.ts";
import type { Column } from "../kit/table.ts";
import { openWhy } from "../kit/why.ts";
import { numbers } from "../words/formatters.ts";
import { plural, said, t } from "../words/t.ts";
import { chart } from "./chart.ts";
import { barsOf, costText, csvOf, figure, type Unit } from "./figures.ts";
import "../kit/table.ts";

const DAYS = [7, 30, 90] as const;
const whole = numbers();
const GROUPS = { model: said("Model"), agent: said("Agent"), session: said("Conversation"), day: said("Day") } as const;
const BY = {
  model: said("By model"),
  agent: said("By agent"),
  session: said("By conversation"),
  day: said("By day"),
} as const;
const ONLY = {
  model: said("Only model {0}."),
  agent: said("Only agent {0}."),
  session: said("Only conversation {0}."),
  day: said("Only day {0}."),
} as const;
type Group = keyof typeof GROUPS;
/** The parameter that filters by a group. */
const PARAMS = { model: "model", agent: "agentId", session: "sessionKey", day: "day" } as const;
const MOST_ROWS = 200;

type Only = { readonly [Name in Group]?: string };

/** `<moltbot-usage-page>`: asks the gateway by itself. */
export class UsagePageElement extends LivePage {
  static override properties = {
    ...LivePage.properties,
    days: { state: true },
    unit: { state: true },
    by: { state: true },
    only: { state: true },
    daily: { state: true },
    rows: { state: true },
    status: { state: true },
  };
  declare days: (typeof DAYS)[number];
  declare unit: Unit;
  declare by: Group;
  declare only: Only;
  declare daily: readonly UsageRow[] | undefined;
  declare rows: readonly UsageRow[];
  declare status: Methods["usage.status"]["result"] | undefined;
  protected readonly events = ["sessions.changed", "usage.budget"];

  constructor() {
    super();
    this.days = 30;
    this.unit = "tokens";
    this.by = "model";
    this.only = {};
    this.rows = [];
  }

  protected async load(): Promise<void> {
    const { day: _day, ...others } = this.only;
    const [status, daily, table] = await Promise.all([
      this.read("usage.status", {}),
      this.#breakdown("day", others),
      this.#breakdown(this.by, this.only),
    ]);
    if (status === undefined || daily === undefined || table === undefined) return;
    this.status = status;
    this.daily = daily;
    this.rows = this.by === "day" ? [...table].sort((a, b) => b.name.localeCompare(a.name)) : table;
  }

  async #breakdown(by: Group, only: Only): Promise<readonly UsageRow[] | undefined> {
    const filters = Object.fromEntries(Object.entries(only).map(([name, value]) => [PARAMS[name as Group], value]));
    const params = { by, days: this.days, limit: MOST_ROWS, ...filters };
    return (await this.read("usage.breakdown", params))?.rows;
  }

  protected override render(): TemplateResult {
    return pageFrame(
      t("Usage"),
      this.done,
      html`${pageHead({ intro: t("What models took, from the providers' own figures. A click on a bar or a row shows it alone."), command: "moltbot usage" })}
      ${this.daily === undefined || this.status === undefined ? loading() : this.#content(this.daily, this.status)}`,
    );
  }

  #content(daily: readonly UsageRow[], { date, budgets }: Methods["usage.status"]["result"]): TemplateResult {
    const isFiltered = Object.keys(this.only).length > 0;
    if (daily.length === 0 && !isFiltered)
      return emptyState(
        t("No model was asked yet"),
        t("Connect a model and write to the agent; what that takes is shown here."),
      );
    const setting = this.unit === "tokens" ? "tokens" : "usd";
    const budget = budgets.find((each) => each.setting.startsWith("budgets.daily.") && each.unit === setting)?.limit;
    const bars = barsOf(daily, { today: date, days: this.days, unit: this.unit });
    const total = bars.reduce((sum, { value }) => sum + value, 0);
    return html`<div class="form-buttons">
        ${this.#choices(
          t("Days"),
          DAYS.map((days) => [plural(days, "{0} day", "{0} days"), days === this.days, () => this.#set({ days })]),
        )}
        ${this.#choices(t("Unit"), [
          [t("Tokens"), this.unit === "tokens", () => this.#set({ unit: "tokens" })],
          [t("Cost"), this.unit === "usd", () => this.#set({ unit: "usd" })],
        ])}
      </div>
      <p role="status"><strong>${figure(total, this.unit)}</strong> in ${plural(this.days, "{0} day", "{0} days")}${budget === undefined ? "" : t("; the budget is {0} a day", figure(budget, this.unit))}.</p>
      ${isFiltered ? this.#filters() : nothing}
      ${chart({ bars, unit: this.unit, budget, chosen: this.only.day, choose: (day) => this.#filter("day", this.only.day === day ? undefined : day) })}
      <section aria-labelledby="usage-table">
        <h2 id="usage-table">${t(BY[this.by])}</h2>
        <div class="form-buttons">
          ${this.#choices(
            t("Table"),
            (Object.keys(GROUPS) as Group[]).map((by) => [t(GROUPS[by]), by === this.by, () => this.#set({ by })]),
          )}
          <button type="button" class="button small" ?disabled=${this.rows.length === 0} @click=${() => this.#export()}>Export as CSV</button>
        </div>
        ${
          this.rows.length === 0
            ? emptyState(t("Nothing here"), t("Take a filter off, or choose more days."))
            : html`<moltbot-table .label=${t("What models took")} .columns=${this.#columns()} .rows=${this.rows} .keyOf=${({ name }: UsageRow) => name} .cardPx=${132}></moltbot-table>`
        }
      </section>`;
  }

  #columns(): Column<UsageRow>[] {
    const { by } = this;
    return [
      {
        title: t(GROUPS[by]),
        width: "minmax(0, 2fr)",
        isHead: true,
        sortBy: ({ name }) => this.#named(name),
        cell: ({ name }) =>
          html`<button type="button" class="row-link" title=${name} @click=${() => this.#filter(by, name)}><bdi>${this.#named(name) || t("outside any conversation")}</bdi></button>`,
      },
      { title: t("Calls"), width: "4.5rem", sortBy: ({ calls }) => calls, cell: ({ calls }) => whole.format(calls) },
      {
        title: t("Tokens"),
        width: "6.5rem",
        sortBy: ({ totalTokens }) => totalTokens,
        cell: ({ totalTokens }) => whole.format(totalTokens),
      },
      { title: t("Cost"), width: "8rem", sortBy: ({ totalCost }) => totalCost, cell: costText },
      {
        title: "",
        width: "4rem",
        cell: (row) =>
          html`<button type="button" class="text-button" aria-label=${t("Why: {0}", row.name)} @click=${() => this.#why(row)}>Why</button>`,
      },
    ];
  }

  #filters(): TemplateResult {
    return html`<div class="form-buttons" role="group" aria-label="Filters">
      ${Object.entries(this.only).map(
        ([
          name,
          value,
        ]) => html`<button type="button" class="button small" aria-label=${t("Take off: {0} {1}", t(GROUPS[name as Group]), value)} @click=${() => this.#filter(name as Group, undefined)}>
          ${t(GROUPS[name as Group])}: <bdi>${value}</bdi> ✕
        </button>`,
      )}
    </div>`;
  }

  #choices(label: string, choices: readonly (readonly [string, boolean, () => unknown])[]): TemplateResult {
    return html`<span class="form-buttons" role="group" aria-label=${label}>
      ${choices.map(([text, isChosen, choose]) => html`<button type="button" class="button small" aria-pressed=${isChosen ? "true" : "false"} @click=${choose}>${text}</button>`)}
    </span>`;
  }

  /** A conversation is known by its title; the rest by their names. */
  #named(name: string): string {
    return this.by === "session" && name !== "" ? this.host.titleOf(name) : name;
  }

  #why(row: UsageRow): void {
    const { name, input, output, cacheRead, cacheWrite, estimatedCalls } = row;
    openWhy(this.host, {
      title: this.#named(name) || t("Outside any conversation"),
      because:
        estimatedCalls === 0
          ? t("The providers reported these figures.")
          : t("For {0} calls the provider reported no tokens; they are estimated.", estimatedCalls),
      facts: [
        [t("New input"), whole.format(input)],
        [t("From the cache"), whole.format(cacheRead)],
        [t("Into the cache"), whole.format(cacheWrite)],
        [t("Output"), whole.format(output)],
        [t("Cost"), costText(row)],
      ],
      command: [
        "moltbot usage",
        `--by ${this.by === "agent" || this.by === "session" ? this.by : "model"}`,
        `--days ${this.days}`,
      ].join(" "),
      more:
        this.by === "session" && name !== ""
          ? html`<button type="button" class="button small" @click=${(event: Event) => {
              (event.currentTarget as HTMLElement).closest("dialog")?.close();
              this.host.openSession(name);
            }}>Open the conversation</button>`
          : nothing,
    });
  }

  #filter(name: Group, value: string | undefined): void {
    const { [name]: _before, ...others } = this.only;
    this.#set({ only: value === undefined || value === "" ? others : { ...others, [name]: value } });
    this.done = value === undefined ? t("The filter is off.") : t(ONLY[name], value);
  }

  #set(change: Partial<Pick<UsagePageElement, "days" | "unit" | "by" | "only">>): void {
    Object.assign(this, change);
    void this.load();
  }

  #export(): void {
    const url = URL.createObjectURL(new Blob([csvOf(this.rows)], { type: "text/csv" }));
    Object.assign(document.createElement("a"), { href: url, download: `usage-by-${this.by}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1_000);
  }
}

customElements.define("moltbot-usage-page", UsagePageElement);
