// The overview: is all well, what waits for a person, what today was like, and who is connected.

import type { ImportFoundResult, PresenceEntry, SystemHoursResult } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { ask } from "../chat/dialog.ts";
import { checkIcon, warnIcon } from "../chat/icons.ts";
import { words } from "../chat/words.ts";
import { importHint } from "../import/hint.ts";
import { LivePage } from "../kit/live-page.ts";
import { loading, pageFrame, pageHead } from "../kit/parts.ts";
import { shortAge } from "../time.ts";
import { plural, t } from "../words/t.ts";
import type { OverviewFacts, OverviewState } from "./facts.ts";
import { figures, strip } from "./today.ts";
import { scopeWords, type Todo } from "./todo.ts";
import { whyTodo } from "./why-todo.ts";

/** What the gateway does at once may take this long, ms. */
const SLOW_MS = 600_000;

/** `<moltbot-overview>`: shows `state`, whose service is `service`. */
export class OverviewElement extends LivePage {
  static override properties = {
    state: { attribute: false },
    service: { attribute: false },
    hours: { state: true },
    people: { state: true },
    others: { state: true },
    busyWith: { state: true },
  };
  declare state: OverviewState;
  declare service: OverviewFacts;
  declare hours: SystemHoursResult["hours"] | undefined;
  declare people: readonly PresenceEntry[];
  /** Older installations on the gateway's machine. */
  declare others: ImportFoundResult | undefined;
  /** The id of what is being done. */
  declare busyWith: string | undefined;
  protected override readonly events = ["chat", "channels.changed", "presence", "usage.budget"];

  constructor() {
    super();
    this.people = [];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.service.refresh();
    void this.service.read("update");
  }

  protected override async load(): Promise<void> {
    this.service.readSoon("usage");
    const [hours, people, others] = await Promise.all([
      this.read("system.hours", {}),
      this.read("system-presence"),
      this.host.may("admin") ? this.read("import.found") : undefined,
    ]);
    this.hours = hours?.hours ?? this.hours;
    this.people = people ?? this.people;
    this.others = others ?? this.others;
  }

  protected override render(): TemplateResult {
    const { facts, todos } = this.state;
    const isKnown = facts.health !== undefined;
    return pageFrame(
      t("Overview"),
      this.done,
      html`${pageHead({ intro: t("Whether all is well, and what waits for you."), command: "moltbot status" })}
        ${isKnown ? this.#verdict(todos) : loading()}
        ${todos.length === 0 ? nothing : this.#todos(todos)} ${importHint(this.others, this.host)}
        ${this.hours === undefined ? nothing : this.#today(this.hours)} ${this.#presence()}`,
    );
  }

