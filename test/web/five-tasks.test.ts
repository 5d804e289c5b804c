// Five things that people come for, from the page as it is after signing in: each is three presses away at most. The presses are
// judged, the seconds are printed.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Locator } from "playwright-core";
import { startBrowser } from "../support/browser.ts";
import { usedGateway } from "../support/used-gateway.ts";
import { openWebChat, SIZES, type WebChat } from "../support/webchat.ts";

const MOST_PRESSES = 3;
const WINDOWS = { phone: SIZES.phone, desk: { width: 1440, height: 900 } } as const;
type Size = keyof typeof WINDOWS;

const browser = await startBrowser();
const home = await usedGateway();
after(async () => {
  await browser.close();
  await home[Symbol.asyncDispose]();
});

/** Somebody at the page: what they press is counted, what they type is not. */
class Person {
  presses = 0;
  readonly chat: WebChat;
  readonly size: Size;

  constructor(chat: WebChat, size: Size) {
    this.chat = chat;
    this.size = size;
  }

  async press(target: Locator): Promise<void> {
    this.presses++;
    await target.click();
  }

  button(name: string | RegExp): Locator {
    return this.chat.page.getByRole("button", { name, exact: typeof name === "string" }).filter({ visible: true });
  }

  /** Goes to a page through the sidebar, which on a phone is opened first. */
  async open(page: RegExp): Promise<void> {
    if (this.size === "phone") await this.press(this.button("Show conversations"));
    await this.press(this.chat.page.getByRole("list", { name: "Gateway" }).getByRole("button", { name: page }));
  }

  async type(text: string): Promise<void> {
    await this.chat.page.keyboard.type(text);
    await this.chat.page.keyboard.press("Enter");
  }
}

const TASKS: Readonly<Record<string, (person: Person) => Promise<void>>> = {
  async "approve a device"(person) {
    using _phone = await home.waiting(`Pocket ${person.size}`);
    await person.open(/^Devices/);
    await person.press(person.button(`Let in: Pocket ${person.size}`));
    await person.chat.page
      .getByRole("article", { name: `Pocket ${person.size}` })
      .getByText("Can be asked for")
      .waitFor();
  },
  async "add a bot"(person) {
    const { page } = person.chat;
    await person.open(/^Channels/);
    await person.press(page.getByRole("button", { name: /^Discord/ }));
    await page.getByRole("dialog").getByRole("textbox").first().focus();
    await person.type("not-a-token");
    // The platform is asked; what it says about this one is another test's matter.
    await page.getByRole("dialog").getByRole("alert").waitFor();
  },
  async "find why a message was not answered"(person) {
    await home.telegram.says("Is anybody there?", { from: `nobody-${person.size}` });
    await person.open(/^Channels/);
    const row = person.chat.page.locator("moltbot-messages li").filter({ hasText: `nobody-${person.size}` });
    await person.press(row.getByRole("button"));
    await row.getByText("Decided by").waitFor();
  },
  async "change a setting and take it back"(person) {
    const { page } = person.chat;
    await person.press(person.button("Go to…"));
    await page.getByRole("combobox", { name: "Go to" }).waitFor();
    await page.keyboard.type("budgets.daily.tokens");
    await page.getByRole("option", { name: /^budgets\.daily\.tokens/ }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("form", { name: "Change budgets.daily.tokens" }).waitFor();
    await person.type(person.size === "phone" ? "6000000" : "7000000");
    await page.getByText("It applies at once; nothing restarts.").waitFor();
    await person.press(page.getByRole("dialog").getByRole("button", { name: "Save" }));
    await person.press(person.button("Undo"));
    await page.getByRole("status").filter({ hasText: "Taken back." }).waitFor({ state: "attached" });
    const { config } = await home.admin.call("config.get", {});
    assert.equal(config.budgets?.daily?.tokens, undefined);
  },
  async "see today's cost"(person) {
    await person.open(/^Overview/);
    await person.chat.page
      .locator(".figures")
      .getByText(/tokens/i)
      .first()
      .waitFor();
  },
};

for (const size of Object.keys(WINDOWS) as Size[]) {
  test(`five tasks, on a ${size}`, async () => {
    const figures: { task: string; presses: number; seconds: string }[] = [];
    for (const [task, does] of Object.entries(TASKS)) {
      await using chat = await openWebChat(browser, home.gateway, { size: size === "phone" ? "phone" : "desktop" });
      await chat.page.setViewportSize(WINDOWS[size]);
      await chat.signIn();
      const person = new Person(chat, size);
      const from = performance.now();
      await does(person);
      figures.push({ task, presses: person.presses, seconds: ((performance.now() - from) / 1_000).toFixed(1) });
    }

    console.table(figures);
    assert.deepEqual(
      figures.filter(({ presses }) => presses > MOST_PRESSES),
      [],
    );
  });
}
