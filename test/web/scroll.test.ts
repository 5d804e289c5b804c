// A conversation opens at the first message that was not read, else at its end, and stays there until its reader scrolls.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Locator } from "playwright-core";
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

test("a conversation opens at the first message that was not read, below a line that says so", async () => {
  const title = await conversationOf(50);
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await chat.signIn();
  await open(chat, title);
  await restingDistance(chat);
  await page.getByRole("button", { name: /^Main/ }).click();
  await page.getByRole("heading", { name: "Main" }).waitFor();
  for (let index = 1; index <= 30; index++) await inject(title, `News ${index}.\n\nIt has two paragraphs.`);

  await page.locator("button.session", { hasText: title }).click(); // its name begins with "Unread"
  await chat.shows("News 30.");
  const distance = await restingDistance(chat);
  const line = await placeOf(page.getByRole("separator", { name: "New messages" }));
  const first = await placeOf(chat.messages.filter({ hasText: "News 1." }).first());
  await chat.photograph("first-unread-desktop-light");
  await page.getByRole("button", { name: "Go to the latest message" }).click();
  const latest = await restingDistance(chat);
  await page.reload();
  await chat.shows("News 30.");
  const reloaded = await restingDistance(chat);

  assert.ok(distance > 500, `it opened ${distance} px from the end`);
  assert.ok(line > 0 && line < 30 && first > line, `the line stands at ${line} px, the first message at ${first} px`);
  assert.deepEqual([latest, reloaded], [0, 0]);
  assert.equal(await page.getByRole("separator", { name: "New messages" }).count(), 0);
});

test("where all that was not read can be seen, a conversation opens at its end and goes on from there", async () => {
  const title = await conversationOf(50);
  await using chat = await openWebChat(browser, gateway);
  await chat.signIn();
  await open(chat, title);
  await restingDistance(chat);
  await chat.page.goto("about:blank");
  await inject(title, "The only news.");

  await chat.signIn();
  await chat.shows("The only news.");
  const opened = await restingDistance(chat);
  const line = await placeOf(chat.page.getByRole("separator", { name: "New messages" }));
  await inject(title, "More news.");
  await chat.shows("More news.");
  const followed = await restingDistance(chat);

  assert.ok(line > 0, "the line is in view");
  assert.deepEqual([opened, followed], [0, 0]);
});

async function open(chat: WebChat, title: string): Promise<void> {
  await chat.page.getByRole("button", { name: new RegExp(`^${title}`) }).click();
  await chat.shows(`The end of ${title}.`);
}

async function inject(title: string, message: string): Promise<void> {
  await operator.call("chat.inject", { sessionKey: keyOf(title), message });
}

/** How far below the top of the conversation's window something stands, in pixels. */
async function placeOf(locator: Locator): Promise<number> {
  return await locator.evaluate((element) => {
    const top = element.closest(".scroller")?.getBoundingClientRect().top ?? 0;
    return Math.round(element.getBoundingClientRect().top - top);
  });
}

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
