// The control with which one setting is changed.

import { html, nothing, type TemplateResult } from "lit";
import { t } from "../words/t.ts";
import { type Field, inputText } from "./fields.ts";

/** The control of a field, named `value`, with `text` in it. */
export function control(field: Field, text: string): TemplateResult {
  const { kind, path, standard, help } = field;
  const hint = standard === undefined ? "" : inputText(standard, kind);
  switch (kind.kind) {
    case "switch":
      return select(field, text, [
        ["true", t("on")],
        ["false", t("off")],
      ]);
    case "choice":
      return select(
        field,
        text,
        kind.choices.map((each) => [each, each]),
      );
    case "secret":
      return html`<label class="text-field">
        <span>${path}</span>
        <input name="value" type="password" autocomplete="new-password" spellcheck="false" />
        <small>What is set is never shown. What you write here takes its place.</small>
      </label>`;
    case "list":
    case "json":
      return html`<label class="text-field">
        <span>${path}</span>
        <textarea name="value" rows=${kind.kind === "json" ? 6 : 3} spellcheck="false" dir="ltr" .value=${text}></textarea>
        <small>${kind.kind === "list" ? t("One on each line.") : t("As JSON. A marker __REDACTED…__ stands for a secret, which stays.")}</small>
      </label>`;
    default:
      return html`<label class="text-field">
        <span>${path}</span>
        <input
          name="value"
          inputmode=${kind.kind === "number" ? "decimal" : "text"}
          autocomplete="off"
          spellcheck="false"
          aria-label=${`${path}${help === "" ? "" : `: ${help}`}`}
          placeholder=${hint}
          .value=${text}
        />
        ${hint === "" ? nothing : html`<small>Left empty, it is ${hint}.</small>`}
      </label>`;
  }
}

function select(
  { path, standard }: Field,
  text: string,
  choices: readonly (readonly [string, string])[],
): TemplateResult {
  const usual = choices.find(([value]) => value === String(standard))?.[1];
  return html`<label class="text-field">
    <span>${path}</span>
    <select name="value">
      <option value="" ?selected=${text === ""}>${usual === undefined ? t("not set") : t("as usual: {0}", usual)}</option>
      ${choices.map(([value, label]) => html`<option value=${value} ?selected=${value === text}>${label}</option>`)}
    </select>
  </label>`;
}
