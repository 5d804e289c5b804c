// The logs page: the end of the gateway's log, followed, with what one looks for, and a copy that is fit for a report.

import { html, nothing, type TemplateResult } from "lit";
import { shellWord } from "../control/shell-word.ts";
import { LivePage } from "../kit/live-page.ts";
import { emptyState, loading, pageFrame, pageHead } from "../kit/parts.ts";
import { offerUndo } from "../kit/undo.ts";
import { openWhy } from "../kit/why.ts";
import { dates, numbers } from "../words/formatters.ts";
import { plural, t } from "../words/t.ts";
import {
  accountOf,
  type Filter,
  fieldsText,
  forReport,
  isOwn,
  isShown,
  LEVELS,
  type Level,
  type LogLine,
  NO_FILTER,
  readLine,
} from "./lines.ts";
import "../kit/list.ts";

const FIRST_LINES = 2_000;
/** More lines than these are not kept; the oldest go. */
const MOST_LINES = 100_000;
/** How often a page that is in view asks for what was added, ms. The log has no event. */
const FOLLOW_MS = 1_000;
const CHUNK_BYTES = 1_000_000;
/** Lines of a report. */
const REPORT_LINES = 200;

/** `<moltbot-logs>`: asks the gateway by itself; `rest` is a run to begin with. */
export class LogsElement extends LivePage {
  static override properties = {
    ...LivePage.properties,
    lines: { state: true },
    filter: { state: true },
    isFollowing: { state: true },
    isReading: { state: true },
  };
  declare lines: readonly LogLine[] | undefined;
  declare filter: Filter;
  declare isFollowing: boolean;
  declare isReading: boolean;
  protected readonly events: readonly string[] = [];
  #cursor = 0;
  #count = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #shown: readonly LogLine[] = [];
  #shownOf: unknown[] = [];

