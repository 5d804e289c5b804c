// Older installations on the gateway’s machine: what each would bring, taken over, and taken back.

import type { Methods } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import { ask } from "../chat/dialog.ts";
import { LivePage } from "../kit/live-page.ts";
import { emptyState, loading, pageFrame, pageHead } from "../kit/parts.ts";
import { shortAge } from "../time.ts";
import { said, t } from "../words/t.ts";

type Plan = Methods["import.plan"]["result"];
type Command = Plan["commands"][number];

/** Reading a large folder, and taking it over, may take this long, ms. */
const SLOW_MS = 600_000;
/** Notes that are shown, at most. */
const MOST_NOTES = 20;

const WORDS: Readonly<Record<string, string>> = {
  config: said("Settings"),
  workspace: said("Workspaces"),
  sessions: said("Messages"),
  jobs: said("Jobs"),
  devices: said("Devices"),
  senders: said("Senders let in"),
  logins: said("Channel logins"),
  keys: said("Keys of models"),
  voicewake: said("Wake words"),
};

/** `<moltbot-import>`: asks the gateway by itself. */
export class ImportElement extends LivePage {
  static override properties = {
    ...LivePage.properties,
    found: { state: true },
    plan: { state: true },
    busyWith: { state: true },
    taken: { state: true },
    allowed: { state: true },
  };
  declare found: Methods["import.found"]["result"] | undefined;
  /** What one folder would bring. */
  declare plan: Plan | undefined;
  /** The folder that is read or taken over, or "undo". */
  declare busyWith: string | undefined;
  declare taken: Methods["import.apply"]["result"] | undefined;
  /** Commands that were allowed here. */
  declare allowed: ReadonlySet<Command>;
  protected override readonly events = [];

  constructor() {
    super();
    this.allowed = new Set();
  }

  protected override async load(): Promise<void> {
    this.found = (await this.read("import.found")) ?? this.found;
  }

  protected override render(): TemplateResult {
    return pageFrame(
      t("Older installations"),
      this.done,
      html`${pageHead({ intro: t("What another gateway on this machine has kept, taken over. Nothing is written there."), command: "moltbot import --dry-run" })}
      ${this.found === undefined ? loading() : this.#content(this.found)}`,
    );
  }

  #content({ folders, last }: Methods["import.found"]["result"]): TemplateResult {
    return html`${
      folders.length === 0
        ? emptyState(
            t("No older installation was found"),
            html`<code>moltbot import DIR</code> takes one over that stands elsewhere.`,
          )
        : html`<section aria-labelledby="found-title">
            <h2 id="found-title">Found on the gateway’s machine</h2>
            <ul class="cards">${folders.map((folder) => this.#folder(folder))}</ul>
          </section>`
    }
    ${this.plan === undefined ? nothing : this.#shown(this.plan)} ${this.taken === undefined ? nothing : this.#result(this.taken)}
    ${last === undefined ? nothing : this.#last(last)}`;
  }

  #folder(folder: string): TemplateResult {
    return html`<li class="card-row">
      <div class="grow"><h3 dir="auto">${folder}</h3><p class="meta">An older installation was found.</p></div>
      <div class="card-actions">
        <button type="button" class="button small" ?disabled=${this.busyWith !== undefined} aria-label=${t("Show what would come: {0}", folder)} @click=${() => this.#look(folder)}>
          ${this.busyWith === folder ? t("One moment…") : t("Show what would come")}
        </button>
      </div>
    </li>`;
  }

