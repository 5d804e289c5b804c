import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { startBrowser } from "../support/browser.ts";
import { gatewayWith, openWebChat, type WebChat } from "../support/webchat.ts";

const browser = await startBrowser();
const model = await fakeOpenAI();
const gateway = await gatewayWith(model);
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

const list = (more: object = {}) => ({ name: "sessions_list", arguments: more });

/** What a reader sees of the last reply, from top to bottom: its texts and the lines of its tools. */
async function lastReply(chat: WebChat): Promise<string[]> {
  const parts = chat.messages.last().locator(".markdown, .call > summary, .folded > summary");
  const texts = await parts.evaluateAll((all) => all.map((each) => each.textContent ?? ""));
  return texts.map((text) =>
    text
      .replace(/\d+ ms|\d\.\d s/g, "")
      .replace(/\s+/g, " ")
      .trim(),
  );
}

async function inNewConversation(chat: WebChat): Promise<void> {
  await chat.signIn();
  await chat.page.getByRole("button", { name: "New conversation" }).click();
}

test("tools stand between the texts of the turns, as they happen and after a reload", async () => {
  const rest = Promise.withResolvers<void>();
  model.script({ kind: "turn", text: "Let me look.", calls: [list({ limit: 3 }), { name: "nothing", arguments: {} }] });
  model.script({ kind: "text", text: ["There is ", "one."], hold: rest.promise });
  await using chat = await openWebChat(browser, gateway);
  await inNewConversation(chat);

  await chat.say("What is there?");
  await chat.shows("There is");
  const growing = await lastReply(chat);
  rest.resolve();
  await chat.page.getByRole("button", { name: "Copy reply" }).waitFor();
  const finished = await lastReply(chat);
  await chat.page.reload();
  await chat.page.getByRole("button", { name: "Copy reply" }).waitFor();

  const tools = ["sessions_list limit: 3 done", "nothing failed"];
  assert.deepEqual(growing, ["Let me look.", ...tools, "There is"]);
  assert.deepEqual(finished, ["Let me look.", ...tools, "There is one."]);
  assert.deepEqual(await lastReply(chat), finished);
  assert.match((await chat.page.locator(".duration").first().textContent()) ?? "", /^\d+ ms$/);
  assert.deepEqual(chat.problems, []);
});

test("a tool that is opened shows its arguments and its answer", async () => {
  model.script({ kind: "turn", calls: [list({ search: "milk" })] }, { kind: "text", text: "Nothing." });
  await using chat = await openWebChat(browser, gateway);
  await inNewConversation(chat);
  await chat.say("Where did I write of milk?");
  await chat.shows("Nothing.");

  await chat.page.getByText("sessions_list").click();

  const card = chat.page.locator(".call");
  await card.getByRole("group", { name: "Arguments" }).filter({ hasText: '"search": "milk"' }).waitFor();
  await card.getByRole("group", { name: "Result" }).filter({ hasText: "There is no such conversation." }).waitFor();
});

test("many calls fold into one line, which opens", async () => {
  for (let turn = 0; turn < 6; turn++) model.script({ kind: "turn", calls: [list({ limit: turn + 1 }), list()] });
  model.script({ kind: "text", text: "Looked everywhere." });
  await using chat = await openWebChat(browser, gateway);
  await inNewConversation(chat);
  await chat.say("Look everywhere");
  await chat.shows("Looked everywhere.");
  const folded = await lastReply(chat);

  await chat.page.getByText("12 tool calls").click();

  assert.deepEqual(folded, ["12 tool calls sessions_list", "Looked everywhere."]);
  await chat.page.locator(".call").nth(11).waitFor();
  assert.deepEqual(chat.problems, []);
});

test("what the model thinks can be watched where the conversation asks for it, and is there after a reload", async () => {
  await using chat = await openWebChat(browser, gateway);
  const client = await gateway.connect({ scopes: ["operator.admin"] });
  await inNewConversation(chat);
  await chat.say("First");
  await chat.shows("Hello from the model.");
  const [{ key }] = (await client.call("sessions.list", { limit: 1 })).sessions;
  await client.call("sessions.patch", { key, reasoningLevel: "stream" });
  const rest = Promise.withResolvers<void>();
  model.script({ kind: "turn", reasoning: "They want a greeting.", calls: [list()] });
  model.script({ kind: "text", text: ["Hello ", "again."], hold: rest.promise });

  await chat.say("Greet me");
  await chat.shows(/^\s*Thinking/);
  await chat.shows(/Hello\s*$/);
  const growing = await lastReply(chat);
  rest.resolve();
  await chat.shows("Hello again.");
  await chat.page.reload();
  await chat.shows("Hello again.");

  assert.deepEqual(growing, ["Thinking They want a greeting.", "sessions_list done", "Hello"]);
  assert.deepEqual(await lastReply(chat), ["Thinking They want a greeting.", "sessions_list done", "Hello again."]);
});

test("a summary is a line in the conversation, which can be taken back", async () => {
  await using chat = await openWebChat(browser, gateway);
  await inNewConversation(chat);
  await chat.say("My cat is called Mog");
  await chat.shows("Hello from the model.");
  model.script({ kind: "text", text: "Nothing else?" });
  await chat.say("Remember that");
  await chat.shows("Nothing else?");
  model.script({ kind: "text", text: "A cat called Mog." });

  await chat.say("/compact");
  await chat.page.getByText("Summarised up to here").waitFor();
  await chat.page.getByText("The summary").click();
  await chat.page.getByText("A cat called Mog.").waitFor();
  await chat.page.reload();
  await chat.page.getByRole("button", { name: "Undo", exact: true }).click();
  await chat.page.getByRole("dialog").getByRole("button", { name: "Undo", exact: true }).click();

  await chat.page.getByText("Summarised up to here").waitFor({ state: "detached" });
  assert.deepEqual(chat.problems, []);
});

test("after a reload in the middle, the reply goes on where it was", async () => {
  const rest = Promise.withResolvers<void>();
  model.script({ kind: "turn", text: "First.", calls: [list()] });
  model.script({ kind: "text", text: ["Then ", "the end."], hold: rest.promise });
  await using chat = await openWebChat(browser, gateway);
  await inNewConversation(chat);
  await chat.say("Slowly");
  await chat.shows("Then");

  await chat.page.reload();
  await chat.shows("First.");
  await chat.page.getByRole("button", { name: "Stop the reply" }).waitFor();
  rest.resolve();
  await chat.shows("Then the end.");

  assert.deepEqual(await lastReply(chat), ["First.", "sessions_list done", "Then the end."]);
  assert.deepEqual(chat.problems, []);
});

test("a message behind a reply waits for its turn, and can be taken out of the queue", async () => {
  const rest = Promise.withResolvers<void>();
  model.script({ kind: "text", text: ["A long ", "story."], hold: rest.promise });
  await using chat = await openWebChat(browser, gateway);
  await inNewConversation(chat);
  await chat.say("Tell me a story");
  await chat.shows("A long");

  await chat.say("And another");
  const waiting = chat.page.getByRole("group", { name: "Waiting for its turn" });
  await waiting.getByRole("button", { name: "Stop" }).click();
  await chat.page.getByText("Stopped", { exact: true }).waitFor();
  rest.resolve();

  await chat.shows("A long story.");
  assert.equal(await chat.messages.filter({ hasText: "Hello from the model." }).count(), 0);
});