  #verdict(todos: readonly Todo[]): TemplateResult {
    const isWell = todos.length === 0;
    const says = isWell
      ? t("All is well. Nothing waits for you.")
      : plural(todos.length, "One thing waits for you.", "{0} things wait for you.");
    return html`<p class="verdict ${isWell ? "well" : ""}" role="status">${isWell ? checkIcon : warnIcon}<span>${says}</span></p>`;
  }

  #todos(todos: readonly Todo[]): TemplateResult {
    return html`<section aria-labelledby="todo-title">
      <h2 id="todo-title">To do</h2>
      <ul class="cards">
        ${repeat(
          todos,
          ({ id }) => id,
          (todo) => html`<li class="card-row">
            <div class="grow"><h3 dir="auto">${todo.title}</h3><p class="meta" dir="auto">${words(todo.text)}</p></div>
            <div class="card-actions">
              <button type="button" class="button small quiet" aria-label=${t("Why: {0}", todo.title)} @click=${() => whyTodo(this.host, todo)}>Why</button>
              ${this.#button(todo)}
            </div>
          </li>`,
        )}
      </ul>
    </section>`;
  }

  /** No button for what would be refused, or leads to a page that is not there. */
  #button(todo: Todo): TemplateResult | typeof nothing {
    const isOwn = todo.kind === "backup" || todo.kind === "update";
    if ((isOwn && !this.host.may("admin")) || (todo.kind === "page" && !this.host.has(todo.page))) return nothing;
    const isBusy = this.busyWith === todo.id;
    return html`<button type="button" class="button small primary" ?disabled=${isBusy} aria-label=${`${todo.label}: ${todo.title}`} @click=${() => this.#act(todo)}>
      ${isBusy ? t("One moment…") : todo.label}
    </button>`;
  }

  async #act(todo: Todo): Promise<void> {
    this.busyWith = todo.id;
    await this.#do(todo);
    this.busyWith = undefined;
    await this.updateComplete;
    // The row went away with its button: the focus stays on the page.
    if (document.activeElement === document.body) this.querySelector<HTMLElement>(".scroller")?.focus();
  }

  async #do(todo: Todo): Promise<void> {
    switch (todo.kind) {
      case "approval":
        return this.host.openSession(todo.sessionKey ?? this.host.sessionKey());
      case "page":
        return this.host.show(todo.page, todo.rest);
      case "sender": {
        const { channel, code } = todo;
        if (!(await this.#agrees(todo, t("They can write to the agent from then on.")))) return;
        await this.host.ask("pairing.approve", { channel, code, notify: true });
        return this.service.read("senders");
      }
      case "device": {
        if (!(await this.#agrees(todo, todo.text))) return;
        await this.host.ask("device.pair.approve", { requestId: todo.requestId });
        return this.service.read("devices");
      }
      case "node": {
        if (!(await this.#agrees(todo, todo.text.replaceAll("`", "")))) return;
        await this.host.ask("node.pair.approve", { requestId: todo.requestId });
        return this.service.read("nodes");
      }
      case "backup": {
        const made = await this.host.ask("backup.now", {}, { timeoutMs: SLOW_MS });
        if (made !== undefined) this.done = t("A backup was made.");
        return this.service.read("health");
      }
      case "update": {
        const text = t(
          "It is tried on a copy first, then the gateway restarts. When it is not well, the old version comes back.",
        );
        if (!(await this.#agrees(todo, text))) return;
        await this.host.ask("update.run", {}, { timeoutMs: SLOW_MS });
        return this.service.read("update");
      }
    }
  }

  async #agrees({ title, label }: Todo, text: string): Promise<boolean> {
    return (await ask({ title, text, confirm: label.replace("…", "") })) !== undefined;
  }

  #today(hours: SystemHoursResult["hours"]): TemplateResult {
    const { usage } = this.state.facts;
    return html`<section aria-labelledby="today-title">
      <h2 id="today-title">The last 24 hours</h2>
      <dl class="figures">
        ${figures(hours, usage?.today).map(
          ({ name, value, more, isBad }) =>
            html`<div><dt>${name}</dt><dd><strong class=${isBad ? "problem" : ""}>${value}</strong><span class="meta">${more}</span></dd></div>`,
        )}
      </dl>
      ${strip(hours)}
    </section>`;
  }

  /** Who is connected now. */
  #presence(): TemplateResult | typeof nothing {
    const here = this.people.filter(({ reason, mode }) => reason !== "disconnect" && mode !== "gateway");
    if (here.length === 0) return nothing;
    return html`<section aria-labelledby="presence-title">
      <h2 id="presence-title">Connected now</h2>
      <ul class="rows">
        ${here.map(
          ({ host = t("Somebody"), platform, mode, roles = [], scopes = [], ts }) => html`<li class="plain-row">
            <span class="grow"><bdi>${host}</bdi>
              <span class="meta">${mode === undefined || platform === undefined ? (mode ?? platform) : t("{0} on {1}", mode, platform)}${roles.includes("node") ? t(", a node") : ""}${scopes.length === 0 ? "" : `: ${scopes.map(scopeWords).join(", ")}`}</span></span>
            <span class="state good"><span class="dot"></span>${t("since {0}", shortAge(ts))}</span>
          </li>`,
        )}
      </ul>
    </section>`;
  }
}

customElements.define("moltbot-overview", OverviewElement);
