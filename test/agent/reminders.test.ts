// Reminders in conversations of operators: by sentence, by command and by method, without a model (automation: reminders).
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { FakeClock } from "../fakes/clock.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { testGateway } from "../support/gateway.ts";
import { configFor, gatewayWithoutModel, say } from "./support.ts";

// 2025-01-19T05:20Z, a Sunday.
const clock = new FakeClock();
const config = JSON.stringify({
  models: { detectLocal: false },
  agents: { defaults: { userTimezone: "Europe/Berlin" } },
});
const gateway = await gatewayWithoutModel({ clock, config });
after(() => gateway[Symbol.asyncDispose]());
const client = await gateway.connect({ scopes: ["operator.admin"], protocol: 4 });

/** The next message that the gateway says by itself. */
async function nextSaid(): Promise<{ sessionKey: string; text: string }> {
  for (;;) {
    const { payload } = await client.nextOf("chat");
    if (payload.runId.startsWith("reminder-"))
      return { sessionKey: payload.sessionKey, text: payload.message.content[0].text };
  }
}

describe("without a model", () => {
  test("a sentence makes a reminder, the answer says its time with the zone, and it is said once where it was asked", async () => {
    const answer = await say(client, "remind me in 20 min to stretch", "agent:main:desk");

    await gateway.pass(20 * 60_000);

    assert.equal(
      answer,
      "I will remind you on Sunday, 19 January 2025 at 06:40 (Europe/Berlin, UTC+01:00): stretch\n" +
        "It is number 1; `/reminders cancel 1` ends it.",
    );
    assert.deepEqual(await nextSaid(), { sessionKey: "agent:main:desk", text: "Reminder: stretch" });
    const { messages } = await client.call("chat.history", { sessionKey: "agent:main:desk" });
    const said = messages.map(({ content }: { content: { text: string }[] }) => content[0]?.text);
    assert.deepEqual(said.filter((text: string) => text === "Reminder: stretch").length, 1);
    assert.deepEqual((await client.call("reminders.list", {})).reminders, []);
    assert.equal((await client.call("cron.list", { includeDisabled: true })).total, 0);
  });

  test("one that comes again is told with its next three times, is listed, and ends when it is cancelled", async () => {
    const answer = await say(client, "every weekday at 8 stand up");
    const listed = await say(client, "my reminders");
    const ended = await say(client, "cancel reminder 2");
    const after = await say(client, "/reminders");

    assert.equal(
      answer,
      "I will remind you: stand up\nThe next times: Monday, 20 January 2025 at 08:00; Tuesday, 21 January 2025 at 08:00; " +
        "Wednesday, 22 January 2025 at 08:00 (Europe/Berlin, UTC+01:00).\n" +
        "I read that as 08:00; say 20:00 if you meant that.\nIt is number 2; `/reminders cancel 2` ends it.",
    );
    assert.equal(listed, "2. stand up _(Monday, 20 January 2025 at 08:00 Europe/Berlin, and again)_");
    assert.equal(ended, "Ended reminder 2: stand up");
    assert.match(after, /^There are no reminders/);
    assert.equal((await client.call("cron.list", { includeDisabled: true })).total, 0);
  });

  for (const [said, answer] of [
    ["remind me to call mum", /^When\?/],
    ["remind me at 25:00 to call mum", /25:00 is not a time of day/],
    ["/remind", /^Of what, and when\?/],
    ["/remind me on 03/04 to pay", /two ways/],
    ["/reminders cancel 99", /no reminder 99/],
    ["/reminders cancel", /^Which one\?/],
  ] as const)
    test(`“${said}” is asked about`, async () => {
      assert.match(await say(client, said), answer);
    });

  test("the zone of the client goes before that of the settings, and a zone that does not exist does not count", async () => {
    const connected = async (timeZone: string) => {
      const there = await gateway.connect({
        ...{ scopes: ["operator.admin"], protocol: 4 },
        client: { id: "gateway-client", version: "1", platform: "test", mode: "backend", timeZone },
      });
      return await say(there, "remind me at 18:30 to eat", "agent:main:zones");
    };

    const [tokyo, mars] = [await connected("Asia/Tokyo"), await connected("Mars/Phobos")];

    assert.match(tokyo, /Sunday, 19 January 2025 at 18:30 \(Asia\/Tokyo, UTC\+09:00\)/);
    assert.match(mars, /Sunday, 19 January 2025 at 18:30 \(Europe\/Berlin, UTC\+01:00\)/);
  });

  test("the same request again makes no second reminder", async () => {
    const params = { words: "in 2 hours to look", idempotencyKey: "once" };

    const [first, second] = [await client.call("reminders.add", params), await client.call("reminders.add", params)];

    assert.equal(first.reminder.id, second.reminder.id);
    assert.deepEqual(first.reminder.nextAtMs, [clock.now() + 2 * 3_600_000]);
    assert.equal((await client.call("reminders.remove", { id: first.reminder.id })).removed.text, "look");
    const { error } = await client.request("reminders.remove", { id: first.reminder.id });
    assert.match(error?.message ?? "", /no reminder/);
  });

  test("a channel that does not exist is refused", async () => {
    const { error } = await client.request("reminders.add", {
      ...{ words: "in 2 hours to look", channel: "pigeon", to: "4711", idempotencyKey: "pigeon" },
    });

    assert.match(error?.message ?? "", /There is no channel pigeon/);
  });
});

test("a request that is made again after a restart finds its reminder, and does not move it", async () => {
  const own = new FakeClock();
  await using other = await gatewayWithoutModel({ clock: own });
  const params = { words: "in 2 hours to look", idempotencyKey: "once" };
  const first = await (await other.connect({ scopes: ["operator.admin"], protocol: 4 })).call("reminders.add", params);
  await other.stop();
  own.advance(60_000);
  await other.start();
  const there = await other.connect({ scopes: ["operator.admin"], protocol: 4 });

  const second = await there.call("reminders.add", params);

  assert.deepEqual(second.reminder, first.reminder);
  assert.equal((await there.call("cron.list", {})).total, 1);
});

test("with a model, a sentence that is understood to its end costs no call; others go to the model", async () => {
  await using model = await fakeOpenAI();
  await using other = await testGateway({ config: configFor(model), clock: new FakeClock() });
  const there = await other.connect({ scopes: ["operator.admin"], protocol: 4 });

  const made = await say(there, "remind me in 20 min to stretch");
  const wrong = await say(there, "remind me at 25:00 to stretch");
  const asked = model.requests.length;
  const vague = await say(there, "remind me to call mum");
  const past = await say(there, "remind me what we said");
  const repeated = await say(there, "every weekday at 8 people stand up");

  assert.match(made, /^I will remind you on/);
  assert.match(wrong, /not a time of day/);
  assert.equal(asked, 0);
  assert.deepEqual([vague, past, repeated], Array(3).fill("Hello from the model."));
});
