import assert from "node:assert/strict";
import { test } from "node:test";
import { type Job, lastRuns, nextText, outcomeOf, type Run, scheduleText } from "./state.ts";

test("schedules are told in words", () => {
  const schedules: Job["schedule"][] = [
    { kind: "every", everyMs: 60_000 },
    { kind: "every", everyMs: 2 * 3_600_000 },
    { kind: "every", everyMs: 90_000 },
    { kind: "every", everyMs: 1_500 },
    { kind: "cron", expr: "0 8 * * 1-5", tz: "Europe/Berlin" },
    { kind: "cron", expr: "0 8 * * *" },
    { kind: "at", at: "2026-12-24T18:00:00Z" },
  ];

  assert.deepEqual(
    schedules.map((schedule) => scheduleText({ schedule })),
    [
      ...["every minute", "every 2 hours", "every 90 seconds", "every 1500 milliseconds"],
      ...["0 8 * * 1-5 in Europe/Berlin", "0 8 * * *", "once"],
    ],
  );
});

test("a job that is paused, or never comes, says so", () => {
  assert.deepEqual(
    [nextText({ enabled: false, state: { nextRunAtMs: 5 } }), nextText({ enabled: true, state: {} })],
    ["paused", "never comes"],
  );
});

test("what became of a run is told with its tone, and the newest of each job counts", () => {
  const run = (more: Partial<Run>): Run => ({ ts: Date.now(), jobId: "a", action: "finished", ...more });

  const runs = [
    run({ status: "ok" }),
    run({ status: "error" }),
    run({ status: "skipped", outcome: "missed" }),
    run({ jobId: "b", status: "ok", durationMs: 5_000 }),
  ];

  assert.deepEqual(runs.map(outcomeOf), [
    { text: "ran just now", tone: "good" },
    { text: "failed just now", tone: "bad" },
    { text: "missed, just now", tone: "" },
    { text: "ran just now in 5.0 s", tone: "good" },
  ]);
  assert.deepEqual(
    [...lastRuns(runs)],
    [
      ["a", runs[0]],
      ["b", runs[3]],
    ],
  );
});
