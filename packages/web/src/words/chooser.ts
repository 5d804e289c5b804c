// Where a person chooses the language: a menu beside a button, and `<moltbot-language>`, a field for screens without menus.

import { html, type TemplateResult } from "lit";
import { PageElement } from "../chat/element.ts";
import { globeIcon } from "../chat/icons.ts";
import { openMenu } from "../chat/menu.ts";
import { chooseLanguage, LANGUAGES, languageChoice } from "./language.ts";
import { NAMES } from "./languages.ts";
import { said, t } from "./t.ts";

/** Why nothing has changed; goes through `t`. */
export const CANNOT = said("This language could not be loaded. Check the connection, and choose it again.");

/** Opens the menu of languages beside a button; `onProblem` is told why a language cannot be had. */
export function openLanguages(button: HTMLElement, onProblem: (problem: string) => void): void {
  const entry = (code: string | undefined, label: string) => ({
    label,
    isChosen: code === languageChoice(),
    run: () => chooseLanguage(code).catch(() => onProblem(t(CANNOT))),
  });
  openMenu(button, t("Language"), [
    entry(undefined, t("as the browser has it")),
    ...LANGUAGES.map((code) => entry(code, NAMES[code] ?? code)),
  ]);
}

/** `<moltbot-language>`: the languages as a field. */
class LanguageElement extends PageElement {
  static override properties = { hasFailed: { state: true } };
  declare hasFailed: boolean;

  constructor() {
    super();
    this.hasFailed = false;
  }

  protected override render(): TemplateResult {
    const choice = languageChoice() ?? "";
    return html`<label class="language-field">
        ${globeIcon}<span class="visually-hidden">Language</span>
        <select @change=${this.#onChange}>
          <option value="" .selected=${choice === ""}>${t("as the browser has it")}</option>
          ${LANGUAGES.map((code) => html`<option value=${code} lang=${code} .selected=${code === choice}>${NAMES[code]}</option>`)}
        </select>
      </label>
      <p class="problem" role="alert" ?hidden=${!this.hasFailed}>${t(CANNOT)}</p>`;
  }

  async #onChange(event: Event): Promise<void> {
    const { value } = event.target as HTMLSelectElement;
    this.hasFailed = false;
    try {
      await chooseLanguage(value === "" ? undefined : value);
    } catch {
      this.hasFailed = true;
      this.requestUpdate();
    }
  }
}

customElements.define("moltbot-language", LanguageElement);
