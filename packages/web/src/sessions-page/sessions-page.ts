// The sessions page: what was said where and by whom, to find, to open, to explain, and to put away, many at once.

import { html, nothing, type PropertyDeclarations, type TemplateResult } from "lit";
import { ask } from "../chat/dialog.ts";
import { PageElement } from "../chat/element.ts";
import { archiveIcon, fileIcon, moreIcon, searchIcon, thoughtIcon, trashIcon } from "../chat/icons.ts";
import { openMenu } from "../chat/menu.ts";
import { emptyState, loading, pageFrame, pageHead } from "../kit/parts.ts";
import type { Column } from "../kit/table.ts";
import { offerUndo } from "../kit/undo.ts";
import { shortAge } from "../time.ts";
import type { PageHost } from "../view.ts";
import { numbers } from "../words/formatters.ts";
import { plural, t } from "../words/t.ts";
import { AllSessions } from "./all-sessions.ts";
import { type Filter, filtered, NO_FILTER, type Row, valuesOf } from "./rows.ts";
import { explain } from "./why.ts";
import "../kit/table.ts";

const ROW_PX = 60;
const CARD_PX = 132;
const compact = numbers({ notation: "compact", maximumFractionDigits: 1 });

/** `<moltbot-sessions>`: asks the gateway by itself. */
export class SessionsElement extends PageElement {
  static override properties: PropertyDeclarations = {
    host: { attribute: false },
    rest: { attribute: false },
    filter: { state: true },
    chosen: { state: true },
    done: { state: true },
  };
  declare host: PageHost;
  declare filter: Filter;
  /** The keys of the rows that are ticked. */
  declare chosen: ReadonlySet<string>;
  declare done: string;
  #sessions: AllSessions | undefined;

  constructor() {
    super();
    this.filter = NO_FILTER;
    this.chosen = new Set();
    this.done = "";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#sessions = new AllSessions(this.host, () => this.requestUpdate());
    void this.#sessions.open();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#sessions?.close();
  }

  protected override render(): TemplateResult {
    const all = this.#sessions?.rows;
    const rows = all === undefined ? [] : filtered(all, this.filter);
    return pageFrame(
      t("Sessions"),
      this.done,
      html`${pageHead({ intro: t("What was said where, and by whom. Each is one conversation with its own memory."), command: "moltbot sessions list" })}
        ${all === undefined ? loading() : html`${this.#filters(all, rows.length)} ${this.#bulk(rows)} ${this.#table(all, rows)}`}`,
    );
  }

  #filters(all: readonly Row[], count: number): TemplateResult {
    const { filter } = this;
    const change = (part: Partial<Filter>) => {
      this.filter = { ...filter, ...part };
      this.chosen = new Set();
    };
    const select = (
      label: string,
      key: "agentId" | "channel",
      values: readonly string[],
      nameOf = (value: string) => value,
    ) =>
      values.length < 2
        ? nothing
        : html`<label class="filter"><span class="visually-hidden">${label}</span>
            <select @change=${(event: Event) => change({ [key]: (event.target as HTMLSelectElement).value })}>
              <option value="">${label}: all</option>
              ${values.map((value) => html`<option value=${value} ?selected=${filter[key] === value}>${nameOf(value)}</option>`)}
            </select></label>`;
    return html`<div class="filters" role="search">
      <label class="search">
        ${searchIcon}<span class="visually-hidden">Find a session by its name</span>
        <input type="search" placeholder="Find by name" .value=${filter.words} @input=${(event: Event) => change({ words: (event.target as HTMLInputElement).value })} />
      </label>
      ${select(
        t("Agent"),
        "agentId",
        valuesOf(all, ({ agentId }) => agentId),
      )}
      ${select(
        t("Channel"),
        "channel",
        valuesOf(all, ({ channel = "webchat" }) => channel),
        (id) => this.host.channelName(id),
      )}
      <label class="tick"><input type="checkbox" .checked=${filter.isArchived} @change=${(event: Event) => change({ isArchived: (event.target as HTMLInputElement).checked })} /> Archived</label>
      <span class="meta" role="status">${plural(count, "{0} session", "{0} sessions")}</span>
    </div>`;
  }

