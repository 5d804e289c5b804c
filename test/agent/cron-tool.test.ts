// The tool `cron`: an agent makes, looks at, changes and removes what happens later (automation: reminders, with a model).
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { fakeTelegram, until } from "@moltbot/fakes";
import { ChannelBench } from "../channels/bench.ts";
import { FakeClock } from "../fakes/clock.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { unframed } from "../support/frames.ts";
import { configFor } from "./support.ts";
import { toolStage } from "./tool-stage.ts";

const clock = new FakeClock();
const stage = await toolStage({ agents: { defaults: { userTimezone: "Europe/Berlin" } } }, { clock });
after(() => stage[Symbol.asyncDispose]());
const use = async (args: object) => await stage.use("cron", args);
const idIn = (text: string) => /([0-9a-f-]{36})/.exec(text)?.[1] ?? assert.fail(text);

const NEWS = {
  ...{ name: "News", schedule: { kind: "cron", expr: "0 8 * * *", tz: "Europe/Berlin" } },
  payload: { kind: "agentTurn", message: "What is new?" },
};

describe("an agent", () => {
  test("makes a reminder of words, by the rules for people", async () => {
    const made = await use({ action: "add", remind: "in 20 min to stretch" });
    const wrong = await use({ action: "add", remind: "at 25:00 to stretch" });
    const listed = await use({ action: "list" });

    assert.match(
      made,
      /^I will remind you on Sunday, 19 January 2025 at 06:40 \(Europe\/Berlin, UTC\+01:00\): stretch/,
    );
    assert.match(wrong, /25:00 is not a time of day/);
    assert.match(listed, /“stretch”.*next 2025-01-19T06:40:00\+01:00, says “Reminder: stretch”/);
    await stage.client.call("reminders.remove", { id: 1 });
  });

  test("adds, lists, changes, runs and removes a job", async () => {
    const id = idIn(await use({ action: "add", job: NEWS }));
    const paused = await use({ action: "update", id, patch: { enabled: false } });
    const hidden = await use({ action: "list" });
    const listed = await use({ action: "list", includeDisabled: true });
    const early = await use({ action: "run", jobId: id, mode: "due" });
    const ran = await use({ action: "run", jobId: id });
    const runs = await untilRun(id);
    const removed = await use({ action: "remove", jobId: id });
    const gone = await use({ action: "remove", jobId: id });

    assert.match(paused, /^Changed\. .*“News”.*paused/);
    assert.equal(hidden, "There are no jobs.");
    assert.ok(listed.startsWith(`${id}: “News”`), listed);
    assert.match(early, /Its time has not come/);
    assert.match(ran, /^It runs/);
    assert.match(runs, /“News” fired ok Hello from the model\./);
    assert.deepEqual([removed, gone], ["Removed.", "There is no such job; list shows them."]);
  });

  for (const [what, args] of [
    ["beside the action", NEWS],
    ["wrapped", { job: { data: NEWS } }],
    ["wrapped beside the action", { data: NEWS }],
    [
      "with kinds left out",
      { job: { ...NEWS, schedule: { expr: "0 8 * * *" }, payload: { message: "What is new?" } } },
    ],
    ["with switches and numbers as words", { ...NEWS, enabled: "true", schedule: { everyMs: "3600000" } }],
  ] as const)
    test(`adds a job that is written as January's agents do: ${what}`, async () => {
      const id = idIn(await use({ action: "add", ...args }));
      const paused = await use({ action: "update", jobId: id, enabled: "false" });
      const { payload, enabled } = await stage.client.call("cron.get", { id });
      await use({ action: "remove", jobId: id });

      assert.match(paused, /“News”.*paused/);
      assert.deepEqual([payload.message, enabled], ["What is new?", false]);
    });

  test("is told the time, and how many jobs there are", async () => {
    assert.equal(
      await use({ action: "status" }),
      "It is 2025-01-19T06:20:00+01:00 (Europe/Berlin). There are 0 jobs. None is due.",
    );
  });

  for (const [what, args, problem] of [
    ["a job without a time", { action: "add", job: { name: "x" } }, /Say with job what happens when/],
    [
      "a minute of 99",
      { action: "add", job: { ...NEWS, schedule: { kind: "cron", expr: "99 * * * *" } } },
      /minute: 99/,
    ],
    ["a job that nobody knows", { action: "run", jobId: "nope" }, /unknown cron job id: nope/],
    ["no job at all", { action: "run" }, /Name the job with jobId/],
    ["an unknown action", { action: "dance" }, /not right/],
    [
      "a schedule that follows a program",
      { action: "add", job: { ...NEWS, schedule: { kind: "on-exit", command: "make" } } },
      /schedule.kind is at, every or cron/,
    ],
    ["a job twice", { action: "add", ...NEWS, job: NEWS }, /not right/],
    ["an unknown field", { action: "add", job: { ...NEWS, shell: "x" } }, /not right/],
  ] as const)
    test(`is told what is wrong with ${what}`, async () => {
      assert.match(await use(args), problem);
    });
});

