// Everyone reaches everything: fingers on a phone, people who enlarge the page to twice its size, and axe, on every view.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { startBrowser } from "../support/browser.ts";
import { gatewayWith, openWebChat, type WebChat } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

/** What a finger hits without aiming, in pixels (WCAG 2.2, target size, enhanced). */
const FINGER_PX = 44;
/** A window of 1280 by 800 whose page is enlarged to twice its size. */
const ENLARGED = { width: 640, height: 400 };

const browser = await startBrowser();
const model = await fakeOpenAI();
const gateway = await gatewayWith(model);
const operator = await gateway.connect({ scopes: ["operator.admin"] });
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

test(`on a phone, light and dark: each view is usable by everyone, and a finger hits everything`, async () => {
  await using chat = await openWebChat(browser, gateway, { size: "phone" });
  await chat.signIn();

  const missed = await onEveryView(chat, `reach-phone`);

  assert.deepEqual(missed, []);
  assert.deepEqual(chat.problems, []);
});

test(`enlarged to twice its size, light and dark: each view is usable by everyone and no wider than the window`, async () => {
  await using chat = await openWebChat(browser, gateway);
  await chat.page.setViewportSize(ENLARGED);
  await chat.signIn();

  await onEveryView(chat, `reach-enlarged`);
  const field = await chat.field.boundingBox();

  assert.ok(field && field.y + field.height <= ENLARGED.height, "the message field is in the window");
  assert.deepEqual(chat.problems, []);
});

test("enlarged to twice its size, the whole list of conversations can be reached", async () => {
  for (let index = 1; index <= 12; index++)
    await operator.call("sessions.patch", { key: `agent:main:row-${index}`, label: `Row ${index}` });
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await page.setViewportSize(ENLARGED);
  await chat.signIn();

  await page.getByRole("button", { name: "Show conversations" }).click();
  const list = page.getByRole("list", { name: "Conversations", exact: true });
  await list.getByRole("button", { name: /^Row 1\b/ }).click();

  await page.getByRole("heading", { name: "Row 1", exact: true }).waitFor();
});

test("a badge is whole beside a title of any length", async () => {
  const title = "A very long title of a conversation that never fits into the list of conversations";
  const key = "agent:main:badge";
  await operator.call("sessions.patch", { key, label: title.slice(0, 64) });
  const calls = [{ name: "exec", arguments: { command: "uname -s > /dev/stderr && echo ran | tee -a output.txt" } }];
  model.script({ kind: "turn", text: "I will look.", calls });
  await using chat = await openWebChat(browser, gateway);
  await chat.signIn();

  await operator.call("chat.send", { sessionKey: key, message: "Go", idempotencyKey: "badge" });
  const badge = chat.page.locator("button.session .badge");
  await badge.waitFor();
  const { left, right, isTop } = await badge.evaluate((element) => {
    const own = element.getBoundingClientRect();
    const row = element.closest("button")?.getBoundingClientRect() ?? own;
    const hit = document.elementFromPoint(own.x + own.width / 2, own.y + own.height / 2);
    return { left: own.left - row.left, right: row.right - own.right, isTop: hit !== null && element.contains(hit) };
  });
  await operator.call("chat.abort", { sessionKey: key });

  assert.ok(left > 0 && right > 0, `the badge begins ${left} px and ends ${right} px inside its row`);
  assert.ok(isTop, "nothing covers the badge");
});

/** Looks at each view with axe; returns what a finger would miss there. */
async function onEveryView(chat: WebChat, name: string): Promise<string[]> {
  const { page } = chat;
  const missed: string[] = [];
  const look = async (view: string) => {
    await inspect(chat, `${name}-${view}`);
    missed.push(...(await smallTargets(chat)).map((target) => `${view}: ${target}`));
  };
  model.script({ kind: "text", text: "Look at [this](https://example.com).\n\n```js\nlet one = 1;\n```" });
  await chat.say("Show me");
  await page.getByRole("button", { name: "Copy reply" }).last().waitFor();
  await look("chat");
  for (const view of ["Channels", "Overview", "Sessions", "Agents"]) {
    await page.getByRole("button", { name: "Show conversations" }).click();
    if (view === "Channels") await look("menu");
    await page.getByRole("button", { name: view, exact: true }).click();
    await page.getByRole("heading", { name: view, level: 1 }).waitFor();
    await page.locator("#page-content :is(h2, [role=table])").first().waitFor();
    await look(view.toLowerCase().replaceAll(" ", "-"));
  }
  await page.getByRole("button", { name: "Show conversations" }).click();
  await page.getByRole("button", { name: /^Main/ }).click();
  await chat.field.waitFor();
  return missed;
}

/** What can be pressed and is smaller than a finger; links inside sentences are as large as their line. */
async function smallTargets(chat: WebChat): Promise<string[]> {
  return await chat.page.evaluate((least) => {
    const isShown = (element: Element) =>
      element.checkVisibility({ visibilityProperty: true }) && element.closest("[inert]") === null;
    const targetOf = (element: Element) => element.closest("label") ?? element;
    const all = document.querySelectorAll("button, select, summary, textarea, input, [role=menuitem], a.button");
    const targets = new Set([...all].filter(isShown).map(targetOf));
    return [...targets].flatMap((element) => {
      const { width, height } = element.getBoundingClientRect();
      if (width === 0 || height === 0 || (width >= least - 0.5 && height >= least - 0.5)) return [];
      const label = element.getAttribute("aria-label") ?? element.textContent?.trim().replace(/\s+/g, " ").slice(0, 40);
      return [`${element.tagName.toLowerCase()} “${label}” ${Math.round(width)}×${Math.round(height)}`];
    });
  }, FINGER_PX);
}
