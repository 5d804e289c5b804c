// What stands above the conversation or a page: the connection is down, somebody waits for an answer, something went wrong.

import { html, nothing, type TemplateResult } from "lit";
import type { Approval } from "../store/approvals.ts";
import type { State } from "../store/state.ts";
import type { Store } from "../store/store.ts";
import { clockTime } from "../time.ts";
import { plural, t } from "../words/t.ts";
import { closeIcon, shieldIcon, trashIcon, warnIcon } from "./icons.ts";
import { words } from "./words.ts";

type Banner = TemplateResult | typeof nothing;

/** All banners; `onShow` is called with the command that somebody wants to see. */
export function banners(store: Store, onShow: (approval: Approval) => void): TemplateResult {
  const { state } = store;
  return html`${linkBanner(state, store)} ${approvalsElsewhere(state, store, onShow)} ${nodeWaits(state, store)}
    ${noticeBanner(state, store)} ${leavingBanner(state, store)}`;
}

function linkBanner({ link, asOf }: State, { connection }: Store): Banner {
  if (link.kind !== "waiting") return nothing;
  const age = asOf === undefined ? nothing : html` <span class="as-of">What you see is from ${clockTime(asOf)}.</span>`;
  return html`<div class="banner" role="status">
    ${warnIcon}<span>${words(link.reason)}${age}</span>
    <button type="button" class="text-button" @click=${() => connection.retryNow()}>Try now</button>
  </div>`;
}

/** Commands wait in conversations that are not on the screen: the way there. */
function approvalsElsewhere({ approvals, view }: State, store: Store, onShow: (approval: Approval) => void): Banner {
  const elsewhere = approvals.filter(({ sessionKey }) => view !== "chat" || !store.isHere(sessionKey));
  const [first] = elsewhere;
  if (first === undefined) return nothing;
  const count = plural(
    elsewhere.length,
    "A command waits for your approval in another conversation.",
    "{0} commands wait for your approval in another conversation.",
  );
  return html`<div class="banner" role="status">
    ${shieldIcon}<span>${count}</span>
    <button type="button" class="text-button" @click=${() => onShow(first)}>Show</button>
  </div>`;
}

/** A node that is connected and of no use yet: what to type. */
function nodeWaits({ nodeRequests: [first], view }: State, { views, navigation, nodeRequests }: Store): Banner {
  // Two pages have a button for it.
  if (first === undefined || view === "overview" || view === "devices") return nothing;
  const hasPage = views.some(({ id }) => id === "devices");
  const { name, commands, requestId } = first;
  const what =
    commands.length === 0 ? t("wants to be a node") : t("is connected, and its commands wait for your approval");
  return html`<div class="banner" role="status">
    ${shieldIcon}<span>${name} ${what}. On the gateway’s machine type: <code>moltbot nodes approve ${requestId}</code></span>
    ${hasPage ? html`<button type="button" class="text-button" @click=${() => navigation.show("devices")}>Show</button>` : nothing}
    <button type="button" class="icon-button small" aria-label="Hide" @click=${() => nodeRequests.hide(first)}>${closeIcon}</button>
  </div>`;
}

function noticeBanner({ notice }: State, store: Store): Banner {
  if (notice === undefined) return nothing;
  return html`<div class="banner notice" role="alert">
    ${warnIcon}<span>${words(notice)}</span>
    <button type="button" class="icon-button small" aria-label="Dismiss" @click=${() => store.notify(undefined)}>${closeIcon}</button>
  </div>`;
}

function leavingBanner({ leaving }: State, { sessions }: Store): Banner {
  if (leaving === undefined) return nothing;
  return html`<div class="banner" role="status">
    ${trashIcon}<span>“${leaving.title}” is deleted.</span>
    <button type="button" class="text-button" @click=${() => sessions.keep()}>Undo</button>
  </div>`;
}
