/**
 * Makes the pictures of the documentation from the real page: `npm run screenshots`. A gateway with fake platforms and a
 * fake model runs on loopback; what is said is the same every time, the times are not.
 */
import { join } from "node:path";
import { fakeTelegram } from "@moltbot/fakes";
import { ChannelBench } from "../test/channels/bench.ts";
import { fakeOpenAI } from "../test/fakes/openai.ts";
import { startBrowser } from "../test/support/browser.ts";
import { openWebChat, type WebChat } from "../test/support/webchat.ts";

const QUESTION = "When does the train to Linz leave tomorrow morning?";
const ANSWER = `Three trains leave **before nine**:

| leaves | arrives | train |
|---|---|---|
| 6:30 | 7:44 | RJX 60 |
| 7:30 | 8:44 | RJX 62 |
| 8:30 | 9:44 | RJX 860 |

The one at 7:30 reaches your meeting with half an hour to spare. Shall I remind you at 6:45?`;

/** Pages of the gateway, each with what it shows when it is ready. */
const PAGES = [
  ["Overview", "Connected now"],
  ["Sessions", "table"],
  ["Agents", "Skills"],
] as const;

const TOMATOES = "You planted 14 of them, and watered them on Friday.";

await using model = await fakeOpenAI();
await using bench = await ChannelBench.start(fakeTelegram, {
  config: {
    models: {
      detectLocal: false,
      providers: { fake: { api: "openai-compatible", baseUrl: model.baseUrl, models: [{ id: "fake-model" }] } },
    },
    agents: { defaults: { model: "fake/fake-model" } },
  },
});
const browser = await startBrowser();
try {
  for (const label of ["Holiday in Slovenia", "Recipes", "Broken bicycle"])
    await bench.operator.call("sessions.patch", {
      key: `agent:main:${label.toLowerCase().replaceAll(" ", "-")}`,
      label,
    });
  model.script({ kind: "text", text: TOMATOES });
  await bench.fake.says("How many tomatoes did I plant?");
  await bench.delivered(TOMATOES);
  await using chat = await openWebChat(browser, bench.gateway);
  await chat.signIn();
  model.script({ kind: "text", text: ANSWER });
  await chat.page.getByRole("button", { name: "New conversation" }).click();
  await chat.say(QUESTION);
  await chat.page.getByRole("button", { name: "Copy reply" }).waitFor();
  await chat.page.getByRole("heading", { name: /^When does the train/, level: 1 }).waitFor();
  await chat.page.mouse.move(0, 0);
  await photograph(chat, "webchat");
  await chat.page.getByRole("button", { name: "Channels", exact: true }).click();
  await chat.page.getByRole("heading", { name: "Accounts" }).waitFor();
  await chat.page.getByText("How many tomatoes did I plant?").last().waitFor();
  await photograph(chat, "channels");
  for (const [page, heading] of PAGES) {
    await chat.page.getByRole("button", { name: page, exact: true }).click();
    await chat.page
      .getByRole(heading === "table" ? "table" : "heading", { name: heading === "table" ? page : heading })
      .waitFor();
    await chat.page.mouse.move(0, 0);
    await photograph(chat, page.toLowerCase());
  }
} finally {
  await browser.close();
}

async function photograph({ page }: WebChat, name: string): Promise<void> {
  await page.screenshot({
    path: join(import.meta.dirname, "..", "docs", "images", `${name}.png`),
    animations: "disabled",
  });
}
