import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { startBrowser } from "../support/browser.ts";
import { gatewayWith, openWebChat } from "../support/webchat.ts";

const browser = await startBrowser();
const model = await fakeOpenAI();
const gateway = await gatewayWith(model);
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

test("a slash shows the commands; letters narrow them, Enter takes one and Enter again sends it", async () => {
  await using chat = await openWebChat(browser, gateway);
  const menu = chat.page.getByRole("listbox", { name: "Commands" });
  await chat.signIn();

  await chat.field.pressSequentially("/");
  await menu.getByRole("option", { name: /^\/help/ }).waitFor();
  await menu.getByRole("option", { name: /^\/time/ }).waitFor();
  await chat.field.pressSequentially("vers");
  const left = await menu.getByRole("option").allTextContents();
  await chat.field.press("Enter");
  const taken = await chat.field.inputValue();
  await chat.field.press("Enter");
  await chat.shows(/^\s*moltbot \d/);

  assert.equal(left.length, 1);
  assert.equal(taken.trim(), "/version");
  assert.deepEqual(chat.problems, []);
});

test("arrows move through the menu, and Escape closes it without stopping anything", async () => {
  await using chat = await openWebChat(browser, gateway);
  const menu = chat.page.getByRole("listbox", { name: "Commands" });
  const chosen = () => menu.locator("[aria-selected=true] .title").textContent();
  await chat.signIn();

  await chat.field.pressSequentially("/");
  await menu.waitFor();
  const first = await chosen();
  await chat.field.press("ArrowDown");
  const second = await chosen();
  await chat.field.press("ArrowUp");
  const back = await chosen();
  const active = await chat.field.getAttribute("aria-activedescendant");
  await chat.field.press("Escape");
  await menu.waitFor({ state: "detached" });

  assert.notEqual(first, second);
  assert.equal(back, first);
  assert.equal(active, "completion-0");
  assert.equal(await chat.field.inputValue(), "/");
});

test("words that may follow a command can be chosen by touch", async () => {
  await using chat = await openWebChat(browser, gateway, { size: "phone" });
  const menu = chat.page.getByRole("listbox", { name: "Commands" });
  await chat.signIn();

  await chat.field.pressSequentially("/usag");
  await menu.getByRole("option", { name: /^\/usage/ }).tap();
  await menu.getByRole("option", { name: "tokens" }).tap();

  assert.equal(await chat.field.inputValue(), "/usage tokens");
  await menu.waitFor({ state: "detached" });
  assert.deepEqual(chat.problems, []);
});
