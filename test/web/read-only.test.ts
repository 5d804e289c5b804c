// A device that may only read, paired as such: on every page each button that is there is pressed, and the gateway refuses nothing.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Page } from "playwright-core";
import { startBrowser } from "../support/browser.ts";
import { goTo, PAGES } from "../support/control-page.ts";
import { TOKEN } from "../support/gateway.ts";
import { usedGateway } from "../support/used-gateway.ts";
import { openWebChat, type WebChat } from "../support/webchat.ts";

const browser = await startBrowser();
const home = await usedGateway();
const phone = await home.waiting("Pocket");
await home.telegram.says("hello", { from: "mona" });
after(async () => {
  phone[Symbol.dispose]();
  await browser.close();
  await home[Symbol.asyncDispose]();
});

/** What can be pressed in a page, and is shown. */
const PRESSABLE = "button:not(:disabled), summary, [role=switch], input[type=checkbox], select";

/** Pages that need more than reading are not offered; their addresses lead to the conversation. */
const READABLE = PAGES.filter(([id]) => id !== "settings" && id !== "models");

async function asReader(chat: WebChat): Promise<string[]> {
  const refused = refusals(chat.page);
  await chat.page.goto(`${home.gateway.httpUrl}/#token=${TOKEN}&may=read`);
  await chat.page.locator(".link.connected").waitFor();
  return refused;
}

for (const [id, label] of READABLE) {
  test(`${label}: a device that may only read presses everything, and nothing is refused`, async () => {
    await using chat = await openWebChat(browser, home.gateway);
    const { page } = chat;
    const refused = await asReader(chat);
    await goTo(chat, id);
    const all = page.locator("#page-content").locator(PRESSABLE).filter({ visible: true });

    for (let index = 0; index < (await all.count()); index++) {
      await press(page, all.nth(index));
      if (!(await page.locator("#page-content").isVisible()) || !page.url().endsWith(`#${id}`)) await goTo(chat, id);
    }

    assert.deepEqual(refused, []);
  });
}

test("the sidebar offers the pages that may be read, and beside the conversation nothing that would be refused", async () => {
  await using chat = await openWebChat(browser, home.gateway);
  const { page } = chat;
  const refused = await asReader(chat);
  await page.getByText("This browser may only read.").waitFor();

  const pages = await page.getByRole("list", { name: "Gateway" }).getByRole("button").allTextContents();
  const names = pages.map((text) => text.trim().split(/\s{2,}|\n/)[0]);
  await page.getByRole("button", { name: "Actions for Main" }).click();
  const actions = (await page.getByRole("menuitem").allTextContents()).map((text) => text.trim());
  await page.keyboard.press("Escape");

  assert.deepEqual(names, [
    ...["Overview", "Channels", "Sessions", "Agents", "Automations", "Devices", "Usage", "Runs", "Logs"],
  ]);
  assert.deepEqual(actions, ["Save as Markdown", "Save as JSON"]);
  assert.equal(await chat.field.count(), 0);
  assert.equal(await page.getByRole("button", { name: "New conversation" }).count(), 0);
  assert.deepEqual(refused, []);
});

/** Presses one thing and closes what that opens. */
async function press(page: Page, target: ReturnType<Page["locator"]>): Promise<void> {
  if ((await target.evaluate((element) => element.tagName)) === "SELECT") return;
  await target.click();
  await page.evaluate("new Promise((resolve) => setTimeout(resolve, 50))");
  for (let open = 0; open < 3 && (await page.locator("dialog[open], [popover]:popover-open").count()) > 0; open++)
    await page.keyboard.press("Escape");
}

/** The methods that the gateway refuses this page, from now on. */
function refusals(page: Page): string[] {
  const refused: string[] = [];
  page.on("websocket", (socket) => {
    const asked = new Map<string, string>();
    socket.on("framesent", ({ payload }) => {
      const { id, method } = JSON.parse(String(payload));
      asked.set(id, method);
    });
    socket.on("framereceived", ({ payload }) => {
      const { type, id, ok, error } = JSON.parse(String(payload));
      if (type === "res" && !ok && /scope|unauthorized|forbidden/i.test(`${error?.code} ${error?.message}`))
        refused.push(`${asked.get(id)}: ${error.message}`);
    });
  });
  return refused;
}
