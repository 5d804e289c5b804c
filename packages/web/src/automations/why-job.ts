// Why a job comes when it does, where its words go, and what would become of its times.

import { html, nothing } from "lit";
import { shellWord } from "../control/shell-word.ts";
import { openWhy } from "../kit/why.ts";
import { clockTime, durationOf } from "../time.ts";
import type { PageHost } from "../view.ts";
import { said, t } from "../words/t.ts";
import { type Job, outcomeOf, type Run, scheduleText } from "./state.ts";
import "./try-out.ts";

const CATCH_UP = {
  latest: said("the latest one is still run"),
  all: said("each is still run, up to ten"),
  none: said("none is run later"),
} as const;

export function explainJob(host: PageHost, job: Job, last: Run | undefined): void {
  const { id, name, enabled, state, payload, sessionTarget, catchUp = "latest", graceMs } = job;
  const next = state.nextRunAtMs;
  openWhy(host, {
    title: name,
    because: whyNow(job),
    facts: [
      [t("Comes"), scheduleText(job)],
      [t("Next"), enabled && next !== undefined ? clockTime(next) : undefined],
      [t("Last"), last && outcomeOf(last).text],
      [t("Says"), "text" in payload ? payload.text : "message" in payload ? payload.message : undefined],
      [t("In"), sessionTarget],
      [t("Missed times"), t(CATCH_UP[catchUp])],
      [t("At most this late"), graceMs === undefined ? undefined : durationOf(graceMs)],
    ],
    command: `moltbot cron simulate --job ${shellWord(id)} --days 7`,
    more: host.offers("cron.simulate") ? html`<moltbot-try-out .host=${host} .job=${job}></moltbot-try-out>` : nothing,
  });
}

function whyNow({ enabled, state }: Job): string {
  if (!enabled) return t("It is paused: no time of its schedule counts until somebody resumes it.");
  if (state.nextRunAtMs === undefined) return t("Its schedule has no time that is still to come.");
  return t("The schedule says when it comes; the gateway’s clock starts it.");
}
