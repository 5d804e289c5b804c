// The runs page: what the agent did, a run's steps, and the way to its conversation; in all looks.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { startBrowser } from "../support/browser.ts";
import { gatewayWith, openWebChat, SIZES } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

const browser = await startBrowser();
const model = await fakeOpenAI();
const gateway = await gatewayWith(model);
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
  test(`a run is found, shown and led back to its conversation, on a ${size}, light and dark`, async () => {
    await using chat = await openWebChat(browser, gateway, { size });
    const { page } = chat;
    await chat.signIn();
    model.script({ kind: "text", text: "Goethe did." });
    await chat.say("من كتب فاوست؟");
    await chat.shows("Goethe did.");
    if (size === "phone") await page.getByRole("button", { name: "Show conversations" }).click();
    await page.getByRole("list", { name: "Gateway" }).getByRole("button", { name: "Runs" }).click();
    await page.getByRole("table", { name: "Runs" }).waitFor();
    await inspect(chat, `runs-${size}`);

    await page.getByRole("button", { name: "Main: show the run" }).first().click();
    await page.getByRole("heading", { name: "Steps" }).waitFor();
    await page.locator(".run-said").getByText("Goethe did.").waitFor();
    await inspect(chat, `run-${size}`);
    await page.getByRole("button", { name: "Open the conversation" }).click();
    await chat.field.waitFor();

    assert.deepEqual(chat.problems, []);
  });
}

test("a run shows its tool calls, and is replayed without asking a model", async () => {
  const operator = await gateway.connect({ scopes: ["operator.admin"], protocol: 4 });
  const raw = JSON.stringify({ agents: { defaults: { record: "on" } } });
  const { hash } = await operator.call("config.get", {});
  await operator.call("config.patch", { raw, baseHash: hash });
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await chat.signIn();
  model.script({ kind: "turn", text: "I will look.", calls: [{ name: "sessions_list" }] });
  model.script({ kind: "text", text: "All is quiet." });
  await chat.say("How is it going?");
  await chat.shows("All is quiet.");
  const asked = model.requests.length;
  await page.getByRole("list", { name: "Gateway" }).getByRole("button", { name: "Runs" }).click();

  await page.getByRole("button", { name: "Main: show the run" }).first().click();
  await page.getByRole("heading", { name: "Tool calls" }).waitFor();
  const calls = await page
    .getByRole("region", { name: "Tool calls" })
    .or(page.locator('section[aria-labelledby="run-tools"]'))
    .getByRole("listitem")
    .allTextContents();
  await page.getByRole("button", { name: "Replay" }).click();
  await page.getByText("The replay did the same.").waitFor();

  assert.equal(calls.length, 1);
  assert.match(calls[0] ?? "", /sessions_list[\s\S]*done/);
  assert.equal(model.requests.length, asked);
  assert.deepEqual(chat.problems, []);
});
