// The ways to the pages about the gateway, with what is to be done on each.

import { html, nothing, type TemplateResult } from "lit";
import { chevronIcon } from "../chat/icons.ts";
import type { State } from "../store/state.ts";
import type { Mark, View } from "../view.ts";
import { recall, remember } from "../visit/storage.ts";
import { t } from "../words/t.ts";

/** What a click does. */
interface Actions {
  readonly show: (view: string) => void;
  /** The list was folded or opened. */
  readonly onFold: () => void;
}

/** The list of pages, which can be folded. Folded, it still says how much waits. */
export function pageLinks(views: readonly View[], state: State, { show, onFold }: Actions): TemplateResult {
  const isFolded = recall("gateway") === "folded";
  const marks = isFolded ? views.flatMap((view) => marksOf(view, state)) : [];
  const onToggle = ({ target }: Event) => {
    remember("gateway", (target as HTMLDetailsElement).open ? undefined : "folded");
    onFold();
  };
  return html`<details class="gateway-block" ?open=${!isFolded} @toggle=${onToggle}>
    <summary>${chevronIcon}<h2>Gateway</h2>${summed(marks).map(markOf)}</summary>
    <ul aria-label="Gateway">${views.map((view) => html`<li>${pageLink(view, state, show)}</li>`)}</ul>
  </details>`;
}

function pageLink(view: View, state: State, show: Actions["show"]): TemplateResult {
  const { id, label, icon } = view;
  return html`<button
    type="button"
    class="nav-entry"
    aria-current=${state.view === id ? "page" : nothing}
    @click=${() => show(id)}
  >
    ${icon}<span class="words">${label}</span> ${marksOf(view, state).map(markOf)}
  </button>`;
}

function marksOf({ id, badge }: View, { pages }: State): readonly Mark[] {
  return badge?.(pages[id]) ?? [];
}

/** Several pages' marks as one count and one sign of trouble. */
function summed(marks: readonly Mark[]): Mark[] {
  const count = marks.reduce((sum, mark) => sum + (mark.kind === "count" ? mark.count : 0), 0);
  return [
    ...(marks.some(({ kind }) => kind === "trouble")
      ? [{ kind: "trouble" as const, words: t("something needs attention") }]
      : []),
    ...(count > 0 ? [{ kind: "count" as const, count, words: t("waiting") }] : []),
  ];
}

function markOf(mark: Mark): TemplateResult {
  const words = html`<span class="visually-hidden"> ${mark.words}</span>`;
  if (mark.kind === "count") return html`<span class="badge">${mark.count}${words}</span>`;
  return html`<span class="state bad"><span class="dot"></span>${words}</span>`;
}