/** What the tool says of a job's runs, once there is one. */
async function untilRun(id: string): Promise<string> {
  for (;;) {
    const { entries } = await stage.client.call("cron.runs", { id, limit: 5 });
    if (entries.length > 0) return await use({ action: "runs", jobId: id });
  }
}

test("in a chat, a job speaks there, and its runs may use no tool that who asked may not", async () => {
  await using model = await fakeOpenAI();
  await using bench = await ChannelBench.start(fakeTelegram, {
    settings: (fake) => ({ owners: [fake.idOf("olga")], allowFrom: ["*", fake.idOf("alice")] }),
    config: JSON.parse(configFor(model)),
  });
  const { hash } = await bench.operator.call("config.get", {});
  const raw = JSON.stringify({ tools: { bySender: { [`telegram:${bench.fake.idOf("olga")}`]: { deny: ["exec"] } } } });
  await bench.operator.call("config.patch", { raw, baseHash: hash });
  await bench.linked();
  const told = () => {
    const { messages } = model.requests.at(-1)!.body as { messages: { role: string; content: string }[] };
    return unframed(messages.findLast(({ role }) => role === "tool")?.content ?? "");
  };
  model.script(
    { kind: "tool-call", name: "cron", arguments: { action: "add", job: NEWS } },
    { kind: "text", text: "Done." },
  );
  const { chatId } = await bench.fake.says("What is new every morning?", { from: "olga" });
  await bench.delivered("Done.");
  const { jobs } = await bench.operator.call("cron.list", {});

  model.script({ kind: "text", text: "Snow." });
  await bench.operator.call("cron.run", { id: jobs[0].id, mode: "force" });
  const news = await bench.delivered("Snow.");
  model.script({ kind: "tool-call", name: "cron", arguments: { action: "list" } }, { kind: "text", text: "I cannot." });
  await bench.fake.says("Which jobs are there?", { from: "alice" });
  await until(bench.fake, "the answer", () => bench.fake.delivered.find(({ text }) => text === "I cannot."));

  assert.deepEqual([jobs[0].payload.deliver, jobs[0].payload.to, news.chatId], [true, chatId, chatId]);
  const names = offeredWhen(model.requests, "What is new?");
  assert.ok(names.includes("cron") && names.includes("read") && !names.includes("exec"), names.join());
  assert.match(told(), /There is no tool|may not|cannot use|for the owner/);
});

/** The tools that the model was offered when it was asked this in a job. */
function offeredWhen(requests: readonly { body: unknown }[], asked: string): string[] {
  const request = requests.findLast(({ body }) => JSON.stringify(body).includes(`News] ${asked}`));
  const { tools = [] } = (request?.body ?? {}) as { tools?: { function: { name: string } }[] };
  return tools.map(({ function: { name } }) => name);
}
