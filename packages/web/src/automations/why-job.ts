// Why a job comes when it does, where its words go, and what would become of its times.

import { html, nothing } from "lit";
import { shellWord } from "../control/shell-word.ts";
import { openWhy } from "../kit/why.ts";
import { clockTime, durationOf } from "../time.ts";
import type { PageHost } from "../view.ts";
import { type Job, outcomeOf, type Run, scheduleText } from "./state.ts";
import "./try-out.ts";

const CATCH_UP = {
  latest: "the latest one is still run",
  all: "each is still run, up to ten",
  none: "none is run later",
} as const;

export function explainJob(host: PageHost, job: Job, last: Run | undefined): void {
  const { id, name, enabled, state, payload, sessionTarget, catchUp = "latest", graceMs } = job;
  const next = state.nextRunAtMs;
  openWhy(host, {
    title: name,
    because: whyNow(job),
    facts: [
      ["Comes", scheduleText(job)],
      ["Next", enabled && next !== undefined ? clockTime(next) : undefined],
      ["Last", last && outcomeOf(last).text],
      ["Says", "text" in payload ? payload.text : "message" in payload ? payload.message : undefined],
      ["In", sessionTarget],
      ["Missed times", CATCH_UP[catchUp]],
      ["Not when older than", graceMs === undefined ? undefined : durationOf(graceMs)],
    ],
    command: `moltbot cron simulate --job ${shellWord(id)} --days 7`,
    more: host.offers("cron.simulate") ? html`<moltbot-try-out .host=${host} .job=${job}></moltbot-try-out>` : nothing,
  });
}

function whyNow({ enabled, state }: Job): string {
  if (!enabled) return "It is paused: no time of its schedule counts until somebody resumes it.";
  if (state.nextRunAtMs === undefined) return "Its schedule has no time that is still to come.";
  return "The schedule says when it comes; the gateway’s clock starts it.";
}
