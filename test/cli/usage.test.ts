// `moltbot usage`: what models took, at a glance.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { Home } from "./harness.ts";

const model = await fakeOpenAI();
const home = new Home();
const provider = {
  api: "openai-compatible",
  baseUrl: model.baseUrl,
  models: [{ id: "fake-model", cost: { input: 3, output: 15 } }],
};
await home.run(["config", "set", "models", JSON.stringify({ detectLocal: false, providers: { fake: provider } })]);
await home.run(["config", "set", "budgets", JSON.stringify({ daily: { tokens: 10_000 } })]);
const gateway = await home.gateway();
after(async () => {
  await gateway[Symbol.asyncDispose]();
  home[Symbol.dispose]();
  await model[Symbol.asyncDispose]();
});

test("without any call it says so, and what budget there is", async () => {
  const { code, stdout } = await home.run(["usage", "--days", "7"]);

  assert.equal(code, 0);
  assert.equal(
    stdout.replace(/anew in .*/, "anew in …"),
    "No model was asked in the last 7 days.\n\n● budgets.daily.tokens  0 of 10.0k (0 %), anew in …\n",
  );
});

test("a line over the days, a table, and the budgets; no wider than 80 columns", async () => {
  model.script({ kind: "turn", text: "Hi.", usage: { input: 2_000, output: 500, cacheRead: 1_000 } });
  await home.run(["agent", "-m", "hello"]);
  // The report is kept for half a minute; another number of days is another report.
  const { stdout } = await home.run(["usage", "--days", "5"]);

  const [line, , head, day, , budget] = stdout.split("\n");
  assert.equal(line, "····█  2.5k tokens in 5 days, $0.0135");
  assert.equal(head?.replace(/ +/g, " "), "Day Input Cached Output Total Cost");
  assert.match(day ?? "", /^\d{4}-\d\d-\d\d +1\.0k +1\.0k +500 +2\.5k +\$0\.0135$/);
  assert.match(budget ?? "", /^● budgets\.daily\.tokens {2}2\.5k of 10\.0k \(25 %\), anew in \d+ (h|min|s)$/);
  assert.ok(stdout.split("\n").every((each) => each.length <= 80));
});

test("it puts together by model, agent, conversation or run", async () => {
  const { stdout } = await home.run(["usage", "--by", "session"]);
  const { stdout: json } = await home.run(["usage", "--by", "model", "--json"]);

  assert.match(stdout, /^main +1 /m);
  assert.deepEqual(
    JSON.parse(json).rows.map(({ name, calls }: { name: string; calls: number }) => [name, calls]),
    [["fake/fake-model", 1]],
  );
});

test("a wrong grouping or number of days is said before anything is asked", async () => {
  const by = await home.run(["usage", "--by", "colour"]);
  const days = await home.run(["usage", "--days", "0"]);

  assert.deepEqual([by.code, days.code], [2, 2]);
  assert.match(by.stderr, /--by is one of model, agent, session, run, not "colour"\./);
  assert.match(days.stderr, /--days is a whole number from 1 to 3650, not 0\./);
});

test("a conversation is summed up, and that is taken back, from the command line", async () => {
  for (const message of ["one", "two"]) await home.run(["agent", "-m", message, "--session-key", "trip"]);

  const done = await home.run(["sessions", "compact", "trip", "--note", "the dates"]);
  const undone = await home.run(["sessions", "compact", "trip", "--undo"]);
  const again = await home.run(["sessions", "compact", "trip", "--undo"]);

  assert.match(done.stdout, /^A summary stands for 2 messages: about \d+ tokens became \d+\.\n/);
  assert.match(undone.stdout, /^Taken back/);
  assert.deepEqual([again.code, again.stderr.includes("no summary in trip")], [1, true]);
});
