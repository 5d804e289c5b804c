// What people send in several steps, through a whole gateway: edits that add a mention, places that move, files that come
// later, replies to pictures, and what cannot be read.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  type FakeBlueBubbles,
  type FakeFile,
  type FakeTelegram,
  type FakeWhatsApp,
  fakeBlueBubbles,
  fakeTelegram,
  fakeWhatsApp,
  until,
} from "@moltbot/fakes";
import { configFor } from "../agent/support.ts";
import type { ModelServer, SeenRequest } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { framesIn } from "../support/frames.ts";
import { within } from "../support/time-limit.ts";
import { ChannelBench, type StartFake } from "./bench.ts";

const CLUB = { in: { group: "club" } } as const;
const png: FakeFile = {
  bytes: Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "base64",
  ),
  ...{ mimeType: "image/png", fileName: "dot.png", kind: "image" },
};

async function withModel(start: StartFake, model: ModelServer): Promise<ChannelBench> {
  const { models, agents } = JSON.parse(configFor(model));
  return await ChannelBench.start(start, { config: { models, agents } });
}

async function asked(model: ModelServer, say: () => Promise<unknown>): Promise<SeenRequest> {
  const request = model.next();
  await say();
  return await within(request, "the model to be asked");
}

function turnsOf({ body }: SeenRequest): string {
  return (body.messages as { content: unknown }[])
    .slice(1)
    .flatMap(({ content }) =>
      typeof content === "string" ? [content] : (content as { text?: string }[]).map(({ text = "" }) => text),
    )
    .join("\n");
}

function picturesIn({ body }: SeenRequest): number {
  return JSON.stringify(body.messages).split('"image_url":').length - 1;
}

describe("an edit", () => {
  let fake: FakeTelegram;
  let bench: ChannelBench;
  before(async () => {
    fake = await fakeTelegram();
    bench = await ChannelBench.start(async () => fake);
  });
  after(async () => await bench?.[Symbol.asyncDispose]());

  test("that adds the mention makes a message that was left alone one that is answered", async () => {
    const said = await fake.says("echo now", CLUB);
    assert.equal((await bench.decided("echo now")).rule, "not-addressed");

    await fake.edits(said, "@moltbot_fake_bot /echo after all");

    await bench.delivered("after all");
    assert.equal(bench.times("after all"), 1);
  });

  test("that adds the mention to a message that was never told is taken for the message, once", async () => {
    const { chatId } = await fake.says("something else", CLUB);
    const text = "@moltbot_fake_bot /echo first heard";
    const entities = [{ type: "mention", offset: 0, length: 17 }];
    const now = Math.floor(Date.now() / 1000);
    const edited = {
      ...{ message_id: 990_001, date: now - 60, edit_date: now, text, entities },
      chat: { id: Number(chatId), type: "supergroup", title: "club" },
      from: { id: 5_000_077, is_bot: false, first_name: "dora" },
    };

    fake.pushes("edited_message", edited);
    await bench.delivered("first heard");
    fake.pushes("message", { ...edited, edit_date: undefined });

    await bench.asks("and then", { ...CLUB, mentionsBot: true });
    assert.equal(bench.times("first heard"), 1);
  });

  test("that leaves a message as it was without a mention answers nothing", async () => {
    const said = await fake.says("echo quiet", CLUB);
    await bench.decided("echo quiet");

    await fake.edits(said, "/echo still quiet for others");
    await bench.asks("marker", { ...CLUB, mentionsBot: true });

    assert.equal(bench.times("still quiet for others"), 0);
  });

  test("what cannot be read is recorded as unread, with its kind and why", async () => {
    await fake.sends({ pinned_message: { message_id: 1, date: 0, chat: { id: 1, type: "private" } } });
    await bench.asks("after the pin");

    const { entries } = await bench.operator.call("inbox.list", { limit: 50 });
    const entry = entries.find(({ outcome }: { outcome?: string }) => outcome === "unread");
    assert.deepEqual(
      [entry.rule, entry.detail],
      ["pinned_message", "Somebody pinned a message. Nobody is asked anything by that."],
    );
  });
});

test("Telegram: a live place that moves 40 times is one line, the newest", async () => {
  await using model = await fakeOpenAI();
  const fake = await fakeTelegram();
  await using bench = await withModel(async () => fake, model);
  const place = (latitude: number) => ({ location: { latitude, longitude: 16, live_period: 900 } });
  const said = await fake.sends(place(48));
  await bench.delivered("Hello from the model.");
  const now = Math.floor(Date.now() / 1000);
  for (let move = 1; move <= 40; move++)
    fake.pushes("edited_message", {
      ...{ message_id: Number(said.id), date: now, edit_date: now + move, ...place(48 + move / 100) },
      chat: { id: Number(said.chatId), type: "private", first_name: "alice" },
      from: { id: Number(said.senderId), is_bot: false, first_name: "alice" },
    });

  const request = await asked(model, () => fake.says("where am I?"));

  const places = turnsOf(request).match(/Place, live: .*/g);
  assert.deepEqual(places, ["Place, live: 48, 16", "Place, live: 48.4, 16"]);
});

