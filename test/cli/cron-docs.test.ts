// The examples of docs/automation.md work as they are written, and command lines of January and of today are understood.
import assert from "node:assert/strict";
import { test } from "node:test";
import { docsPage, examplesIn, words } from "../support/docs-examples.ts";
import { Home } from "./harness.ts";

const examples = examplesIn(docsPage("automation.md"));
const env = { MOLTBOT_GATEWAY_TOKEN: "a-token-for-tests" };

test("each example of the page works as it is written", async () => {
  using home = new Home();
  await using _gateway = await home.gateway([], env);

  const results = [];
  for (const line of examples) results.push(await home.run(words(line).slice(1), { env }));

  assert.deepEqual(
    results.map(({ code, stderr }) => [code, stderr]),
    examples.map(() => [0, ""]),
  );
  assert.ok(examples.length >= 6);
});

test("command lines of January and of today are understood", async () => {
  using home = new Home();
  await using _gateway = await home.gateway([], env);
  const json = async (line: string) => {
    const { stdout, stderr } = await home.run(["cron", ...words(line), "--json"], { env });
    return JSON.parse(stdout || JSON.stringify({ stderr }));
  };

  const january = await json(
    'add --name "Stand-up" --cron "0 9 * * 1-5" --tz Europe/Berlin --session isolated --wake now --message "News?" ' +
      "--deliver --channel telegram --to 4711 --post-prefix Daily --post-mode full --post-max-chars 500 --thinking low",
  );
  const today = await json(
    'create --name Disk --every 1h --command "df -h" --webhook https://example.org/cron --failure-to telegram:4711 ' +
      "--alert-after 3 --timeout-seconds 30 --grace 2h",
  );
  const tools = await json(
    "add --at +2h --message Look --tools read,web_fetch --session session:notes --no-deliver --no-alert",
  );
  const stagger = await json('add --cron "0 * * * *" --tz UTC --stagger 5m --system-event x');
  const edited = await json(`edit ${january.id} --disable --exact --cron "0 8 * * *" --no-deliver`);
  const wrong = await home.run(["cron", "add", "--every", "1h", "--message", "a", "--system-event", "b"], { env });

  assert.deepEqual(
    [january.schedule, january.sessionTarget, january.wakeMode, january.payload, january.delivery],
    [
      { kind: "cron", expr: "0 9 * * 1-5", tz: "Europe/Berlin" },
      ...["isolated", "now"],
      { kind: "agentTurn", message: "News?", thinking: "low" },
      { mode: "announce", channel: "telegram", to: "4711" },
    ],
  );
  assert.deepEqual(
    [today.payload, today.delivery, today.failureAlert, today.graceMs],
    [
      { kind: "script", script: "df -h", timeoutSeconds: 30 },
      {
        ...{ mode: "webhook", to: "https://example.org/cron" },
        failureDestination: { mode: "announce", channel: "telegram", to: "4711" },
      },
      ...[{ after: 3 }, 7_200_000],
    ],
  );
  assert.deepEqual(
    [tools.payload.toolsAllow, tools.sessionTarget, tools.delivery, tools.failureAlert],
    [["read", "web_fetch"], "session:notes", { mode: "none" }, false],
  );
  assert.equal(stagger.schedule.staggerMs, 300_000);
  assert.deepEqual([edited.enabled, edited.schedule.expr, edited.delivery.mode], [false, "0 8 * * *", "none"]);
  assert.deepEqual([wrong.code, /Give one of --system-event, --message and --command/.test(wrong.stderr)], [2, true]);
});

test("the simulator takes the schedule and the rules of a job", async () => {
  using home = new Home();
  await using _gateway = await home.gateway([], env);
  const run = async (line: string) => (await home.run(["cron", ...words(line)], { env })).stdout;
  const span = "--from 2026-03-27T12:00 --days 3 --down 2026-03-28T00:00..2026-03-28T06:00 --json";
  const add = 'add --cron "30 2 * * *" --tz Europe/Berlin --system-event x --catch-up none --json';
  const { id } = JSON.parse(await run(add));

  const ofJob = await run(`simulate --job ${id} ${span}`);

  const same = await run(`simulate --cron "30 2 * * *" --tz Europe/Berlin --catch-up none ${span}`);
  assert.equal(ofJob, same);
  assert.deepEqual(
    ofJob
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).outcome),
    ["missed", "fired", "fired"],
  );
});
