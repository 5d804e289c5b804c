// Nothing said is out of reach: what was before a reset, what a search finds, and what was asked again.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import type { Download } from "playwright-core";
import { fakeOpenAI } from "../fakes/openai.ts";
import { startBrowser } from "../support/browser.ts";
import { dropping, gatewayWith, openWebChat } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

const browser = await startBrowser();
const model = await fakeOpenAI();
const gateway = await gatewayWith(model);
const operator = await gateway.connect();
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

test("a conversation that begins anew keeps what was said above a line that says why", async () => {
  await using chat = await openWebChat(browser, gateway);
  await chat.signIn();
  await chat.page.getByRole("button", { name: "New conversation" }).click();
  await chat.say("My cat is called Mimi");
  await chat.shows("Hello from the model.");

  await chat.say("/new");
  await chat.page.getByText("A new conversation, as asked.").waitFor();
  await chat.say("Good morning");
  await chat.page.locator("moltbot-message", { hasText: "Good morning" }).waitFor();
  await chat.page.reload();
  await chat.shows("Good morning");
  await chat.shows("My cat is called Mimi");

  const texts = (await chat.page.locator(".column").textContent()) ?? "";
  assert.match(
    texts,
    /Mimi[\s\S]*A new conversation, as asked\.[\s\S]*no longer sees what is above[\s\S]*Good morning/,
  );
  assert.deepEqual(chat.problems, []);
});

test("older messages come page by page while their reader scrolls up, and what is read stays in its place", async () => {
  const sessionKey = "agent:main:long-ago";
  await operator.call("sessions.patch", { key: sessionKey, label: "Long ago" });
  for (let index = 0; index < 150; index++)
    await operator.call("chat.inject", { sessionKey, message: `line ${index}` });
  await operator.call("sessions.reset", { key: sessionKey });
  await operator.call("chat.inject", { sessionKey, message: "today" });
  await using chat = await openWebChat(browser, gateway);
  await chat.signIn();
  await chat.page.getByRole("button", { name: /^Long ago/ }).click();
  await chat.shows(/^\s*line 149/);
  const scroller = chat.page.locator("moltbot-thread .scroller");

  await scroller.hover();
  const first = chat.messages.filter({ hasText: /^\s*line 0\s/ });
  for (let turn = 0; turn < 400 && (await first.count()) === 0; turn++) {
    await chat.page.mouse.wheel(0, -500);
    await chat.page.evaluate("new Promise(requestAnimationFrame)");
  }

  const lines = (await chat.said()).filter((text) => text.startsWith("line"));
  assert.deepEqual(
    lines,
    Array.from({ length: 150 }, (_each, index) => `line ${index}`),
  );
});

test("search finds words of any conversation with sender, day and mark, and leads to the message", async () => {
  const sessionKey = "agent:main:gardening";
  await operator.call("sessions.patch", { key: sessionKey, label: "Gardening" });
  await operator.call("chat.inject", { sessionKey, message: "Plant the rhododendron in the shade." });
  for (let index = 0; index < 130; index++)
    await operator.call("chat.inject", { sessionKey, message: `leaf ${index}` });
  await operator.call("sessions.reset", { key: sessionKey });
  await operator.call("chat.inject", { sessionKey, message: "It is winter." });
  const asked: string[] = [];
  await using chat = await openWebChat(browser, gateway, {
    route: dropping((frame, from) => {
      if (from === "page" && frame.method === "sessions.search") asked.push(frame.method);
      return false;
    }),
  });
  await chat.signIn();

  const box = chat.page.getByRole("searchbox");
  await box.pressSequentially("Rhododéndr");
  const hit = chat.page.locator(".session.found");
  await hit.first().waitFor();
  const text = (await hit.first().textContent()) ?? "";
  const mark = await hit.first().locator("mark").textContent();
  await inspect(chat, "search-desktop");
  await hit.first().click();
  await chat.page.getByRole("heading", { name: "Gardening" }).waitFor();
  await chat.shows("Plant the rhododendron in the shade.");
  const target = chat.messages.filter({ hasText: "Plant the rhododendron" });
  await target.and(chat.page.locator(":visible")).waitFor();
  const box2 = await target.boundingBox();
  await box.fill("agent:main");
  await chat.page.getByText("No message holds “agent:main”").waitFor();

  assert.match(text, /Gardening[\s\S]*Moltbot: Plant the rhododendron/);
  assert.equal(mark, "rhododendron");
  assert.ok(box2 !== null && box2.y > 0 && box2.y < 800, "the message is in view");
  assert.ok(asked.length <= 4, `the gateway was asked ${asked.length} times`);
  assert.equal(await chat.page.locator(".sessions .session").count(), 0);
});

