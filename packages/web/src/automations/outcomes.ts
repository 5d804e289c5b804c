// What the automations page tells of a job's last run, and of the heartbeat.

import type { HeartbeatStatusResult } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import { words } from "../chat/words.ts";
import { clockTime } from "../time.ts";
import { t } from "../words/t.ts";
import { outcomeOf, type Run } from "./state.ts";

/** What became of the last run. */
export function outcome(run: Run): TemplateResult {
  const { text, tone } = outcomeOf(run);
  const said = run.error ?? run.summary ?? "";
  const where = run.deliveryError === undefined ? "" : t(" It was not sent: {0}", run.deliveryError);
  const state = html`<span class="state ${tone}"><span class="dot"></span>${text}</span>`;
  if (said === "" && where === "") return html`<p>${state}</p>`;
  return html`<details class="outcome">
    <summary>${state}</summary>
    <p class="said">${said}${where === "" ? nothing : words(where)}</p>
  </details>`;
}

/** What each agent looks for by itself. */
export function heartbeat({ enabled, agents, last }: HeartbeatStatusResult): TemplateResult {
  return html`<section aria-labelledby="beat-title">
    <h2 id="beat-title">Heartbeat</h2>
    <p class="meta">
      From time to time each agent looks whether there is news. ${enabled ? nothing : html`It is switched off until the gateway restarts.`}
    </p>
    <ul class="rows">
      ${agents.map(
        ({ agentId, enabled: isOn, every, nextAtMs, turnsToday, verdict }) => html`<li class="plain-row">
          <span class="grow">
            <strong>${agentId}</strong>
            <span class="meta">${isOn ? t("every {0}{1}, asked the model {2} times today", every, nextAtMs === null ? "" : t(", next {0}", clockTime(nextAtMs)), turnsToday) : t("does not look by itself")}</span>
            <span class="meta">${words(verdict.detail)}</span>
          </span>
          <span class="state ${verdict.asks ? "busy" : ""}"><span class="dot"></span>${verdict.asks ? t("would ask") : t("quiet")}</span>
        </li>`,
      )}
    </ul>
    ${last === null ? nothing : html`<p class="meta">Last: ${[last.status, last.reason].filter(Boolean).join(", ")}, ${clockTime(last.ts)}.</p>`}
  </section>`;
}
