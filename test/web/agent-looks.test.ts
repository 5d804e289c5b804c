import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { startBrowser } from "../support/browser.ts";
import { gatewayWith, openWebChat, SIZES, type WebChat } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

const browser = await startBrowser();
const model = await fakeOpenAI();
const gateway = await gatewayWith(model);
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

const list = (more: object = {}) => ({ name: "sessions_list", arguments: more });

for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
  test(`everyone can follow the agent's work on a ${size}, light and dark`, async () => {
    await using chat = await openWebChat(browser, gateway, { size });
    const { page } = chat;
    const look = (name: string) => inspect(chat, `agent-${name}-${size}`);
    await chat.signIn();
    await begin(chat, size);

    await chat.field.pressSequentially("/");
    await page.getByRole("listbox", { name: "Commands" }).waitFor();
    await look("commands");
    await chat.field.fill("");
    model.script(
      {
        kind: "turn",
        reasoning: "The person wants to know what is there. I will look at the conversations first.",
        text: "Let me **look**.",
        calls: [list({ limit: 20, search: "a rather long phrase that will not fit on a phone" }), { name: "nothing" }],
      },
      { kind: "turn", text: "One more time, everywhere.", calls: Array.from({ length: 9 }, () => list()) },
      { kind: "hang", after: "There is one conversation, and " },
    );
    await chat.say("What is there?");
    await chat.shows("There is one conversation, and");
    await page.getByText("sessions_list").first().click();
    await look("tools");
    await chat.say("And then?");
    await page.getByText("Waiting for the reply before it").waitFor();
    await page.getByText("9 tool calls").click();
    await look("waiting");
    await page.getByRole("button", { name: "Stop the reply" }).click();
    await chat.shows("Hello from the model.");

    assert.deepEqual(chat.problems, []);
  });
}

async function begin(chat: WebChat, size: keyof typeof SIZES): Promise<void> {
  if (size === "phone") await chat.page.getByRole("button", { name: "Show conversations" }).click();
  await chat.page.getByRole("button", { name: "New conversation" }).click();
}
