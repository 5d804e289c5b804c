// Reminders from the command line.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Home } from "./harness.ts";

test("a reminder is made of a sentence or of flags, listed, and ended", async () => {
  using home = new Home();
  const env = { MOLTBOT_GATEWAY_TOKEN: "a-token-for-tests", TZ: "Europe/Berlin" };
  await using _gateway = await home.gateway([], env);
  const run = async (...words: string[]) => await home.run(["remind", ...words], { env });
  const json = async (...words: string[]) => JSON.parse((await run(...words, "--json")).stdout || "null");

  const said = await run("in", "20", "min", "to", "stretch");
  const flagged = await json("stand up", "--every", "weekday", "--at", "8:00");
  const spanned = await json("to drink", "--in", "90m");
  const listed = await json("list");
  const table = await run("list");
  const ended = await run("cancel", "1");
  const gone = await run("cancel", "1");
  const vague = await run("call mum");
  const none = await run();

  assert.match(said.stdout, /^I will remind you on .* \(Europe\/Berlin, UTC\+0\d:00\): stretch\nIt is number 1;/);
  assert.deepEqual(
    [flagged.reminder.text, flagged.reminder.repeats, flagged.reminder.tz],
    ["stand up", true, "Europe/Berlin"],
  );
  assert.equal(flagged.reminder.nextAtMs.length, 3);
  assert.deepEqual([spanned.reminder.text, spanned.reminder.repeats], ["drink", false]);
  assert.deepEqual(
    listed.reminders.map(({ id, text }: { id: number; text: string }) => [id, text]),
    [
      [1, "stretch"],
      [2, "stand up"],
      [3, "drink"],
    ],
  );
  assert.match(table.stdout, /No\.\s+Next\s+Where\s+Reminder/);
  assert.equal(ended.stdout.trim(), "Ended reminder 1: stretch");
  assert.deepEqual([gone.code, vague.code, none.code], [1, 1, 2]);
  assert.match(gone.stderr, /There is no reminder 1/);
  assert.match(vague.stderr, /When\? Say/);
});
