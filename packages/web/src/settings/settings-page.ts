// The settings page: search first, then what differs from the defaults, with the file's own comments; the history; the file.

import type { Methods } from "@moltbot/protocol";
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { warnIcon } from "../chat/icons.ts";
import { LivePage } from "../kit/live-page.ts";
import { emptyState, loading, pageFrame, pageHead } from "../kit/parts.ts";
import { plural, t } from "../words/t.ts";
import { type Edits, isConflict, withEdit } from "./edits.ts";
import { differs, type Field, fieldsOf, matching, patchOf, readInput } from "./fields.ts";
import type { ConfigFileElement } from "./file.ts";
import { historySection } from "./history.ts";
import type { Change, ReviewElement } from "./review.ts";
import { type SettingPage, settingRow } from "./setting-row.ts";
import { offerTakeBack } from "./take-back.ts";
import "../words/chooser.ts";
import "./file.ts";
import "./review.ts";

/** Fields that a search shows at once. */
const MOST_FOUND = 60;

/** `<moltbot-settings>`: asks the gateway by itself; `rest` is the path of a setting to begin with. */
export class SettingsElement extends LivePage {
  static override properties = {
    ...LivePage.properties,
    file: { state: true },
    fields: { state: true },
    versions: { state: true },
    words: { state: true },
    edits: { state: true },
    editing: { state: true },
    problem: { state: true },
  };
  declare file: Methods["config.get"]["result"] | undefined;
  declare fields: readonly Field[];
  declare versions: Methods["config.history"]["result"]["versions"];
  declare words: string;
  declare edits: Edits;
  /** The path of the setting whose control is open. */
  declare editing: string | undefined;
  declare problem: string | undefined;
  protected readonly events = ["config.changed"];
  #schema: unknown;
  #wasSaved = false;
  /** The setting that the address names is opened once. */
  #opened = "";

