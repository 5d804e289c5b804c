// The scenes that the pictures of the documentation show, on a gateway with fake platforms and a fake model. What is said is the
// same every time, the times are not.

import { setImmediate as nextTurn } from "node:timers/promises";
import { fakeTelegram } from "@moltbot/fakes";
import type { Page } from "playwright-core";
import { ChannelBench } from "../channels/bench.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { startBrowser } from "./browser.ts";
import { goTo } from "./control-page.ts";
import { openWebChat } from "./webchat.ts";

const QUESTION = "When does the train to Linz leave tomorrow morning?";
const ANSWER = `Three trains leave **before nine**:

| leaves | arrives | train |
|---|---|---|
| 6:30 | 7:44 | RJX 60 |
| 7:30 | 8:44 | RJX 62 |
| 8:30 | 9:44 | RJX 860 |

The one at 7:30 reaches your meeting with half an hour to spare. Shall I remind you at 6:45?`;

const TOMATOES = "You planted 14 of them, and watered them on Friday.";

/** Calls `take` with each scene when it is ready, and the name of its picture. */
export async function takePictures(take: (name: string, page: Page) => Promise<void>): Promise<void> {
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
    for (const label of ["Holiday in Slovenia", "Recipes", "Broken bicycle"]) {
      const key = `agent:main:${label.toLowerCase().replaceAll(" ", "-")}`;
      await bench.operator.call("sessions.patch", { key, label });
      // Of two of one millisecond nobody can say which is the later one.
      for (const at = Date.now(); Date.now() === at; ) await nextTurn();
    }
    model.script({ kind: "text", text: TOMATOES });
    await bench.fake.says("How many tomatoes did I plant?");
    await bench.delivered(TOMATOES);
    await using chat = await openWebChat(browser, bench.gateway);
    const { page } = chat;
    await chat.signIn();
    model.script({ kind: "text", text: ANSWER });
    await page.getByRole("button", { name: "New conversation" }).click();
    await chat.say(QUESTION);
    await page.getByRole("button", { name: "Copy reply" }).waitFor();
    await page.getByRole("heading", { name: /^When does the train/, level: 1 }).waitFor();
    const ready = {
      webchat: () => page.getByRole("table").waitFor(),
      channels: async () => {
        await page.getByText("How many tomatoes did I plant?").last().waitFor();
        await page.getByRole("region", { name: "Groups" }).waitFor();
      },
      overview: () => page.getByRole("heading", { name: "Connected now" }).waitFor(),
      sessions: () => page.getByRole("row").filter({ hasText: "Recipes" }).waitFor(),
      agents: () => page.getByRole("heading", { name: "Skills", exact: true }).waitFor(),
    };
    for (const [name, isReady] of Object.entries(ready)) {
      if (name !== "webchat") await goTo(chat, name);
      await isReady();
      await page.mouse.move(0, 0);
      await take(name, page);
    }
  } finally {
    await browser.close();
  }
}

/** What a picture shows, as roles and names: what changes with the moment or the version is left out. */
export async function structureOf(page: Page): Promise<string> {
  const lines = (await page.locator("body").ariaSnapshot()).split("\n");
  return `${lines
    .filter((line) => /^\s*- (?!text:|paragraph|time|code|strong|emphasis|text$|img|\/)/.test(line))
    .map((line) => line.replace(/ \[ref=\w+\]/, "").replace(/"([^"]*)".*$/, (_all, name) => `"${steady(name)}"`))
    .map((line) => line.replace(/^(\s*- [a-z]+(?: "[^"]*")?(?: \[[^\]]*\])*).*$/, "$1"))
    .join("\n")}\n`;
}

/** A name without figures, times and ages. */
function steady(name: string): string {
  return (
    name
      // A moment of yesterday is told with its day, which depends on the hour.
      .replace(/(?:[A-Z][a-z]{2} \d{1,2}, )?\d{1,2}:\d{2}(?::\d{2})?(?:\s?[AP]M)?/g, "TIME")
      .replace(/\d[\d.,]*/g, "#")
      .replace(/(?<!\w)(?:now|# (?:min|h|ms|s))\b/g, "AGE")
      .slice(0, 80)
  );
}