  /** What can be done with all that are ticked. */
  #bulk(rows: readonly Row[]): TemplateResult | typeof nothing {
    if (!this.host.may("admin") || rows.length === 0) return nothing;
    const chosen = rows.filter(({ key }) => this.chosen.has(key));
    const isAll = chosen.length === rows.length;
    const verb = this.filter.isArchived ? t("Bring back") : t("Archive");
    return html`<div class="bulk">
      <label class="tick"><input type="checkbox" .checked=${isAll} .indeterminate=${!isAll && chosen.length > 0} @change=${() => {
        this.chosen = new Set(isAll ? [] : rows.map(({ key }) => key));
      }} /> ${chosen.length === 0 ? t("All") : t("{0} chosen", chosen.length)}</label>
      ${
        chosen.length === 0
          ? nothing
          : html`<button type="button" class="button small" @click=${() => this.#archive(chosen)}>${verb}</button>
            <button type="button" class="button small" @click=${() => this.#export(chosen, "markdown")}>Save</button>
            <button type="button" class="button small" @click=${() => this.#reset(chosen)}>Begin anew…</button>`
      }
    </div>`;
  }

  #table(all: readonly Row[], rows: readonly Row[]): TemplateResult {
    if (rows.length === 0)
      return all.length === 0
        ? emptyState(
            t("Nothing was said yet."),
            t("Write to the agent here or on a channel, and the conversation appears."),
          )
        : emptyState(
            t("No session fits."),
            t("Try fewer letters, or take the filters away. The search beside the conversations finds what was said."),
          );
    return html`<moltbot-table
      .label=${t("Sessions")}
      .rows=${rows}
      .columns=${this.#columns(all)}
      .keyOf=${({ key }: Row) => key}
      .rowPx=${ROW_PX}
      .cardPx=${CARD_PX}
    ></moltbot-table>`;
  }

  #columns(all: readonly Row[]): Column<Row>[] {
    const isShared = valuesOf(all, ({ agentId }) => agentId).length > 1;
    const agent: Column<Row> = {
      title: t("Agent"),
      width: "minmax(0, 1fr)",
      cell: ({ agentId }) => agentId,
      sortBy: ({ agentId }) => agentId,
    };
    return [
      {
        title: t("Conversation"),
        width: "minmax(0, 3fr)",
        isHead: true,
        cell: (row) => this.#name(row),
        sortBy: ({ title }) => title,
      },
      ...(isShared ? [agent] : []),
      {
        title: t("Where"),
        width: "minmax(0, 1fr)",
        cell: ({ channel = "webchat" }) => this.host.channelName(channel),
        sortBy: ({ channel = "webchat" }) => this.host.channelName(channel),
      },
      { title: t("Tokens"), width: "5.5rem", cell: tokens, sortBy: ({ tokens: count }) => count },
      {
        title: t("Model"),
        width: "minmax(0, 1.2fr)",
        cell: ({ model }) => html`<span title=${model ?? ""}>${model?.split("/").pop() ?? t("default")}</span>`,
        sortBy: ({ model }) => model ?? "",
      },
      {
        title: t("Last"),
        width: "4.5rem",
        cell: ({ updatedAt }) =>
          updatedAt === undefined
            ? ""
            : html`<time datetime=${new Date(updatedAt).toISOString()}>${shortAge(updatedAt)}</time>`,
        sortBy: ({ updatedAt }) => -(updatedAt ?? 0),
      },
      { title: "", width: "88px", cell: (row) => this.#actions(row) },
    ];
  }

  #name(row: Row): TemplateResult {
    const { key, title, preview } = row;
    const tick = html`<label class="tick only"><input type="checkbox" aria-label=${t("Choose {0}", title)} .checked=${this.chosen.has(key)} @change=${() => this.#tick(key)} /></label>`;
    return html`<div class="session-name">
      ${this.host.may("admin") ? tick : nothing}
      <button type="button" class="row-link" @click=${() => this.host.openSession(key)}>
        <bdi class="title">${title}</bdi><span class="meta clip"><bdi>${preview}</bdi></span>
      </button>
    </div>`;
  }

  #actions(row: Row): TemplateResult {
    return html`<span class="row-buttons">
      <button type="button" class="icon-button small" aria-label=${t("Why: {0}", row.title)} title="Why" @click=${() => explain(this.host, this.#sessions as AllSessions, row)}>${thoughtIcon}</button>
      <button type="button" class="icon-button small" aria-label=${t("Actions for {0}", row.title)} aria-haspopup="menu" title="Actions" @click=${(event: Event) => this.#menu(event.currentTarget as HTMLElement, row)}>${moreIcon}</button>
    </span>`;
  }

  #menu(button: HTMLElement, row: Row): void {
    const isAdmin = this.host.may("admin");
    openMenu(button, t("Actions for {0}", row.title), [
      { label: t("Save as Markdown"), icon: fileIcon, run: () => this.#export([row], "markdown") },
      { label: t("Save as JSON"), icon: fileIcon, run: () => this.#export([row], "json") },
      ...(isAdmin && !row.isMain
        ? [
            {
              label: row.isArchived ? t("Bring back") : t("Archive"),
              icon: archiveIcon,
              run: () => this.#archive([row]),
            },
          ]
        : []),
      ...(isAdmin ? [{ label: t("Begin anew…"), icon: trashIcon, isDanger: true, run: () => this.#reset([row]) }] : []),
    ]);
  }

  #tick(key: string): void {
    const chosen = new Set(this.chosen);
    if (!chosen.delete(key)) chosen.add(key);
    this.chosen = chosen;
  }

  async #archive(rows: readonly Row[]): Promise<void> {
    const isAway = !this.filter.isArchived;
    const keys = rows.filter(({ isMain }) => !isMain).map(({ key }) => key);
    this.chosen = new Set();
    if (keys.length === 0) return;
    await this.#sessions?.archive(keys, isAway);
    this.done = isAway
      ? plural(keys.length, "“{1}” is archived.", "{0} sessions are archived.", rows[0]?.title)
      : plural(keys.length, "“{1}” is back.", "{0} sessions are back.", rows[0]?.title);
    offerUndo({ text: this.done, undo: () => this.#sessions?.archive(keys, !isAway) });
  }

  async #reset(rows: readonly Row[]): Promise<void> {
    const what = plural(rows.length, "“{1}”", "{0} conversations", rows[0]?.title);
    const answer = await ask({
      ...{ title: t("Begin {0} anew?", what), confirm: t("Begin anew"), isDanger: true },
      text: t("The agent forgets what was said in it. You can still read it there."),
    });
    if (answer === undefined) return;
    await this.#sessions?.reset(rows.map(({ key }) => key));
    this.chosen = new Set();
    this.done = t("{0} began anew.", what);
  }

  async #export(rows: readonly Row[], format: "markdown" | "json"): Promise<void> {
    for (const { key, title } of rows) await this.host.exportSession(key, title, format);
    this.done = plural(rows.length, "It is saved.", "{0} files are saved.");
  }
}

customElements.define("moltbot-sessions", SessionsElement);

/** How many, and how much of what the model can read at once. */
function tokens({ tokens: count, fill }: Row): TemplateResult | string {
  if (count === 0) return "–";
  const percent = fill === undefined ? undefined : Math.round(fill * 100);
  return html`${compact.format(count)}${percent === undefined ? nothing : html`<span class="meter" title=${t("{0} % of what the model can read", percent)}><span .style=${`width: ${percent}%`}></span></span>`}`;
}
