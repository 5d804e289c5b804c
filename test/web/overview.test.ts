// The overview: one sentence, what waits with its button, the last day, and who is connected; live for two people at once.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fakeTelegram } from "@moltbot/fakes";
import { startBrowser } from "../support/browser.ts";
import { testGateway } from "../support/gateway.ts";
import { allowing, openWebChat, SIZES, type WebChat } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

const browser = await startBrowser();
const platform = await fakeTelegram();
const config = { models: { detectLocal: false }, channels: { telegram: platform.settings } };
const gateway = await testGateway({ config: JSON.stringify(config) });
await platform.linked();
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

async function open(chat: WebChat, size: keyof typeof SIZES = "desktop"): Promise<void> {
  await chat.signIn();
  if (size === "phone") await chat.page.getByRole("button", { name: "Show conversations" }).click();
  await chat.page.getByRole("button", { name: /^Overview/ }).click();
  await chat.page.getByRole("heading", { name: "The last 24 hours" }).waitFor();
}

test("a healthy gateway says so in one sentence", async () => {
  await using chat = await openWebChat(browser, gateway);
  await open(chat);

  await chat.page.getByText("All is well. Nothing waits for you.").waitFor();
  await chat.page.getByRole("heading", { name: "Connected now" }).waitFor();
  assert.deepEqual(chat.problems, []);
});

for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
  test(`who waits stands on the list with a button, on a ${size}, light and dark`, async () => {
    await using chat = await openWebChat(browser, gateway, { size });
    const { page } = chat;
    const name = `mona${size}`;
    await open(chat, size);

    await platform.says("hello", { from: name });
    await page.getByText("One thing waits for you.").waitFor();
    await inspect(chat, `overview-${size}`);
    await page.getByRole("button", { name: `Let in: ${name} wants to write to the agent` }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Let in" }).click();
    await page.getByText("All is well. Nothing waits for you.").waitFor();

    assert.deepEqual(chat.problems, []);
  });
}

test("what one person does the other sees without a reload, and the day counts it", async () => {
  await using one = await openWebChat(browser, gateway);
  await using other = await openWebChat(browser, gateway);
  await open(one);
  await open(other);

  await platform.says("hello", { from: "twice" });
  await other.page.getByText("One thing waits for you.").waitFor();
  await one.page.getByRole("button", { name: /^Let in: twice/ }).click();
  await one.page.getByRole("dialog").getByRole("button", { name: "Let in" }).click();
  await other.page.getByText("All is well. Nothing waits for you.").waitFor();
  await platform.says("/version", { from: "twice" });

  await other.page
    .locator(".figures")
    .getByText(/^[1-9]\d* in, [1-9]\d* out$/)
    .waitFor();
  assert.deepEqual([...one.problems, ...other.problems], []);
});

test("a device that may only read is offered nothing that would be refused", async () => {
  await using chat = await openWebChat(browser, gateway, { route: allowing(["operator.read"]) });
  await open(chat);

  await platform.says("hello", { from: "unseen" });

  assert.equal(await chat.page.locator("moltbot-overview .card-actions button").count(), 0);
  assert.deepEqual(chat.problems, []);
});

test("what waits explains itself, with the command that does it", async () => {
  await using chat = await openWebChat(browser, gateway);
  await open(chat);
  await platform.says("hello", { from: "curious" });

  await chat.page.getByRole("button", { name: /^Why: curious/ }).click();
  const drawer = chat.page.getByRole("dialog");
  await drawer.getByText("nothing that they write reaches the agent until you let them in").waitFor();
  await drawer.getByText(/moltbot pairing approve telegram \w+/).waitFor();
  await chat.page.keyboard.press("Escape");

  assert.match(String(await chat.page.evaluate("document.activeElement.getAttribute('aria-label')")), /^Why: curious/);
  assert.deepEqual(chat.problems, []);
});