  constructor() {
    super();
    this.filter = NO_FILTER;
    this.isFollowing = true;
    this.isReading = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.rest !== "") this.filter = { ...this.filter, runId: this.rest };
    this.#timer = setInterval(() => {
      if (this.isFollowing && !document.hidden && !this.isReading) void this.#readMore();
    }, FOLLOW_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  protected async load(): Promise<void> {
    const answer = await this.read("logs.tail", { limit: FIRST_LINES, maxBytes: CHUNK_BYTES });
    if (answer === undefined) return;
    this.#cursor = answer.cursor;
    this.lines = this.#readLines(answer.lines);
  }

  protected override render(): TemplateResult {
    return pageFrame(
      t("Logs"),
      this.done,
      html`${pageHead({ intro: t("What happened. The newest is on top; what this page asks for itself is hidden."), command: this.#command() })}
      ${this.lines === undefined ? loading() : this.#content()}`,
    );
  }

  #content(): TemplateResult {
    const shown = this.#filtered();
    return html`<form class="log-filters" aria-label="What is shown" @submit=${(event: Event) => event.preventDefault()}>
        <label><span>Level</span>
          <select @change=${(event: Event) => this.#set({ level: (event.target as HTMLSelectElement).value as Level })}>
            ${LEVELS.map((level) => html`<option value=${level} ?selected=${level === this.filter.level}>${level} and above</option>`)}
          </select>
        </label>
        <label><span>Word</span>
          <input type="search" .value=${this.filter.word} placeholder="any text" @input=${(event: Event) => this.#set({ word: (event.target as HTMLInputElement).value })} />
        </label>
        ${this.#choice(t("Account"), "account", ({ fields }) => accountOf(fields))}
        ${this.#choice(t("Conversation"), "sessionKey", ({ fields }) => textOf(fields.sessionKey))}
        ${this.#choice(t("Run"), "runId", ({ fields }) => textOf(fields.runId))}
      </form>
      <div class="form-buttons">
        <button type="button" class="button small" aria-pressed=${this.isFollowing ? "true" : "false"} @click=${() => this.#follow()}>Follow</button>
        <button type="button" class="button small" @click=${() => this.#copy()}>Copy for a report</button>
        <button type="button" class="button small" ?disabled=${this.isReading} @click=${() => this.#readAll()}>${this.isReading ? t("Reading…") : t("Read the whole file")}</button>
        ${this.filter === NO_FILTER ? nothing : html`<button type="button" class="button small quiet" @click=${() => this.#reset()}>Show all</button>`}
      </div>
      <p class="meta" role="status">${plural(shown.length, "{1} line", "{1} lines", whole.format(shown.length))}${this.filter.since === undefined ? "" : t(", since a message that you chose")}.</p>
      ${
        shown.length === 0
          ? emptyState(t("No such lines"), t("Choose a lower level, or fewer words."))
          : html`<moltbot-list
              class="log-lines"
              .label=${t("Lines of the log")}
              .items=${shown}
              .keyOf=${({ id }: LogLine) => String(id)}
              .rowPx=${matchMedia("(max-width: 820px)").matches ? 64 : 44}
              .row=${(line: LogLine) => this.#row(line)}
            ></moltbot-list>`
      }`;
  }

  #row(line: LogLine): TemplateResult {
    const { at, level, text, fields } = line;
    return html`<button type="button" class="log-line ${level}" @click=${() => this.#why(line)}>
      <time>${at === undefined ? "" : clock.format(at)}</time><span class="level">${level}</span>
      <span class="said"><bdi>${text}</bdi> <span class="meta">${fieldsText(fields)}</span></span>
    </button>`;
  }

  #choice(
    label: string,
    name: "account" | "sessionKey" | "runId",
    of: (line: LogLine) => string | undefined,
  ): TemplateResult | typeof nothing {
    const chosen = this.filter[name];
    const newest = (this.lines ?? []).slice(0, FIRST_LINES).flatMap((line) => of(line) ?? []);
    const values = [...new Set([...(chosen === "" ? [] : [chosen]), ...newest])].slice(0, 50);
    if (values.length === 0) return nothing;
    return html`<label><span>${label}</span>
      <select @change=${(event: Event) => this.#set({ [name]: (event.target as HTMLSelectElement).value })}>
        <option value="" ?selected=${chosen === ""}>all</option>
        ${values.map((value) => html`<option value=${value} ?selected=${value === chosen}>${value.slice(0, 60)}</option>`)}
      </select>
    </label>`;
  }

  #why(line: LogLine): void {
    const { at, level, text, fields } = line;
    const { runId, sessionKey } = fields;
    const act = (label: string, run: () => unknown) =>
      html`<button type="button" class="button small" @click=${(event: Event) => {
        (event.currentTarget as HTMLElement).closest("dialog")?.close();
        run();
      }}>${label}</button>`;
    openWhy(this.host, {
      title: text,
      because: "",
      facts: [
        [t("Time"), at === undefined ? undefined : moment.format(at)],
        [t("Level"), level],
        ...Object.entries(fields).map(
          ([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)] as const,
        ),
      ],
      more: html`<div class="form-buttons">
        ${at === undefined ? nothing : act(t("Only since this message"), () => this.#set({ since: at }))}
        ${typeof runId === "string" ? act(t("Only this run"), () => this.#set({ runId, level: "debug" })) : nothing}
        ${typeof sessionKey === "string" ? act(t("Open the conversation"), () => this.host.openSession(sessionKey)) : nothing}
      </div>`,
      command: typeof runId === "string" ? `moltbot logs --run ${shellWord(runId)}` : this.#command(),
    });
  }

  #filtered(): readonly LogLine[] {
    const { lines = [], filter } = this;
    if (this.#shownOf[0] !== lines || this.#shownOf[1] !== filter) {
      this.#shown = lines.filter((line) => isShown(line, filter));
      this.#shownOf = [lines, filter];
    }
    return this.#shown;
  }

  /** Newest first, without what this page's own connection does. */
  #readLines(raw: readonly string[]): LogLine[] {
    const { state } = this.host.gateway();
    const connId = state.kind === "connected" ? state.hello.server.connId : undefined;
    return raw
      .map((each) => readLine(each, this.#count++))
      .filter((line) => !isOwn(line, connId))
      .reverse();
  }

  async #readMore(): Promise<void> {
    this.isReading = true;
    const answer = await this.read("logs.tail", { cursor: this.#cursor, limit: 5_000, maxBytes: CHUNK_BYTES });
    this.isReading = false;
    if (answer === undefined || answer.lines.length === 0) return;
    this.#cursor = answer.cursor;
    const more = this.#readLines(answer.lines);
    if (more.length > 0) this.lines = [...more, ...(this.lines ?? [])].slice(0, MOST_LINES);
  }

  async #readAll(): Promise<void> {
    this.isReading = true;
    const all: LogLine[] = [];
    for (let before = this.#cursor; before > 0 && all.length < MOST_LINES; ) {
      const params = { before, limit: 5_000, maxBytes: CHUNK_BYTES };
      const answer = await this.read("logs.tail", params);
      if (answer?.start === undefined || answer.start >= before) break;
      all.push(...this.#readLines(answer.lines));
      before = answer.start;
    }
    this.isReading = false;
    if (all.length === 0) return;
    this.lines = all.slice(0, MOST_LINES);
    this.done = plural(this.lines.length, "{0} line is read.", "{0} lines are read.");
  }

  #follow(): void {
    this.isFollowing = !this.isFollowing;
    this.done = this.isFollowing ? t("New lines are shown as they come.") : t("New lines are no longer shown.");
  }

  #set(change: Partial<Filter>): void {
    this.filter = { ...this.filter, ...change };
  }

  #reset(): void {
    this.filter = NO_FILTER;
  }

  async #copy(): Promise<void> {
    const lines = this.#filtered().slice(0, REPORT_LINES).reverse();
    const said = await this.host.attempt(async () => {
      await navigator.clipboard.writeText(forReport(lines));
      return t(
        "{0} lines are copied, without addresses, numbers, names of folders and keys. Read them before you send them.",
        lines.length,
      );
    });
    if (said !== undefined) offerUndo({ text: said, undo: () => navigator.clipboard.writeText("") });
  }

  #command(): string {
    const { level, word, account, runId } = this.filter;
    const flags = [
      level === "info" ? "" : ` --level ${level}`,
      word === "" ? "" : ` --word ${shellWord(word)}`,
      account === "" ? "" : ` --account ${shellWord(account)}`,
      runId === "" ? "" : ` --run ${shellWord(runId)}`,
    ];
    return ["moltbot logs --follow", ...flags].join("");
  }
}

customElements.define("moltbot-logs", LogsElement);

const whole = numbers();
const moment = dates({ dateStyle: "short", timeStyle: "medium" });
const clock = dates({ hour: "2-digit", minute: "2-digit", second: "2-digit" });

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
