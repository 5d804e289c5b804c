// Every page of the control page: usable by everyone, as far as axe can tell, and no wider than its window, in both themes, on
// a phone, on a desk, and enlarged to twice its size.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startBrowser } from "../support/browser.ts";
import { goTo, PAGES } from "../support/control-page.ts";
import { usedGateway } from "../support/used-gateway.ts";
import { openWebChat } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

/** Twice its size, a window of 1440 by 900 has room for half as much. */
const WINDOWS = {
  phone: { width: 390, height: 844 },
  desk: { width: 1440, height: 900 },
  enlarged: { width: 720, height: 450 },
} as const;

const browser = await startBrowser();
const home = await usedGateway();
const phone = await home.waiting("Pocket");
await home.telegram.says("hello", { from: "mona" });
after(async () => {
  phone[Symbol.dispose]();
  await browser.close();
  await home[Symbol.asyncDispose]();
});

for (const [name, size] of Object.entries(WINDOWS)) {
  test(`everyone can use every page, ${name}, light and dark`, async () => {
    await using chat = await openWebChat(browser, home.gateway, {
      size: name === "phone" ? "phone" : "desktop",
    });
    await chat.page.setViewportSize(size);
    await chat.signIn();

    for (const [id] of PAGES) {
      await goTo(chat, id);
      await inspect(chat, `page-${id}-${name}`);
    }

    assert.deepEqual(chat.problems, []);
  });
}