test("a reply can be asked for again, and a message written anew; what was there stays as an earlier version", async () => {
  await using chat = await openWebChat(browser, gateway);
  await chat.signIn();
  await chat.page.getByRole("button", { name: "New conversation" }).click();
  await chat.say("Tell me a joke");
  await chat.shows("Hello from the model.");
  model.script({ kind: "text", text: "A better joke." });

  await chat.page.getByRole("button", { name: "Ask for another answer" }).click();
  await chat.shows("A better joke.");
  await chat.page.getByRole("button", { name: "Edit and ask again" }).click();
  model.script({ kind: "text", text: "A riddle, then." });
  await chat.field.fill("Tell me a riddle");
  await chat.field.press("Enter");
  await chat.shows("A riddle, then.");
  const said = await chat.said();
  const versions = chat.page.locator("details.branch");
  await versions.last().locator("summary").click();
  await versions.last().getByText("A better joke.").waitFor();

  assert.deepEqual(said, ["Tell me a riddle", "A riddle, then."]);
  assert.equal(await versions.count(), 1);
  assert.equal(await versions.getByRole("button", { name: /again|another/ }).count(), 0);
  assert.deepEqual(chat.problems, []);
});

test("a failed reply has a button that tries again", async () => {
  model.script({ kind: "status", status: 401, message: "bad key" });
  await using chat = await openWebChat(browser, gateway);
  await chat.signIn();
  await chat.page.getByRole("button", { name: "New conversation" }).click();
  await chat.say("Are you there?");
  await chat.page.locator(".from-agent .failure").waitFor();

  await chat.page.getByRole("button", { name: "Try again" }).click();
  await chat.shows("Hello from the model.");

  assert.deepEqual(await chat.said(), ["Are you there?", "Hello from the model."]);
});

test("a conversation has an address, Back leads to the one before, and a reload stays", async () => {
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await chat.signIn();
  await page.getByRole("button", { name: /^Gardening/ }).click();
  await page.getByRole("heading", { name: "Gardening" }).waitFor();
  const address = new URL(page.url()).hash;
  await page.getByRole("button", { name: /^Long ago/ }).click();
  await page.getByRole("heading", { name: "Long ago" }).waitFor();

  await page.goBack();
  await page.getByRole("heading", { name: "Gardening" }).waitFor();
  const title = await page.title();
  await page.reload();
  await page.getByRole("heading", { name: "Gardening" }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { name: "Main" }).waitFor();

  assert.equal(address, "#chat/agent:main:gardening");
  assert.equal(title, "Gardening · Moltbot");
});

test("a conversation is pinned, put away, brought back, saved, and deleted only when nobody takes that back", async () => {
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await chat.signIn();
  const list = page.getByRole("list", { name: "Conversations", exact: true });

  await chat.act("Gardening", "Pin");
  await list.getByRole("heading", { name: "Pinned" }).waitFor();
  await chat.act("Gardening", "Archive");
  await list.locator("> li", { hasText: "Gardening" }).waitFor({ state: "detached" });
  await page.getByText("Archived conversations", { exact: true }).click();
  const away = page.getByRole("list", { name: "Archived conversations" });
  await away.getByRole("button", { name: "Actions for Gardening" }).click();
  await page.getByRole("menuitem", { name: "Bring back" }).click();
  await list.locator("> li .session", { hasText: "Gardening" }).first().waitFor();
  const saved = await Promise.all([page.waitForEvent("download"), chat.act("Long ago", "Save as Markdown")]);
  const asJson = await Promise.all([page.waitForEvent("download"), chat.act("Long ago", "Save as JSON")]);
  await chat.act("Long ago", "Delete");
  await list.getByRole("button", { name: /^Long ago/ }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Undo" }).click();
  await list.getByRole("button", { name: /^Long ago/ }).waitFor();

  const text = await textOf(saved[0]);
  const { title, transcripts } = JSON.parse(await textOf(asJson[0]));
  assert.equal(asJson[0].suggestedFilename(), "Long-ago.json");
  assert.equal(title, "Long ago");
  const saidInJson = transcripts.flatMap(({ messages }: { messages: { content: { text?: string }[] }[] }) =>
    messages.flatMap(({ content }) => content.flatMap((part) => part.text ?? [])),
  );
  assert.equal(saidInJson.filter((each: string) => each === "line 0" || each === "line 149").length, 2);
  assert.match(text, /^# Long ago\n/);
  assert.match(text, /line 0\n[\s\S]*line 149\n[\s\S]*---\n\n_The conversation was emptied\._[\s\S]*today\n$/);
  assert.deepEqual(chat.problems, []);
});

test("Enter that confirms a word of an input method does not send", async () => {
  await using chat = await openWebChat(browser, gateway);
  await chat.signIn();
  await chat.page.getByRole("button", { name: "New conversation" }).click();
  await chat.field.fill("日本");
  const press = (init: object) =>
    chat.field.evaluate(
      (field, given) =>
        field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...given })),
      init,
    );

  await press({ isComposing: true });
  await press({ keyCode: 229 });
  const kept = await chat.field.inputValue();
  await chat.field.press("Enter");
  await chat.shows("日本");

  assert.equal(kept, "日本");
});

async function textOf(download: Download): Promise<string> {
  return readFileSync(await download.path(), "utf8");
}
