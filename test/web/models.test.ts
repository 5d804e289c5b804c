// A newcomer connects a model in the page, and what was waiting is answered.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { startBrowser } from "../support/browser.ts";
import { gatewayWith, openWebChat } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

const browser = await startBrowser();
const model = await fakeOpenAI();
const gateway = await gatewayWith();
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

test("without a model the built-in agent greets and reckons, and the page leads to the models", async () => {
  await using chat = await openWebChat(browser, gateway, { size: "phone" });
  await chat.signIn();
  await chat.say("hello");
  await chat.shows("Hello! What can I do for you?");
  await chat.say("what is 17*23");
  await chat.shows("17 × 23 = 391");
  await inspect(chat, "no-model-phone");

  await chat.page.getByRole("button", { name: "Connect a model" }).click();
  await chat.page.getByRole("heading", { name: "With a key" }).waitFor();
  await chat.page.getByText("No model server was found").waitFor();

  await inspect(chat, "models-phone");
  assert.deepEqual(chat.problems, []);
});

test("a wrong key is explained, the right one connects, and the message that waited is answered", async () => {
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await chat.signIn();
  await page.getByRole("button", { name: "New conversation" }).click();
  await chat.say("Who wrote Faust?");
  await chat.shows(/built-in command agent/);

  await page.getByRole("button", { name: "Connect a model" }).click();
  await page.getByRole("button", { name: /Another provider/ }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("local");
  await page.getByRole("textbox", { name: "Address" }).fill(model.baseUrl);
  await page.getByRole("textbox", { name: "Model" }).fill("fake-model");
  await page.getByLabel("API key").fill("a-wrong-key");
  model.script({ kind: "status", status: 401, message: "bad key" });
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  const problem = await page.getByRole("alert").textContent();
  await inspect(chat, "models-desktop");
  await page.getByLabel("API key").fill("a-right-key");
  model.script({ kind: "text", text: "Yes." }, { kind: "text", text: "Goethe did." });
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await chat.shows("Goethe did.");

  assert.match(problem ?? "", /key/);
  assert.deepEqual(await chat.said(), ["Who wrote Faust?", "Goethe did."]);
  assert.equal(await page.getByRole("button", { name: "Connect a model" }).count(), 0);
  assert.deepEqual(chat.problems, []);
});
