// Ctrl-K: pages, conversations, people, settings and actions by their names; and the sheet of shortcuts.

import { html, nothing, type TemplateResult } from "lit";
import { PageElement } from "../chat/element.ts";
import { searchIcon } from "../chat/icons.ts";
import { type HeldKey, holdKeys } from "../kit/held-keys.ts";
import type { Store } from "../store/store.ts";
import { chooseTheme } from "../visit/theme.ts";
import { CANNOT } from "../words/chooser.ts";
import { chooseLanguage, LANGUAGES } from "../words/language.ts";
import { NAMES } from "../words/languages.ts";
import { said, t } from "../words/t.ts";
import { best, pathsOf, type Target } from "./targets.ts";

const SHORTCUTS: readonly (readonly [keys: string, what: string])[] = [
  ["Ctrl K", said("Go to a page, a conversation, a person or a setting, or do something")],
  ["?", said("This sheet")],
  ["Enter", said("Send the message")],
  ["Shift Enter", said("A new line in the message")],
  ["/", said("A command, at the beginning of the message")],
  ["Tab, Shift Tab", said("Through everything that can be pressed")],
  ["↑ ↓", said("Through a menu or this list")],
  ["Esc", said("Close what is open")],
];

/** Opens the palette with the keys that were held until then; the focus returns to where it was. */
export function openPalette(store: Store, held = holdKeys()): Promise<void> {
  return palette().open(store, "palette", held);
}

/** Opens the sheet of shortcuts. */
export function openShortcuts(store: Store, held = holdKeys()): Promise<void> {
  return palette().open(store, "shortcuts", held);
}

function palette(): PaletteElement {
  const known = document.querySelector<PaletteElement>("moltbot-palette");
  if (known !== null) return known;
  const made = document.createElement("moltbot-palette") as PaletteElement;
  document.body.append(made);
  return made;
}

/** `<moltbot-palette>`: the page has one. */
class PaletteElement extends PageElement {
  static override properties = {
    what: { state: true },
    typed: { state: true },
    at: { state: true },
    targets: { state: true },
  };
  declare what: "palette" | "shortcuts";
  declare typed: string;
  /** Which of the found ones is marked. */
  declare at: number;
  declare targets: readonly Target[];
  #store: Store | undefined;

  constructor() {
    super();
    this.what = "palette";
    this.typed = "";
    this.at = 0;
    this.targets = [];
  }

  /** Resolves when it is on the screen. */
  async open(store: Store, what: "palette" | "shortcuts", held: ReturnType<typeof holdKeys>): Promise<void> {
    this.#store = store;
    this.what = what;
    this.typed = "";
    this.at = 0;
    this.targets = this.#known(store);
    await this.updateComplete;
    const dialog = this.querySelector("dialog") as HTMLDialogElement;
    if (!dialog.open) dialog.showModal();
    const keys = held.release();
    if (what === "shortcuts") return;
    for (const key of keys) this.#press(key);
    void this.#addSettings(store);
  }

