// Jobs from the command line, and the simulator.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { eventually } from "../support/time-limit.ts";
import { Home } from "./harness.ts";

const SPRING = ["--cron", "30 2 * * *", "--tz", "Europe/Berlin", "--from", "2026-03-28", "--days", "2"];

test("jobs are added, listed, changed, run and removed", async () => {
  using home = new Home();
  const env = { MOLTBOT_GATEWAY_TOKEN: "a-token-for-tests" };
  await using _gateway = await home.gateway([], env);
  const json = async (...words: string[]) =>
    JSON.parse((await home.run(["cron", ...words, "--json"], { env })).stdout || "null");

  const { id } = await json("add", "--name", "Water", "--every", "2h", "--system-event", "Drink something");
  const ran = await json("run", id);
  const runs = await json("runs", id);
  const off = await json("disable", id);
  const listed = await json("list");
  const all = await json("list", "--all");
  const edited = await json("edit", id, "--name", "Tea", "--cron", "0 9 * * *", "--tz", "UTC");
  const removed = await json("rm", id);
  const wrong = await home.run(["cron", "add", "--cron", "99 * * * *", "--system-event", "x"], { env });

  assert.equal(ran.enqueued, true);
  assert.deepEqual([runs.entries[0].status, runs.entries[0].summary], ["ok", "Drink something"]);
  assert.deepEqual([off.enabled, listed.jobs.length, all.jobs.length], [false, 0, 1]);
  assert.deepEqual([edited.name, edited.schedule], ["Tea", { kind: "cron", expr: "0 9 * * *", tz: "UTC" }]);
  assert.deepEqual(removed, { ok: true, removed: true });
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /Invalid value for minute: 99/);
});

test("a list shows each span in the largest unit that divides it, and without jobs how to add one", async () => {
  using home = new Home();
  const env = { MOLTBOT_GATEWAY_TOKEN: "a-token-for-tests" };
  await using _gateway = await home.gateway([], env);

  const none = await home.run(["cron", "list"], { env });
  for (const span of ["2h", "90m", "3d"])
    await home.run(["cron", "add", "--name", span, "--every", span, "--system-event", "x"], { env });
  const { stdout } = await home.run(["cron", "list"], { env });

  assert.equal(none.stdout, "There are no jobs. `moltbot cron add --help` shows how to add one.\n");
  assert.deepEqual(stdout.match(/every \d+ \w+/g)?.sort(), ["every 2 h", "every 3 d", "every 90 min"]);
});

test("a job is meant by the id of the list or by its name, and never by a guess", async () => {
  using home = new Home();
  const env = { MOLTBOT_GATEWAY_TOKEN: "a-token-for-tests" };
  await using _gateway = await home.gateway([], env);
  const run = (...words: string[]) => home.run(["cron", ...words], { env });
  for (const name of ["News", "Water", "Water"])
    await run("add", "--name", name, "--cron", "0 8 * * 1-5", "--tz", "Europe/Berlin", "--system-event", "x");

  await run("run", "news");
  await eventually("the run's end", async () => (await run("runs", "news")).stdout.includes(" ok "));
  const { stdout: ran } = await run("runs");
  const { stdout: listed } = await run("list");
  const [shown = ""] = /^[0-9a-f-]+(?= {2,}News)/m.exec(listed) ?? [];
  const byName = await run("disable", "news");
  const byId = await run("enable", shown);
  const tooShort = await run("disable", shown.slice(0, 4));
  const several = await run("rm", "Water");
  const whole = JSON.parse((await run("list", "--json")).stdout) as { jobs: { id: string; name: string }[] };

  assert.ok(listed.split("\n").every((line) => line.length <= 80));
  assert.match(ran, /^When +Job +Outcome +Result\n\d\d-\d\d \d\d:\d\dZ +News +ok +x$/m);
  assert.match(listed, /^Id +Name +When +Next +Last/m);
  assert.equal(byName.stdout, "News is off.\n");
  assert.match(byId.stdout, /^News \([0-9a-f-]{36}\)\. Next: /);
  assert.deepEqual([tooShort.code, several.code], [1, 1]);
  assert.match(tooShort.stderr, /^Unknown cron job id: .{4}\. /);
  assert.match(
    several.stderr,
    /^Several jobs are called Water: Water \(.{36}\), Water \(.{36}\)\. Write the id of one\./,
  );
  assert.equal(whole.jobs.length, 3);
});

test("the simulator needs no gateway, and compares with what was expected", async () => {
  using home = new Home();
  const file = join(home.stateDir, "..", "expected.jsonl");
  const told = await home.run(["cron", "simulate", ...SPRING, "--json"]);
  writeFileSync(file, told.stdout);

  const same = await home.run(["cron", "simulate", ...SPRING, "--json", "--expect", file]);
  const other = await home.run(["cron", "simulate", ...SPRING, "--days", "1", "--expect", file]);
  writeFileSync(file, (await home.run(["cron", "simulate", ...SPRING])).stdout);
  const plain = await home.run(["cron", "simulate", ...SPRING, "--expect", file]);

  assert.deepEqual(
    told.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
    [
      { slot: "2026-03-28T01:30:00.000Z", local: "2026-03-28T02:30:00+01:00", outcome: "fired", why: "on time" },
      { slot: "2026-03-29T01:00:00.000Z", local: "2026-03-29T03:00:00+02:00", outcome: "fired", why: "gap" },
    ],
  );
  assert.deepEqual([told.code, same.code, plain.code, other.code], [0, 0, 0, 1]);
  assert.match(
    other.stderr,
    /expected\.jsonl differs at line 2: expected 2026-03-29T01:00:00\.000Z .*; got nothing more\.$/m,
  );
});