  constructor() {
    super();
    this.fields = [];
    this.versions = [];
    this.words = "";
    this.edits = new Map();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("rest") && this.rest !== "") this.words = this.rest;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("rest") && this.file !== undefined) this.#openNamed();
  }

  protected async load(): Promise<void> {
    const [file, schema, history] = await Promise.all([
      this.read("config.get"),
      this.#schema === undefined ? this.read("config.schema") : undefined,
      this.read("config.history"),
    ]);
    this.#schema ??= schema?.schema;
    if (file === undefined || this.#schema === undefined) return;
    this.file = file;
    this.versions = history?.versions ?? [];
    const { config, parsed, comments = {} } = file;
    this.fields = fieldsOf({ schema: this.#schema, config, parsed, comments });
    if (this.#wasSaved && history !== undefined) {
      this.#wasSaved = false;
      offerTakeBack(this.host, { file, versions: history.versions }, (text) => {
        this.done = text;
      });
    }
    this.#openNamed();
  }

  #openNamed(): void {
    if (this.rest === this.#opened) return;
    this.#opened = this.rest;
    if (this.fields.some(({ path }) => path === this.rest)) void this.#edit(this.rest);
  }

  protected override render(): TemplateResult {
    return pageFrame(
      t("Settings"),
      this.done,
      html`${pageHead({ intro: t("How the gateway behaves. Only what differs from the defaults is shown; search finds the rest."), command: "moltbot config get", actions: html`<moltbot-language></moltbot-language>` })}
      ${this.file === undefined ? loading() : this.#content(this.file)}
      <moltbot-review .host=${this.host}></moltbot-review>`,
    );
  }

  #content({ raw, issues, valid }: Methods["config.get"]["result"]): TemplateResult {
    const isSearch = this.words.trim() !== "";
    const page: SettingPage = {
      ...{ host: this.host, edits: this.edits, editing: this.editing, problem: this.problem },
      edit: (path) => void this.#edit(path),
      take: (event, field) => this.#take(event, field),
      change: (field, value) => void this.#change(field, value),
      decide: (edits) => this.#set(edits),
    };
    const found = isSearch
      ? matching(this.fields, this.words)
      : this.fields.filter((field) => differs(field) || this.edits.has(field.path));
    return html`<label class="search-field">
        <span class="visually-hidden">Search settings</span>
        <input type="search" placeholder="Search settings: port, model, allowFrom…" .value=${this.words} @input=${this.#onSearch} />
      </label>
      ${valid ? nothing : html`<p class="failure" role="alert">${warnIcon} <span>The file is not valid, so the last good one counts. What is wrong stands below the file.</span></p>`}
      <section aria-labelledby="fields-title">
        <h2 id="fields-title">${isSearch ? t("{0} found", found.length) : t("Differs from the defaults")}</h2>
        <p class="visually-hidden" role="status">${isSearch ? t("{0} settings found", found.length) : ""}</p>
        ${
          found.length === 0
            ? emptyState(
                isSearch ? t("No such setting") : t("All settings are as usual"),
                isSearch
                  ? t("Try a part of its name, or another word for it.")
                  : t("Search for what you want to change."),
              )
            : html`<ul class="rows">${repeat(
                found.slice(0, MOST_FOUND),
                ({ path }) => path,
                (field) => settingRow(page, field),
              )}</ul>`
        }
        ${found.length > MOST_FOUND ? html`<p class="meta">${found.length - MOST_FOUND} more; write more of the name.</p>` : nothing}
      </section>
      ${historySection(this.versions, (version) => this.#review({ kind: "version", version }))}
      <moltbot-config-file
        .host=${this.host}
        .raw=${raw ?? ""}
        .issues=${issues}
        @review=${(event: CustomEvent<string>) => this.#review({ kind: "text", raw: event.detail })}
      ></moltbot-config-file>
      ${this.edits.size === 0 ? nothing : this.#unsaved()}`;
  }

  #unsaved(): TemplateResult {
    const { size } = this.edits;
    const isOpen = this.#hasConflict;
    return html`<div class="unsaved" role="group" aria-label="Unsaved changes">
      <span>${isOpen ? t("Decide about what somebody else has changed.") : plural(size, "{0} change not saved.", "{0} changes not saved.")}</span>
      <span class="form-buttons">
        <button type="button" class="button small" @click=${() => this.#set(new Map())}>Discard</button>
        <button type="button" class="button small primary" ?disabled=${isOpen} @click=${() => this.#save()}>Review and save</button>
      </span>
    </div>`;
  }

  async #edit(path: string | undefined): Promise<void> {
    const before = this.editing;
    this.editing = path;
    this.problem = undefined;
    await this.updateComplete;
    const place = this.#row(path ?? before);
    const target = path === undefined ? "[aria-expanded]" : "form :is(input, select, textarea)";
    place?.querySelector<HTMLElement>(target)?.focus();
  }

  /** "Save…" and Enter lead on to what changes; "Take over" gathers. */
  #take(event: SubmitEvent, field: Field): void {
    event.preventDefault();
    const isLater = (event.submitter as HTMLButtonElement | null)?.value === "later";
    const text = String(new FormData(event.target as HTMLFormElement).get("value") ?? "");
    try {
      const value = readInput(text, field.kind);
      if (value === undefined && field.kind.kind === "secret") return void this.#edit(undefined);
      void this.#change(field, value).then(() => isLater || this.#save());
    } catch (error) {
      this.problem = (error as Error).message;
    }
  }

  async #change(field: Field, value: unknown): Promise<void> {
    this.edits = withEdit(this.edits, field, value);
    this.done = t("{0} is changed here and not saved yet.", field.path);
    await this.#edit(undefined);
  }

  #set(edits: Edits): void {
    this.edits = edits;
  }

  /** Nothing is written while somebody else's change is undecided. */
  #save(): void {
    if (this.edits.size === 0 || this.#hasConflict) return;
    void this.#review({ kind: "patch", patch: patchOf(this.edits) });
  }

  get #hasConflict(): boolean {
    return this.fields.some((field) => isConflict(field, this.edits.get(field.path)));
  }

  async #review(change: Change): Promise<void> {
    const isDone = await this.querySelector<ReviewElement>("moltbot-review")?.open(change);
    if (isDone !== true) return;
    if (change.kind === "patch") this.edits = new Map();
    if (change.kind === "text") this.querySelector<ConfigFileElement>("moltbot-config-file")?.reset();
    this.done = t("Saved.");
    this.#wasSaved = change.kind !== "version";
    this.querySelector<HTMLElement>(".scroller")?.focus();
    this.loadSoon();
  }

  #row(path: string | undefined): HTMLElement | null {
    return path === undefined ? null : this.querySelector(`[data-setting="${CSS.escape(path)}"]`);
  }

  #onSearch(event: Event): void {
    this.words = (event.target as HTMLInputElement).value;
  }
}

customElements.define("moltbot-settings", SettingsElement);