test("WhatsApp: a live place whose positions come as messages is one message, the newest", async () => {
  await using model = await fakeOpenAI();
  const fake: FakeWhatsApp = await fakeWhatsApp();
  await using _bench = await withModel(async () => fake, model);
  for (let move = 0; move <= 40; move++)
    await fake.sends({ liveLocationMessage: { degreesLatitude: 48 + move / 100, degreesLongitude: 16 } }, CLUB);

  const request = await asked(model, () => fake.says("where is alice?", { ...CLUB, mentionsBot: true }));

  assert.deepEqual(turnsOf(request).match(/Place, live: .*/g), ["Place, live: 48.4, 16"]);
});

describe("WhatsApp, as phones and businesses send it", () => {
  let model: ModelServer;
  let fake: FakeWhatsApp;
  let bench: ChannelBench;
  before(async () => {
    model = await fakeOpenAI();
    fake = await fakeWhatsApp();
    bench = await withModel(async () => fake, model);
  });
  after(async () => {
    await bench[Symbol.asyncDispose]();
    await model[Symbol.asyncDispose]();
  });

  test("a message with buttons is a card with their words", async () => {
    const buttons = ["Tea", "Coffee"].map((displayText, index) => ({
      ...{ buttonId: `b${index}`, buttonText: { displayText }, type: 1 },
    }));

    const request = await asked(model, () =>
      fake.sends({
        buttonsMessage: {
          ...{
            text: "Your breakfast",
            headerType: 2,
            contentText: "What do you drink?",
            footerText: "The hotel",
            buttons,
          },
        },
      }),
    );

    const said = turnsOf(request);
    for (const words of ["Your breakfast", "What do you drink?", "The hotel", "Tea", "Coffee"])
      assert.ok(said.includes(words), `“${words}” is missing in ${said}`);
  });

  for (const wrapper of ["viewOnceMessage", "viewOnceMessageV2", "viewOnceMessageV2Extension"] as const)
    test(`what can be opened once and comes all the same is read: ${wrapper}`, async () => {
      const message = { conversation: `said in ${wrapper}.` };

      const request = await asked(model, () => fake.sends({ [wrapper]: { message } }));

      assert.match(turnsOf(request), new RegExp(`said in ${wrapper}\\.`));
    });

  test("what only the phone may open once is named, and not lost", async () => {
    const request = await asked(model, async () => fake.withholds("view_once"));

    assert.match(turnsOf(request), /a photo, video or voice message that can be opened once/);
  });
});

test("BlueBubbles: a file that comes after its message is taken in with it", async () => {
  await using model = await fakeOpenAI();
  const fake: FakeBlueBubbles = await fakeBlueBubbles();
  await using bench = await withModel(async () => fake, model);

  const request = await asked(model, async () => {
    const said = await fake.says("", { files: [png], fields: { text: "\uFFFC", attachments: [] } });
    for (let heard = 0; heard === 0; ) heard = (await bench.operator.call("inbox.list", {})).entries.length;
    await fake.tellsAgain(said);
  });

  assert.equal(picturesIn(request), 1);
  await until(fake, "one answer", () => fake.delivered.length === 1);
  const { entries } = await bench.operator.call("inbox.list", {});
  const heard = entries.filter(({ rule }: { rule?: string }) => rule !== "own-echo");
  assert.deepEqual(heard.map(({ kind }: { kind: string }) => kind).toSorted(), ["files", "message"]);
});

test("a reply to a picture of somebody else shows the model the picture", async () => {
  await using model = await fakeOpenAI();
  const fake = await fakeTelegram();
  await using _bench = await withModel(async () => fake, model);
  const { id } = await fake.says("", { ...CLUB, from: "bob", files: [png] });

  const request = await asked(model, () => fake.says("what is this?", { ...CLUB, replyTo: id, mentionsBot: true }));

  assert.equal(picturesIn(request), 1);
  const quote = framesIn(turnsOf(request)).find(({ about }) => about.startsWith("earlier words of telegram:"));
  assert.match(quote!.text, /\[image\]/);
});

for (const target of ["SMS;-;+15550177", "sms:+15550177"])
  test(`BlueBubbles: what is sent to ${target} goes by SMS`, async () => {
    const fake = await fakeBlueBubbles();
    await using bench = await ChannelBench.start(async () => fake);
    await bench.operator.call("send", {
      ...{ channel: "imessage", to: target, message: "by text" },
      idempotencyKey: `sms-${target}`,
    });

    assert.match((await bench.delivered("by text")).chatId, /^sms/i);
  });
