// The usage page: the chart with the budget, a click that filters, the table, the file; in all looks.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { startBrowser } from "../support/browser.ts";
import { testGateway } from "../support/gateway.ts";
import { openWebChat, SIZES, type WebChat } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

const browser = await startBrowser();
const model = await fakeOpenAI();
const gateway = await testGateway({
  config: JSON.stringify({
    models: {
      detectLocal: false,
      providers: { fake: { api: "openai-compatible", baseUrl: model.baseUrl, models: [{ id: "fake-model" }] } },
    },
    agents: { defaults: { model: "fake/fake-model" } },
    budgets: { daily: { tokens: 5_000_000 } },
  }),
});
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

async function open(chat: WebChat, size: keyof typeof SIZES = "desktop"): Promise<void> {
  await chat.signIn();
  model.script({ kind: "text", text: "Of course." });
  await chat.say("Hello");
  await chat.shows("Of course.");
  if (size === "phone") await chat.page.getByRole("button", { name: "Show conversations" }).click();
  await chat.page.getByRole("list", { name: "Gateway" }).getByRole("button", { name: "Usage" }).click();
  await chat.page.getByRole("table", { name: "What models took" }).waitFor();
}

for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
  test(`everyone can see what was taken, on a ${size}, light and dark`, async () => {
    await using chat = await openWebChat(browser, gateway, { size });
    await open(chat, size);
    await chat.page.getByText("the dashed line is the daily budget").waitFor();

    await inspect(chat, `usage-${size}`);

    assert.deepEqual(chat.problems, []);
  });
}

test("a row filters the chart and every other table, and a day filters the table", async () => {
  await using chat = await openWebChat(browser, gateway);
  await open(chat);
  const { page } = chat;
  const table = page.getByRole("table", { name: "What models took" });

  await table.getByRole("button", { name: "fake/fake-model", exact: true }).click();
  await page.getByRole("button", { name: "Take off: Model fake/fake-model" }).waitFor();
  await page.getByRole("button", { name: "Conversation", exact: true }).click();
  await table.getByRole("button", { name: "Main", exact: true }).waitFor();
  const first = page.locator(".bar").first();
  await first.focus();
  await page.keyboard.press("Enter");
  await page.getByText("Nothing here").waitFor();
  await page.getByRole("button", { name: /^Take off: Day/ }).click();
  await table.waitFor();

  assert.deepEqual(chat.problems, []);
});

test("the table is exported as a file that a spreadsheet reads", async () => {
  await using chat = await openWebChat(browser, gateway);
  await open(chat);

  const [download] = await Promise.all([
    chat.page.waitForEvent("download"),
    chat.page.getByRole("button", { name: "Export as CSV" }).click(),
  ]);
  const text = readFileSync(await download.path(), "utf8");

  assert.equal(download.suggestedFilename(), "usage-by-model.csv");
  assert.match(text, /^name,calls,input,output,.*\r\nfake\/fake-model,\d+,/);
  assert.deepEqual(chat.problems, []);
});