  #shown({ folder, counts, conversations, channels, commands, left, warnings, notes }: Plan): TemplateResult {
    const shown = counts.filter((each) => each.found > 0);
    const isNew = counts.some(({ fresh }) => fresh > 0);
    return html`<section aria-labelledby="plan-title">
      <h2 id="plan-title" tabindex="-1">What would come</h2>
      <p class="meta" dir="auto">${folder}</p>
      <div class="table" tabindex="0" role="group" aria-label="What would come"><table>
        <thead><tr><th scope="col">What</th><th scope="col">Found</th><th scope="col">New here</th></tr></thead>
        <tbody>${shown.map(({ kind, found, fresh }) => html`<tr><th scope="row">${t(WORDS[kind] ?? kind)}</th><td>${found}</td><td>${fresh}</td></tr>`)}</tbody>
      </table></div>
      ${conversations > 0 ? html`<p class="meta">Conversations: ${conversations}</p>` : nothing}
      ${channels.length > 0 ? html`<p class="meta">${channels.join(", ")}: switched off until you switch them on, since a login must not be used in two places.</p>` : nothing}
      ${this.#notes(t("Not taken over, or not readable"), [...warnings, ...left], notes)}
      ${commands.length === 0 ? nothing : this.#commands(commands)}
      <div class="card-actions">
        <button type="button" class="button primary" ?disabled=${!isNew || this.busyWith !== undefined} @click=${() => this.#take(folder)}>
          ${isNew ? t("Take it over") : t("Nothing is new here")}
        </button>
      </div>
    </section>`;
  }

  #notes(title: string, texts: readonly string[], count: number): TemplateResult | typeof nothing {
    if (texts.length === 0) return nothing;
    const more = count - Math.min(texts.length, MOST_NOTES);
    return html`<details><summary>${title}: ${count}</summary>
      <ul>${texts.slice(0, MOST_NOTES).map((text) => html`<li class="meta" dir="auto">${text}</li>`)}
      ${more > 0 ? html`<li class="meta">and ${more} more, which the report names</li>` : nothing}</ul></details>`;
  }

  /** What ran there without asking is allowed here one by one, and only where it can do no harm. */
  #commands(commands: readonly Command[]): TemplateResult {
    return html`<h3>Commands that ran there without asking</h3>
      <ul class="cards">${commands.map(
        (command) => html`<li class="card-row">
          <div class="grow"><code dir="auto">${command.pattern}</code><p class="meta" dir="auto">agent ${command.agentId}</p></div>
          <div class="card-actions">${
            this.allowed.has(command)
              ? html`<span class="meta">Allowed</span>`
              : html`<button type="button" class="button small" aria-label=${t("Allow {0}", command.pattern)} @click=${() => this.#allow(command)}>Allow here</button>`
          }</div>
        </li>`,
      )}</ul>`;
  }

  #result({ added, report, channels }: Methods["import.apply"]["result"]): TemplateResult {
    const said = Object.entries(added).filter(([, count]) => count > 0);
    return html`<section aria-labelledby="taken-title">
      <h2 id="taken-title">Taken over</h2>
      <p>${said.length === 0 ? t("Nothing was new.") : said.map(([kind, count]) => `${t(WORDS[kind] ?? kind)}: ${count}`).join(" · ")}</p>
      ${channels.length > 0 ? html`<p class="meta">Stop the other gateway for good, then switch the channels on.</p>` : nothing}
      <p class="meta" dir="auto">The whole report: ${report}</p>
    </section>`;
  }

  #last({ folder, at }: NonNullable<Methods["import.found"]["result"]["last"]>): TemplateResult {
    return html`<section aria-labelledby="last-title">
      <h2 id="last-title">The last import</h2>
      <ul class="cards"><li class="card-row">
        <div class="grow"><h3 dir="auto">${folder}</h3><p class="meta">${shortAge(at)}</p></div>
        <div class="card-actions"><button type="button" class="button small danger" ?disabled=${this.busyWith !== undefined} @click=${() => this.#undo(folder)}>Take it back</button></div>
      </li></ul>
    </section>`;
  }

  async #look(folder: string): Promise<void> {
    this.taken = undefined;
    this.allowed = new Set();
    this.plan = await this.#busy(folder, () =>
      this.host.gateway().request("import.plan", { folder }, { timeoutMs: SLOW_MS }),
    );
    await this.updateComplete;
    this.querySelector<HTMLElement>("#plan-title")?.focus();
  }

  async #take(folder: string): Promise<void> {
    const isAgreed = await ask({
      title: t("Take this over?"),
      text: t("The other gateway must not run. This one restarts for a moment; the import can be taken back."),
      confirm: t("Take it over"),
    });
    if (isAgreed === undefined) return;
    this.taken = await this.#busy(folder, () =>
      this.host.gateway().request("import.apply", { folder }, { timeoutMs: SLOW_MS }),
    );
    if (this.taken === undefined) return;
    this.plan = undefined;
    this.done = t("It was taken over.");
    await this.load();
  }

  async #undo(folder: string): Promise<void> {
    const text = t("What came from {0} is removed; what came since stays.", folder);
    const question = { title: t("Take the import back?"), text, confirm: t("Take it back"), isDanger: true };
    if ((await ask(question)) === undefined) return;
    const undone = await this.#busy("undo", () =>
      this.host.gateway().request("import.undo", {}, { timeoutMs: SLOW_MS }),
    );
    if (undone === undefined) return;
    this.taken = undefined;
    this.plan = undefined;
    this.done = [t("The import was taken back."), ...undone.kept].join(" ");
    await this.load();
  }

  async #allow(command: Command): Promise<void> {
    const { agentId, pattern } = command;
    const isAllowed = await this.host.attempt(async () => {
      await this.host.gateway().request("exec.allowlist.add", { pattern, ...(agentId !== "*" && { agentId }) });
      return true;
    });
    if (isAllowed) this.allowed = new Set([...this.allowed, command]);
  }

  async #busy<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    this.busyWith = what;
    try {
      return await this.host.attempt(work);
    } finally {
      this.busyWith = undefined;
    }
  }
}

customElements.define("moltbot-import", ImportElement);