  /** A key that was pressed before there was a field. */
  #press(key: HeldKey): void {
    const [found] = best(this.targets, this.typed);
    if (key === "Backspace") this.typed = this.typed.slice(0, -1);
    else if (key !== "Enter") this.typed += key;
    else if (found !== undefined) this.#run(found);
  }

  protected override render(): TemplateResult {
    const isPalette = this.what === "palette";
    return html`<dialog class="palette" aria-label=${isPalette ? t("Go to") : t("Shortcuts")} @click=${this.#onClick}>
      ${isPalette ? this.#list() : this.#sheet()}
    </dialog>`;
  }

  #list(): TemplateResult {
    const found = best(this.targets, this.typed);
    return html`<label class="search">
        ${searchIcon}<span class="visually-hidden">Go to</span>
        <input
          type="text"
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant=${found.length === 0 ? nothing : `palette-${this.at}`}
          autocomplete="off"
          spellcheck="false"
          placeholder="A page, a conversation, a person, a setting …"
          .value=${this.typed}
          @input=${this.#onInput}
          @keydown=${(event: KeyboardEvent) => this.#onKey(event, found)}
        />
      </label>
      <div id="palette-list" role="listbox" aria-label="Found">
        ${found.map(
          (
            target,
            index,
          ) => html`<div role="option" id=${`palette-${index}`} aria-selected=${index === this.at ? "true" : "false"} @click=${() => this.#run(target)}>
            <bdi>${target.label}</bdi><span class="meta">${target.kind}</span>
          </div>`,
        )}
      </div>
      <p class="meta palette-foot" role="status">${found.length === 0 ? t("Nothing has that name. Try fewer letters.") : t("↑ ↓ choose, Enter goes there, ? shows all shortcuts")}</p>`;
  }

  #sheet(): TemplateResult {
    return html`<h2>Shortcuts</h2>
      <dl class="shortcuts">${SHORTCUTS.map(([keys, what]) => html`<dt><kbd>${keys}</kbd></dt><dd>${t(what)}</dd>`)}</dl>
      <div class="dialog-actions"><button type="button" class="button" @click=${() => this.querySelector("dialog")?.close()}>Close</button></div>`;
  }

  #onInput(event: Event): void {
    this.typed = (event.target as HTMLInputElement).value;
    this.at = 0;
  }

  async #onKey(event: KeyboardEvent, found: readonly Target[]): Promise<void> {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && found.length > 0) {
      event.preventDefault();
      this.at = (this.at + step + found.length) % found.length;
      await this.updateComplete;
      this.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
    }
    const target = found[this.at];
    if (event.key === "Enter" && target !== undefined) {
      // The focus goes back to the button that opened this, which this press must not press again.
      event.preventDefault();
      this.#run(target);
    }
    if (event.key === "?" && this.typed === "") {
      event.preventDefault();
      this.what = "shortcuts";
      await this.updateComplete;
      this.querySelector<HTMLElement>(".palette button")?.focus();
    }
  }

  #run(target: Target): void {
    this.querySelector("dialog")?.close();
    void target.run();
  }

  #onClick(event: Event): void {
    if (event.target === event.currentTarget) this.querySelector("dialog")?.close();
  }

  /** What the page knows already. */
  #known(store: Store): Target[] {
    const { sessions, agents } = store.state;
    const people = sessions.filter(({ channel }) => channel !== undefined && channel !== "webchat");
    const peopleKeys = new Set(people.map(({ key }) => key));
    const go = (key: string) => () => store.navigation.openSession(key);
    return [
      ...store.views
        .filter(({ scope }) => store.may(scope))
        .map(({ id, label }) => ({ kind: t("Page"), label, run: () => store.navigation.show(id) })),
      ...people.map(({ key, title, channel = "" }) => ({
        kind: t("Person or group, {0}", store.pages.channelName(channel)),
        label: title,
        run: go(key),
      })),
      ...sessions
        .filter(({ key }) => !peopleKeys.has(key))
        .map(({ key, title }) => ({ kind: t("Conversation"), label: title, run: go(key) })),
      ...agents.map(({ id, name }) => ({
        kind: t("Agent"),
        label: name,
        run: () => store.navigation.show("agents", id),
      })),
      { kind: t("Action"), label: t("New conversation"), run: () => store.navigation.newSession() },
      { kind: t("Action"), label: t("Light colours"), run: () => chooseTheme("light") },
      { kind: t("Action"), label: t("Dark colours"), run: () => chooseTheme("dark") },
      { kind: t("Action"), label: t("Colours as the system has them"), run: () => chooseTheme("system") },
      ...LANGUAGES.map((code) => ({
        kind: t("Action"),
        label: t("Language: {0}", NAMES[code]),
        run: () => chooseLanguage(code).catch(() => store.notify(t(CANNOT))),
      })),
      { kind: t("Action"), label: t("Shortcuts"), run: () => void openShortcuts(store) },
      { kind: t("Action"), label: t("Sign out"), run: () => store.signOut() },
    ];
  }

  /** Settings by their paths, where a page shows them. */
  async #addSettings(store: Store): Promise<void> {
    const isShown = store.views.some(({ id }) => id === "settings") && store.may("admin");
    const answer = isShown ? await store.connection.ask("config.schema") : undefined;
    const paths = answer === undefined ? [] : pathsOf(answer.schema);
    if (store !== this.#store || paths.length === 0) return;
    const settings = paths.map((path) => ({
      kind: t("Setting"),
      label: path,
      run: () => store.navigation.show("settings", path),
    }));
    this.targets = [...this.#known(store), ...settings];
  }
}

customElements.define("moltbot-palette", PaletteElement);
