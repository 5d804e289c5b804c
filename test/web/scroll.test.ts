// A conversation opens at its end and stays there until its reader scrolls up.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { startBrowser } from "../support/browser.ts";
import { gatewayWith, openWebChat, type WebChat } from "../support/webchat.ts";

const browser = await startBrowser();
const model = await fakeOpenAI();
const gateway = await gatewayWith(model);
const operator = await gateway.connect();
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

/** A wide picture, so that its height is known only when it has been read. */
const PICTURE =
  "data:image/svg+xml;base64," +
  Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="400" height="600"/>').toString("base64");

for (const count of [50, 500]) {
  test(`opening and reloading a conversation of ${count} messages ends at the newest one`, async () => {
    const title = await conversationOf(count);
    await using chat = await openWebChat(browser, gateway);
    await chat.signIn();

    await chat.page.getByRole("button", { name: new RegExp(`^${title}`) }).click();
    await chat.shows(`The end of ${title}.`);
    const opened = await restingDistance(chat);
    await chat.page.reload();
    await chat.shows(`The end of ${title}.`);
    const reloaded = await restingDistance(chat);

    assert.deepEqual([opened, reloaded], [0, 0]);
    assert.equal(await chat.page.getByRole("button", { name: "Go to the latest message" }).count(), 0);
  });
}

test("a growing reply is followed, also while a picture above it takes its room", async () => {
  const rest = Promise.withResolvers<void>();
  model.script({
    kind: "text",
    text: [`${"A line of the reply.\n\n".repeat(30)}`, "And its end."],
    hold: rest.promise,
  });
  const title = await conversationOf(50);
  await using chat = await openWebChat(browser, gateway);
  await chat.signIn();
  await chat.page.getByRole("button", { name: new RegExp(`^${title}`) }).click();
  await chat.shows(`The end of ${title}.`);

  await chat.say("Go on");
  await chat.shows("A line of the reply.");
  const growing = await restingDistance(chat);
  await chat.page.evaluate(async (source) => {
    const image = new Image();
    document.querySelectorAll("moltbot-message .body")[3]?.append(image);
    image.src = source;
    await image.decode();
  }, PICTURE);
  const pictured = await restingDistance(chat);
  rest.resolve();
  await chat.shows("And its end.");
  const ended = await restingDistance(chat);

  assert.deepEqual([growing, pictured, ended], [0, 0, 0]);
});

test("scrolling up stops the following, and the end brings it back", async () => {
  const title = await conversationOf(50);
  await using chat = await openWebChat(browser, gateway);
  await chat.signIn();
  await chat.page.getByRole("button", { name: new RegExp(`^${title}`) }).click();
  await chat.shows(`The end of ${title}.`);
  await restingDistance(chat);
  const sayElsewhere = (message: string) =>
    operator.call("chat.send", { sessionKey: keyOf(title), message, idempotencyKey: `${title} ${message}` });

  await chat.page.locator("moltbot-thread .scroller").hover();
  await chat.page.mouse.wheel(0, -600);
  await chat.page.getByRole("button", { name: "Go to the latest message" }).waitFor();
  await sayElsewhere("Something new");
  await chat.shows("Something new");
  const stayed = await restingDistance(chat);
  await chat.page.getByRole("button", { name: "Go to the latest message" }).click();
  await sayElsewhere("Something newer");
  await chat.shows("Something newer");
  const followed = await restingDistance(chat);

  assert.ok(stayed >= 400, `it stayed ${stayed} px from the end`);
  assert.equal(followed, 0);
});

let conversations = 0;

/** Makes a conversation of so many messages; returns the name that it is listed by. */
async function conversationOf(count: number): Promise<string> {
  const title = `Talk ${++conversations}`;
  const sessionKey = keyOf(title);
  await operator.call("sessions.patch", { key: sessionKey, label: title });
  for (let index = 1; index < count; index++)
    await operator.call("chat.inject", { sessionKey, message: `Message ${index}.\n\nIt has two paragraphs.` });
  await operator.call("chat.inject", { sessionKey, message: `The end of ${title}.` });
  return title;
}

function keyOf(title: string): string {
  return `agent:main:${title.toLowerCase().replace(" ", "-")}`;
}

/** How far the end of the conversation is when nothing moves any more, in pixels. */
async function restingDistance(chat: WebChat): Promise<number> {
  return await chat.page.locator("moltbot-thread .scroller").evaluate(async (scroller) => {
    const frame = () => new Promise(requestAnimationFrame);
    let still = 0;
    let before = "";
    while (still < 10) {
      await frame();
      const now = `${scroller.scrollTop} ${scroller.scrollHeight}`;
      still = now === before ? still + 1 : 0;
      before = now;
    }
    return Math.round(scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight);
  });
}
