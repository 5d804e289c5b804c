// A setting in the list: its value, why it is so, the form that changes it, and what to do when somebody else was faster.

import { html, nothing, type TemplateResult } from "lit";
import { shellWord } from "../control/shell-word.ts";
import { openWhy } from "../kit/why.ts";
import type { PageHost } from "../view.ts";
import { t } from "../words/t.ts";
import { control } from "./control.ts";
import { type Edits, isConflict, kept, shownIn, without } from "./edits.ts";
import { type Field, inputText, valueText } from "./fields.ts";

/** What a row shows beside its setting, and what it asks of its page. */
export interface SettingPage {
  readonly host: PageHost;
  readonly edits: Edits;
  /** The path of the setting whose form is open. */
  readonly editing: string | undefined;
  /** Why what was entered cannot be taken. */
  readonly problem: string | undefined;
  /** Opens the form of a setting; without one, none is open. */
  edit(path: string | undefined): void;
  /** Takes what was entered. */
  take(event: SubmitEvent, field: Field): void;
  /** Sets a value here; `undefined` is the default. */
  change(field: Field, value: unknown): void;
  /** Whose value counts was decided. */
  decide(edits: Edits): void;
}

/** The row; its form is open while the setting is edited. */
export function settingRow(page: SettingPage, field: Field): TemplateResult {
  const { edits, editing } = page;
  const { path, help, comment, kind, inFile, value } = field;
  const edit = edits.get(path);
  const now =
    edit === undefined
      ? valueText(inFile ?? value, kind)
      : edit.value === undefined
        ? t("as usual")
        : kind.kind === "secret"
          ? t("a new one")
          : valueText(edit.value, kind);
  const isOpen = editing === path;
  return html`<li class="setting" data-setting=${path}>
    <div class="setting-line">
      <code dir="ltr">${path}</code>
      <span class="value" dir="auto">${now}${edit === undefined ? nothing : html` <span class="chip">not saved</span>`}</span>
      <button type="button" class="text-button" aria-label=${t("Why: {0}", path)} @click=${() => why(page, field)}>Why</button>
      <button type="button" class="text-button" aria-label=${t("Change {0}", path)} aria-expanded=${isOpen ? "true" : "false"} @click=${() => page.edit(isOpen ? undefined : path)}>Change</button>
    </div>
    ${help === "" ? nothing : html`<p class="meta"><bdi>${help}</bdi></p>`}
    ${comment === undefined ? nothing : html`<p class="note" dir="auto"><span class="visually-hidden">Your comment: </span>${comment}</p>`}
    ${isConflict(field, edit) ? conflict(page, field) : nothing}
    ${isOpen ? form(page, field) : nothing}
  </li>`;
}

function form(page: SettingPage, field: Field): TemplateResult {
  const { edits, problem } = page;
  const { path, inFile } = field;
  return html`<form aria-label=${t("Change {0}", path)} @submit=${(event: SubmitEvent) => page.take(event, field)}>
    ${control(field, shownIn(field, edits.get(path)))}
    ${problem === undefined ? nothing : html`<p class="problem" role="alert">${problem}</p>`}
    <div class="form-buttons">
      <button type="submit" class="button small primary" aria-label=${t("Save {0}", path)}>Save…</button>
      <button type="submit" class="button small" value="later">Take over</button>
      ${inFile === undefined ? nothing : html`<button type="button" class="button small" @click=${() => page.change(field, undefined)}>Back to the default</button>`}
      <button type="button" class="button small quiet" @click=${() => page.edit(undefined)}>Cancel</button>
    </div>
  </form>`;
}

/** Somebody else was faster: both values, and the choice. */
function conflict({ edits, decide }: SettingPage, field: Field): TemplateResult {
  const { path, kind, inFile } = field;
  const mine = edits.get(path)?.value;
  return html`<div class="conflict" role="alert">
    <p>Somebody else has set it to <strong>${valueText(inFile, kind)}</strong> meanwhile. Yours is <strong>${kind.kind === "secret" ? t("a new secret") : valueText(mine, kind)}</strong>.</p>
    <div class="form-buttons">
      <button type="button" class="button small" @click=${() => decide(kept(edits, field))}>Keep mine</button>
      <button type="button" class="button small" @click=${() => decide(without(edits, path))}>Take theirs</button>
    </div>
  </div>`;
}

function why({ host }: SettingPage, field: Field): void {
  const { path, help, kind, inFile, standard, comment } = field;
  const isSet = inFile !== undefined;
  const given = kind.kind === "secret" ? "SECRET" : shellWord(inputText(inFile ?? standard, kind) || "VALUE");
  openWhy(host, {
    title: path,
    because: `${isSet ? t("The config file says so.") : t("The file says nothing, so the default counts.")} ${help}`,
    facts: [
      [t("In force"), valueText(field.value, kind)],
      [t("Default"), valueText(standard, kind)],
      [t("Your comment"), comment],
    ],
    command: `moltbot config set ${path} ${given}`,
  });
}
