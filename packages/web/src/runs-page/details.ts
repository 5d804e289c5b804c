// One run: what was asked and answered, each request to a model and each tool with its time, and the replay.

import type { Methods } from "@moltbot/protocol";
import { html, nothing, type TemplateResult } from "lit";
import { durationOf } from "../time.ts";
import { numbers } from "../words/formatters.ts";
import { t } from "../words/t.ts";

const whole = numbers();

type Details = Methods["runs.get"]["result"];
type Replay = Methods["runs.replay"]["result"];

/** What is known of a run. */
export function runDetails({ message, text, error, exchanges, tools }: Details): TemplateResult {
  return html`<section aria-labelledby="run-said">
      <h2 id="run-said">What was said</h2>
      <dl class="run-said">
        <dt>Asked</dt><dd dir="auto">${message || "nothing"}</dd>
        <dt>Answered</dt><dd dir="auto">${text || "nothing"}</dd>
        ${error === undefined ? nothing : html`<dt>Failed</dt><dd class="problem" dir="auto">${error}</dd>`}
      </dl>
    </section>
    <section aria-labelledby="run-steps">
      <h2 id="run-steps">Steps</h2>
      ${
        exchanges.length === 0
          ? html`<p class="meta">No request to a model was recorded. <code>agents.defaults.record</code> in the settings says whether runs are kept.</p>`
          : html`<ol class="rows">
              ${exchanges.map(
                ({
                  at,
                  url,
                  status,
                  durationMs,
                  requestChars,
                  responseChars,
                  error: problem,
                }) => html`<li class="plain-row">
                  <span class="grow">
                    <strong>after ${durationOf(at)}</strong>
                    <span class="meta"><code>${hostOf(url)}</code>, ${whole.format(requestChars)} characters there, ${whole.format(responseChars)} back</span>
                    ${problem === undefined ? nothing : html`<span class="problem">${problem}</span>`}
                  </span>
                  <span class="state ${status !== undefined && status < 400 ? "good" : "bad"}"><span class="dot"></span>${status ?? t("no answer")}${durationMs === undefined ? "" : `, ${durationOf(durationMs)}`}</span>
                </li>`,
              )}
            </ol>`
      }
    </section>
    ${
      tools.length === 0
        ? nothing
        : html`<section aria-labelledby="run-tools">
            <h2 id="run-tools">Tool calls</h2>
            <ol class="rows">
              ${tools.map(
                ({ name, isError, chars }) => html`<li class="plain-row">
                  <span class="grow"><strong>${name}</strong> <span class="meta">${whole.format(chars)} characters of result</span></span>
                  <span class="state ${isError ? "bad" : "good"}"><span class="dot"></span>${isError ? "failed" : "done"}</span>
                </li>`,
              )}
            </ol>
          </section>`
    }`;
}

/** What a replay has shown. */
export function replayReport({ same, requests, differences, durationMs }: Replay): TemplateResult {
  return html`<div class="replay" role="status">
    <p><strong>${same ? t("The replay did the same.") : t("The replay did something else.")}</strong> ${requests} requests in ${durationOf(durationMs)}; no model and no tool was called for it.</p>
    ${differences.map(
      ({ at, recorded, replayed }) =>
        html`<dl class="run-said"><dt>Where</dt><dd><code>${at}</code></dd><dt>Recorded</dt><dd dir="auto">${recorded}</dd><dt>Replayed</dt><dd dir="auto">${replayed}</dd></dl>`,
    )}
  </div>`;
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
