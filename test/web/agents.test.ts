import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { startBrowser } from "../support/browser.ts";
import { testGateway } from "../support/gateway.ts";
import { openWebChat } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

const browser = await startBrowser();
const model = await fakeOpenAI();
const config = {
  agents: {
    defaults: {
      model: { primary: "fake/fake-model", fallbacks: ["fake/spare"] },
      models: { "fake/spare": { alias: "second" } },
    },
    list: [
      { id: "main", name: "Molty", default: true },
      { id: "work", name: "Clerk", identity: { emoji: "📎" } },
    ],
  },
  budgets: { daily: { tokens: 1_000 } },
  models: {
    detectLocal: false,
    providers: {
      fake: { api: "openai-compatible", baseUrl: model.baseUrl, models: [{ id: "fake-model" }, { id: "spare" }] },
    },
  },
};
const gateway = await testGateway({ config: JSON.stringify(config) });
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

test("where there are several agents, each can be talked to, and the list says which one it is", async () => {
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await chat.signIn();

  await page.getByText("with another agent").click();
  await inspect(chat, "agents-desktop");
  await page.getByRole("button", { name: /New conversation with Clerk/ }).click();
  await chat.say("Hello Clerk");
  await chat.shows("Hello from the model.");

  const client = await gateway.connect({ scopes: ["operator.admin"] });
  const { sessions } = await client.call("sessions.list", {});
  assert.deepEqual(
    sessions.map(({ key }: { key: string }) => key.split(":")[1]),
    ["work"],
  );
  const row = page.getByRole("list", { name: "Conversations" }).locator("li.open");
  await row.getByText("📎 Clerk").waitFor();
  assert.deepEqual(chat.problems, []);
});

test("the foot of the list says what models took, and how much of the budget is used", async () => {
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await chat.signIn();
  await page.getByRole("button", { name: "New conversation", exact: true }).click();
  model.script({ kind: "turn", text: "Counted.", usage: { input: 400, output: 50 } });

  await chat.say("Count");
  await chat.shows("Counted.");
  await page.getByText(/^Today \d+ tokens/).click();
  const panel = page.getByRole("group", { name: "Usage" });
  await panel.getByText("450 tokens", { exact: true }).first().waitFor();
  await inspect(chat, "usage-desktop");
  const text = (await panel.textContent()) ?? "";
  await page.keyboard.press("Escape");

  assert.match(text, /This conversation\s*450 tokens\s*400 in, 50 out/);
  assert.match(text, /\d+ of 1k tokens\s*budgets\.daily\.tokens/);
  await panel.waitFor({ state: "hidden" });
  assert.deepEqual(chat.problems, []);
});

test("another model than the chosen one never answers silently, also after a reload", async () => {
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await chat.signIn();
  await page.getByRole("button", { name: "New conversation", exact: true }).click();
  model.script({ kind: "status", status: 402, message: "no credit" });

  await chat.say("Anybody there?");
  await page.getByText("last reply: spare").waitFor();
  await page.reload();
  await chat.shows("Hello from the model.");

  await page.getByText("last reply: spare").waitFor();
  await chat.shows(/fake\/fake-model did not answer \(no credit left\); fake\/spare answers instead\./);
  const choice = page.getByRole("combobox", { name: "Model" });
  assert.equal(await choice.inputValue(), "fake/fake-model");
  assert.deepEqual(await choice.locator("option").allTextContents(), ["fake-model", "spare · second"]);
  await choice.selectOption("fake/spare");
  await page.getByText("last reply: spare").waitFor({ state: "detached" });
  assert.deepEqual(chat.problems, []);
});
